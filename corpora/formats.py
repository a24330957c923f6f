"""The documents of a shard, in whatever format it is: a row each, with how its files are named."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.tfrecord import RecordError, bytes_features, read_records
from runtime.errors import RunFailed
from runtime.storage.arrays import open_arrow
from runtime.storage.compression import DAMAGE, open_decompressed
from runtime.storage.files import open_read

Document = tuple[bytes, bytes]
"""URL (empty where there is none) and text, in UTF-8."""
_BATCH_ROWS = 256


class DamagedShard(RunFailed):
    """A shard that cannot be read to its end; the message says where it breaks and what to do."""


@dataclass(frozen=True, slots=True)
class ShardFormat:
    """One row of the table.

    Attributes:
      name: as `corpora.writers` has it; `text` is nobody's.
      globs: of its files within a folder.
      subfolder: of a dataset's folder, where our pipeline puts it.
      named: matches the names of its files.
      text_ratio: bytes of text for each byte stored, about.
      read: the documents of a file.
      meaning: one line for --help and the docs.
    """

    name: str
    globs: tuple[str, ...]
    subfolder: str
    named: re.Pattern[str]
    text_ratio: float
    read: Callable[[str], Iterator[Document]]
    meaning: str


def read_documents(path: str, shard_format: str) -> Iterator[Document]:
    """The documents of a shard, in its order.

    Raises:
      DamagedShard: it does not read to its end.
    """
    number = 0
    try:
        for document in SHARD_FORMATS[shard_format].read(path):
            yield document
            number += 1
    except (*DAMAGE, RecordError, pa.ArrowException, ValueError, KeyError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise DamagedShard(f"{path}: {error.strerror or error}") from None
        raise DamagedShard(
            f"{path}: damaged after {number:,} documents: {error}. "
            "Remove the shard and run again what built it (its other shards are kept), or copy it "
            "anew from where it came"
        ) from None


def read_batches(path: str, shard_format: str, batch_bytes: int) -> Iterator[list[Document]]:
    """The documents of a shard, about as much text at a time.

    Raises:
      DamagedShard: it does not read to its end.
    """
    batch: list[Document] = []
    size = 0
    for document in read_documents(path, shard_format):
        batch.append(document)
        size += len(document[1])
        if size >= batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_tfrecord(path: str) -> Iterator[Document]:
    names = (b"url", b"text")
    with open_read(path) as stream:
        for record in read_records(stream):
            features = bytes_features(record, names)
            if b"text" not in features:
                raise RecordError("a record has no bytes feature 'text'")
            yield features.get(b"url", b""), features[b"text"]


def _read_jsonl(path: str) -> Iterator[Document]:
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(stream, 1):
            try:
                row = json.loads(line)
                yield (row.get("url") or "").encode(), row["text"].encode()
            except (ValueError, KeyError, AttributeError, TypeError):
                raise ValueError(
                    f"line {number:,} is no JSON object with a string 'text'"
                ) from None


def _read_parquet(path: str) -> Iterator[Document]:
    with open_arrow(path) as source, pq.ParquetFile(source) as table:
        names = table.schema_arrow.names
        if "text" not in names:
            raise ValueError(f"no column 'text'; there are {', '.join(names)}")
        columns = [name for name in ("url", "text") if name in names]
        for batch in table.iter_batches(_BATCH_ROWS, columns=columns):
            texts = _values(batch.column("text"))
            urls = _values(batch.column("url")) if "url" in columns else [b""] * len(texts)
            yield from zip(urls, texts, strict=True)


def _values(column: Any) -> list[bytes]:
    values: list[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return [value or b"" for value in values]


def _read_text(path: str) -> Iterator[Document]:
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(stream, 1):
            text = line.rstrip(b"\r\n")
            try:
                text.decode()
            except UnicodeDecodeError:
                raise ValueError(f"line {number:,} is not UTF-8") from None
            if text:
                yield b"", text


_PACKED = r"(\.(gz|xz|bz2|zst))?"
SHARD_FORMATS: dict[str, ShardFormat] = {
    row.name: row
    for row in (
        ShardFormat(
            "tfrecord",
            ("*.tfrecord-*", "*.tfrecord"),
            "",
            re.compile(r".*\.tfrecord(-\d+-of-\d+)?"),
            1.0,
            _read_tfrecord,
            "TFRecord of tf.train.Example with `text`, and `url` if there is one",
        ),
        ShardFormat(
            "parquet",
            ("*.parquet",),
            "parquet",
            re.compile(r".*\.parquet"),
            2.5,
            _read_parquet,
            "Parquet with a column `text`",
        ),
        ShardFormat(
            "jsonl",
            ("*.json.gz", "*.jsonl", "*.jsonl.gz", "*.jsonl.zst"),
            "jsonl",
            re.compile(r".*\.jsonl?" + _PACKED),
            2.6,
            _read_jsonl,
            "JSON lines with `text`, plain or compressed",
        ),
        ShardFormat(
            "text",
            ("*.txt", "*.txt.gz", "*.txt.xz", "*.txt.bz2", "*.txt.zst"),
            "",
            re.compile(r".*\.txt" + _PACKED),
            1.0,
            _read_text,
            "plain text, a document a line, plain or compressed",
        ),
    )
}
"""In the order in which a dataset that has several is read: all hold the same documents."""
