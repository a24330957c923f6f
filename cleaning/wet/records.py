"""WARC records framed from the bytes of a WET file; malformed bytes are reported and skipped.

A record is sound if its header is closed, its Content-Length leads exactly to the blank line before
the next record (or to the end), and it has at most `MAX_RECORD_BYTES`. The reference (TFDS
c4_utils.split_wet_file) checks none of these; on sound records both give the same pages.
If bytes next to a record or of its gzip member are damaged, its WARC-Block-Digest decides.
"""

import base64
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from typing import NamedTuple

from cleaning.wet.chunks import Chunk, Gap, Trust

MAX_RECORD_BYTES = 16 << 20  # Common Crawl cuts payloads at 1 MiB, since 2025 at 5 MiB
_MAX_HEADER_BYTES = 1 << 16
_MAX_SPANS = 1 << 16
_FIRST_LINES = (b"WARC/1.0\r\n", b"WARC/1.1\r\n")
_RECORD = b"WARC/1."
_NEXT_RECORD = re.compile(rb"WARC/1\.[01]\r?\n(?=[A-Za-z-]{1,40}:)")
_NEXT_RECORD_BYTES = 64  # no match is longer, its lookahead included
# A header's lines up to a blank line, to another record's first line, or to a line that is cut.
_HEADER = re.compile(rb"WARC/1\.[01]\r?\n(?:(?!\r?\n|WARC/1\.[01]\r?\n)[^\n]*\n)*+")
_BLANK_LINE = re.compile(rb"\r?\n")
_NEWLINES = re.compile(rb"[\r\n]*")
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,40})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_ANY_LENGTH = re.compile(rb"^Content-Length:[ \t]*([^\r\n]{0,40})", re.MULTILINE | re.IGNORECASE)
_DIGEST = re.compile(rb"^WARC-Block-Digest:[ \t]*sha1:([A-Z2-7]{32})[ \t]*\r?$", re.M | re.I)


class Record(NamedTuple):
    """A sound WARC record.

    Attributes:
      offset: byte offset in the stored file of the gzip member (plain file: record) it starts in.
      within: inflated bytes between that offset and the record.
      header: from `WARC/1.0` to the last header line, without the blank line.
      block: Content-Length bytes.
    """

    offset: int
    within: int
    header: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are not a sound record: their place, their number (inflated), the reason."""

    offset: int
    within: int
    size_bytes: int
    reason: str


def read_records(chunks: Iterable[Chunk | Gap]) -> Iterator[Record | Malformed]:
    """Every record of a WET file in order; bytes between two records are reported too."""
    remaining = iter(chunks)
    first = next(remaining, None)
    if first is None:  # a range of the file in which no gzip member starts
        return
    nothing = True
    for part in _parts(chain([first], remaining)):
        nothing = False
        yield part
    if nothing:
        yield Malformed(first.offset, 0, 0, "no record in the file")


def _parts(chunks: Iterable[Chunk | Gap]) -> Iterator[Record | Malformed]:
    framer = _Framer()
    reported = -1  # offset of the gzip member whose damage a malformed record reports
    for chunk in chunks:
        if isinstance(chunk, Gap):
            yield from _cut_off(framer, chunk, reported == chunk.offset)
        elif framer.idle and (record := _only_record(chunk)):
            yield record
        elif chunk.trust is Trust.SOUND:
            yield from framer.feed(chunk)
        else:
            for part in _salvaged(framer, chunk):
                if isinstance(part, Malformed):
                    reported = chunk.offset
                yield part
    yield from framer.close("cut off by the end of the file")


def _cut_off(framer: "_Framer", gap: Gap, reported: bool) -> Iterator[Record | Malformed]:
    """The bytes that the framer holds before a gap; then the gap, unless it is reported already."""
    for part in framer.close(f"cut off: {gap.reason}"):
        if isinstance(part, Malformed):
            is_named = part.reason.endswith(gap.reason)
            if part.offset == gap.offset and not is_named:
                part, is_named = replace(part, reason=f"{part.reason}; {gap.reason}"), True
            reported |= is_named
        yield part
    if not reported:
        yield Malformed(gap.offset, 0, 0, gap.reason)


def _salvaged(framer: "_Framer", chunk: Chunk) -> Iterator[Record | Malformed]:
    """The records of a damaged gzip member; those that nothing confirms as malformed."""
    parts: list[Record | Malformed] = []
    if chunk.trust is Trust.ALTERED:
        yield from framer.close("cut off by a damaged gzip member")
        parts = [*framer.feed(chunk), *framer.close("cut off by the member's end")]
        if len(parts) == 1 and isinstance(record := parts[0], Record):
            # The digest covers the block only: the altered byte is in the header.
            size = len(record.header) + len(record.block)
            reason = "header differs from its checksum"
            parts = [Malformed(record.offset, record.within, size, reason)]
    state = "damaged" if chunk.trust is Trust.ALTERED else "unchecked"
    for part in parts or framer.feed(chunk):
        if isinstance(part, Malformed):
            part = replace(part, reason=f"{state} gzip member: {part.reason}")
        yield part


def _only_record(chunk: Chunk) -> Record | None:
    """The record, if the chunk is exactly one: Common Crawl's own layout."""
    data = chunk.data
    if not (data.startswith(b"WARC/1.0\r\n") and chunk.starts_member):
        return None
    end = data.find(b"\r\n\r\n", 0, _MAX_HEADER_BYTES)
    size = len(data) - end - 8
    if end < 0 or size < 0 or not data.endswith(b"\r\n\r\n"):
        return None
    header = data[:end]
    if data.find(b"\r\nContent-Length: %d\r\n" % size, 0, end + 2) < 0:
        return None
    if header.lower().count(b"content-length:") > 1:  # `_frame` knows which one counts
        return None
    if size > MAX_RECORD_BYTES or chunk.trust is not Trust.SOUND:
        return None
    return Record(chunk.offset, 0, header, data[end + 4 : -4])


@dataclass(slots=True)
class _Span:
    """A gzip member: its start among all bytes fed, and whether to trust its bytes."""

    start: int
    offset: int
    trusted: bool
    inflated: bool


class _Framer:
    """Cuts joined chunks into records. Holds at most one record's bytes and one chunk."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._base = 0  # bytes fed before those in _data
        self._at = 0  # position in _data after the last record that was cut
        self._wanted = 0  # bytes that must have been fed before the next record can be framed
        self._spans: deque[_Span] = deque()  # the members in _data, ascending
        self._skipped: Malformed | None = None  # a malformed record whose end is not reached yet

    @property
    def idle(self) -> bool:
        return not self._data and self._skipped is None

    def feed(self, chunk: Chunk) -> Iterator[Record | Malformed]:
        """The records that end in the chunk, which continues what was fed before."""
        trusted = chunk.trust is Trust.SOUND
        if len(self._spans) >= _MAX_SPANS:  # a record in that many members: spare the memory
            self._spans[-1].trusted &= trusted
        elif chunk.starts_member or not self._spans:
            start = self._base + len(self._data)
            self._spans.append(_Span(start, chunk.offset, trusted, chunk.inflated))
        self._data += chunk.data
        yield from self._cut(final=False, reason="")
        self._drop()

    def close(self, reason: str) -> Iterator[Record | Malformed]:
        """The rest, malformed for `reason` if it is cut; the framer is idle then."""
        yield from self._cut(final=True, reason=reason)
        if self._skipped:
            yield self._skipped
            self._skipped = None
        self._drop()

    def _drop(self) -> None:
        del self._data[: self._at]
        self._base += self._at
        self._at = 0
        self._forget_spans(self._base)

    def _forget_spans(self, position: int) -> None:
        """Drops the spans before the member that holds the byte fed at `position`."""
        while len(self._spans) > 1 and self._spans[1].start <= position:
            self._spans.popleft()

    def _cut(self, final: bool, reason: str) -> Iterator[Record | Malformed]:
        while True:
            if self._skipped:
                if not self._skip(self._skipped, final):
                    return
                yield self._skipped
                self._skipped = None
            self._at = _NEWLINES.match(self._data, self._at).end()  # type: ignore[union-attr]
            fed = self._base + len(self._data)
            if self._at == len(self._data) or (fed < self._wanted and not final):
                return
            frame = _frame(self._data, self._at, final, reason)
            if isinstance(frame, int):
                self._wanted = self._base + frame
                return
            part = self._part(frame)
            self._at = frame.end
            if isinstance(part, Malformed) and frame.is_open:
                self._skipped = part
            else:
                yield part

    def _part(self, frame: "_Frame") -> Record | Malformed:
        start, end = self._base + self._at, self._base + frame.end
        self._forget_spans(start)
        span = self._spans[0]
        offset, within = span.offset, start - span.start
        if not span.inflated:
            offset, within = offset + within, 0
        problem = frame.problem
        if not problem:
            header = bytes(memoryview(self._data)[self._at : frame.header_end])
            block = bytes(memoryview(self._data)[frame.block_start : frame.block_end])
            if not all(s.trusted for s in takewhile(lambda s: s.start < end, self._spans)):
                problem = _digest_problem(header, block)
        if problem:
            return Malformed(offset, within, end - start, problem)
        return Record(offset, within, header, block)

    def _skip(self, skipped: Malformed, final: bool) -> bool:
        """Drops bytes up to the next record; True once it is reached."""
        rest = _malformed(self._data, self._at, final, "")
        size = skipped.size_bytes + rest.end - self._at
        self._skipped = replace(skipped, size_bytes=size)
        self._at = rest.end
        return not rest.is_open and rest.end < len(self._data)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a record's parts end in the framer's bytes, or its problem.

    `is_open` is True if a malformed record may go on in the bytes that come next.
    """

    header_end: int
    block_start: int
    block_end: int
    end: int
    problem: str = ""
    is_open: bool = False


def _frame(data: bytearray, at: int, final: bool, cut: str) -> _Frame | int:
    """The record that starts at `at`, or the length that `data` needs to frame it."""
    size = len(data) - at
    lines = _HEADER.match(data, at, at + _MAX_HEADER_BYTES)
    if not lines:
        start = bytes(data[at : at + len(_FIRST_LINES[0])])
        is_cut = len(start) == size and any(line.startswith(start) for line in _FIRST_LINES)
        if is_cut and not final:
            return at + len(_FIRST_LINES[0])
        problem = f"header {cut}" if is_cut else "bytes outside any record"
        return _malformed(data, at + 1, final, problem)
    blank = _BLANK_LINE.match(data, lines.end())
    if not blank:
        is_cut = size < _MAX_HEADER_BYTES and b"\n" not in data[lines.end() :]
        if is_cut and not final:
            return at + min(2 * size, _MAX_HEADER_BYTES)
        return _malformed(data, lines.end(), final, f"header {cut if is_cut else 'without an end'}")
    length = _LENGTH.search(data, at, lines.end())
    if not length:
        return _malformed(data, blank.end(), final, _length_problem(data, at, lines.end()))
    if int(length[1]) > MAX_RECORD_BYTES:
        problem = f"record of {int(length[1])} bytes; the limit is {MAX_RECORD_BYTES} (16 MiB)"
        return _malformed(data, blank.end(), final, problem)
    return _block_frame(data, at, blank, int(length[1]), final, cut)


def _block_frame(
    data: bytearray, at: int, blank: re.Match[bytes], length: int, final: bool, cut: str
) -> _Frame | int:
    """The rest of `_frame`, for a header that is sound: the blank line closes it."""
    start = blank.end()
    end = start + length
    trailer = bytes(blank[0]) * 2
    closed = data.startswith(trailer, end)
    record_end = end + len(trailer)
    if len(data) < record_end and not final:
        return record_end
    header_end = blank.start() - (2 if data.endswith(b"\r\n", at, blank.start()) else 1)
    frame = _Frame(header_end, start, end, record_end if closed else min(end, len(data)))
    if closed and (len(data) == record_end or data.startswith(_RECORD, record_end)):
        return frame
    if len(data) < record_end + len(_RECORD) and not final:
        return record_end + len(_RECORD)
    if end > len(data):
        if not data.endswith(trailer, start) and not _NEXT_RECORD.search(data, start):
            return _malformed(data, start, final, f"record {cut}")
    elif not _NEXT_RECORD.search(data, start, end):
        # The bytes after the record are damaged, unless its length is wrong.
        agrees = _digest_agrees(bytes(data[at:header_end]), bytes(data[start:end]))
        is_cut = trailer.startswith(bytes(data[end:record_end]))
        if agrees or (agrees is None and (closed or is_cut)):
            return frame
    problem = f"Content-Length {length} does not lead to the end of the record"
    return _malformed(data, start, final, problem)


def _malformed(data: bytearray, search_from: int, final: bool, problem: str) -> _Frame:
    following = _NEXT_RECORD.search(data, search_from)
    if following:
        return _Frame(0, 0, 0, following.start(), problem)
    # If more comes, the next record's first line may be cut at the end of the data.
    end = len(data) if final else max(search_from, len(data) - _NEXT_RECORD_BYTES)
    return _Frame(0, 0, 0, end, problem, is_open=not final)


def _length_problem(data: bytearray, at: int, end: int) -> str:
    claimed = _ANY_LENGTH.search(data, at, end)
    if not claimed:
        return "header without a Content-Length"
    return f"Content-Length {claimed[1].decode(errors='backslashreplace')!r} is no number of bytes"


def _digest_problem(header: bytes, block: bytes) -> str:
    agrees = _digest_agrees(header, block)
    if agrees is None:
        return "record without a WARC-Block-Digest to check it by"
    return "" if agrees else "bytes differ from the record's WARC-Block-Digest"


def _digest_agrees(header: bytes, block: bytes) -> bool | None:
    """Whether the block has the SHA-1 that the header gives; None if it gives none."""
    claimed = _DIGEST.search(header)
    if not claimed:
        return None
    return (
        base64.b32decode(claimed[1].upper()) == hashlib.sha1(block, usedforsecurity=False).digest()
    )
