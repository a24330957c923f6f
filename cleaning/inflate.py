"""Bytes of a WET file, gzip or plain, read on past whatever is damaged.

Common Crawl writes every record as a gzip member of its own, so a damaged byte need not cost
more than the record that it hit. General WARC readers stop at the first error: FastWARC 2.0.1
lost 15 of 60 records to the median flipped bit. Here a member that fails is salvaged as far as
it decodes, reported as a `Gap`, and reading goes on at the next member that decodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from isal import isal_zlib

GZIP_MAGIC = b"\x1f\x8b\x08"
RECORD_MAGIC = b"WARC/"
_GZIP_HEADER_BYTES = 10
_READ_BYTES = 1 << 18
_FEED_BYTES = 1 << 14  # a fed slice inflates to at most 16.5 MiB (deflate's limit is 1032:1)
_STREAMED_BYTES = 1 << 20  # larger members are passed on before their checksum is known
_HISTORY_BYTES = 1 << 24  # compressed bytes of a member kept for finding the next one
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 200  # text deflates 3- to 10-fold


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of the file after decompression.

    Attributes:
      offset: where in the stored file the gzip member (or the plain bytes) of this chunk starts.
      data: the bytes.
      starts_member: False for a continuation of the previous chunk's member.
      trusted: False where the member's checksum failed; records are then held to their own digest.
    """

    offset: int
    data: bytes
    starts_member: bool = True
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that could not be read: chunks before and after it do not join."""

    offset: int
    reason: str


class DamagedMember(Exception):
    """A member failed after parts of it were passed on as trusted: read again with suspicion."""


class _Window:
    """The compressed bytes from a position on, refilled from the stream, never read twice."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ended = False
        self.base = 0
        self.data = b""

    def has(self, position: int) -> bool:
        """True if the byte at `position` exists; reads on where needed."""
        while position >= self.base + len(self.data) and not self._ended:
            more = self._stream.read(_READ_BYTES)
            self._ended = not more
            self.data += more
        return position < self.base + len(self.data)

    def slice(self, position: int, size: int) -> memoryview:
        start = position - self.base
        return memoryview(self.data)[start : start + size]

    def forget(self, position: int) -> None:
        """Drops the bytes before `position`."""
        self.data = self.data[position - self.base :]
        self.base = position

    def find(self, needle: bytes, position: int) -> int:
        """Position of `needle` at or after `position`, or -1; forgets what was searched."""
        while self.has(position + len(needle) - 1):
            at = self.data.find(needle, position - self.base)
            if at >= 0:
                return self.base + at
            position = self.base + len(self.data) - len(needle) + 1
            self.forget(position)
            if not self.has(position + len(needle) - 1):
                break
        return -1


def inflate(stream: BinaryIO, *, suspicious: bool = False) -> Iterator[Chunk | Gap]:
    """The bytes of a WET file in order, with gaps where it is damaged.

    Args:
      stream: the stored file from its start; it need not be seekable.
      suspicious: pass on members that are too large to be checked first as not trusted.
    Raises:
      DamagedMember: such a member failed and `suspicious` was False: call again with True.
      OSError: the stream itself cannot be read.
    """
    window = _Window(stream)
    if not window.has(0):
        yield Gap(0, "empty file")
    elif _is_gzip(window):
        yield from _inflate_members(window, suspicious)
    else:
        yield from _plain_chunks(window)


def _is_gzip(window: _Window) -> bool:
    head = bytes(window.slice(0, _READ_BYTES))
    if head.startswith(GZIP_MAGIC[:2]):
        return True
    # A damaged first member must not make the rest of the file look like plain bytes.
    return not head.lstrip().startswith(RECORD_MAGIC) and GZIP_MAGIC in head


def _plain_chunks(window: _Window) -> Iterator[Chunk]:
    while window.has(window.base):
        yield Chunk(window.base, window.data, starts_member=window.base == 0)
        window.forget(window.base + len(window.data))


def _inflate_members(window: _Window, suspicious: bool) -> Iterator[Chunk | Gap]:
    position = 0
    while window.has(position):
        if window.slice(position, 1)[0] == 0:  # zero padding between members, as gzip allows
            position += 1
            continue
        window_start = position - window.base
        if window_start > 1 << 20:
            window.forget(position)
        member = _Member(window, position)
        yield from member.chunks(suspicious)
        if member.error is None:
            position = member.end
            continue
        if member.streamed and not suspicious:
            raise DamagedMember
        if not member.streamed:
            rescued = _salvage(window, position)
            if rescued:
                yield Chunk(position, rescued, trusted=False)
        yield Gap(position, member.error)
        position = _next_member(window, max(position + 1, window.base))
        if position < 0:
            return


class _Member:
    """One gzip member: its chunks, then where it ended or what was wrong with it."""

    def __init__(self, window: _Window, position: int) -> None:
        self._window = window
        self._start = position
        self.end = position
        self.error: str | None = None
        self.streamed = False

    def chunks(self, suspicious: bool) -> Iterator[Chunk]:
        inflater = isal_zlib.decompressobj(31)
        parts: list[bytes] = []
        held = total = 0
        while not inflater.eof:
            if not self._window.has(self.end):
                self.error = "truncated gzip member"
                return
            fed = self._window.slice(self.end, _FEED_BYTES)
            try:
                part = inflater.decompress(fed)
            except isal_zlib.error as error:
                self.error = f"damaged gzip member: {error}"
                return
            self.end += len(fed) - len(inflater.unused_data)
            parts.append(part)
            held += len(part)
            total += len(part)
            if total > max(_BOMB_BYTES, _BOMB_RATIO * (self.end - self._start)):
                self.error = f"gzip member inflates more than {_BOMB_RATIO}-fold"
                return
            if held >= _STREAMED_BYTES and not inflater.eof:
                yield Chunk(self._start, b"".join(parts), not self.streamed, not suspicious)
                self.streamed = True
                parts, held = [], 0
                if self.end - self._window.base > _HISTORY_BYTES:
                    self._window.forget(self.end)
        trusted = not (self.streamed and suspicious)
        yield Chunk(self._start, b"".join(parts), not self.streamed, trusted)


def _salvage(window: _Window, position: int) -> bytes:
    """What decodes of a failed member, gzip's own header and checksum left aside."""
    inflater = isal_zlib.decompressobj(-15)
    parts: list[bytes] = []
    held = 0
    at = position + _GZIP_HEADER_BYTES
    try:
        while not inflater.eof and held < _STREAMED_BYTES and window.has(at):
            fed = window.slice(at, 64)
            parts.append(inflater.decompress(fed))
            held += len(parts[-1])
            at += len(fed)
    except isal_zlib.error:
        pass  # the member is already reported as damaged; this is how far it decodes
    data = b"".join(parts)
    return data if data.startswith(RECORD_MAGIC) else b""


def _next_member(window: _Window, position: int) -> int:
    """Position of the next gzip member that decodes, or -1."""
    while (position := window.find(GZIP_MAGIC, position)) >= 0:
        if _decodes(window, position):
            return position
        position += 1
    return -1


def _decodes(window: _Window, position: int) -> bool:
    """True if a member that starts here opens a record, or is whole."""
    inflater = isal_zlib.decompressobj(31)
    at, head = position, b""
    try:
        while not inflater.eof and at - position < _HISTORY_BYTES and window.has(at):
            fed = window.slice(at, _FEED_BYTES if head else 512)
            head = (head + inflater.decompress(fed))[: len(RECORD_MAGIC)]
            if head == RECORD_MAGIC:
                return True
            at += len(fed) - len(inflater.unused_data)
    except isal_zlib.error:
        return False
    return inflater.eof
