"""Bytes of a WET file, gzip or plain, read on past whatever is damaged.

Common Crawl writes every record as a gzip member of its own, so a damaged byte need not cost
more than the record that it hit. General WARC readers stop at the first error: FastWARC 2.0.1
lost 15 of 60 records to the median flipped bit. Here a member that fails is salvaged as far as
it decodes, reported as a `Gap`, and reading goes on at the next member that decodes.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, BinaryIO, NamedTuple

from isal import isal_zlib

GZIP_MAGIC = b"\x1f\x8b\x08"
RECORD_MAGIC = b"WARC/"
_GZIP_HEADER_BYTES = 10
_READ_BYTES = 1 << 18
_FEED_BYTES = 1 << 14  # a fed slice inflates to at most 16.5 MiB (deflate's limit is 1032:1)
_STREAMED_BYTES = 1 << 20  # larger members are passed on before their checksum is known
_HISTORY_BYTES = 1 << 21  # compressed bytes of a member kept for salvage and the next one
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 200  # text deflates 3- to 10-fold
_BOMB = f"gzip member inflates more than {_BOMB_RATIO}-fold"
_PADDING_BYTES = 1 << 20  # more zeros than that at a file's end are a hole, not padding
_HEADER_FIELD_BYTES = 1 << 12
_TRIES = 1000  # chance gives one false start of a member in 16 MiB
_ZEROS = re.compile(rb"\0*")
_Inflater = Any  # of zlib or isal_zlib, whose classes have no public names
_Decode = Callable[[_Inflater, bytearray], tuple[bytes, str]]


class Trust(Enum):
    """What a gzip member's checksum says of a chunk; plain bytes have none and count as sound."""

    SOUND = "it agrees"
    UNCHECKED = "it was not reached or is itself damaged: hold records to their own digests"
    ALTERED = "it disagrees with the whole member: some byte of it is wrong"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of the file after decompression.

    Attributes:
      offset: where in the stored file the gzip member (or the plain bytes) of this chunk starts.
      data: the bytes.
      starts_member: False for a continuation of the previous chunk's member.
      trust: see `Trust`.
      inflated: False for plain bytes, which stand in the file as they are.
    """

    offset: int
    data: bytes
    starts_member: bool = True
    trust: Trust = Trust.SOUND
    inflated: bool = True


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that could not be read: chunks before and after it do not join."""

    offset: int
    reason: str


class DamagedMember(Exception):
    """A member failed after parts of it were passed on as sound: read again with suspicion."""


class _Window:
    """The compressed bytes from a position on, refilled from the stream, never read twice."""

    def __init__(self, stream: BinaryIO, base: int = 0) -> None:
        self._stream = stream
        self._ended = False
        self.base = base
        self.data = bytearray()

    def has(self, position: int) -> bool:
        """True if the byte at `position` exists; reads on where needed."""
        while position >= self.base + len(self.data) and not self._ended:
            more = self._stream.read(_READ_BYTES)
            self._ended = not more
            self.data += more
        return position < self.base + len(self.data)

    def slice(self, position: int, size: int) -> bytearray:
        """The `size` bytes from `position` on, or as many as exist."""
        self.has(position + size - 1)
        start = position - self.base
        return self.data[start : start + size]

    def forget(self, position: int) -> None:
        """Drops the bytes before `position`."""
        del self.data[: position - self.base]
        self.base = position

    def zeros(self, position: int) -> int:
        """How many zero bytes stand at `position`; forgets them if they are more than it reads."""
        end = position
        while self.has(end) and not self.data[end - self.base]:
            end = self.base + _ZEROS.match(self.data, end - self.base).end()  # type: ignore[union-attr]
            if end - self.base > _READ_BYTES:
                self.forget(end)
        return end - position

    def find(self, needle: bytes, position: int) -> int:
        """Position of `needle` at or after `position`, or -1; forgets what was searched."""
        while self.has(position + len(needle) - 1):
            at = self.data.find(needle, position - self.base)
            if at >= 0:
                return self.base + at
            position = self.base + len(self.data) - len(needle) + 1
            self.forget(position)
        return -1


def inflate(
    stream: BinaryIO, start: int = 0, end: int | None = None, *, suspicious: bool = False
) -> Iterator[Chunk | Gap]:
    """The bytes of a WET file in order, with gaps where it is damaged.

    Ranges that share a boundary share no record and lose none: one ends and the next begins at
    the first member at or after it that opens a record. A file of plain bytes, or of one member,
    belongs to the range that starts at 0.

    Args:
      stream: the stored file from its start, which may return short reads; it is sought in only
        if `start` is not 0.
      start, end: the range of stored bytes whose gzip members are read; None for all.
      suspicious: pass on members that are too large to be checked first as not checked.
    Raises:
      DamagedMember: such a member failed and `suspicious` was False: call again with True.
      OSError: the stream itself cannot be read.
    """
    window = _Window(stream)
    if not window.has(0):
        yield Gap(0, "empty file")
    elif not _is_gzip(window):
        yield from _plain_chunks(window) if start == 0 else ()
    elif start == 0:
        yield from _inflate_members(window, 0, end, suspicious)
    else:
        stream.seek(start)
        window = _Window(stream, start)
        first = _Search(window, tries=0).next_member(start)
        if first >= 0:
            yield from _inflate_members(window, first, end, suspicious)


def _is_gzip(window: _Window) -> bool:
    head = bytes(window.slice(0, _READ_BYTES))
    if head.startswith(GZIP_MAGIC[:2]):
        return True
    if head.lstrip().startswith(RECORD_MAGIC):
        return False
    # A damaged first member must not make the rest of the file look like plain bytes.
    return GZIP_MAGIC in head or _opens_record(window, _GZIP_HEADER_BYTES)


def _plain_chunks(window: _Window) -> Iterator[Chunk]:
    while window.has(window.base):
        data = bytes(window.slice(window.base, _READ_BYTES))
        yield Chunk(window.base, data, window.base == 0, inflated=False)
        window.forget(window.base + len(data))


def _inflate_members(
    window: _Window, position: int, end: int | None, suspicious: bool
) -> Iterator[Chunk | Gap]:
    search = _Search(window)
    while window.has(position):
        if zeros := window.zeros(position):
            is_followed = window.has(position + zeros)
            if zeros > _PADDING_BYTES or (is_followed and zeros >= _GZIP_HEADER_BYTES):
                yield Gap(position, f"{zeros} zero bytes in place of a gzip member")
            if zeros >= _GZIP_HEADER_BYTES or not is_followed:
                position += zeros
                continue
        if end is not None and position >= end and _starts_member(window, position):
            return
        if position - window.base > _READ_BYTES:
            window.forget(position)
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
      error: what is wrong with it, or empty.
      needs_salvage: True if `chunks` gave nothing of it, as it failed or might yet fail.
    """

    def __init__(self, window: _Window, start: int) -> None:
        self._window = window
        self.start = start
        self.end = -1
        self.error = ""
        self.needs_salvage = False

    def chunks(self, suspicious: bool) -> Iterator[Chunk]:
        """The member's bytes if they agree with its checksum, or are too many to wait for it."""
        for batch in _batches(self._window, self.start, isal_zlib.decompressobj(31), _decode):
            self.error = batch.problem
            if batch.problem and not batch.is_first and batch.problem != _BOMB:
                raise DamagedMember
            if (suspicious and not batch.is_last) or batch.problem not in ("", _BOMB):
                self.needs_salvage = True
                return
            if batch.is_last and not batch.problem:
                self.end = batch.at
            yield Chunk(self.start, batch.data, batch.is_first)

    def salvage(self) -> Iterator[Chunk]:
        """What decodes of the member up to the symbol that does not, its header left aside."""
        at = self._deflate_start()
        if at < 0:
            return
        checksum = 0
        for batch in _batches(self._window, at, zlib.decompressobj(-15), _decode_to_the_last):
            checksum = zlib.crc32(batch.data, checksum)
            trust = Trust.UNCHECKED
            if batch.is_last and not batch.problem:
                trust = self._check(batch.at, checksum, batch.total)
                if trust is Trust.ALTERED and not batch.is_first:
                    trust = Trust.UNCHECKED  # one of many records: their digests tell which
            self.error = self.error or batch.problem
            yield Chunk(self.start, batch.data, batch.is_first, trust)

    def _check(self, at: int, checksum: int, total: int) -> Trust:
        """What the trailer at `at` says of the bytes; sets `end` if that is where it ends."""
        trailer = bytes(self._window.slice(at, 8))
        expected = struct.pack("<II", checksum, total & 0xFFFFFFFF)
        if len(trailer) < len(expected):
            self.error = self.error or "truncated gzip member"
        elif trailer != expected:
            self.error = self.error or "damaged gzip member: Incorrect checksum found"
        # Altered bytes change all four bytes of the checksum, but for a chance of one in 4 million.
        differing = sum(map(int.__ne__, trailer[:4], expected))
        is_followed = self._window.slice(at + len(expected), 3) == GZIP_MAGIC
        if trailer == expected or (is_followed and differing < 2):
            self.end = at + len(expected)
        if len(trailer) < 4 or differing == 1:
            return Trust.UNCHECKED
        return Trust.ALTERED if differing else Trust.SOUND

    def _deflate_start(self) -> int:
        """Where the member's deflate data start, or -1; a damaged header is passed over."""
        at = _header_end(self._window, self.start)
        if at >= 0 and (not self.error or _opens_record(self._window, at)):
            return at
        at = self.start + _GZIP_HEADER_BYTES
        return at if _opens_record(self._window, at) else -1


class _Batch(NamedTuple):
    """Inflated bytes: 1 MiB or more, but for the last and possibly empty batch of a member.

    Attributes:
      data: the bytes.
      at: the position up to which compressed bytes are used.
      total: inflated bytes so far.
      is_first, is_last: where in the member.
      problem: why the last batch is the last although the member does not end there, or empty.
    """

    data: bytes
    at: int
    total: int
    is_first: bool
    is_last: bool
    problem: str


def _batches(window: _Window, start: int, inflater: _Inflater, decode: _Decode) -> Iterator[_Batch]:
    """What decodes from `start` on; the last batch says how it ended."""
    parts: list[bytes] = []
    held = total = 0
    at, problem, is_first = start, "", True
    while not inflater.eof and not problem:
        if fed := window.slice(at, _FEED_BYTES):
            part, problem = decode(inflater, fed)
            at += len(fed) - len(inflater.unused_data)
            parts.append(part)
            held += len(part)
            total += len(part)
        else:
            problem = "truncated gzip member"
        if total > max(_BOMB_BYTES, _BOMB_RATIO * (at - start)):
            problem = _BOMB
        elif is_first and at - start > _HISTORY_BYTES and held < _STREAMED_BYTES:
            problem = problem or "damaged gzip member: it inflates to less than it takes"
        if held >= _STREAMED_BYTES and not inflater.eof and not problem:
            yield _Batch(b"".join(parts), at, total, is_first, False, "")
            parts, held, is_first = [], 0, False
        if not is_first and at - window.base > _HISTORY_BYTES:
            window.forget(at)
    yield _Batch(b"".join(parts), at, total, is_first, True, problem)


def _decode(inflater: _Inflater, fed: bytearray) -> tuple[bytes, str]:
    """What `fed` inflates to, and what is wrong with it or empty."""
    try:
        return inflater.decompress(fed), ""
    except isal_zlib.error as error:  # type: ignore[misc]
        return b"", f"damaged gzip member: {str(error).split(maxsplit=2)[-1]}"  # after "Error -6"


def _decode_to_the_last(inflater: _Inflater, fed: bytearray) -> tuple[bytes, str]:
    """As `_decode`, with what comes before the byte that does not decode."""
    before = inflater.copy()
    with suppress(zlib.error):
        return inflater.decompress(fed), ""
    parts: list[bytes] = []
    with suppress(zlib.error):
        for at in range(len(fed)):
            parts.append(before.decompress(fed[at : at + 1]))
    return b"".join(parts), "damaged gzip member: Invalid deflate data"


def _header_end(window: _Window, position: int) -> int:
    """Position after the gzip header (RFC 1952, section 2.3) at `position`, or -1 if damaged."""
    window.has(position + (1 << 17))  # more than any header that is read here
    header = window.slice(position, _GZIP_HEADER_BYTES + 2)
    if len(header) < _GZIP_HEADER_BYTES + 2 or header[:3] != GZIP_MAGIC or header[3] & 0xE0:
        return -1
    at = position - window.base + _GZIP_HEADER_BYTES
    if header[3] & 4:  # FEXTRA
        at += 2 + int.from_bytes(header[10:12], "little")
    for flag in (8, 16):  # FNAME, FCOMMENT
        if header[3] & flag:
            at = window.data.find(b"\0", at, at + _HEADER_FIELD_BYTES) + 1
            if not at:
                return -1
    return window.base + at + (header[3] & 2)  # FHCRC


def _opens_record(window: _Window, at: int) -> bool:
    """True if the deflate data at `at` start with a WARC record."""
    inflater = zlib.decompressobj(-15)
    with suppress(zlib.error):
        return inflater.decompress(window.slice(at, 1024), len(RECORD_MAGIC)) == RECORD_MAGIC
    return False


def _starts_member(window: _Window, position: int) -> bool:
    """True if a gzip member that opens a record starts at `position`, its header as usual."""
    at = _header_end(window, position)
    return at == position + _GZIP_HEADER_BYTES and _opens_record(window, at)


class _Search:
    """Finds where reading can go on; costly tries are limited, so that no file takes forever."""

    def __init__(self, window: _Window, tries: int = _TRIES) -> None:
        self._window = window
        self._tries = tries

    def next_member(self, position: int) -> int:
        """Position of the next gzip member that opens a record or decodes, or -1."""
        while (position := self._window.find(GZIP_MAGIC, position)) >= 0:
            if _starts_member(self._window, position):
                return position
            if _header_end(self._window, position) >= 0 and self._decodes(position):
                return position
            position += 1
        return -1

    def _decodes(self, position: int) -> bool:
        if not self._tries:
            return False
        self._tries -= 1
        inflater = isal_zlib.decompressobj(31)
        return not next(_batches(self._window, position, inflater, _decode)).problem
