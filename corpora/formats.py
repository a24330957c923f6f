"""The table of formats: how the shards of each are found, named, read and written.

A new format is a row of FORMATS with a reader and a writer, all of them in this module.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.tfrecord import RecordError, bytes_features, example, read_records, write_record
from runtime.errors import UsageError
from runtime.storage.arrays import open_arrow, string_array
from runtime.storage.compression import open_decompressed
from runtime.storage.files import open_read

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

_BATCH_ROWS = 256


def read_tfrecord(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      RecordError: the file is damaged, or an example has no bytes feature `text`.
    """
    names = [name.encode() for name in features]
    with open_read(path) as stream:
        for record in read_records(stream):
            found = bytes_features(record, names)
            if b"text" not in found and "text" in features:
                raise RecordError("a record has no bytes feature 'text'")
            yield tuple(map(found.get, names))


@contextmanager
def write_tfrecord(stream: BinaryIO) -> Iterator[Append]:
    """Writes an example for each document, its features in the order of their names."""
    in_order = sorted((name, at) for at, name in enumerate(FEATURES))

    def append(documents: Iterable[DocumentRow]) -> None:
        for document in documents:
            write_record(stream, example({name: document[at] for name, at in in_order}))

    yield append


def read_parquet(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      ValueError: it has no column `text`; the message names those that it has.
    """
    with open_arrow(path) as source, pq.ParquetFile(source) as table:
        names = table.schema_arrow.names
        if "text" not in names:
            raise ValueError(f"no column 'text'; there are {', '.join(names)}")
        present = [name for name in features if name in names]
        for batch in table.iter_batches(_BATCH_ROWS, columns=present or ["text"]):
            columns = [
                _values(batch.column(name)) if name in present else [None] * batch.num_rows
                for name in features
            ]
            yield from zip(*columns, strict=True)


def _values(column: pa.Array) -> list[bytes | None]:
    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_integer(kind):
        column = column.cast(pa.string())
    values: list[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return values


@contextmanager
def write_parquet(stream: BinaryIO) -> Iterator[Append]:
    """Writes a row group for each call of the function that it gives."""
    schema = pa.schema([(name, pa.string()) for name in FEATURES])
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:

        def append(documents: Iterable[DocumentRow]) -> None:
            columns = list(zip(*documents, strict=True)) or [()] * len(FEATURES)
            arrays = [string_array(list(column)) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield append


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One row of the table.

    Attributes:
      name: as given to --format.
      folder: of its shards, within the dataset's folder; "" for the dataset's folder itself.
      globs: match the shards in a folder.
      pattern: matches the name of a shard; the first row that matches is the shard's format.
      file_name: of a shard that is written, from dataset, split, shard and number of shards.
      text_ratio: bytes of text for each byte stored, about.
      meaning: one line for --help and the docs.
      reader: reads a shard.
      writer: writes a shard; None for a format that is only read.
    """

    name: str
    folder: str
    globs: tuple[str, ...]
    pattern: re.Pattern[str]
    file_name: str
    text_ratio: float
    meaning: str
    reader: Reader
    writer: Writer | None

    def shard_path(self, dataset: str, split: str, shard: int, shards: int) -> str:
        """The path of a shard within the dataset's folder."""
        name = self.file_name.format(dataset=dataset, split=split, shard=shard, shards=shards)
        return f"{self.folder}/{name}" if self.folder else name

    def open_writer(self, stream: BinaryIO) -> AbstractContextManager[Append]:
        """A context whose value appends documents to a new shard.

        Raises:
          UsageError: the format is only read.
        """
        if self.writer is None:
            raise UsageError(
                f"{self.name} is only read; expected one of {', '.join(OUTPUT_FORMATS)}"
            )
        return self.writer(stream)


_COMPRESSED = r"(\.(gz|xz|bz2|zst))?"
FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            name="tfrecord",
            folder="",
            globs=("*.tfrecord-*", "*.tfrecord"),
            pattern=re.compile(r".*\.tfrecord(-\d+-of-\d+)?"),
            file_name="{dataset}-{split}.tfrecord-{shard:05d}-of-{shards:05d}",
            text_ratio=1.0,
            meaning="TFRecord of tf.train.Example, as TFDS, seqio and t5x read it",
            reader=read_tfrecord,
            writer=write_tfrecord,
        ),
        Format(
            name="parquet",
            folder="parquet",
            globs=("*.parquet",),
            pattern=re.compile(r".*\.parquet"),
            file_name="{dataset}-{split}-{shard:05d}-of-{shards:05d}.parquet",
            text_ratio=2.5,
            meaning="Parquet with a column for each feature, written with zstd",
            reader=read_parquet,
            writer=write_parquet,
        ),
        Format(
            name="jsonl",
            folder="jsonl",
            globs=("*.json.gz", "*.jsonl", "*.jsonl.gz", "*.jsonl.zst"),
            pattern=re.compile(r".*\.jsonl?" + _COMPRESSED),
            file_name="{dataset}-{split}.{shard:05d}-of-{shards:05d}.json.gz",
            text_ratio=2.6,
            meaning="JSON lines, read plain or compressed, written with gzip and named as "
            "allenai/c4",
            reader=read_jsonl,
            writer=write_jsonl,
        ),
        Format(
            name="text",
            folder="",
            globs=("*.txt", "*.txt.gz", "*.txt.xz", "*.txt.bz2", "*.txt.zst"),
            pattern=re.compile(r".*\.txt" + _COMPRESSED),
            file_name="",
            text_ratio=1.0,
            meaning="plain text, a document on each line, plain or compressed; only read",
            reader=read_plain_text,
            writer=None,
        ),
    )
}
"""In order of preference: of a dataset that is there in several formats, the first is read."""

OUTPUT_FORMATS: dict[str, Format] = {name: row for name, row in FORMATS.items() if row.writer}
"""The rows that can be written: the choices of `--format`."""
