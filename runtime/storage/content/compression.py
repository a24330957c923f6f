"""Compressed files read as streams. The format is found by the first bytes, not by the name.

Names can be wrong, as in `RS_2011-03.bz2.txt`.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ZSTD_WINDOW_BYTES = 1 << 31  # Reddit's dumps use the largest window of the format
_PACKED_BYTES = 64 << 10
_BUFFER_BYTES = 1 << 20


class _ZstdReader(io.RawIOBase):
    """The content of Zstandard frames that follow one another.

    zstandard's own reader does not notice that a file ends within a frame.
    """

    def __init__(self, stored: BinaryIO) -> None:
        self._chunks = _unpack_frames(stored)
        self._chunk = b""
        self._taken = 0  # of the chunk

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fills the buffer from one chunk; returns the number of bytes, 0 at the end.

        Raises:
          EOFError: the last frame is cut off.
          ZstdError: a frame is damaged.
        """
        while self._taken == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._chunk, self._taken = chunk, 0
        target = memoryview(buffer).cast("B")
        part = memoryview(self._chunk)[self._taken : self._taken + len(target)]
        target[: len(part)] = part
        self._taken += len(part)
        return len(part)


def _unpack_frames(stored: BinaryIO) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    frame = None
    while packed := stored.read(_PACKED_BYTES):
        while packed:
            frame = frame or decompressor.decompressobj()
            yield frame.decompress(packed)
            packed = frame.unused_data
            frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("Compressed file ended within a Zstandard frame")


_FORMATS: dict[bytes, Callable[[BinaryIO], io.BufferedIOBase | io.RawIOBase]] = {
    b"\x1f\x8b": lambda stored: gzip.GzipFile(fileobj=stored),
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
    b"\x28\xb5\x2f\xfd": _ZstdReader,
}
ZIP_MAGIC = b"PK\x03\x04"
_LONGEST_MAGIC = max(map(len, _FORMATS))
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""Errors that reading a damaged file raises."""


def open_decompressed(stored: BinaryIO) -> BinaryIO:
    """The content of a file: gzip, xz, bzip2 and Zstandard decompressed, anything else unchanged.

    Args:
      stored: seekable, at its start.
    """
    magic = stored.read(_LONGEST_MAGIC)
    stored.seek(0)
    for start, open_packed in _FORMATS.items():
        if magic.startswith(start):
            return io.BufferedReader(cast(io.RawIOBase, open_packed(stored)), _BUFFER_BYTES)
    return stored


@contextmanager
def pack_by_name(stored: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """A stream that compresses if the name ends in .gz; the gzip header holds no name or time."""
    if not name.endswith(".gz"):
        yield stored
        return
    with (
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=stored, mtime=0) as packed,
        io.BufferedWriter(cast(io.RawIOBase, packed), _BUFFER_BYTES) as stream,
    ):
        yield stream


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines that are not empty, without their ends (LF or CRLF)."""
    for ended in stream:
        line = ended.removesuffix(b"\n").removesuffix(b"\r")
        if line:
            yield line
