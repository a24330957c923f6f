"""What a document consists of: its features, their kinds, and rows of their values."""

from collections.abc import Callable, Iterable
from enum import StrEnum


class Kind(StrEnum):
    """How a format with types writes the values of a feature."""

    TEXT = "text"
    TIME = "time"  # 2019-04-18T12:00:00Z
    NUMBER = "number"  # a decimal integer


FEATURES = ("text", "url", "timestamp", "content-type", "content-length")
"""What a document of C4 consists of, as TFDS names it. Only `text` must be there when read."""

_KINDS = {"timestamp": Kind.TIME, "content-length": Kind.NUMBER}

DocumentRow = tuple[bytes, ...]
"""A document as formats write it: the values of its features in their order, in UTF-8."""

FeatureValues = tuple[bytes | None, ...]
"""A document as formats read it: the features that were asked for, in UTF-8; None if absent."""

Append = Callable[[Iterable[DocumentRow]], None]
"""Appends documents to a shard that is being written."""


def kind_of(feature: str) -> Kind:
    """The kind of a feature's values, by its name."""
    return _KINDS.get(feature, Kind.TEXT)
