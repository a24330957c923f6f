"""The table of formats: how the shards of each are found, named, read and written.

A new format is a row of FORMATS with a reader and a writer.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from corpora.array_record import check_array_record, read_array_records, write_array_records
from corpora.features import FEATURES, Append, DocumentRow, FeatureValues
from corpora.parquet import read_parquet, write_parquet
from corpora.tfrecord import RecordError, bytes_features, example, read_records, write_records
from runtime.errors import UsageError
from runtime.storage.content.compression import open_decompressed, whole_lines
from runtime.storage.files import open_read

Writer = Callable[[BinaryIO, Sequence[str]], AbstractContextManager[Append]]
"""Takes the stream of a new shard and the names of its features, in the order of the values of its
rows; the shard is complete when the context ends."""

Reader = Callable[[str, Sequence[str]], Iterator[FeatureValues]]
"""Takes the path of a shard and the names of features; gives one row for each document."""


def read_tfrecord(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      RecordError: the file is damaged, or an example has no bytes feature `text`.
    """
    with open_read(path) as stream:
        yield from _read_examples(read_records(stream), features)


def read_array_record(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      FormatError: the library is missing.
      RecordError: the file is damaged, or an example has no bytes feature `text`.
    """
    yield from _read_examples(read_array_records(path), features)


def _read_examples(records: Iterable[bytes], features: Sequence[str]) -> Iterator[FeatureValues]:
    names = [name.encode() for name in features]
    for record in records:
        found = bytes_features(record, names)
        if b"text" not in found and "text" in features:
            raise RecordError("a record has no bytes feature 'text'")
        yield tuple(map(found.get, names))


@contextmanager
def write_tfrecord(stream: BinaryIO, features: Sequence[str]) -> Iterator[Append]:
    """Writes an example for each document, its features in the order of their names."""
    in_order = _in_order(features)

    def append(documents: Iterable[DocumentRow]) -> None:
        write_records(
            stream,
            (example({name: document[at] for name, at in in_order}) for document in documents),
        )

    yield append


@contextmanager
def write_array_record(stream: BinaryIO, features: Sequence[str]) -> Iterator[Append]:
    """Writes the examples of `write_tfrecord` as ArrayRecord."""
    in_order = _in_order(features)
    with write_array_records(stream) as append_records:

        def append(documents: Iterable[DocumentRow]) -> None:
            append_records(
                example({name: document[at] for name, at in in_order}) for document in documents
            )

        yield append


def _in_order(features: Sequence[str]) -> list[tuple[str, int]]:
    """The names of features, sorted, and where each stands in a row."""
    return sorted((name, at) for at, name in enumerate(features))


def read_jsonl(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      ValueError: a line is not an object with a string `text`; the message names the line.
    """
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(whole_lines(stream), 1):
            try:
                document = json.loads(line)
                values = tuple(_value(document, name) for name in features)
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
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
def write_jsonl(stream: BinaryIO, features: Sequence[str]) -> Iterator[Append]:
    """Writes gzip. Its header has no file name and no time, so equal documents give equal bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:

        def append(documents: Iterable[DocumentRow]) -> None:
            for document in documents:
                values = dict(zip(features, map(bytes.decode, document), strict=True))
                packed.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

        yield append


def read_plain_text(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The lines of a file as documents that have a text only; empty lines are skipped.

    Raises:
      ValueError: a line is not UTF-8; the message names it.
    """
    with open_read(path) as stored, closing(open_decompressed(stored)) as stream:
        for number, line in enumerate(whole_lines(stream), 1):
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
      check: raises FormatError if its library is not installed.
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
    check: Callable[[], None] = lambda: None

    def shard_path(self, dataset: str, split: str, shard: int, shards: int) -> str:
        """The path of a shard within the dataset's folder."""
        name = self.file_name.format(dataset=dataset, split=split, shard=shard, shards=shards)
        return f"{self.folder}/{name}" if self.folder else name

    def open_writer(
        self, stream: BinaryIO, features: Sequence[str] = FEATURES
    ) -> AbstractContextManager[Append]:
        """A context whose value appends documents with these features to a new shard.

        Raises:
          UsageError: the format is only read.
        """
        if self.writer is None:
            raise UsageError(
                f"{self.name} is only read; expected one of {', '.join(OUTPUT_FORMATS)}"
            )
        return self.writer(stream, features)


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
            meaning="Parquet with a column for each feature, times and numbers typed, written "
            "with zstd",
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
            name="array_record",
            folder="",
            globs=("*.array_record-*", "*.array_record"),
            pattern=re.compile(r".*\.array_record(-\d+-of-\d+)?"),
            file_name="{dataset}-{split}.array_record-{shard:05d}-of-{shards:05d}",
            text_ratio=1.9,
            meaning="ArrayRecord of the examples of tfrecord, read at random by tfds.data_source "
            "and Grain; needs c4forge[grain]",
            reader=read_array_record,
            writer=write_array_record,
            check=check_array_record,
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
