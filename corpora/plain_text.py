"""Plain text: a document on each line, plain or compressed. It is read, never written."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from corpora.features import FeatureValues
from runtime.storage.compression import open_decompressed
from runtime.storage.files import open_read


def read_plain_text(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The lines of a file as documents that have a text only; empty lines are skipped.

    Raises:
      ValueError: a line is not UTF-8; the message names it.
    """
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(stream, 1):
            text = line.rstrip(b"\r\n")
            try:
                text.decode()
            except UnicodeDecodeError:
                raise ValueError(f"line {number:,} is not UTF-8") from None
            if text:
                yield tuple(text if name == "text" else None for name in features)
