"""WET files in zstd or bzip2: their frames, one after another; reading goes on after damage.

A file is one frame, or has one for each record. Tools that write `.warc.zst` may put a dictionary
before them, in a frame that other readers skip.
"""

import bz2
import re
from collections.abc import Generator, Iterator
from typing import Protocol

import zstandard

from cleaning.wet.chunks import Chunk, DamagedMember, Gap, Trust
from cleaning.wet.gzip_members import BOMB_BYTES, BOMB_RATIO, RECORD_MAGIC, Window, batches

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BZIP2_MAGIC = b"1AY&SY"  # of the first block
_BZIP2_HEADER_BYTES = 4  # before it: BZh and the size of blocks
_SKIPPED_MAGIC = b"\x2a\x4d\x18"  # after a byte 0x50 to 0x5f: a frame without content
_SKIPPED_HEADER_BYTES = 8  # magic and length
_DICTIONARY = 0x5D
_MOST_DICTIONARY_BYTES = 16 << 20
_WINDOW_BYTES = 1 << 27  # zstd's own limit without --long=31
_SLICE_BYTES = 1 << 10  # inflates to 32 MiB at most
_BLOCK_BYTES = 1 << 20
_PROBE_BYTES = 1 << 16
HEAD_BYTES = _BZIP2_HEADER_BYTES + len(_BZIP2_MAGIC)
_ANY_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|BZh[1-9]1AY&SY")


class _Frame(Protocol):
    """A decompressor of one frame, with the attributes of those of zlib."""

    eof: bool
    unused_data: bytes

    def decode(self, fed: bytes) -> tuple[bytes, str]:
        """What the bytes decode to, up to a problem with them, and the problem or ""."""


class _ZstdFrame:
    noun, bomb = "zstd frame", f"zstd frame inflates more than {BOMB_RATIO}-fold"

    def __init__(self, dictionary: bytes) -> None:
        data = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        decompressor = zstandard.ZstdDecompressor(dict_data=data, max_window_size=_WINDOW_BYTES)
        self._frame = decompressor.decompressobj()
        self.eof, self.unused_data = False, b""

    def decode(self, fed: bytes) -> tuple[bytes, str]:
        parts: list[bytes] = []
        size = 0
        try:
            for at in range(0, len(fed), _SLICE_BYTES):
                parts.append(self._frame.decompress(fed[at : at + _SLICE_BYTES]))
                size += len(parts[-1])
                if self._frame.eof:
                    self.eof = True
                    self.unused_data = self._frame.unused_data + fed[at + _SLICE_BYTES :]
                    break
                if size > BOMB_BYTES:
                    return b"".join(parts), self.bomb
        except zstandard.ZstdError as error:
            return b"".join(parts), f"damaged {self.noun}: {str(error).rpartition(': ')[2]}"
        return b"".join(parts), ""


class _Bzip2Frame:
    noun, bomb = "bzip2 stream", f"bzip2 stream inflates more than {BOMB_RATIO}-fold"

    def __init__(self, _: bytes) -> None:
        self._frame = bz2.BZ2Decompressor()
        self.eof, self.unused_data = False, b""

    def decode(self, fed: bytes) -> tuple[bytes, str]:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                parts.append(self._frame.decompress(fed, _BLOCK_BYTES))
                fed = b""
                size += len(parts[-1])
                if self._frame.eof:
                    self.eof, self.unused_data = True, self._frame.unused_data
                    break
                if self._frame.needs_input:
                    break
                if size > BOMB_BYTES:
                    return b"".join(parts), self.bomb
        except OSError:
            return b"".join(parts), f"damaged {self.noun}"
        return b"".join(parts), ""


def is_packed(head: bytes) -> bool:
    """True if the first bytes of a file are those of zstd or bzip2."""
    return _kind(head) is not None or _is_skipped(head)


def _kind(head: bytes) -> type[_ZstdFrame] | type[_Bzip2Frame] | None:
    if head.startswith(_ZSTD_MAGIC):
        return _ZstdFrame
    if head.startswith(b"BZh") and head.startswith(_BZIP2_MAGIC, _BZIP2_HEADER_BYTES):
        return _Bzip2Frame
    return None


def _is_skipped(head: bytes) -> bool:
    return head[1:4] == _SKIPPED_MAGIC and 0x50 <= head[0] <= 0x5F


def unpack(window: Window, suspicious: bool) -> Iterator[Chunk | Gap]:
    """The content of all frames in order, with gaps where the file is damaged.

    Args:
      window: of the file from its start.
      suspicious: give frames that are too large to be checked first as Trust.UNCHECKED.
    Raises:
      DamagedMember: such a frame failed and `suspicious` was False: call again with True.
    """
    position, dictionary = 0, b""
    while window.has(position):
        head = bytes(window.slice(position, HEAD_BYTES))
        if _is_skipped(head):
            size = _SKIPPED_HEADER_BYTES + int.from_bytes(head[4:8], "little")
            if head[0] == _DICTIONARY and size <= _MOST_DICTIONARY_BYTES:
                dictionary = _read_dictionary(bytes(window.slice(position, size)))
            position += size
            _forget(window, position)
            continue
        end = -1
        if _kind(head) is not None:
            end = yield from _frame_chunks(window, position, dictionary, suspicious)
        elif window.slice(position, _PROBE_BYTES).strip(b"\0"):
            yield Gap(position, "bytes between frames")
        position = end if end >= 0 else _find_frame(window, position + 1, dictionary)
        if position < 0:
            return
        window.forget(position)


def _forget(window: Window, position: int) -> None:
    """Drops the bytes before `position`, which may lie beyond those read, without holding them."""
    while window.end < position and window.has(window.end):
        window.forget(min(window.end, position))
    window.forget(min(window.end, position))


def _read_dictionary(frame: bytes) -> bytes:
    """The dictionary in a skipped frame, which may be compressed itself."""
    data = frame[_SKIPPED_HEADER_BYTES:]
    if data.startswith(_ZSTD_MAGIC):
        data, _ = _ZstdFrame(b"").decode(data)
    return data


def _frame_chunks(
    window: Window, start: int, dictionary: bytes, suspicious: bool
) -> Generator[Chunk | Gap, None, int]:
    """The content of a frame; returns the position after it, -1 if that is not known."""
    kind = _kind(bytes(window.slice(start, HEAD_BYTES)))
    assert kind is not None
    for batch in batches(window, start, kind(dictionary), _decode, kind.noun):
        is_alone = batch.is_first and batch.is_last
        if batch.problem and not batch.is_first and not suspicious and batch.problem != kind.bomb:
            raise DamagedMember
        trusted = not batch.problem and (is_alone or not suspicious)
        trust = Trust.SOUND if trusted else Trust.UNCHECKED
        yield Chunk(start, batch.data, batch.is_first, trust)
        if batch.problem:
            yield Gap(start, batch.problem)
            return -1
    return batch.at


def _decode(frame: _Frame, fed: bytearray) -> tuple[bytes, str]:
    return frame.decode(bytes(fed))


def _find_frame(window: Window, position: int, dictionary: bytes) -> int:
    """The position of the next frame that opens a record, or -1."""
    position = max(position, window.base)
    while window.has(position + len(_ZSTD_MAGIC) - 1):
        data = window.data
        found = _ANY_MAGIC.search(data, position - window.base)
        if found is None:
            position = max(position, window.end - HEAD_BYTES)
            window.forget(position)
            if not window.has(window.end):
                return -1
            continue
        position = window.base + found.start()
        kind = _kind(bytes(window.slice(position, HEAD_BYTES)))
        if kind is not None:
            content, _ = kind(dictionary).decode(bytes(window.slice(position, _PROBE_BYTES)))
            if content.startswith(RECORD_MAGIC):
                return position
        position += 1
    return -1
