"""Batches of a file's records cleaned to arrays: ordinary records at once, the others one by one.

`cleaning.captures.clean_captures` is the definition, and cleans whatever is not ordinary here: a
record that `record_kernel` leaves, one without text or with too much, a page that `clean_kernel`
leaves. Runs that need more of a page than its text cleaned as by the reference take it for all.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cleaning.batches.arrays import CaptureArrays, PageColumns
from cleaning.batches.record_kernel import IS_ORDINARY, URL_END, URL_START, read_records
from cleaning.captures import CaptureRules, clean_batch, in_batches
from cleaning.dedup.spans import SpanUnit
from cleaning.filters.clean import LINE_RULES, REFERENCE_RULES, Outcome
from cleaning.filters.clean_kernel import (
    DOUBTFUL,
    EXACT,
    HAS_TEXT,
    OUTCOME,
    SWALLOWED,
    JudgedPages,
    judge_pages,
    passed_page,
)
from cleaning.filters.domains import PASSED_RULE
from cleaning.filters.line_kernel import PADDING
from cleaning.signatures import ON_REALNEWS, TIME, Records, Signatures, TextSignatures, digest_lines
from cleaning.urls import Digests, UrlRules, md5_utf8, pack_digests
from cleaning.variants import TextForm
from cleaning.wet.pages import FIELDS, BodyHeaders, block_digest
from cleaning.wet.records import Malformed, Record


def clean_batches(
    parts: Iterable[Record | Malformed], rules: CaptureRules
) -> Iterator[CaptureArrays]:
    """Cleans a file's records a batch at a time; memory is that of one batch."""
    first_row = 0
    for batch in in_batches(parts):
        for arrays in _clean(batch, rules, first_row):
            yield arrays
            first_row += len(arrays.signatures.outcome)


def _clean(
    batch: list[Record | Malformed], rules: CaptureRules, first_row: int
) -> Iterator[CaptureArrays]:
    """The arrays of a batch: of each run of ordinary records, and of each run of others."""
    if not _takes_ordinary(rules):
        yield CaptureArrays.of(clean_batch(batch, rules), first_row)
        return
    found = _Ordinary([part for part in batch if isinstance(part, Record)], rules)
    numbers = iter(range(len(batch)))
    numbered = [(part, next(numbers) if isinstance(part, Record) else -1) for part in batch]
    for is_ordinary, run in groupby(numbered, lambda row: row[1] >= 0 and found.has[row[1]]):
        members = list(run)
        if is_ordinary:
            arrays = found.arrays(members[0][1], members[-1][1] + 1, first_row)
        else:
            captures = clean_batch([part for part, _ in members], rules)
            arrays = CaptureArrays.of(captures, first_row)
        yield arrays
        first_row += len(arrays.signatures.outcome)
    if not batch:
        yield CaptureArrays.of(clean_batch([], rules), first_row)


def _takes_ordinary(rules: CaptureRules) -> bool:
    """True if all that the run needs of an ordinary page is its cleaned text, by the reference."""
    settings = rules.settings
    return (
        rules.forms() == (TextForm.CLEANED,)
        and rules.page_words is None
        and settings.clean_rules() == REFERENCE_RULES
        and settings.url_rules() == UrlRules()
        and settings.dedupe_unit is SpanUnit.LINE
    )


class _Ordinary:
    """The ordinary records of a batch.

    Attributes:
      has: of each record, True if it is ordinary.
    """

    def __init__(self, records: list[Record], rules: CaptureRules) -> None:
        self._records, self._rules = records, rules
        self._data, spans = _joined(records)
        data = np.frombuffer(self._data, np.uint8)
        headers, self._normalized = read_records(data, spans)
        is_read = headers[:, IS_ORDINARY] > 0
        pages = judge_pages(data, spans[is_read, 2:])
        rows = np.zeros((len(records), pages.rows.shape[1]), np.int64)
        rows[is_read] = pages.rows
        most = rules.settings.max_page_chars
        fits = spans[:, 3] - spans[:, 2] <= (most or len(data))  # bytes: as many characters or more
        odd = [EXACT, DOUBTFUL]
        if rules.settings.body_headers is BodyHeaders.KEPT:
            odd.append(SWALLOWED)
        is_clear = (rows[:, odd].sum(axis=1) == 0) & (rows[:, HAS_TEXT] > 0)
        self.has: list[bool] = (is_clear & fits).tolist()
        self._headers, self._pages = headers, JudgedPages(rows, pages.kept, pages.lowered)

    def arrays(self, start: int, end: int, first_row: int) -> CaptureArrays:
        """The captures of a run of ordinary records, from number `start` to `end`."""
        headers = self._headers[start:end].tolist()
        records = self._records[start:end]
        columns = [
            [self._data[row[2 * name] : row[2 * name + 1]] for row in headers]
            for name in range(len(FIELDS))
        ]
        normalized = [self._normalized[row[URL_START] : row[URL_END]] for row in headers]
        counts = Counter({name: len(records) for name in _PASSED})
        marks = self._marks(normalized, counts)
        outcomes, passed, texts, of_text = self._cleaned(start, end, first_row)
        signatures = Signatures(
            url_digest=_digests(normalized),
            priority=_digests(columns[0]),
            captured=np.array(columns[1], TIME),
            marks=marks,
            outcome=outcomes,
            line_counts=self._pages.rows[start:end, : len(LINE_RULES)].astype(np.uint32),
            forms={TextForm.CLEANED: of_text},
        )
        pages = [texts, *([column[row] for row in passed] for column in columns)]
        if self._rules.keeps_origins:
            pages.append([str(records[row].offset).encode() for row in passed])
            pages.append([block_digest(records[row]).encode() for row in passed])
        return CaptureArrays(
            counts, [], signatures, _places(records, columns[0]),
            {TextForm.CLEANED: PageColumns(*pages)},
        )  # fmt: skip

    def _cleaned(
        self, start: int, end: int, first_row: int
    ) -> tuple[NDArray[np.uint8], list[int], list[bytes], TextSignatures]:
        """The outcomes of pages, the numbers of those that passed, their texts and signatures."""
        outcomes: list[int] = []
        passed: list[int] = []
        texts: list[bytes] = []
        lowered: list[bytes] = []
        for number, row in enumerate(self._pages.rows[start:end].tolist()):
            outcome = row[OUTCOME]
            if not outcome:
                page = passed_page(row, self._pages.kept, self._pages.lowered)
                if page is None:
                    outcome = Outcome.TOO_FEW_SENTENCES
                else:
                    passed.append(number)
                    texts.append(page[0])
                    lowered.append(page[1])
            outcomes.append(outcome)
        of_text = TextSignatures(
            row=np.array(passed, np.uint32) + np.uint32(first_row),
            spans=np.array([text.count(b"\n") + 1 for text in lowered], np.uint32),
            span_digest=pack_digests([digest_lines(b"\n".join(lowered))] if lowered else []),
        )
        return np.array(outcomes, np.uint8), passed, texts, of_text

    def _marks(self, normalized: list[bytes], counts: Counter[str]) -> NDArray[np.uint8]:
        """The marks of pages with these URLs; counts them by rule."""
        domains = self._rules.domains
        if domains is None:
            return np.zeros(len(normalized), np.uint8)
        found = [domains.rule(url.decode()) for url in normalized]
        counts.update(found)
        return np.array([ON_REALNEWS * (rule == PASSED_RULE) for rule in found], np.uint8)


_PASSED = ("split-wet-file/passed", "too-long-filter/passed")


def _joined(records: Sequence[Record]) -> tuple[bytes, NDArray[np.int64]]:
    """Header and block of each record, a newline behind each; int64[n, 4], where they are."""
    texts = [text for record in records for text in (record.header, record.block)]
    ends = np.cumsum(np.array([len(text) + 1 for text in texts], np.int64)) - 1
    starts = np.zeros(len(texts), np.int64)
    starts[1:] = ends[:-1] + 1
    spans = np.stack([starts, ends], axis=1).reshape(-1, 4)
    return b"\n".join([*texts, bytes(PADDING)]), spans


def _digests(values: list[bytes]) -> Digests:
    return pack_digests([md5_utf8(value) for value in values])


def _places(records: Sequence[Record], urls: list[bytes]) -> Records:
    """The records of captures, and their URLs."""
    return Records(
        urls=np.frombuffer(b"\n".join([*urls, b""]), np.uint8),
        offset=np.array([record.offset for record in records], np.uint64),
        within=np.array([record.within for record in records], np.uint64),
        rule=np.zeros(len(records), np.uint8),
    )
