"""The table of formats of token shards: how those of each are named and written."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from corpora.array_record import check_array_record, write_array_records
from corpora.tfrecord import write_record

Append = Callable[[Iterable[bytes]], None]


@dataclass(frozen=True, slots=True)
class TokenFormat:
    """One row of the table.

    Attributes:
      name: as given to --format, and TFDS's name of it.
      folder: within the dataset's folder; "" for the folder itself.
      open_writer: takes the stream of a new shard; its context gives a function that appends
        records. The shard is complete when the context ends.
      check: raises FormatError if it cannot be written here.
      meaning: one line for --help and the docs.
    """

    name: str
    folder: str
    open_writer: Callable[[BinaryIO], AbstractContextManager[Append]]
    check: Callable[[], None]
    meaning: str

    def shard_path(self, dataset: str, split: str, shard: int, shards: int) -> str:
        """A shard's path within the dataset's folder, as TFDS names it."""
        name = f"{dataset}-{split}.{self.name}-{shard:05d}-of-{shards:05d}"
        return f"{self.folder}/{name}" if self.folder else name


@contextmanager
def _tfrecord(stream: BinaryIO) -> Iterator[Append]:
    def append(records: Iterable[bytes]) -> None:
        for record in records:
            write_record(stream, record)

    yield append


TOKEN_FORMATS: dict[str, TokenFormat] = {
    row.name: row
    for row in (
        TokenFormat(
            "tfrecord",
            "",
            _tfrecord,
            lambda: None,
            "TFRecord of tf.train.Example, for TFDS, seqio and t5x",
        ),
        TokenFormat(
            "array_record",
            "array_record",
            write_array_records,
            check_array_record,
            "ArrayRecord of the same, read at random by Grain and tfds.data_source; needs "
            "c4forge[grain]",
        ),
    )
}
