"""Fixed-width arrays that represent pages and lines in the stages that compare pages."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from cleaning.filters.clean import (
    LINE_RULES,
)
from cleaning.urls import Digests, pack_digests
from cleaning.variants import TextForm
from cleaning.wet.pages import (
    Headers,
)

TIME = np.dtype("S32")  # of a capture; common ones take 20 bytes
ON_REALNEWS, HAS_PARAGRAPHS, HAS_BAD_WORDS = 1, 2, 4  # bits of `Signatures.marks`


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A malformed record: its place in the stored file, its size, the reason, its URL."""

    offset: int
    within: int
    size_bytes: int
    reason: str
    url: str = ""


class PageRecord(NamedTuple):
    """The record of a page that has a URL.

    Attributes:
      url: as the crawl has it.
      offset, within: place in the stored file, as `cleaning.wet.records.Record` has it.
      rule: of reading, that dropped the page; "" if the page is a capture.
    """

    url: str
    offset: int
    within: int
    rule: str = ""


RECORD_RULES = (
    "",
    "split-wet-file/filtered:no_content",
    "split-wet-file/filtered:no_timestamp",
    "too-long-filter/filtered",
)
"""The rules of `PageRecord.rule`."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a part's pages that have a URL, as arrays.

    Attributes:
      urls: uint8[...], the URLs in UTF-8, each ended by a newline.
      offset, within: uint64[m], place of each record.
      rule: uint8[m], index into RECORD_RULES; captures, with 0, are in the order of their rows.
    """

    urls: NDArray[np.uint8]
    offset: NDArray[np.uint64]
    within: NDArray[np.uint64]
    rule: NDArray[np.uint8]

    @classmethod
    def of(cls, records: Sequence[PageRecord]) -> "Records":
        """The arrays of these records."""
        urls = "".join([f"{record.url}\n" for record in records]).encode()
        return cls(
            urls=np.frombuffer(urls, np.uint8),
            offset=np.array([record.offset for record in records], np.uint64),
            within=np.array([record.within for record in records], np.uint64),
            rule=np.array([RECORD_RULES.index(record.rule) for record in records], np.uint8),
        )

    def rows(self) -> list[PageRecord]:
        """The records again."""
        urls = self.urls.tobytes().decode().split("\n")[:-1]
        columns = (self.offset.tolist(), self.within.tolist(), self.rule.tolist())
        return [
            PageRecord(url, offset, within, RECORD_RULES[rule])
            for url, offset, within, rule in zip(urls, *columns, strict=True)
        ]


@dataclass(slots=True)
class TextPages:
    """The captures of a batch that have text in a form.

    Attributes:
      rows: numbers of these captures.
      headers, texts, span_digests: of each, in the same order; texts in UTF-8, span_digests the
        16-byte digests of its spans, joined.
    """

    rows: list[int] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    span_digests: list[bytes] = field(default_factory=list)

    def add(self, row: int, headers: Headers, text: bytes, span_digests: bytes) -> None:
        """Adds the next capture."""
        self.rows.append(row)
        self.headers.append(headers)
        self.texts.append(text)
        self.span_digests.append(span_digests)

    def arrays(self, first_row: int) -> "TextSignatures":
        """The fixed-width arrays."""
        return TextSignatures(
            row=np.array(self.rows, np.uint32) + np.uint32(first_row),
            spans=np.array([len(d) // 16 for d in self.span_digests], np.uint32),
            span_digest=pack_digests(self.span_digests),
        )


@dataclass(slots=True)
class Captures:
    """The captures of one batch of records, in the order of the file.

    Attributes:
      counts: by rule, of reading.
      malformed: records that could not be read.
      url_digest: 16-byte md5 of each capture's normalized URL.
      priority: 16-byte md5 of each capture's URL: the smallest wins a shared span.
      captured: WARC-Date of each capture.
      marks: bits of each capture.
      outcomes: Outcome of each capture.
      line_counts: lines by rule of each capture; {} where no variant cleans.
      forms: text in the forms that the run needs.
      records: of all pages that have a URL; those of captures are in the same order.
      origins: offset of each capture's record in the stored file, and its digest; [] unless asked
        for.
    """

    counts: Counter[str] = field(default_factory=Counter)
    malformed: list[MalformedRecord] = field(default_factory=list)
    url_digest: list[bytes] = field(default_factory=list)
    priority: list[bytes] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    line_counts: list[Mapping[str, int]] = field(default_factory=list)
    forms: dict[TextForm, TextPages] = field(default_factory=dict)
    records: list[PageRecord] = field(default_factory=list)
    origins: list[tuple[str, str]] = field(default_factory=list)

    def arrays(self, first_row: int) -> "Signatures":
        """The fixed-width arrays; `first_row` is the number of the batch's first capture."""
        return Signatures(
            url_digest=pack_digests(self.url_digest),
            priority=pack_digests(self.priority),
            captured=np.array([time.encode() for time in self.captured], TIME),
            marks=np.array(self.marks, np.uint8),
            outcome=np.array(self.outcomes, np.uint8),
            line_counts=_line_counts(self.line_counts),
            forms={form: pages.arrays(first_row) for form, pages in self.forms.items()},
        )


@dataclass(frozen=True, slots=True)
class TextSignatures:
    """The texts of a form, as arrays.

    Attributes:
      row: uint32[k], the captures that have such text, ascending.
      spans: uint32[k], number of spans of each text.
      span_digest: uint64[sum(spans), 2].
    """

    row: NDArray[np.uint32]
    spans: NDArray[np.uint32]
    span_digest: Digests


@dataclass(frozen=True, slots=True)
class Signatures:
    """The captures of one part of a WET file, as arrays.

    Attributes:
      url_digest: uint64[n, 2], md5 of the normalized URL of each capture.
      priority: uint64[n, 2], md5 of the URL.
      captured: bytes[n], WARC-Date as written, its first 32 bytes; compared as strings.
      marks: uint8[n], ON_REALNEWS, HAS_PARAGRAPHS, HAS_BAD_WORDS.
      outcome: uint8[n], `Outcome`; PASSED where no variant cleans.
      line_counts: uint32[n, len(LINE_RULES)], lines by rule, a column each.
      forms: of each form that the run keeps.
    """

    url_digest: Digests
    priority: Digests
    captured: NDArray[np.bytes_]
    marks: NDArray[np.uint8]
    outcome: NDArray[np.uint8]
    line_counts: NDArray[np.uint32]
    forms: dict[TextForm, TextSignatures]


def digest_lines(lowered: bytes) -> bytes:
    """The 16-byte digests, joined, of lines that are stripped and lower-cased already.

    The reference takes md5 (c4_utils._hash_text) but compares the digests only for equality, so any
    128-bit digest gives the same result.
    """
    digest = xxhash.xxh3_128_digest
    return b"".join([digest(line) for line in lowered.split(b"\n")])


def _line_counts(of_captures: Iterable[Mapping[str, int]]) -> NDArray[np.uint32]:
    """uint32[n, len(LINE_RULES)]."""
    rows = [[counts.get(rule, 0) for rule in LINE_RULES] for counts in of_captures]
    return np.array(rows, np.uint32).reshape(-1, len(LINE_RULES))
