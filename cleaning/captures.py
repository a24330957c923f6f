"""Captured pages of a WET file: parsed, cleaned and reduced to what later stages must know.

Every capture leaves a row of digests, also one that cleaning drops: which capture of a URL counts
is decided before cleaning (TFDS c4.C4._get_pages_pcollection), so a dropped newest capture still
shadows an older one. Only pages that pass keep their text.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import xxhash
from numpy.typing import NDArray

from cleaning.clean import LINE_RULES, CleanedPage, Fate, clean_page
from cleaning.lines import PageLines, clean_found, find_lines
from cleaning.pages import (
    MAX_PAGE_CHARS,
    Headers,
    MalformedPage,
    page_text,
    read_headers,
    reference_pages,
)
from cleaning.records import Malformed, Record
from cleaning.urls import Digests, is_validation, md5, normalize_url, pack_digests

TIME = np.dtype("S32")  # of a capture; common ones take 20 bytes
_BATCH_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A row of the malformed list: where in the stored file, how many bytes, why, whose."""

    offset: int
    within: int
    size_bytes: int
    reason: str
    url: str = ""


@dataclass(slots=True)
class Captures:
    """The captures of one batch of records, in the order of the file.

    Attributes:
      counts: rules of reading, by name.
      malformed: what could not be read.
      url_digest: 16-byte md5 of each capture's normalized URL.
      election: 16-byte md5 of each capture's URL: the smallest wins a shared line.
      captured: WARC-Date of each capture.
      fates: Fate of each capture.
      line_counts: lines by rule of each capture, as LINE_RULES.
      rows: which captures passed.
      headers, texts, line_digests: of the passed captures, in the same order; texts in UTF-8,
        line_digests the 16-byte digests of a page's lines, joined.
    """

    counts: Counter[str] = field(default_factory=Counter)
    malformed: list[MalformedRecord] = field(default_factory=list)
    url_digest: list[bytes] = field(default_factory=list)
    election: list[bytes] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    fates: list[int] = field(default_factory=list)
    line_counts: list[tuple[int, ...]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    line_digests: list[bytes] = field(default_factory=list)

    def arrays(self, first_row: int) -> "Signatures":
        """The fixed-width part; `first_row` is the number of the batch's first capture."""
        validation = [is_validation(self.url_digest[row]) for row in self.rows]
        return Signatures(
            url_digest=pack_digests(self.url_digest),
            election=pack_digests(self.election),
            captured=np.array([time.encode() for time in self.captured], TIME),
            fate=np.array(self.fates, np.uint8),
            line_counts=np.array(self.line_counts, np.uint32).reshape(-1, len(LINE_RULES)),
            passed_row=np.array(self.rows, np.uint32) + np.uint32(first_row),
            validation=np.array(validation, bool),
            lines=np.array([len(d) // 16 for d in self.line_digests], np.uint32),
            line_digest=pack_digests(self.line_digests),
        )


@dataclass(frozen=True, slots=True)
class Signatures:
    """What the reductions know of one WET file: arrays only.

    Attributes:
      url_digest: uint64[n, 2], md5 of the normalized URL of each capture.
      election: uint64[n, 2], md5 of the URL.
      captured: bytes[n], WARC-Date as written, its first 32 bytes: times compare as strings do.
      fate: uint8[n], `Fate`.
      line_counts: uint32[n, 6], lines by rule.
      passed_row: uint32[k], the captures whose text passed, ascending.
      validation: bool[k], True for pages that are held out.
      lines: uint32[k], lines of each passed page.
      line_digest: uint64[sum(lines), 2].
    """

    url_digest: Digests
    election: Digests
    captured: NDArray[np.bytes_]
    fate: NDArray[np.uint8]
    line_counts: NDArray[np.uint32]
    passed_row: NDArray[np.uint32]
    validation: NDArray[np.bool_]
    lines: NDArray[np.uint32]
    line_digest: Digests


def clean_captures(parts: Iterable[Record | Malformed]) -> Iterator[Captures]:
    """Cleans a file's records a batch at a time; memory is that of one batch."""
    batch: list[Record | Malformed] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.block) if isinstance(part, Record) else 0
        if size >= _BATCH_BYTES:
            yield _clean_batch(batch)
            batch, size = [], 0
    yield _clean_batch(batch)


def _clean_batch(batch: list[Record | Malformed]) -> Captures:
    captures = Captures()
    pages: list[tuple[Record, Headers | None]] = []
    for part in batch:
        if isinstance(part, Malformed):
            _refuse(captures, part.offset, part.within, part.size_bytes, part.reason)
            continue
        try:
            headers = read_headers(part)
            if not part.block.isascii():
                part.block.decode()
        except MalformedPage as error:
            _refuse_record(captures, part, str(error))
        except UnicodeDecodeError as error:
            _refuse_record(captures, part, f"not UTF-8: {error.reason} at byte {error.start}")
        else:
            pages.append((part, headers))
    found = find_lines([record.block for record, _ in pages]) if pages else []
    for (record, headers), page_lines in zip(pages, found, strict=True):
        try:
            if headers is None or page_lines.exact:
                _add_exact(captures, record)
            elif _is_whole(captures, headers, _has_text(page_lines)) and not _is_too_long(
                captures, record.block
            ):
                cleaned = clean_found(page_lines)
                if cleaned is None:
                    cleaned = clean_page(page_text(record.block.decode()))
                _add(captures, headers, cleaned)
        except MalformedPage as error:
            _refuse_record(captures, record, str(error))
    return captures


def _add_exact(captures: Captures, record: Record) -> None:
    """The slow path: every line is looked at, as the reference does."""
    for page in reference_pages(record):
        whole = _is_whole(captures, page.headers, bool(page.text))
        if whole and not _is_too_long(captures, page.text):
            _add(captures, page.headers, clean_page(page.text))


def _has_text(lines: PageLines) -> bool:
    """True if a line of the page is more than whitespace."""
    return lines.no_endmark + lines.short > 0 or bool(lines.kept.decode().strip())


def _is_whole(captures: Captures, headers: Headers, has_text: bool) -> bool:
    """True if the page has URL, text and timestamp; else counts what it lacks."""
    if not headers.url:
        captures.counts["split-wet-file/filtered:no_url"] += 1
    elif not has_text:
        captures.counts["split-wet-file/filtered:no_content"] += 1
    elif not headers.timestamp:
        captures.counts["split-wet-file/filtered:no_timestamp"] += 1
    else:
        return True
    return False


def _is_too_long(captures: Captures, text: str | bytes) -> bool:
    """True if the page has over 190,000 characters; counts what was read and what passed."""
    captures.counts["split-wet-file/passed"] += 1
    if len(text) > MAX_PAGE_CHARS:
        if isinstance(text, bytes):
            text = page_text(text.decode())
        if len(text) > MAX_PAGE_CHARS:
            captures.counts["too-long-filter/filtered"] += 1
            return True
    captures.counts["too-long-filter/passed"] += 1
    return False


def _add(captures: Captures, headers: Headers, cleaned: CleanedPage) -> None:
    if cleaned.fate == Fate.PASSED:
        captures.rows.append(len(captures.fates))
        captures.headers.append(headers)
        captures.texts.append(cleaned.utf8)
        captures.line_digests.append(digest_lines(cleaned.lowered))
    captures.url_digest.append(md5(normalize_url(headers.url)))
    captures.election.append(md5(headers.url))
    captures.captured.append(headers.timestamp)
    captures.fates.append(cleaned.fate)
    captures.line_counts.append(cleaned.line_counts)


def digest_lines(lowered: bytes) -> bytes:
    """The 16-byte digests, joined, of lines that are stripped and lower-cased already.

    The reference takes md5 (c4_utils._hash_text) but only ever compares the digests for equality,
    so any 128 bits that tell lines apart decide the same.
    """
    digest = xxhash.xxh3_128_digest
    return b"".join([digest(line) for line in lowered.split(b"\n")])


def _refuse_record(captures: Captures, record: Record, reason: str) -> None:
    url = record.header.partition(b"WARC-Target-URI:")[2].partition(b"\n")[0].strip()
    size = len(record.header) + len(record.block)
    _refuse(captures, record.offset, record.within, size, reason, url.decode(errors="replace"))


def _refuse(
    captures: Captures, offset: int, within: int, size: int, reason: str, url: str = ""
) -> None:
    captures.malformed.append(MalformedRecord(offset, within, size, reason, url))
    captures.counts["split-wet-file/filtered:malformed"] += 1
