"""JSON lines: an object for each document. Read plain or compressed; written with gzip."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import BinaryIO

from corpora.features import FEATURES, Append, DocumentRow, FeatureValues
from runtime.storage.compression import open_decompressed
from runtime.storage.files import open_read


def read_jsonl(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      ValueError: a line is not an object with a string `text`; the message names the line.
    """
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(stream, 1):
            try:
                document = json.loads(line)
                values = tuple(_value(document, name) for name in features)
            except (ValueError, KeyError, AttributeError, TypeError):
                others = "" if set(features) <= {"text", "url"} else " and strings beside it"
                raise ValueError(
                    f"line {number:,} is no JSON object with a string 'text'{others}"
                ) from None
            yield values


def _value(document: dict[str, str], name: str) -> bytes | None:
    if name == "text":
        return document["text"].encode()
    value = document.get(name)
    return None if value is None else value.encode()


@contextmanager
def write_jsonl(stream: BinaryIO) -> Iterator[Append]:
    """Writes gzip. Its header has no file name and no time, so equal documents give equal bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:

        def append(documents: Iterable[DocumentRow]) -> None:
            for document in documents:
                values = dict(zip(FEATURES, map(bytes.decode, document), strict=True))
                packed.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

        yield append
