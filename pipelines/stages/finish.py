"""The documents of one part: deduplicated, filtered and sorted."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cleaning.counts import Counts, scoped
from cleaning.dedup.pages import SPAN_OUTCOME_RULES, SpanOutcome, deduplicate_page, span_outcomes
from cleaning.dedup.spans import SpanUnit
from cleaning.document_filters import Decide, Document, Page, accepted
from cleaning.rules import check_names
from cleaning.urls import are_held_out, shard_key
from cleaning.variants import DedupScope, TextForm, Variant
from corpora.features import DocumentRow
from pipelines.job import Job
from pipelines.sources.wet_files import Part
from pipelines.stages.blocks import Block, row_flags
from pipelines.stages.clean import ORIGIN, PAGE, list_parts, load_signatures
from pipelines.stages.lines import PartSpans, load_spans
from pipelines.stages.models import load_document_filters
from pipelines.stages.tasks import Stage
from runtime.storage.arrays import fixed_array, open_checked_arrow, string_array
from runtime.storage.checked import DamagedFile, Depth, checked_write, find_damage

DOCUMENT = pa.schema([("shard_key", pa.uint64()), *PAGE])
_BATCH_DOCUMENTS = 128  # a shard reads and checks a few batches of each part
_ORIGIN = tuple(name for name, _ in ORIGIN)
_CRAWL_DATA = "crawl-data"


@dataclass(frozen=True, slots=True, order=True)
class DocumentGroup:
    """Documents that are stored together: kept by the same variants, in the same split of each.

    Attributes:
      variants: names of the variants.
      language: under which they are kept.
      validation: True if held out.
    """

    variants: tuple[str, ...]
    language: str
    validation: bool


Row = tuple[int, DocumentRow]
"""Shard key, the columns of PAGE, and those of the job."""
DocumentGroups = dict[DocumentGroup, list[Row]]


class _SpanOutcomes:
    """The kept spans of a scope's pages, page by page."""

    def __init__(self, found: PartSpans, lost: NDArray[np.bool_]) -> None:
        self.outcomes = span_outcomes(found.first, found.page_of_span, lost[found.row])
        self._kept = self.outcomes == SpanOutcome.KEPT
        pages = np.arange(len(found.page))
        starts = np.searchsorted(found.page_of_span, pages, side="left")
        ends = np.searchsorted(found.page_of_span, pages, side="right")
        kept_before = np.concatenate([[0], np.cumsum(self._kept)])
        self._keeps_all = (kept_before[ends] - kept_before[starts] == ends - starts).tolist()
        self._spans = list(zip(starts.tolist(), ends.tolist(), strict=True))

    def kept(self, index: int) -> bytes | None:
        """For each span of a page 1 if it is kept; None if all are."""
        if self._keeps_all[index]:
            return None
        start, end = self._spans[index]
        kept: bytes = self._kept[start:end].tobytes()
        return kept


def finish_part(job: Job, part: Part, blocks: Sequence[Block]) -> Counts:
    """Writes the part's documents, sorted by group and shard key; returns counts by rule.

    Args:
      blocks: FLAGS rows, the part's winning spans that pages of other parts keep instead.
    """
    signatures, found = load_signatures(job, part), load_spans(job, part)
    rows = sum(len(of_form.span_digest) for of_form in signatures.forms.values())
    lost = row_flags(blocks, rows)
    counts: Counter[tuple[str, str]] = Counter()
    outcomes: dict[DedupScope, _SpanOutcomes] = {}
    for bit, scope in enumerate(job.scopes()):
        if scope.deduplicated:
            outcomes[scope] = _SpanOutcomes(found[bit], (lost & np.uint8(1 << bit)) > 0)
            for outcome, rule in SPAN_OUTCOME_RULES.items():
                for variant in job.variants_of(scope):
                    counts[variant.name, rule] = int((outcomes[scope].outcomes == outcome).sum())
    held_out = are_held_out(signatures.url_digest)
    finisher = _Finisher(job, part, load_document_filters(job), outcomes, counts)
    for form, of_form in signatures.forms.items():
        index_of_page = {
            scope: dict(zip(found[bit].page.tolist(), range(len(found[bit].page)), strict=True))
            for bit, scope in enumerate(job.scopes())
            if scope.form is form
        }
        for number, columns in _pages(job.pages_path(part, form), _page_numbers(index_of_page)):
            row = of_form.row[number]
            digest = signatures.url_digest[row].astype(">u8").tobytes()
            page = Page(form, columns, digest, int(signatures.marks[row]))
            index_by_scope = {
                scope: index[number] for scope, index in index_of_page.items() if number in index
            }
            finisher.add(page, index_by_scope, bool(held_out[row]))
    check_names(rule for _, rule in counts)
    schema = pa.schema([*DOCUMENT, *(pa.field(name, pa.string()) for name in job.columns)])
    _write(documents_path(job, part.number), finisher.groups, schema)
    return {scoped(variant, rule): count for (variant, rule), count in counts.items()}


def documents_path(job: Job, number: int) -> str:
    """The documents of the part of that number, sorted by group and shard key (Arrow IPC)."""
    return job.stage_path("documents", number, ".arrow")


def _damage(job: Job, part: Part, _: Counts, depth: Depth) -> list[DamagedFile]:
    return find_damage(documents_path(job, part.number), depth)


def _page_numbers(index_of_page: dict[DedupScope, dict[int, int]]) -> list[int]:
    """Numbers of the pages that any scope has, ascending."""
    return sorted(set().union(*index_of_page.values()))


def _pages(path: str, numbers: list[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The pages with these numbers (ascending) of a file of pages."""
    with open_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
        index = first = 0
        for batch_number in range(reader.num_record_batches):
            batch = reader.get_batch(batch_number)
            values = [column.to_pylist() for column in batch.columns]
            while index < len(numbers) and numbers[index] < first + batch.num_rows:
                yield numbers[index], tuple(column[numbers[index] - first] for column in values)
                index += 1
            first += batch.num_rows


def _listed_name(path: str) -> str:
    """The name of a WET file as Common Crawl lists it, or without its folder: wherever it lies."""
    parts = path.split("/")
    if _CRAWL_DATA not in parts[:-1]:
        return parts[-1]
    last = len(parts) - 1 - parts[::-1].index(_CRAWL_DATA)
    return "/".join(parts[last:])


class _Finisher:
    """Deduplicates and filters pages, and collects their documents in groups."""

    def __init__(
        self,
        job: Job,
        part: Part,
        filters: Mapping[str, Decide],
        outcomes: dict[DedupScope, _SpanOutcomes],
        counts: Counter[tuple[str, str]],
    ) -> None:
        self.groups: DocumentGroups = {}
        self._filters, self._outcomes, self._counts = filters, outcomes, counts
        self._settings = job.settings
        self._columns, self._wet_file = job.columns, _listed_name(part.path)
        self._variants = {scope: job.variants_of(scope) for scope in job.scopes()}

    def add(self, page: Page, index_of: dict[DedupScope, int], held_out: bool) -> None:
        """Adds the documents of a page; `index_of` gives its index in each scope that has it."""
        documents: dict[bytes | None, tuple[str, Document | None]] = {}
        kept_by: dict[tuple[str, str, DocumentRow], list[Variant]] = {}
        for scope, index in index_of.items():
            deduplicated = scope.deduplicated
            kept = self._outcomes[scope].kept(index) if deduplicated else None
            if not deduplicated:
                document: Document | None = Document(page, page.columns[0])
            else:
                if kept not in documents:
                    documents[kept] = self._deduplicate(page, kept)
                rule, document = documents[kept]
                for variant in self._variants[scope]:
                    self._counts[variant.name, rule] += 1
            if document is not None:
                keeping = accepted(document, self._variants[scope], self._filters, self._count)
                for variant, language in keeping:
                    more = self._more(document, variant, language) if self._columns else ()
                    kept_by.setdefault((document.text, language, more), []).append(variant)
        for (text, language, more), variants in kept_by.items():
            self._add_to_group(page, text, language, held_out, variants, more)

    def _more(self, document: Document, variant: Variant, language: str) -> DocumentRow:
        """The values of the job's columns."""
        values = {
            "language": language,
            "language_probability": repr(float(document.language_probability(variant))),
            "wet_file": self._wet_file,
            **dict(zip(_ORIGIN, document.page.columns[len(PAGE) :], strict=False)),
        }
        return tuple(values[name].encode() for name in self._columns)

    def _count(self, variant: str, rule: str) -> None:
        self._counts[variant, rule] += 1

    def _deduplicate(self, page: Page, kept: bytes | None) -> tuple[str, Document | None]:
        """The rule that the page meets, and the document if one is left."""
        settings, cleaned = self._settings, page.form is TextForm.CLEANED
        is_kept = None if kept is None else list(map(bool, kept))
        found = deduplicate_page(
            page.columns[0],
            is_kept,
            settings.dedupe_unit if cleaned else SpanUnit.LINE,
            settings.min_sentences if cleaned else 0,
        )
        return found.rule, Document(page, found.text) if found.text else None

    def _add_to_group(
        self,
        page: Page,
        text: str,
        language: str,
        held_out: bool,
        variants: list[Variant],
        more: DocumentRow,
    ) -> None:
        utf8 = text.encode()
        for variant in variants:
            split = variant.split(language, held_out)
            self._counts[variant.name, f"{split}/examples"] += 1
            self._counts[variant.name, f"{split}/text-bytes"] += len(utf8)
        names = tuple(variant.name for variant in variants)
        group = DocumentGroup(names, language, held_out)
        others = [column.encode() for column in page.columns[1 : len(PAGE)]]
        row = (shard_key(page.columns[1]), (utf8, *others, *more))
        self.groups.setdefault(group, []).append(row)


def _write(path: str, groups: DocumentGroups, columns: pa.Schema) -> None:
    """Writes batches of at most 128 documents of a group; the metadata list their contents."""
    contents: list[tuple[tuple[str, ...], str, bool, int, int]] = []
    batches: list[list[Row]] = []
    for group, rows in sorted(groups.items()):
        rows.sort(key=lambda row: (row[0], row[1][1]))
        for start in range(0, len(rows), _BATCH_DOCUMENTS):
            batch = rows[start : start + _BATCH_DOCUMENTS]
            batches.append(batch)
            contents.append(
                (group.variants, group.language, group.validation, batch[0][0], batch[-1][0])
            )
    schema = columns.with_metadata({"contents": json.dumps(contents)})
    with checked_write(path) as stream, pa.ipc.new_file(stream, schema) as writer:
        for batch in batches:
            keys, pages = zip(*batch, strict=True)
            columns = [fixed_array(np.array(keys, np.uint64), pa.uint64())]
            for column in zip(*pages, strict=True):
                columns.append(string_array(list(column)))
            writer.write_batch(pa.record_batch(columns, schema=schema))


FINISH = Stage(
    name="finish",
    meaning="deduplicating pages, filtering by language and bad words",
    unit="parts",
    share=0.41,
    tasks=list_parts,
    work=finish_part,
    damage=_damage,
)
