"""The table of formats: how the shards of each are found, named, read and written."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from corpora.features import Append, Reader, Writer
from corpora.jsonl import read_jsonl, write_jsonl
from corpora.parquet import read_parquet, write_parquet
from corpora.plain_text import read_plain_text
from corpora.tfrecord import read_tfrecord, write_tfrecord
from runtime.errors import UsageError


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
"""Ordered: of a dataset that is there in several formats, the first is read. A new format is a row
here and a module with its reader and its writer."""

OUTPUT_FORMATS: dict[str, Format] = {name: row for name, row in FORMATS.items() if row.writer}
"""The rows that can be written: the choices of `--format`."""
