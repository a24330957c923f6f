"""WARC records framed from the bytes of a WET file; what is malformed is named and stepped over.

A record is sound when its header is closed, its Content-Length leads exactly to the blank line
before the next record (or to the end), and it stays within `MAX_RECORD_BYTES`. The reference
(TFDS c4_utils.split_wet_file) looks at none of these; on sound records both give the same pages.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cleaning.inflate import Chunk, Gap

MAX_RECORD_BYTES = 16 << 20  # Common Crawl cuts payloads at 1 MiB, since 2025 at 5 MiB
_MAX_HEADER_BYTES = 1 << 16
_VERSIONS = (b"WARC/1.0", b"WARC/1.1")
_NEXT_RECORD = re.compile(rb"(?<=\n)WARC/1\.[01]\r?\n(?=WARC-|Content-)")
_NEWLINES = re.compile(rb"[\r\n]*")
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,18})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_DIGEST = re.compile(rb"^WARC-Block-Digest:[ \t]*sha1:([A-Z2-7]{32})[ \t]*\r?$", re.M | re.I)


@dataclass(frozen=True, slots=True)
class Record:
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
    """Bytes that are not a sound record: where, how many (inflated) and why."""

    offset: int
    within: int
    size_bytes: int
    reason: str


def read_records(chunks: Iterable[Chunk | Gap]) -> Iterator[Record | Malformed]:
    """Every record of a WET file in order; nothing between two records is passed over silently."""
    framer = _Framer()
    told = False  # the damage that a coming gap stands for is already reported
    for chunk in chunks:
        if isinstance(chunk, Gap):
            for part in framer.close(f"cut off: {chunk.reason}"):
                told |= isinstance(part, Malformed)
                yield part
            if not told:
                yield Malformed(chunk.offset, 0, 0, chunk.reason)
            framer, told = _Framer(), False
        elif framer.idle and (record := _only_record(chunk)):
            yield record
        else:
            for part in framer.feed(chunk):
                told |= isinstance(part, Malformed) and not chunk.trusted
                yield part
    yield from framer.close("cut off by the end of the file")


def _only_record(chunk: Chunk) -> Record | None:
    """The record, if the chunk is exactly one: Common Crawl's own layout."""
    data = chunk.data
    if not (chunk.trusted and chunk.starts_member and data.startswith(b"WARC/1.0\r\n")):
        return None
    end = data.find(b"\r\n\r\n")
    header = data[:end]
    length = _LENGTH.search(header)
    size = len(data) - end - 8
    if end < 0 or not length or int(length[1]) != size or not data.endswith(b"\r\n\r\n"):
        return None
    if size > MAX_RECORD_BYTES:
        return None
    return Record(chunk.offset, 0, header, data[end + 4 : -4])


class _Framer:
    """Cuts joined chunks into records. Holds at most one record's bytes and one chunk."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0  # everything before it is cut already
        self._members: list[tuple[int, int]] = []  # (position in _data, stored offset), ascending
        self._trusted = True
        self._skipped: Malformed | None = None  # a record without an end in sight, being dropped

    @property
    def idle(self) -> bool:
        return self._at == len(self._data) and self._skipped is None

    def feed(self, chunk: Chunk) -> Iterator[Record | Malformed]:
        self._trusted = chunk.trusted and (self._trusted or self.idle)
        self._data = self._data[self._at :] + chunk.data
        current = [m for m in self._members if m[0] <= self._at][-1:]
        ahead = [m for m in self._members if m[0] > self._at]
        self._members = [(at - self._at, offset) for at, offset in current + ahead]
        self._at = 0
        if chunk.starts_member or not self._members:
            self._members.append((len(self._data) - len(chunk.data), chunk.offset))
        yield from self._cut(final=False, reason="")

    def close(self, reason: str) -> Iterator[Record | Malformed]:
        """What is left: `reason` says why nothing more comes."""
        yield from self._cut(final=True, reason=reason)
        if self._skipped:
            yield self._skipped

    def _cut(self, final: bool, reason: str) -> Iterator[Record | Malformed]:
        while True:
            if self._skipped:
                if not self._skip(self._skipped, final):
                    return
                yield self._skipped
                self._skipped = None
            self._at = _NEWLINES.match(self._data, self._at).end()  # type: ignore[union-attr]
            if self._at == len(self._data):
                return
            frame = _frame(self._data, self._at, final, reason)
            if frame is None:
                return
            part = self._part(frame)
            self._at = frame.end
            if isinstance(part, Malformed) and frame.end == len(self._data) and not final:
                self._skipped = part
            else:
                yield part

    def _part(self, frame: "_Frame") -> Record | Malformed:
        start, offset = [m for m in self._members if m[0] <= self._at][-1]
        within = self._at - start
        header = self._data[self._at : frame.header_end]
        block = self._data[frame.block_start : frame.block_end]
        problem = frame.problem
        if not problem and not self._trusted and not _digest_agrees(header, block):
            problem = "bytes differ from the record's WARC-Block-Digest"
        if problem:
            return Malformed(offset, within, frame.end - self._at, problem)
        return Record(offset, within, header, block)

    def _skip(self, skipped: Malformed, final: bool) -> bool:
        """Drops bytes up to the next record; True once it is reached or nothing more comes."""
        following = _NEXT_RECORD.search(self._data, self._at)
        keep = 0 if final else 64  # the next record's first line may be cut by the chunk's end
        end = following.start() if following else max(self._at, len(self._data) - keep)
        size = skipped.size_bytes + end - self._at
        self._skipped = replace(skipped, size_bytes=size)
        self._at = end
        return following is not None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a record's parts end in the framer's bytes, or what is wrong with it."""

    header_end: int
    block_start: int
    block_end: int
    end: int
    problem: str = ""


def _frame(data: bytes, at: int, final: bool, cut: str) -> _Frame | None:
    """The record that starts at `at`; None if more bytes are needed to tell."""
    if not data.startswith(_VERSIONS, at):
        if len(data) - at < len(_VERSIONS[0]) and not final:
            return None
        return _malformed(data, at + 1, "bytes outside any record")
    blank = b"\r\n\r\n" if data.startswith(b"\r\n", at + 8) else b"\n\n"
    header_end = data.find(blank, at, at + _MAX_HEADER_BYTES)
    if header_end < 0:
        if len(data) - at < _MAX_HEADER_BYTES and not final:
            return None
        endless = len(data) - at >= _MAX_HEADER_BYTES
        return _malformed(data, at + 8, "header without an end" if endless else f"header {cut}")
    length = _LENGTH.search(data, at, header_end)
    if not length:
        return _malformed(data, at + 8, "header without a Content-Length")
    if int(length[1]) > MAX_RECORD_BYTES:
        problem = f"record of {int(length[1])} bytes; the limit is {MAX_RECORD_BYTES} (16 MiB)"
        return _malformed(data, at + 8, problem)
    block_start = header_end + len(blank)
    block_end = block_start + int(length[1])
    record_end = block_end + len(blank)
    if len(data) < record_end + len(_VERSIONS[0]) and not final:
        return None
    if data.startswith(blank, block_end) and (
        len(data) == record_end or data.startswith(_VERSIONS, record_end)
    ):
        return _Frame(header_end, block_start, block_end, record_end)
    if block_end <= len(data) < record_end and blank.startswith(data[block_end:]):
        return _Frame(header_end, block_start, block_end, len(data))
    if block_end > len(data) and not _NEXT_RECORD.search(data, block_start):
        return _malformed(data, block_start, f"record {cut}")
    problem = f"Content-Length {int(length[1])} does not lead to the end of the record"
    return _malformed(data, block_start, problem)


def _malformed(data: bytes, search_from: int, problem: str) -> _Frame:
    following = _NEXT_RECORD.search(data, search_from)
    return _Frame(0, 0, 0, following.start() if following else len(data), problem)


def _digest_agrees(header: bytes, block: bytes) -> bool:
    claimed = _DIGEST.search(header)
    if not claimed:
        return False
    return base64.b32decode(claimed[1].upper()) == hashlib.sha1(block, usedforsecurity=False).digest()
