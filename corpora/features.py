"""The features of a document, and the types of the functions that read and write them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

FEATURES = ("text", "url", "timestamp", "content-type", "content-length")
"""What a document of C4 consists of, as TFDS names it. Only `text` must be there when read."""

DocumentRow = tuple[bytes, ...]
"""A document as formats write it: the values of FEATURES in their order, in UTF-8."""

FeatureValues = tuple[bytes | None, ...]
"""A document as formats read it: the features that were asked for, in UTF-8; None if absent."""

Append = Callable[[Iterable[DocumentRow]], None]
"""Appends documents to a shard that is being written."""

Writer = Callable[[BinaryIO], AbstractContextManager[Append]]
"""Takes the stream of a new shard; the shard is complete when the context ends."""

Reader = Callable[[str, Sequence[str]], Iterator[FeatureValues]]
"""Takes the path of a shard and the names of features; gives one row for each document."""
