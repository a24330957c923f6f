"""ArrayRecord files, which are read at random: the records of TFRecord under another framing.

The library, of the extra `grain`, reads and writes local files only.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from corpora.tfrecord import RecordError
from runtime.errors import UsageError
from runtime.storage.files import open_read
from runtime.storage.remote import is_remote

_COPIED_BYTES = 16 << 20
_READ_RECORDS = 256


class FormatError(UsageError):
    """A format whose library is missing; the message says how to install it."""


def check_array_record() -> None:
    """Passes if the library is there.

    Raises:
      FormatError: it is not.
    """
    try:
        import array_record.python.array_record_module  # noqa: F401
    except ImportError:
        raise FormatError(
            "--format=array_record: its library is not installed; pip install 'c4forge[grain]'"
        ) from None


@contextmanager
def write_array_records(stream: BinaryIO) -> Iterator[Callable[[Iterable[bytes]], None]]:
    """A context whose value appends records; the stream gets the file when the context ends."""
    from array_record.python.array_record_module import ArrayRecordWriter

    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "shard"
        writer = ArrayRecordWriter(str(local), "group_size:1")  # as TFDS and Grain want it

        def append(records: Iterable[bytes]) -> None:
            for record in records:
                writer.write(record)

        try:
            yield append
        finally:
            writer.close()
        with local.open("rb") as complete:
            copyfileobj(complete, stream, _COPIED_BYTES)


def read_array_records(path: str) -> Iterator[bytes]:
    """The records of a file, in order.

    Raises:
      RecordError: the file is damaged.
      FormatError: the library is missing.
    """
    check_array_record()
    if not is_remote(path):
        yield from _read_local(path)
        return
    with tempfile.NamedTemporaryFile() as local, open_read(path) as stream:
        copyfileobj(stream, local, _COPIED_BYTES)
        local.flush()
        yield from _read_local(local.name)


def _read_local(path: str) -> Iterator[bytes]:
    from array_record.python.array_record_module import ArrayRecordReader

    Path(path).open("rb").close()  # of a missing file the library's error has no kind
    try:
        reader = ArrayRecordReader(path)
        try:
            count = reader.num_records()
            for start in range(0, count, _READ_RECORDS):
                yield from reader.read(start, min(count, start + _READ_RECORDS))
        finally:
            reader.close()
    except (RuntimeError, IndexError) as error:
        raise RecordError(str(error).partition("\n")[0]) from None
