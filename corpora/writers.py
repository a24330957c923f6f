"""Output formats: a row each, with how its shards are named and written."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.tfrecord import example, write_record
from runtime.storage.arrays import string_array

Document = tuple[bytes, ...]
"""In UTF-8: text, url, timestamp, content_type, content_length."""
Append = Callable[[Iterable[Document]], None]
FEATURES = ("text", "url", "timestamp", "content-type", "content-length")


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table.

    Attributes:
      name: as given to --format.
      folder: within the dataset's folder; "" for the dataset's own format.
      file_name: of a shard, from dataset, split, shard and number of shards.
      open_writer: takes the stream of a shard, gives what appends documents to it.
      meaning: one line for --help.
    """

    name: str
    folder: str
    file_name: str
    open_writer: Callable[[BinaryIO], AbstractContextManager[Append]]
    meaning: str

    def shard_path(self, dataset: str, split: str, shard: int, shards: int) -> str:
        """A shard's path within the dataset's folder."""
        name = self.file_name.format(dataset=dataset, split=split, shard=shard, shards=shards)
        return f"{self.folder}/{name}" if self.folder else name


@contextmanager
def _tfrecord(stream: BinaryIO) -> Iterator[Append]:
    in_order = sorted((name, at) for at, name in enumerate(FEATURES))

    def append(documents: Iterable[Document]) -> None:
        for document in documents:
            write_record(stream, example({name: document[at] for name, at in in_order}))

    yield append


@contextmanager
def _jsonl(stream: BinaryIO) -> Iterator[Append]:
    # No file name and no time in the gzip header: the same documents give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:

        def append(documents: Iterable[Document]) -> None:
            for document in documents:
                values = dict(zip(FEATURES, map(bytes.decode, document), strict=True))
                packed.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

        yield append


@contextmanager
def _parquet(stream: BinaryIO) -> Iterator[Append]:
    schema = pa.schema([(name, pa.string()) for name in FEATURES])
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:

        def append(documents: Iterable[Document]) -> None:
            columns = list(zip(*documents, strict=True)) or [()] * len(FEATURES)
            arrays = [string_array(list(column)) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield append


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            "tfrecord",
            "",
            "{dataset}-{split}.tfrecord-{shard:05d}-of-{shards:05d}",
            _tfrecord,
            "TFRecord of tf.train.Example, as TFDS, seqio and t5x read them",
        ),
        Format(
            "jsonl",
            "jsonl",
            "{dataset}-{split}.{shard:05d}-of-{shards:05d}.json.gz",
            _jsonl,
            "gzip JSON lines, named as allenai/c4",
        ),
        Format(
            "parquet",
            "parquet",
            "{dataset}-{split}-{shard:05d}-of-{shards:05d}.parquet",
            _parquet,
            "Parquet, zstd",
        ),
    )
}
