"""Captured pages of a WET file: parsed, cleaned and reduced to what later stages must know.

Every capture leaves a row of digests, also one that cleaning drops: which capture of a URL counts
is decided before cleaning (TFDS c4.C4._get_pages_pcollection), so a dropped newest capture still
shadows an older one. Text stays only in the forms that a variant of the run takes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import xxhash
from numpy.typing import NDArray

from cleaning.badwords import Matcher
from cleaning.clean import (
    LINE_RULES,
    REFERENCE_RULES,
    CleanedPage,
    Fate,
    clean_page,
)
from cleaning.domains import PASSED_RULE, Domains
from cleaning.lines import PageLines, clean_found, find_lines
from cleaning.lowering import lower_utf8
from cleaning.pages import (
    BodyHeaders,
    Headers,
    MalformedPage,
    page_text,
    plain_page_text,
    read_headers,
    reference_pages,
)
from cleaning.paragraphs import has_paragraphs
from cleaning.records import Malformed, Record
from cleaning.spans import SpanUnit, digest_spans
from cleaning.specs import Choices
from cleaning.switches import changed_by_cleaning, changed_by_url
from cleaning.urls import Digests, UrlRules, load_normalizer, md5, pack_digests
from cleaning.variants import Form, Members, Population

TIME = np.dtype("S32")  # of a capture; common ones take 20 bytes
REALNEWS, PARAGRAPHS, BAD_WORDS = 1, 2, 4  # bits of `Signatures.marks`
_BATCH_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """How a run treats captures.

    Attributes:
      choices: of its spec.
      populations: of its variants; they say which forms and marks are needed.
      domains: of RealNews; needed by its population only.
      page_words: finds bad words of whole pages, where the spec wants that.
    """

    choices: Choices
    populations: tuple[Population, ...]
    domains: Domains | None = None
    page_words: Matcher | None = None

    def forms(self) -> tuple[Form, ...]:
        """The forms whose text is kept."""
        return tuple(form for form in Form if any(p.form is form for p in self.populations))

    def has(self, members: Members) -> bool:
        """True if a population starts from these captures."""
        return any(population.members is members for population in self.populations)

    def keeps_whole(self) -> bool:
        """True if whole text is kept of every capture, not only of those with long paragraphs."""
        return Population(Form.WHOLE, Members.EVERY, deduplicated=False) in self.populations


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A row of the malformed list: where in the stored file, how many bytes, why, whose."""

    offset: int
    within: int
    size_bytes: int
    reason: str
    url: str = ""


@dataclass(slots=True)
class FormPages:
    """The captures of a batch that have text in a form.

    Attributes:
      rows: which captures.
      headers, texts, span_digests: of each, in the same order; texts in UTF-8, span_digests the
        16-byte digests of what is compared between pages, joined.
    """

    rows: list[int] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    span_digests: list[bytes] = field(default_factory=list)

    def add(self, row: int, headers: Headers, text: bytes, span_digests: bytes) -> None:
        """Takes in the next capture."""
        self.rows.append(row)
        self.headers.append(headers)
        self.texts.append(text)
        self.span_digests.append(span_digests)

    def arrays(self, first_row: int) -> "FormSignatures":
        """The fixed-width part."""
        return FormSignatures(
            row=np.array(self.rows, np.uint32) + np.uint32(first_row),
            spans=np.array([len(d) // 16 for d in self.span_digests], np.uint32),
            span_digest=pack_digests(self.span_digests),
        )


@dataclass(slots=True)
class Captures:
    """The captures of one batch of records, in the order of the file.

    Attributes:
      counts: rules of reading, by name.
      malformed: what could not be read.
      url_digest: 16-byte md5 of each capture's normalized URL.
      election: 16-byte md5 of each capture's URL: the smallest wins a shared span.
      captured: WARC-Date of each capture.
      marks: bits of each capture.
      fates: Fate of each capture.
      line_counts: lines by rule of each capture, as LINE_RULES.
      forms: text in the forms that the run needs.
    """

    counts: Counter[str] = field(default_factory=Counter)
    malformed: list[MalformedRecord] = field(default_factory=list)
    url_digest: list[bytes] = field(default_factory=list)
    election: list[bytes] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    fates: list[int] = field(default_factory=list)
    line_counts: list[tuple[int, ...]] = field(default_factory=list)
    forms: dict[Form, FormPages] = field(default_factory=dict)

    def arrays(self, first_row: int) -> "Signatures":
        """The fixed-width part; `first_row` is the number of the batch's first capture."""
        return Signatures(
            url_digest=pack_digests(self.url_digest),
            election=pack_digests(self.election),
            captured=np.array([time.encode() for time in self.captured], TIME),
            marks=np.array(self.marks, np.uint8),
            fate=np.array(self.fates, np.uint8),
            line_counts=np.array(self.line_counts, np.uint32).reshape(-1, len(LINE_RULES)),
            forms={form: pages.arrays(first_row) for form, pages in self.forms.items()},
        )


@dataclass(frozen=True, slots=True)
class FormSignatures:
    """What the reductions know of the text of a form.

    Attributes:
      row: uint32[k], the captures that have such text, ascending.
      spans: uint32[k], how many spans (lines) each is compared by.
      span_digest: uint64[sum(spans), 2].
    """

    row: NDArray[np.uint32]
    spans: NDArray[np.uint32]
    span_digest: Digests


@dataclass(frozen=True, slots=True)
class Signatures:
    """What the reductions know of one WET file: arrays only.

    Attributes:
      url_digest: uint64[n, 2], md5 of the normalized URL of each capture.
      election: uint64[n, 2], md5 of the URL.
      captured: bytes[n], WARC-Date as written, its first 32 bytes: times compare as strings do.
      marks: uint8[n], REALNEWS, PARAGRAPHS, BAD_WORDS.
      fate: uint8[n], `Fate`; PASSED where no variant cleans.
      line_counts: uint32[n, 6], lines by rule.
      forms: of each form that the run keeps.
    """

    url_digest: Digests
    election: Digests
    captured: NDArray[np.bytes_]
    marks: NDArray[np.uint8]
    fate: NDArray[np.uint8]
    line_counts: NDArray[np.uint32]
    forms: dict[Form, FormSignatures]


def clean_captures(parts: Iterable[Record | Malformed], rules: CaptureRules) -> Iterator[Captures]:
    """Cleans a file's records a batch at a time; memory is that of one batch."""
    batch: list[Record | Malformed] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.block) if isinstance(part, Record) else 0
        if size >= _BATCH_BYTES:
            yield _Batch(rules).clean(batch)
            batch, size = [], 0
    yield _Batch(rules).clean(batch)


class _Batch:
    """Cleans the records of one batch."""

    def __init__(self, rules: CaptureRules) -> None:
        self._rules = rules
        self._choices = rules.choices
        self._clean_rules = rules.choices.clean_rules()
        self._normalize = load_normalizer(rules.choices.url_rules())
        self._cleans_fast = self._clean_rules == REFERENCE_RULES
        self._needs_paragraphs = rules.has(Members.PARAGRAPHS)
        self._keeps_whole = rules.keeps_whole()
        self._mends_urls = rules.choices.url_rules() != UrlRules()
        self._captures = Captures(forms={form: FormPages() for form in rules.forms()})

    def clean(self, batch: list[Record | Malformed]) -> Captures:
        """The captures of the batch."""
        pages: list[tuple[Record, Headers, bool]] = []
        for part in batch:
            if isinstance(part, Malformed):
                self._refuse(part.offset, part.within, part.size_bytes, part.reason)
                continue
            try:
                headers, plain = read_headers(part)
                if not part.block.isascii():
                    part.block.decode()
            except MalformedPage as error:
                self._refuse_record(part, str(error))
            except UnicodeDecodeError as error:
                self._refuse_record(part, f"not UTF-8: {error.reason} at byte {error.start}")
            else:
                pages.append((part, headers, plain))
        found = find_lines([record.block for record, _, _ in pages]) if pages else []
        for (record, headers, plain), lines in zip(pages, found, strict=True):
            try:
                self._add_record(record, headers, lines if plain and not lines.exact else None)
            except MalformedPage as error:
                self._refuse_record(record, str(error))
        return self._captures

    def _add_record(self, record: Record, headers: Headers, lines: PageLines | None) -> None:
        """Adds the pages of a record; `lines` are None where only the exact path will do."""
        counts = self._captures.counts
        if lines is not None:
            if self._is_whole(headers, _has_text(lines)) and not self._is_too_long(record.block):
                self._add(headers, record, lines)
            return
        pages = [(page.headers, page.text) for page in reference_pages(record)]
        if self._choices.body_headers is BodyHeaders.KEPT:
            kept = [(headers, page_text(record.block.decode()))]
            counts["mended/body_headers"] += kept != pages
            pages = kept
        for headers, text in pages:
            if self._is_whole(headers, bool(text)) and not self._is_too_long(text):
                self._add(headers, text, None)

    def _is_whole(self, headers: Headers, has_text: bool) -> bool:
        """True if the page has URL, text and timestamp; else counts what it lacks."""
        counts = self._captures.counts
        if not headers.url:
            counts["split-wet-file/filtered:no_url"] += 1
        elif not has_text:
            counts["split-wet-file/filtered:no_content"] += 1
        elif not headers.timestamp:
            counts["split-wet-file/filtered:no_timestamp"] += 1
        else:
            counts["split-wet-file/passed"] += 1
            return True
        return False

    def _is_too_long(self, text: str | bytes) -> bool:
        """True if the page has too many characters; counts those and the others."""
        most = self._choices.max_page_chars
        too_long = bool(most) and len(text) > most
        if too_long and isinstance(text, bytes):
            too_long = len(page_text(text.decode())) > most
        verdict = "filtered" if too_long else "passed"
        self._captures.counts[f"too-long-filter/{verdict}"] += 1
        return too_long

    def _add(self, headers: Headers, source: Record | str, lines: PageLines | None) -> None:
        """Adds a page: its text, or a record without odd lines and the lines found there."""
        captures, rules = self._captures, self._rules
        row = len(captures.captured)
        normalized = self._normalize(headers.url)
        captures.url_digest.append(md5(normalized))
        captures.election.append(md5(headers.url))
        captures.captured.append(headers.timestamp)
        if self._mends_urls:
            captures.counts.update(changed_by_url(headers.url, self._choices))
        marks = 0
        if rules.domains is not None:
            rule = rules.domains.rule(normalized)
            captures.counts[rule] += 1
            marks |= REALNEWS * (rule == PASSED_RULE)
        if Form.WHOLE in captures.forms:
            marks |= self._add_whole(row, headers, source)
        cleaned = CleanedPage(Fate.PASSED, (0, 0, 0, 0, 0, 0))
        if Form.CLEANED in captures.forms:
            cleaned = self._clean(source, lines)
            if cleaned.fate == Fate.PASSED:
                digests = self._span_digests(cleaned)
                captures.forms[Form.CLEANED].add(row, headers, cleaned.utf8, digests)
                if rules.page_words is not None:
                    marks |= BAD_WORDS * rules.page_words.found_in(_text(source))
        captures.marks.append(marks)
        captures.fates.append(cleaned.fate)
        captures.line_counts.append(cleaned.line_counts)

    def _add_whole(self, row: int, headers: Headers, source: Record | str) -> int:
        """Adds the page as it is, if a variant may need it; returns its marks."""
        text = source.encode() if isinstance(source, str) else plain_page_text(source.block)
        marks, digests, choices = 0, b"", self._choices
        if self._needs_paragraphs and has_paragraphs(
            text, choices.min_paragraphs, choices.min_paragraph_chars
        ):
            marks = PARAGRAPHS
            digests = digest_lines(lower_utf8(text))
        if marks or self._keeps_whole:
            self._captures.forms[Form.WHOLE].add(row, headers, text, digests)
        return marks

    def _clean(self, source: Record | str, lines: PageLines | None) -> CleanedPage:
        if lines is not None and self._cleans_fast:
            cleaned = clean_found(lines)
            if cleaned is not None:
                return cleaned
        text = _text(source)
        cleaned = clean_page(text, self._clean_rules)
        self._captures.counts.update(changed_by_cleaning(text, cleaned, self._clean_rules))
        return cleaned

    def _span_digests(self, cleaned: CleanedPage) -> bytes:
        if self._choices.dedupe_unit is SpanUnit.THREE_SENTENCES:
            return digest_spans(cleaned.text)
        return digest_lines(cleaned.lowered)

    def _refuse_record(self, record: Record, reason: str) -> None:
        url = record.header.partition(b"WARC-Target-URI:")[2].partition(b"\n")[0].strip()
        size = len(record.header) + len(record.block)
        self._refuse(record.offset, record.within, size, reason, url.decode(errors="replace"))

    def _refuse(self, offset: int, within: int, size: int, reason: str, url: str = "") -> None:
        self._captures.malformed.append(MalformedRecord(offset, within, size, reason, url))
        self._captures.counts["split-wet-file/filtered:malformed"] += 1


def _text(source: Record | str) -> str:
    """The page's text, of a record without odd lines or as given."""
    return source if isinstance(source, str) else page_text(source.block.decode())


def _has_text(lines: PageLines) -> bool:
    """True if a line of the page is more than whitespace."""
    return lines.no_endmark + lines.short > 0 or bool(lines.kept.decode().strip())


def digest_lines(lowered: bytes) -> bytes:
    """The 16-byte digests, joined, of lines that are stripped and lower-cased already.

    The reference takes md5 (c4_utils._hash_text) but only ever compares the digests for equality,
    so any 128 bits that tell lines apart decide the same.
    """
    digest = xxhash.xxh3_128_digest
    return b"".join([digest(line) for line in lowered.split(b"\n")])
