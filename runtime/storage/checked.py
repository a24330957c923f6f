"""Files that know their damage: their length and their checksums follow their content.

The end of such a file is its trailer, in ASCII, so that JSON stays readable: a line break, the
xxh3-64 of each chunk of the content as 16 hex digits, the length of the content, and the xxh3-64 of
the trailer up to there. A reader checks the chunks that it reads, so no file is read twice.
"""

import errno
import functools
import io
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

import xxhash

from runtime.errors import RunFailed
from runtime.storage.files import atomic_write, delete_file, open_read, read_bytes
from runtime.storage.positions import SeekableReader

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

LOG = logging.getLogger("c4forge")
_CHUNK_BYTES = 64 << 10
BUFFER_BYTES = 1 << 20
"""Of what is written: writers of records write a few bytes at a time."""
_DIGITS = 16
_END = re.compile(rb" ([0-9a-f]{16}) ([0-9a-f]{16}) xxh3\n")
_END_BYTES = 2 * (_DIGITS + 1) + len(" xxh3\n")
_GONE, _EMPTY, _CUT, _FLIPPED = "missing", "empty", "cut off", "flipped bytes"
_UNREADABLE = "unreadable"


class DamagedFile(RunFailed):
    """A file that is not as it was written.

    Args:
      path: of the file.
      how: in a word or two.
    """

    def __init__(self, path: str, how: str) -> None:
        super().__init__(path, how)
        self.path, self.how = path, how

    def __str__(self) -> str:
        return f"{self.path} was damaged ({self.how})"


class Depth(StrEnum):
    """How much of a file is checked."""

    LENGTH = "length"  # its trailer, and that the content is as long
    BYTES = "bytes"  # all of it


class _CheckedWriter(io.RawIOBase):
    """A stream that counts and digests what goes through it, and leaves the file open."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self._length = self._filled = 0
        self._chunk = xxhash.xxh3_64()
        self._digests: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Writes all of the data; returns its number of bytes."""
        view = memoryview(data).cast("B")
        at = 0
        while at < len(view):
            part = view[at : at + _CHUNK_BYTES - self._filled]
            self._chunk.update(part)
            self._filled += len(part)
            at += len(part)
            if self._filled == _CHUNK_BYTES:
                self._end_chunk()
        self._stored.write(view)
        self._length += len(view)
        return len(view)

    def _end_chunk(self) -> None:
        self._digests.append(self._chunk.hexdigest())
        self._chunk.reset()
        self._filled = 0

    def trailer(self) -> bytes:
        """The end of the file."""
        if self._filled:
            self._end_chunk()
        head = f"\n{''.join(self._digests)} {self._length:016x}".encode()
        return head + f" {xxhash.xxh3_64_hexdigest(head)} xxh3\n".encode()


@contextmanager
def checked_write(path: str, *, lasting: bool = False) -> Iterator[BinaryIO]:
    """`atomic_write` of a file that knows its damage.

    Args:
      lasting: False for a file that is made again if it is damaged, as by a loss of power.
    Raises:
      OSError: it cannot be written.
    """
    with atomic_write(path, lasting=lasting) as stored:
        raw = _CheckedWriter(stored)
        with io.BufferedWriter(raw, BUFFER_BYTES) as stream:
            yield stream
        stored.write(raw.trailer())


def write_checked(path: str, data: bytes, *, lasting: bool = False) -> None:
    """Writes the data as a file that knows its damage."""
    with checked_write(path, lasting=lasting) as stream:
        stream.write(data)


def read_checked(path: str) -> bytes:
    """The content of a file that `checked_write` wrote.

    Raises:
      DamagedFile: it is missing, or not as it was written.
    """
    with telling_damage(path):
        data = read_bytes(path)
    length, digests = _read_trailer(path, io.BytesIO(data))
    _check_chunks(path, memoryview(data)[:length], digests)
    return data[:length]


class CheckedFile(SeekableReader):
    """The content of a file that `checked_write` wrote; what is read is checked.

    Raises:
      DamagedFile: at once if the file is missing or cut off, else where damaged bytes are read.
    """

    def __init__(self, path: str) -> None:
        with telling_damage(path):
            self._stored = open_read(path)
        try:
            length, self._digests = _read_trailer(path, self._stored)
        except DamagedFile:
            self._stored.close()
            raise
        super().__init__(path, length)
        self._start = 0
        self._checked = memoryview(b"")

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """The next bytes, or all that are left."""
        left = max(self._size - self._at, 0)
        count = left if size_bytes is None or size_bytes < 0 else min(size_bytes, left)
        start, end = self._at, self._at + count
        if not self._start <= start <= end <= self._start + len(self._checked):
            self._load(start, end)
        self._at = end
        return bytes(self._checked[start - self._start : end - self._start])

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fills the buffer; returns the number of bytes, 0 at the end."""
        target = memoryview(buffer).cast("B")
        data = self.read(len(target))
        target[: len(data)] = data
        return len(data)

    def _load(self, start: int, end: int) -> None:
        """Reads and checks the chunks that hold these bytes."""
        first, last = start // _CHUNK_BYTES, -(-end // _CHUNK_BYTES)
        low, high = first * _CHUNK_BYTES, min(last * _CHUNK_BYTES, self._size)
        with telling_damage(self._path):
            self._stored.seek(low)
            data = self._stored.read(high - low)
        if len(data) < high - low:
            raise DamagedFile(self._path, _CUT)
        self._start, self._checked = low, memoryview(data)
        _check_chunks(self._path, self._checked, self._digests[_DIGITS * first : _DIGITS * last])

    def close(self) -> None:
        if not self.closed and hasattr(self, "_stored"):
            self._stored.close()
        super().close()


def find_damage(path: str, depth: Depth) -> list[DamagedFile]:
    """The damage of a file that `checked_write` wrote; [] if it is as it was written."""
    try:
        with CheckedFile(path) as stream:
            while depth is Depth.BYTES and stream.read(16 * _CHUNK_BYTES):
                pass
    except DamagedFile as damage:
        return [damage]
    return []


def _read_trailer(path: str, stored: BinaryIO) -> tuple[int, bytes]:
    """The length of the content, and the hex digits of its chunks."""
    with telling_damage(path):
        size = stored.seek(0, io.SEEK_END)
        stored.seek(max(size - _END_BYTES, 0))
        found = _END.fullmatch(stored.read())
        length = int(found[1], 16) if found else size
        digits = _DIGITS * -(-length // _CHUNK_BYTES)
        if found is None or size != length + 1 + digits + _END_BYTES:
            how = _EMPTY if not size else _CUT if found is None else _FLIPPED
            raise DamagedFile(path, how)
        stored.seek(length)
        head = stored.read(1 + digits + 1 + _DIGITS)
    if xxhash.xxh3_64_hexdigest(head).encode() != found[2]:
        raise DamagedFile(path, _FLIPPED)
    return length, head[1 : 1 + digits]


def _check_chunks(path: str, data: memoryview, digests: bytes) -> None:
    for number, start in enumerate(range(0, len(data), _CHUNK_BYTES)):
        digest = xxhash.xxh3_64_hexdigest(data[start : start + _CHUNK_BYTES])
        if digest.encode() != digests[_DIGITS * number : _DIGITS * (number + 1)]:
            raise DamagedFile(path, _FLIPPED)


@contextmanager
def telling_damage(path: str) -> Iterator[None]:
    """A block in which a file is read: one that is missing or on a bad sector is damaged."""
    try:
        yield
    except FileNotFoundError:
        raise DamagedFile(path, _GONE) from None
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        raise DamagedFile(path, _UNREADABLE) from error


@contextmanager
def discarding_damage() -> Iterator[None]:
    """A block, or a function, that removes the damaged file at which it ends.

    So whoever comes next finds it missing, and makes it again.
    """
    try:
        yield
    except DamagedFile as damage:
        delete_file(damage.path)
        raise


def discard(damaged: Iterable[DamagedFile]) -> None:
    """Removes damaged files, and says of each, once a process, that it is made again."""
    for damage in damaged:
        delete_file(damage.path)
        if damage.path not in _told():
            _told().add(damage.path)
            LOG.warning("note: %s; it is made again", damage)


@functools.cache
def _told() -> set[str]:
    """The files of which this process has told."""
    return set()
