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

WINDOW_BYTES = 1 << 27
"""Memory that unpacking a file may take; zstd's own limit, and twice what `xz -9` needs."""
DUMP_WINDOW_BYTES = 1 << 31
"""Of Reddit's dumps, which use the largest window of Zstandard."""
_XZ_BYTES = 16 << 20  # of memory beside its window
_ZSTD_FED_BYTES = 1 << 10  # they inflate to 32 MiB at most
_PACKED_BYTES = 64 << 10
_BUFFER_BYTES = 1 << 20
LONGEST_LINE_BYTES = 64 << 20


class LineTooLong(ValueError):
    """A line that nobody wrote, as in a bomb or a file that is no text."""


class _UnpackedReader(io.RawIOBase):
    """The content of a packed file, given in chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._taken = 0  # of the chunk

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fills the buffer from one chunk; returns the number of bytes, 0 at the end."""
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


def _unpack_zstd(stored: BinaryIO, window_bytes: int) -> Iterator[bytes]:
    """The content of frames that follow one another.

    zstandard's own reader does not notice that a file ends within a frame.

    Raises:
      EOFError: the last frame is cut off.
      ZstdError: a frame is damaged, or needs more memory.
    """
    decompressor = zstandard.ZstdDecompressor(max_window_size=window_bytes)
    frame = None
    while packed := stored.read(_ZSTD_FED_BYTES):
        while packed:
            frame = frame or decompressor.decompressobj()
            yield frame.decompress(packed)
            packed = frame.unused_data
            frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("Compressed file ended within a Zstandard frame")


def _unpack_xz(stored: BinaryIO, window_bytes: int) -> Iterator[bytes]:
    """The content of xz streams that follow one another, with zeros between them.

    `LZMAFile` would take as much memory as the file asks for.

    Raises:
      EOFError: the last stream is cut off.
      LZMAError: a stream is damaged, or needs more memory.
    """
    xz = None
    while packed := stored.read(_PACKED_BYTES):
        while packed := packed if xz else packed.lstrip(b"\0"):
            xz = xz or lzma.LZMADecompressor(lzma.FORMAT_XZ, window_bytes + _XZ_BYTES)
            yield xz.decompress(packed, _BUFFER_BYTES)
            while not (xz.eof or xz.needs_input):
                yield xz.decompress(b"", _BUFFER_BYTES)
            packed = xz.unused_data
            xz = None if xz.eof else xz
    if xz is not None:
        raise EOFError("Compressed file ended within an xz stream")


_FORMATS: dict[bytes, Callable[[BinaryIO, int], io.BufferedIOBase | io.RawIOBase]] = {
    b"\x1f\x8b": lambda stored, _: gzip.GzipFile(fileobj=stored),
    b"\xfd7zXZ\0": lambda stored, window: _UnpackedReader(_unpack_xz(stored, window)),
    b"BZh": lambda stored, _: bz2.BZ2File(stored),
    b"\x28\xb5\x2f\xfd": lambda stored, window: _UnpackedReader(_unpack_zstd(stored, window)),
}
ZIP_MAGIC = b"PK\x03\x04"
_LONGEST_MAGIC = max(map(len, _FORMATS))
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, LineTooLong)
"""Errors that reading a damaged file raises, or one that was made to exhaust the memory."""


def open_decompressed(stored: BinaryIO, window_bytes: int = WINDOW_BYTES) -> BinaryIO:
    """The content of a file: gzip, xz, bzip2 and Zstandard decompressed, anything else unchanged.

    Args:
      stored: seekable, at its start.
      window_bytes: of xz and Zstandard; a file that needs more memory is refused as damaged.
    """
    magic = stored.read(_LONGEST_MAGIC)
    stored.seek(0)
    for start, open_packed in _FORMATS.items():
        if magic.startswith(start):
            return io.BufferedReader(
                cast(io.RawIOBase, open_packed(stored, window_bytes)), _BUFFER_BYTES
            )
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
    """The lines that are not empty, without their ends (LF or CRLF).

    Raises:
      LineTooLong: of more than 64 MiB.
    """
    for ended in whole_lines(stream):
        line = ended.removesuffix(b"\n").removesuffix(b"\r")
        if line:
            yield line


def whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines as they are, with their ends.

    Raises:
      LineTooLong: of more than 64 MiB.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if len(line) > LONGEST_LINE_BYTES:
            raise LineTooLong(f"line {number:,} is longer than {LONGEST_LINE_BYTES >> 20} MiB")
        yield line
