"""Compressed files read as streams, told by their first bytes: names lie (`RS_2011-03.bz2.txt`)."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

import zstandard

_ZSTD_WINDOW_BYTES = 1 << 31  # Reddit's dumps are packed with the largest window there is


def _open_zstd(stored: BinaryIO) -> BinaryIO:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    reader = decompressor.stream_reader(stored, read_across_frames=True)
    return cast(BinaryIO, io.BufferedReader(reader, 1 << 20))


_FORMATS: dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b"\x1f\x8b": lambda stored: cast(BinaryIO, gzip.GzipFile(fileobj=stored)),
    b"\xfd7zXZ\0": lambda stored: cast(BinaryIO, lzma.LZMAFile(stored)),  # noqa: SIM115  # the caller closes it
    b"BZh": lambda stored: cast(BinaryIO, bz2.BZ2File(stored)),
    b"\x28\xb5\x2f\xfd": _open_zstd,
}
ZIP_MAGIC = b"PK\x03\x04"
_LONGEST_MAGIC = max(map(len, _FORMATS))
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What reading a damaged file raises."""


def open_decompressed(stored: BinaryIO) -> BinaryIO:
    """The content of a file: gzip, xz, bzip2 and Zstandard unpacked, anything else as it is.

    Args:
      stored: seekable, at its start.
    """
    magic = stored.read(_LONGEST_MAGIC)
    stored.seek(0)
    for start, open_packed in _FORMATS.items():
        if magic.startswith(start):
            return open_packed(stored)
    return stored
