"""The dropped pages of a part, chosen for the report while its documents are finished."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.pages import PASSED_RULE, SPAN_OUTCOME_RULES, SpanOutcome
from cleaning.dedup.spans import SpanUnit
from cleaning.filters.documents import Document, Page
from cleaning.selection import Flags, dropped_captures
from cleaning.signatures import PageRecord, Records, Signatures
from cleaning.urls import Digests, load_normalizer, md5
from cleaning.variants import REALNEWS_DOMAIN, DedupScope, Variant
from pipelines.job import Job
from pipelines.sources.wet_files import Part
from pipelines.stages.models import load_domains
from pipelines.stages.reported.pages import DroppedPage, Order, PageSample, write_pages
from runtime.storage.checked import write_checked


def dropped_path(job: Job, number: int) -> str:
    """The dropped pages of the part of that number (JSON lines)."""
    return job.stage_path("dropped", number, ".jsonl")


class ComparedPages(Protocol):
    """The pages of a part that compete for lines in a scope."""

    scope: DedupScope

    def outcomes(self, number: int) -> Sequence[int]:
        """The SpanOutcome of each span of a page, by its number."""


class PartDrops:
    """The pages of a part that are kept for the report: few of each variant and rule.

    Args:
      job: the run, with `keep_dropped`.
      part: of it.
    """

    def __init__(self, job: Job, part: Part) -> None:
        self._job, self._part = job, part
        self._sample = PageSample(job.keep_dropped)
        self._normalize = load_normalizer(job.settings.url_rules())

    def add_document(self, document: Document, variant: Variant, rule: str) -> None:
        """Offers a document that a filter dropped."""
        page, found = document.page, document.identified(variant)
        order = page.url_digest.hex(), self._part.number, 0

        def made() -> DroppedPage:
            return DroppedPage(
                variant=variant.name, rule=rule, order=order, url=page.column(1),
                language=found.language if found else "",
                probability=float(found.probability) if found else 0.0,
                text=document.text,
            )  # fmt: skip

        self._sample.offer(variant.name, rule, order, made)

    def add_compared(
        self,
        compared: ComparedPages,
        keys: Iterable[tuple[int, bytes | None]],
        rules: Iterable[str],
        pages: Mapping[int, Page],
    ) -> None:
        """Offers the pages of a batch that deduplication dropped, or dropped lines of.

        Args:
          keys: number of each page, and its kept spans; None if all are kept.
          rules: that each met.
          pages: by number.
        """
        for (number, kept), rule in zip(keys, rules, strict=True):
            outcomes = compared.outcomes(number) if kept is not None else ()
            dropping = sorted(set(map(SpanOutcome, outcomes)) - {SpanOutcome.KEPT})
            met = [SPAN_OUTCOME_RULES[outcome] for outcome in dropping]
            for rule_ in met + [rule] * (rule != PASSED_RULE):
                self._offer_compared(compared.scope, number, rule_, outcomes, pages[number])

    def write(self, signatures: Signatures, flags: Flags, records: Records) -> None:
        """Writes the pages that were chosen, with those of the captures among them."""
        self._add_captures(signatures, flags, records)
        path = dropped_path(self._job, self._part.number)
        write_checked(path, write_pages(self._sample.pages()))

    def _offer_compared(
        self, scope: DedupScope, number: int, rule: str, outcomes: Sequence[int], page: Page
    ) -> None:
        order = page.url_digest.hex(), self._part.number, number
        unit, _ = self._job.settings.deduplication(scope.form)

        def made(variant: str) -> DroppedPage:
            rows = enumerate(map(SpanOutcome, outcomes if unit is SpanUnit.LINE else ()))
            dropped = tuple((n, SPAN_OUTCOME_RULES[o]) for n, o in rows if o != SpanOutcome.KEPT)
            return DroppedPage(
                variant=variant, rule=rule, order=order, url=page.column(1),
                text=page.column(0), dropped=dropped, line=first_line(dropped, rule),
            )  # fmt: skip

        for variant in self._job.variants_of(scope):
            self._sample.offer(variant.name, rule, order, partial(made, variant.name))

    def _add_captures(self, signatures: Signatures, flags: Flags, records: Records) -> None:
        """Offers the captures that were dropped before deduplication, or lost lines."""
        rows = records.rows()
        captures = [row for row in rows if not row.rule]
        order = np.lexsort((signatures.url_digest[:, 1], signatures.url_digest[:, 0]))
        for scope in self._job.scopes():
            for rule, marks in dropped_captures(signatures, flags, scope).items():
                smallest = order[marks[order]]
                for row, name in self._named(rule, smallest, captures):
                    digest = _hex(signatures.url_digest, row)
                    self._offer_record(scope, name, (digest, row), captures[row])
        refused = [row for row in rows if row.rule]
        for number, record in enumerate(refused):
            digest = md5(self._normalize(record.url)).hex()
            for scope in self._job.scopes():
                self._offer_record(scope, record.rule, (digest, number), record)

    def _named(
        self, rule: str, rows: NDArray[np.int64], captures: Sequence[PageRecord]
    ) -> Iterator[tuple[int, str]]:
        """The captures that may be among the few, each with its rule; `rows` are in order."""
        if rule != REALNEWS_DOMAIN:
            for row in rows[: self._job.keep_dropped].tolist():
                yield row, rule
            return
        domains = load_domains(self._job.lists_path())
        for row in rows.tolist():  # of two rules, one is rare
            yield row, domains.rule(self._normalize(captures[row].url))

    def _offer_record(
        self, scope: DedupScope, rule: str, order: tuple[str, int], record: PageRecord
    ) -> None:
        full: Order = (order[0], self._part.number, order[1])
        for variant in self._job.variants_of(scope):
            page = partial(
                DroppedPage, variant=variant.name, rule=rule, order=full, url=record.url,
                place=(record.offset, record.within),
            )  # fmt: skip
            self._sample.offer(variant.name, rule, full, page)


def first_line(dropped: Iterable[tuple[int, str]], rule: str) -> int:
    """The number of the first line that the rule dropped; -1 if it dropped none."""
    return next((number for number, name in dropped if name == rule), -1)


def _hex(digests: Digests, row: int) -> str:
    digest: bytes = digests[row].astype(">u8").tobytes()
    return digest.hex()
