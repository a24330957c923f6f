"""The way of a page through a variant, decided by the functions that decide it in a run."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from cleaning.counts import Counts
from cleaning.dedup.pages import deduplicate_page
from cleaning.document_filters import accepted, dropping_rule
from cleaning.filters.clean import LINE_RULES
from cleaning.filters.documents import Decide, Document, Page
from cleaning.selection import select_captures
from cleaning.urls import are_held_out, load_normalizer, shard_key
from cleaning.variants import READING, REALNEWS_DOMAIN, TextForm, Variant
from corpora.formats import FORMATS
from pipelines.explain.captures import FoundCapture, flags_of
from pipelines.explain.details import Details
from pipelines.explain.duplicates import page_spans
from pipelines.explain.explanation import Step, VariantPath
from pipelines.explain.work import Work
from pipelines.stages.models import load_document_filters, load_domains
from pipelines.stages.shards import shard_of_key
from runtime.storage.arrays import open_checked_arrow

_READ = tuple(Step(f"{step}/passed") for step in READING)


class Decider:
    """Decides about the newest capture of a page, variant by variant.

    Args:
      work: of the run.
      capture: the newest.
      captures: how many there are.
      raw: the page as read; None if that is not known.
      shards: how many there are, by variant and split; {} if that is not known yet.
    """

    def __init__(
        self,
        work: Work,
        capture: FoundCapture,
        captures: int,
        raw: str | None,
        shards: Mapping[tuple[str, str], int],
    ) -> None:
        self._work, self._job, self._capture = work, work.job, capture
        self._shards = shards
        self._details = Details(work.job, captures, raw)
        self._documents: dict[tuple[TextForm, str], Document] = {}

    @cached_property
    def _filters(self) -> dict[str, Decide]:
        return load_document_filters(self._job)

    def path(self, variant: Variant) -> VariantPath:
        """The way of the page through a variant."""
        scope = self._job.scope(variant)
        taken, counts = select_captures(self._capture.signatures, flags_of(self._capture), scope)
        steps = [*_READ, *self._selected(variant, counts)]
        path = VariantPath(variant=variant.name, kept=None, steps=tuple(steps))
        number = self._page_number(scope.form) if taken.any() else None
        if number is None:
            return replace(path, kept=False, rule=_last(steps))
        if lacking := self._work.lacking(self._capture.part, scope):
            return replace(path, unknown=lacking)
        page = self._page(scope.form, number)
        text = page.column(0)
        if scope.deduplicated:
            path, text = self._deduplicate(path, variant, page, number)
        return self._filter(path, variant, page, text) if text else path

    def _selected(self, variant: Variant, counts: Counts) -> list[Step]:
        """The rules up to cleaning."""
        rules = [rule for rule, count in counts.items() if count and rule not in LINE_RULES]
        if variant.has(REALNEWS_DOMAIN):
            normalize = load_normalizer(self._job.settings.url_rules())
            domains = load_domains(self._job.lists_path())
            rules.insert(0, domains.rule(normalize(self._capture.record.url)))
        lines = {rule: counts[rule] for rule in LINE_RULES if rule in counts}
        return [Step(rule, self._details.of_capture(rule, lines)) for rule in rules]

    def _page_number(self, form: TextForm) -> int | None:
        """Its number among the pages of its part that have text in a form; None if it has none."""
        rows = self._work.signatures(self._capture.part.number).forms[form].row
        number = int(np.searchsorted(rows, self._capture.row))
        return number if number < len(rows) and rows[number] == self._capture.row else None

    def _page(self, form: TextForm, number: int) -> Page:
        columns = _read_columns(self._job.pages_path(self._capture.part, form), number)
        signatures = self._capture.signatures
        digest = signatures.url_digest[0].astype(">u8").tobytes()
        return Page(form, columns, digest, int(signatures.marks[0]))

    def _deduplicate(
        self, path: VariantPath, variant: Variant, page: Page, number: int
    ) -> tuple[VariantPath, str]:
        """The way up to deduplication, and the text that is left."""
        unit, min_sentences = self._job.settings.deduplication(page.form)
        scope = self._job.scope(variant)
        spans = page_spans(self._work, self._capture.part.number, scope, number)
        if spans is None:
            raise ValueError(f"{variant.name}: the page is not among those that compete for lines")
        found = deduplicate_page(page.column(0), spans.kept(), unit, min_sentences)
        step = Step(found.rule, self._details.of_spans(spans.outcomes, unit))
        path = replace(
            path,
            steps=(*path.steps, step),
            duplicates=spans.duplicates(page.column(0), unit),
            spans=len(spans.outcomes),
        )
        if not found.text:
            path = replace(path, kept=False, rule=found.rule)
        return path, found.text

    def _filter(self, path: VariantPath, variant: Variant, page: Page, text: str) -> VariantPath:
        """The way through the filters of documents, and to its shard."""
        document = self._documents.setdefault((page.form, text), Document(page, text))
        rules: list[str] = []
        kept = list(
            accepted(document, [variant], self._filters, lambda _, rule: rules.append(rule))
        )
        steps = [Step(rule, self._details.of_document(rule, document, variant)) for rule in rules]
        found = document.identified(variant)
        path = replace(
            path,
            kept=bool(kept),
            rule="" if kept else dropping_rule(rules),
            steps=(*path.steps, *steps),
            language=kept[0][1] if kept else found.language if found else "",
            probability=found.probability if found else 0.0,
        )
        if not kept:
            return path
        language = kept[0][1]
        held_out = bool(are_held_out(self._capture.signatures.url_digest)[0])
        path = replace(path, split=variant.split(language, held_out))
        return self._place(path, variant, page.column(1))

    def _place(self, path: VariantPath, variant: Variant, url: str) -> VariantPath:
        """The way to a shard, if it is known how many there are."""
        shards = self._shards.get((variant.name, path.split), 0)
        if not shards:
            return path
        shard = shard_of_key(shard_key(url), shards)
        file = FORMATS[self._job.formats[0]].shard_path(
            self._job.dataset_name(variant), path.split, shard, shards
        )
        return replace(path, shard=shard, shards=shards, file=file)


def _last(steps: list[Step]) -> str:
    """The rule that dropped the page, the last of its way."""
    return dropping_rule([step.rule for step in steps])


def _read_columns(path: str, number: int) -> tuple[str, ...]:
    """The columns of one page of a file of pages."""
    with open_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
        first = 0
        for batch_number in range(reader.num_record_batches):
            batch = reader.get_batch(batch_number)
            if number < first + batch.num_rows:
                return tuple(column[number - first].as_py() for column in batch.columns)
            first += batch.num_rows
    raise IndexError(f"{path}: no page {number}")
