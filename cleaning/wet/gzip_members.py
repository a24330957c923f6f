"""Gzip members in a stream of stored bytes: finds their starts, decodes them up to damage.

Nothing here decides about a damaged member; that is for `cleaning.wet.inflate`.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from isal import isal_zlib

GZIP_MAGIC = b"\x1f\x8b\x08"
RECORD_MAGIC = b"WARC/"
GZIP_HEADER_BYTES = 10
READ_BYTES = 1 << 18
HISTORY_BYTES = 1 << 21  # compressed bytes of a member kept for salvage and the next one
BOMB_RATIO = 200  # text deflates 3- to 10-fold
BOMB = f"gzip member inflates more than {BOMB_RATIO}-fold"
_FEED_BYTES = 1 << 14  # a fed slice inflates to at most 16.5 MiB (deflate's limit is 1032:1)
_STREAMED_BYTES = 1 << 20  # larger members are passed on before their checksum is known
BOMB_BYTES = 1 << 26
_HEADER_FIELD_BYTES = 1 << 12
_TRIES = 1000  # random bytes look like a member's start once in 16 MiB
_ZEROS = re.compile(rb"\0*")
_Inflater = Any  # of zlib or isal_zlib, whose classes have no public names
_Decode = Callable[[_Inflater, bytearray], tuple[bytes, str]]


class Window:
    """The compressed bytes from a position on, refilled from the stream, never read twice."""

    def __init__(self, stream: BinaryIO, base: int = 0) -> None:
        self._stream = stream
        self._ended = False
        self.base = base
        self.data = bytearray()

    @property
    def end(self) -> int:
        """The position after the last byte read so far."""
        return self.base + len(self.data)

    def has(self, position: int) -> bool:
        """True if the byte at `position` exists; reads on where needed."""
        while position >= self.end and not self._ended:
            more = self._stream.read(READ_BYTES)
            self._ended = not more
            self.data += more
        return position < self.end

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
        """Number of zero bytes at `position`; forgets them if they are more than one read."""
        end = position
        while self.has(end) and not self.data[end - self.base]:
            end = self.base + _ZEROS.match(self.data, end - self.base).end()  # type: ignore[union-attr]
            if end - self.base > READ_BYTES:
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


class Batch(NamedTuple):
    """Inflated bytes: at least 1 MiB, except in a member's last batch, which may be empty.

    Attributes:
      data: the bytes.
      at: the position up to which compressed bytes are used.
      total: inflated bytes so far.
      is_first, is_last: where in the member.
      problem: why decoding stopped before the member's end; empty if it did not.
    """

    data: bytes
    at: int
    total: int
    is_first: bool
    is_last: bool
    problem: str


def batches(
    window: Window, start: int, inflater: _Inflater, decode: _Decode, noun: str = "gzip member"
) -> Iterator[Batch]:
    """The bytes that decode from `start` on; the last batch says how decoding ended.

    Args:
      noun: of what is decoded, for problems.
    """
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
            problem = f"truncated {noun}"
        if total > max(BOMB_BYTES, BOMB_RATIO * (at - start)):
            problem = f"{noun} inflates more than {BOMB_RATIO}-fold"
        elif is_first and at - start > HISTORY_BYTES and held < _STREAMED_BYTES:
            problem = problem or f"damaged {noun}: it inflates to less than it takes"
        if held >= _STREAMED_BYTES and not inflater.eof and not problem:
            yield Batch(b"".join(parts), at, total, is_first, False, "")
            parts, held, is_first = [], 0, False
        if not is_first and at - window.base > HISTORY_BYTES:
            window.forget(at)
    yield Batch(b"".join(parts), at, total, is_first, True, problem)


def small_member(window: Window, start: int) -> tuple[bytes, int] | None:
    """Content and end of the gzip member at `start`, if it is sound and takes few bytes."""
    inflater = isal_zlib.decompressobj(31)
    fed = window.slice(start, _FEED_BYTES)
    try:
        data = inflater.decompress(fed)
    except isal_zlib.error:  # type: ignore[misc]
        return None
    return (data, start + len(fed) - len(inflater.unused_data)) if inflater.eof else None


def decode(inflater: _Inflater, fed: bytearray) -> tuple[bytes, str]:
    """The bytes that `fed` inflates to, and the problem with it (empty if none)."""
    try:
        return inflater.decompress(fed), ""
    except isal_zlib.error as error:  # type: ignore[misc]
        return b"", f"damaged gzip member: {str(error).split(maxsplit=2)[-1]}"  # after "Error -6"


def decode_to_the_last(inflater: _Inflater, fed: bytearray) -> tuple[bytes, str]:
    """Like `decode`, but keeps the bytes before the one that does not decode."""
    before = inflater.copy()
    with suppress(zlib.error):
        return inflater.decompress(fed), ""
    parts: list[bytes] = []
    with suppress(zlib.error):
        for at in range(len(fed)):
            parts.append(before.decompress(fed[at : at + 1]))
    return b"".join(parts), "damaged gzip member: Invalid deflate data"


def header_end(window: Window, position: int) -> int:
    """Position after the gzip header (RFC 1952, section 2.3) at `position`, or -1 if damaged."""
    window.has(position + (1 << 17))  # more than any header that is read here
    header = window.slice(position, GZIP_HEADER_BYTES + 2)
    if len(header) < GZIP_HEADER_BYTES + 2 or header[:3] != GZIP_MAGIC or header[3] & 0xE0:
        return -1
    at = position - window.base + GZIP_HEADER_BYTES
    if header[3] & 4:  # FEXTRA
        at += 2 + int.from_bytes(header[10:12], "little")
    for flag in (8, 16):  # FNAME, FCOMMENT
        if header[3] & flag:
            at = window.data.find(b"\0", at, at + _HEADER_FIELD_BYTES) + 1
            if not at:
                return -1
    return window.base + at + (header[3] & 2)  # FHCRC


def opens_record(window: Window, at: int) -> bool:
    """True if the deflate data at `at` start with a WARC record."""
    inflater = zlib.decompressobj(-15)
    with suppress(zlib.error):
        return inflater.decompress(window.slice(at, 1024), len(RECORD_MAGIC)) == RECORD_MAGIC
    return False


def starts_member(window: Window, position: int) -> bool:
    """True if a gzip member that opens a record starts at `position`, its header as usual."""
    at = header_end(window, position)
    return at == position + GZIP_HEADER_BYTES and opens_record(window, at)


class Search:
    """Finds the next member that can be read; costly tries are limited, to end in time."""

    def __init__(self, window: Window, tries: int = _TRIES) -> None:
        self._window = window
        self._tries = tries

    def next_member(self, position: int) -> int:
        """Position of the next gzip member that opens a record or decodes, or -1."""
        while (position := self._window.find(GZIP_MAGIC, position)) >= 0:
            if starts_member(self._window, position):
                return position
            if header_end(self._window, position) >= 0 and self._decodes(position):
                return position
            position += 1
        return -1

    def _decodes(self, position: int) -> bool:
        if not self._tries:
            return False
        self._tries -= 1
        inflater = isal_zlib.decompressobj(31)
        return not next(batches(self._window, position, inflater, decode)).problem
