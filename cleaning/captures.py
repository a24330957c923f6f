"""The captures of a WET file: parsed, cleaned and reduced to texts and signatures.

Every capture leaves a row of digests, also one that cleaning drops: the newest capture of a URL is
chosen before cleaning (TFDS c4.C4._get_pages_pcollection), so one that cleaning drops still hides
an older one. Text is kept only in the forms that a variant of the run takes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cleaning.dedup.spans import SpanUnit, digest_spans
from cleaning.filters.badwords import Matcher
from cleaning.filters.clean import (
    REFERENCE_RULES,
    CleanedPage,
    Outcome,
    clean_page,
)
from cleaning.filters.domains import PASSED_RULE, Domains
from cleaning.filters.paragraphs import has_paragraphs
from cleaning.fixes import changed_by_cleaning, changed_by_url
from cleaning.lowercase import lower_utf8
from cleaning.signatures import (
    HAS_BAD_WORDS,
    HAS_PARAGRAPHS,
    ON_REALNEWS,
    Captures,
    MalformedRecord,
    PageRecord,
    TextPages,
    digest_lines,
)
from cleaning.specs import SpecSettings
from cleaning.urls import UrlRules, load_normalizer, md5
from cleaning.variants import PARAGRAPHS, DedupScope, TextForm
from cleaning.wet.pages import (
    BodyHeaders,
    Headers,
    MalformedPage,
    block_digest,
    page_text,
    plain_page_text,
    read_headers,
    reference_pages,
)
from cleaning.wet.records import Malformed, Record

if TYPE_CHECKING:
    from cleaning.filters.clean_kernel import FoundPage

_BATCH_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """How a run cleans captures.

    Attributes:
      settings: of its spec.
      scopes: of its variants; they decide which forms and marks are needed.
      domains: of RealNews; None if no variant filters by them.
      page_words: finds bad words in the page as read; None unless the spec asks for that.
      keeps_origins: True if a document shall have the place and the digest of its record.
    """

    settings: SpecSettings
    scopes: tuple[DedupScope, ...]
    domains: Domains | None = None
    page_words: Matcher | None = None
    keeps_origins: bool = False

    def forms(self) -> tuple[TextForm, ...]:
        """The forms whose text is kept."""
        return tuple(form for form in TextForm if any(scope.form is form for scope in self.scopes))

    def has(self, step: str) -> bool:
        """True if a variant chooses its captures by that filter."""
        return any(step in scope.capture_filters for scope in self.scopes)

    def keeps_raw(self) -> bool:
        """True if raw text is kept of every capture, not only of those with long paragraphs."""
        return any(self._takes_any_raw(scope) for scope in self.scopes)

    def deduplicates_raw(self) -> bool:
        """True if raw text without long paragraphs is deduplicated too."""
        return any(self._takes_any_raw(scope) and scope.deduplicated for scope in self.scopes)

    @staticmethod
    def _takes_any_raw(scope: DedupScope) -> bool:
        return scope.form is TextForm.RAW and PARAGRAPHS not in scope.capture_filters


def clean_captures(parts: Iterable[Record | Malformed], rules: CaptureRules) -> Iterator[Captures]:
    """Cleans a file's records a batch at a time; memory is that of one batch."""
    for batch in in_batches(parts):
        yield clean_batch(batch, rules)


def in_batches(parts: Iterable[Record | Malformed]) -> Iterator[list[Record | Malformed]]:
    """The parts in batches, the last of which is smaller and may be empty."""
    batch: list[Record | Malformed] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.block) if isinstance(part, Record) else 0
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def clean_batch(batch: list[Record | Malformed], rules: CaptureRules) -> Captures:
    """The captures of one batch."""
    return _Batch(rules).clean(batch)


class _Batch:
    """Cleans the records of one batch."""

    def __init__(self, rules: CaptureRules) -> None:
        self._rules = rules
        self._settings = rules.settings
        self._clean_rules = rules.settings.clean_rules()
        self._normalize = load_normalizer(rules.settings.url_rules())
        self._cleans_fast = self._clean_rules == REFERENCE_RULES
        self._needs_paragraphs = rules.has(PARAGRAPHS)
        self._keeps_raw = rules.keeps_raw()
        self._deduplicates_raw = rules.deduplicates_raw()
        self._fixes_urls = rules.settings.url_rules() != UrlRules()
        self._place = (0, 0)  # of the record that is being read
        self._origin = ("", "")  # of it, as documents have it
        self._captures = Captures(forms={form: TextPages() for form in rules.forms()})

    def clean(self, batch: list[Record | Malformed]) -> Captures:
        """The captures of the batch."""
        # numba takes a third of a second: only processes that clean pages pay for it.
        from cleaning.filters.clean_kernel import clean_blocks

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
        found = clean_blocks([record.block for record, _, _ in pages])
        for (record, headers, plain), page in zip(pages, found, strict=True):
            try:
                self._add_record(record, headers, page if plain and not page.exact else None)
            except MalformedPage as error:
                self._refuse_record(record, str(error))
        return self._captures

    def _add_record(self, record: Record, headers: Headers, found: "FoundPage | None") -> None:
        """Adds the pages of a record; `found` is None if the page needs the exact path."""
        counts = self._captures.counts
        self._place = record.offset, record.within
        if self._rules.keeps_origins:
            self._origin = str(record.offset), block_digest(record)
        if found is not None:
            if self._is_complete(headers, found.has_text) and not self._is_too_long(
                headers, record.block
            ):
                self._add(headers, record, found.cleaned)
            return
        pages = [(page.headers, page.text) for page in reference_pages(record)]
        if self._settings.body_headers is BodyHeaders.KEPT:
            kept = [(headers, page_text(record.block.decode()))]
            counts["fixed/body_headers"] += kept != pages
            pages = kept
        for headers, text in pages:
            if self._is_complete(headers, bool(text)) and not self._is_too_long(headers, text):
                self._add(headers, text, None)

    def _is_complete(self, headers: Headers, has_text: bool) -> bool:
        """True if the page has URL, text and timestamp; counts it, or the first that is missing."""
        if not headers.url:
            self._captures.counts["split-wet-file/filtered:no_url"] += 1
        elif not has_text:
            self._drop(headers, "split-wet-file/filtered:no_content")
        elif not headers.timestamp:
            self._drop(headers, "split-wet-file/filtered:no_timestamp")
        else:
            self._captures.counts["split-wet-file/passed"] += 1
            return True
        return False

    def _drop(self, headers: Headers, rule: str) -> None:
        """Counts a page that is no capture, and notes its record."""
        self._captures.counts[rule] += 1
        self._captures.records.append(PageRecord(headers.url, *self._place, rule))

    def _is_too_long(self, headers: Headers, text: str | bytes) -> bool:
        """True if the page has too many characters; counts the page either way."""
        most = self._settings.max_page_chars
        too_long = bool(most) and len(text) > most
        if too_long and isinstance(text, bytes):
            too_long = len(plain_page_text(text).decode()) > most
        if too_long:
            self._drop(headers, "too-long-filter/filtered")
        else:
            self._captures.counts["too-long-filter/passed"] += 1
        return too_long

    def _add(self, headers: Headers, source: Record | str, found: CleanedPage | None) -> None:
        """Adds a page: from its text, or from its record if `clean_blocks` could read it."""
        captures, rules = self._captures, self._rules
        row = len(captures.captured)
        normalized = self._normalize(headers.url)
        captures.url_digest.append(md5(normalized))
        captures.priority.append(md5(headers.url))
        captures.captured.append(headers.timestamp)
        captures.records.append(PageRecord(headers.url, *self._place))
        if rules.keeps_origins:
            captures.origins.append(self._origin)
        if self._fixes_urls:
            captures.counts.update(changed_by_url(headers.url, self._settings))
        marks = 0
        if rules.domains is not None:
            rule = rules.domains.rule(normalized)
            captures.counts[rule] += 1
            marks |= ON_REALNEWS * (rule == PASSED_RULE)
        if TextForm.RAW in captures.forms:
            marks |= self._add_raw(row, headers, source)
        cleaned = CleanedPage(Outcome.PASSED, {})
        if TextForm.CLEANED in captures.forms:
            cleaned = self._clean(source, found)
            if cleaned.outcome == Outcome.PASSED:
                digests = self._span_digests(cleaned)
                captures.forms[TextForm.CLEANED].add(row, headers, cleaned.utf8, digests)
                if rules.page_words is not None:
                    marks |= HAS_BAD_WORDS * rules.page_words.found_in(_text(source))
        captures.marks.append(marks)
        captures.outcomes.append(cleaned.outcome)
        captures.line_counts.append(cleaned.line_counts)

    def _add_raw(self, row: int, headers: Headers, source: Record | str) -> int:
        """Adds the raw text, if a variant may need it; returns the page's marks."""
        text = source.encode() if isinstance(source, str) else plain_page_text(source.block)
        marks, digests, settings = 0, b"", self._settings
        if self._needs_paragraphs and has_paragraphs(
            text, settings.min_paragraphs, settings.min_paragraph_chars
        ):
            marks = HAS_PARAGRAPHS
        if marks or self._deduplicates_raw:
            digests = digest_lines(lower_utf8(text))
        if marks or self._keeps_raw:
            self._captures.forms[TextForm.RAW].add(row, headers, text, digests)
        return marks

    def _clean(self, source: Record | str, found: CleanedPage | None) -> CleanedPage:
        if found is not None and self._cleans_fast:
            return found
        text = _text(source)
        cleaned = clean_page(text, self._clean_rules)
        self._captures.counts.update(changed_by_cleaning(text, cleaned, self._clean_rules))
        return cleaned

    def _span_digests(self, cleaned: CleanedPage) -> bytes:
        if self._settings.dedupe_unit is SpanUnit.THREE_SENTENCES:
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
    """The page's text: as given, or of a record that `clean_blocks` could read."""
    return source if isinstance(source, str) else page_text(source.block.decode())
