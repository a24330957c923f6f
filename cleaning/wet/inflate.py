"""Bytes of a WET file, in gzip, zstd, bzip2 or plain; reading goes on after damage.

The content decides which, not the name.

Common Crawl writes every record as a gzip member of its own, so a damaged byte need not cost more
than its record. General WARC readers stop at the first error: FastWARC 2.0.1 lost 15 of 60 records
to the median flipped bit. Here a damaged member is decoded as far as possible and reported as a
`Gap`, and reading goes on at the next member that decodes.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from isal import isal_zlib

from cleaning.wet.chunks import Chunk, DamagedMember, Gap, Trust
from cleaning.wet.frames import HEAD_BYTES as PACKED_HEAD_BYTES
from cleaning.wet.frames import is_packed, unpack
from cleaning.wet.gzip_members import (
    BOMB,
    GZIP_HEADER_BYTES,
    GZIP_MAGIC,
    READ_BYTES,
    RECORD_MAGIC,
    Search,
    Window,
    batches,
    decode,
    decode_to_the_last,
    header_end,
    opens_record,
    small_member,
    starts_member,
)

FILE_RATIO = 50  # WET files inflate 2.5-fold, the most repetitive of 7,080 pages 13.5-fold
FILE_BOMB = f"the file inflates more than {FILE_RATIO}-fold: its rest is not read"
_FILE_BOMB_BYTES = 1 << 30  # below it, only single members are refused
_PADDING_BYTES = 1 << 20  # more zeros at a file's end are a hole, not padding


def inflate(
    stream: BinaryIO, start: int = 0, end: int | None = None, *, suspicious: bool = False
) -> Iterator[Chunk | Gap]:
    """The bytes of a WET file in order, with gaps where it is damaged.

    Ranges that share a boundary share no record and lose none: one ends and the next begins at
    the first member at or after it that opens a record. A file of plain bytes, of one member, or in
    zstd or bzip2, belongs to the range that starts at 0.

    Args:
      stream: the stored file from its start, which may return short reads; `seek` is called only
        if `start` is not 0.
      start, end: the range of stored bytes whose gzip members are read; None for all.
      suspicious: give members that are too large to be checked first as Trust.UNCHECKED.
    Raises:
      DamagedMember: such a member failed and `suspicious` was False: call again with True.
      OSError: the stream itself cannot be read.
    """
    window = Window(stream)
    if not window.has(0):
        yield Gap(0, "empty file")
    elif is_packed(bytes(window.slice(0, PACKED_HEAD_BYTES))):
        yield from _bounded(unpack(window, suspicious), window, 0) if start == 0 else ()
    elif not _is_gzip(window):
        yield from _plain_chunks(window) if start == 0 else ()
    elif start == 0:
        yield from _bounded(_inflate_members(window, 0, end, suspicious), window, 0)
    else:
        stream.seek(start)
        window = Window(stream, start)
        first = Search(window, tries=0).next_member(start)
        if first >= 0:
            yield from _bounded(_inflate_members(window, first, end, suspicious), window, first)


def _is_gzip(window: Window) -> bool:
    head = bytes(window.slice(0, READ_BYTES))
    if head.startswith(GZIP_MAGIC[:2]):
        return True
    if head.lstrip().startswith(RECORD_MAGIC):
        return False
    # A damaged first member must not make the rest of the file look like plain bytes.
    return GZIP_MAGIC in head or opens_record(window, GZIP_HEADER_BYTES)


def _plain_chunks(window: Window) -> Iterator[Chunk]:
    while window.has(window.base):
        data = bytes(window.slice(window.base, READ_BYTES))
        yield Chunk(window.base, data, window.base == 0, inflated=False)
        window.forget(window.base + len(data))


def _bounded(parts: Iterable[Chunk | Gap], window: Window, start: int) -> Iterator[Chunk | Gap]:
    """The parts, until the file inflates more than FILE_RATIO-fold.

    `gzip_members.BOMB_RATIO` limits a member, but not a file of many members just below it.
    """
    inflated = 0
    for part in parts:
        inflated += len(part.data) if isinstance(part, Chunk) else 0
        if inflated > _FILE_BOMB_BYTES and inflated > FILE_RATIO * (window.end - start):
            yield Gap(part.offset, FILE_BOMB)
            return
        yield part


def _inflate_members(
    window: Window, position: int, end: int | None, suspicious: bool
) -> Iterator[Chunk | Gap]:
    search = Search(window)
    while window.has(position):
        if zeros := window.zeros(position):
            is_followed = window.has(position + zeros)
            if zeros > _PADDING_BYTES or (is_followed and zeros >= GZIP_HEADER_BYTES):
                yield Gap(position, f"{zeros} zero bytes in place of a gzip member")
            if zeros >= GZIP_HEADER_BYTES or not is_followed:
                position += zeros
                continue
        if end is not None and position >= end and starts_member(window, position):
            return
        if position - window.base > READ_BYTES:
            window.forget(position)
        if small := small_member(window, position):
            yield Chunk(position, small[0])
            position = small[1]
            continue
        member = _Member(window, position)
        yield from member.chunks(suspicious)
        if member.needs_salvage:
            yield from member.salvage()
        if member.error:
            yield Gap(position, member.error)
        position = member.end
        if position < 0:
            position = search.next_member(max(member.start + 1, window.base))
        if position < 0:
            return


class _Member:
    """One gzip member.

    Attributes:
      start: its position.
      end: the position after it once it is read; -1 if that is not known.
      error: the damage, or empty.
      needs_salvage: True if `chunks` gave nothing because it failed or still might.
    """

    def __init__(self, window: Window, start: int) -> None:
        self._window = window
        self.start = start
        self.end = -1
        self.error = ""
        self.needs_salvage = False

    def chunks(self, suspicious: bool) -> Iterator[Chunk]:
        """The member's bytes, if its checksum agrees or they are too many to wait for it."""
        for batch in batches(self._window, self.start, isal_zlib.decompressobj(31), decode):
            self.error = batch.problem
            if batch.problem and not batch.is_first and batch.problem != BOMB:
                raise DamagedMember
            if (suspicious and not batch.is_last) or batch.problem not in ("", BOMB):
                self.needs_salvage = True
                return
            if batch.is_last and not batch.problem:
                self.end = batch.at
            yield Chunk(self.start, batch.data, batch.is_first)

    def salvage(self) -> Iterator[Chunk]:
        """The member's bytes up to the first symbol that does not decode."""
        at = self._deflate_start()
        if at < 0:
            return
        checksum = 0
        for batch in batches(self._window, at, zlib.decompressobj(-15), decode_to_the_last):
            checksum = zlib.crc32(batch.data, checksum)
            trust = Trust.UNCHECKED
            if batch.is_last and not batch.problem:
                trust = self._check(batch.at, checksum, batch.total)
                if trust is Trust.ALTERED and not batch.is_first:
                    trust = Trust.UNCHECKED  # one of many records: their digests show which
            self.error = self.error or batch.problem
            yield Chunk(self.start, batch.data, batch.is_first, trust)

    def _check(self, at: int, checksum: int, total: int) -> Trust:
        """Compares the bytes with the trailer at `at`; sets `end` if the member ends there."""
        trailer = bytes(self._window.slice(at, 8))
        expected = struct.pack("<II", checksum, total & 0xFFFFFFFF)
        if len(trailer) < len(expected):
            self.error = self.error or "truncated gzip member"
        elif trailer != expected:
            self.error = self.error or "damaged gzip member: Incorrect checksum found"
        # Altered bytes change all four bytes of the checksum, except once in 4 million.
        differing = sum(map(int.__ne__, trailer[:4], expected))
        is_followed = self._window.slice(at + len(expected), 3) == GZIP_MAGIC
        if trailer == expected or (is_followed and differing < 2):
            self.end = at + len(expected)
        if len(trailer) < 4 or differing == 1:
            return Trust.UNCHECKED
        return Trust.ALTERED if differing else Trust.SOUND

    def _deflate_start(self) -> int:
        """Position of the member's deflate data, or -1; a damaged header is skipped."""
        at = header_end(self._window, self.start)
        if at >= 0 and (not self.error or opens_record(self._window, at)):
            return at
        at = self.start + GZIP_HEADER_BYTES
        return at if opens_record(self._window, at) else -1
