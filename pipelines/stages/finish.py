"""The documents of one part: deduplicated, filtered and sorted."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cleaning.counts import Counts, scoped
from cleaning.dedup.pages import SPAN_OUTCOME_RULES, SpanOutcome, deduplicate_pages, span_outcomes
from cleaning.document_filters import accepted_of_many
from cleaning.filters.documents import Candidates, Document, Page
from cleaning.rules import check_names
from cleaning.urls import are_held_out, shard_key
from cleaning.variants import DedupScope, TextForm, Variant
from corpora.features import DocumentRow
from pipelines.job import Job
from pipelines.sources.wet_files import Part, listed_name
from pipelines.stages.blocks import Block, row_flags
from pipelines.stages.clean import ORIGIN, PAGE, list_parts, load_records, load_signatures
from pipelines.stages.lines import PartSpans, load_flags, load_spans
from pipelines.stages.models import load_document_filters
from pipelines.stages.reported.dropped import PartDrops, dropped_path
from pipelines.stages.reported.statistics import statistics_metadata
from pipelines.stages.tasks import Stage
from runtime.storage.arrays import fixed_array, open_checked_arrow, string_array, string_values
from runtime.storage.checked import DamagedFile, Depth, checked_write, find_damage

DOCUMENT = pa.schema([("shard_key", pa.uint64()), *PAGE])
_BATCH_DOCUMENTS = 128  # a shard reads and checks a few batches of each part
_ORIGIN = tuple(name for name, _ in ORIGIN)


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
_Kept = tuple[Variant, Document, str]
"""A variant that keeps a document, and the language under which it does."""


class _ScopePages:
    """The pages that compete for lines in a scope, and which spans of each are kept."""

    def __init__(self, scope: DedupScope, found: PartSpans, lost: NDArray[np.bool_]) -> None:
        self.scope = scope
        self.numbers = found.page
        self._outcomes = np.empty(0, np.uint8)
        if scope.deduplicated:
            self._outcomes = span_outcomes(found.first, found.page_of_span, lost[found.row])
        self._kept = self._outcomes == SpanOutcome.KEPT
        ends = np.searchsorted(found.page_of_span, np.arange(len(found.page)), side="right")
        starts = np.concatenate([[0], ends]).astype(np.int64)[:-1]
        kept_before = np.concatenate([[0], np.cumsum(self._kept)])
        self._keeps_all = (kept_before[ends] - kept_before[starts] == ends - starts).tolist()
        self._spans = list(zip(starts.tolist(), ends.tolist(), strict=True))

    def outcomes(self, number: int) -> list[int]:
        """The SpanOutcome of each span of a page, by its number."""
        start, end = self._spans[int(np.searchsorted(self.numbers, number))]
        found: list[int] = self._outcomes[start:end].tolist()
        return found

    def span_counts(self) -> Counts:
        """Spans by rule."""
        counts = np.bincount(self._outcomes, minlength=len(SpanOutcome)).tolist()
        deduplicated = self.scope.deduplicated
        return {rule: counts[o] for o, rule in SPAN_OUTCOME_RULES.items() if deduplicated}

    def between(self, first: int, last: int) -> Iterator[tuple[int, bytes | None]]:
        """The pages from a number on, before another: a number, and `kept` of that page."""
        start, end = np.searchsorted(self.numbers, [first, last]).tolist()
        for index, number in enumerate(self.numbers[start:end].tolist(), start):
            yield number, self._kept_of(index)

    def _kept_of(self, index: int) -> bytes | None:
        """For each span of a page 1 if it is kept; None if all are."""
        if self._keeps_all[index]:
            return None
        start, end = self._spans[index]
        kept: bytes = self._kept[start:end].tobytes()
        return kept


@dataclass(frozen=True, slots=True)
class _FormPages:
    """What is known of the pages of a form beside their columns; each is found by its number.

    Attributes:
      form: of their text.
      url_digests: 16 bytes for each page, md5 of its normalized URL.
      marks: bits of the capture.
      held_out: True if the page goes to validation.
    """

    form: TextForm
    url_digests: bytes
    marks: list[int]
    held_out: list[bool]

    def page(self, number: int, columns: tuple[bytes, ...]) -> Page:
        """The page of a number."""
        digest = self.url_digests[16 * number : 16 * number + 16]
        return Page(self.form, columns, digest, self.marks[number])


def finish_part(job: Job, part: Part, blocks: Sequence[Block]) -> Counts:
    """Writes the part's documents, sorted by group and shard key; returns counts by rule.

    Args:
      blocks: FLAGS rows, the part's winning spans that pages of other parts keep instead.
    """
    signatures, found = load_signatures(job, part), load_spans(job, part)
    rows = sum(len(of_form.span_digest) for of_form in signatures.forms.values())
    lost = row_flags(blocks, rows)
    counts: Counter[tuple[str, str]] = Counter()
    finisher = _Finisher(job, part, counts)
    for form, of_form in signatures.forms.items():
        scopes: list[_ScopePages] = []
        for bit, scope in enumerate(job.scopes()):
            if scope.form is form:
                own = _ScopePages(scope, found[bit], (lost & np.uint8(1 << bit)) > 0)
                scopes.append(own)
                for rule, count in own.span_counts().items():
                    for variant in job.variants_of(scope):
                        counts[variant.name, rule] = count
        url_digest = signatures.url_digest[of_form.row]
        pages = _FormPages(
            form,
            url_digest.astype(">u8").tobytes(),
            signatures.marks[of_form.row].tolist(),
            are_held_out(url_digest).tolist(),
        )
        first = 0
        for columns in _batches(job.pages_path(part, form)):
            finisher.add(pages, scopes, first, columns)
            first += len(columns[0])
    finisher.count_examples()
    if finisher.drops is not None:
        finisher.drops.write(signatures, load_flags(job, part), load_records(job, part))
    check_names(rule for _, rule in counts)
    _write(job, part, finisher.groups)
    return {scoped(variant, rule): count for (variant, rule), count in counts.items()}


def documents_path(job: Job, number: int) -> str:
    """The documents of the part of that number, sorted by group and shard key (Arrow IPC)."""
    return job.stage_path("documents", number, ".arrow")


def _damage(job: Job, part: Part, _: Counts, depth: Depth) -> list[DamagedFile]:
    paths = [documents_path(job, part.number)]
    paths += [dropped_path(job, part.number)] * (job.keep_dropped > 0)
    return [damage for path in paths for damage in find_damage(path, depth)]


def _batches(path: str) -> Iterator[list[list[bytes]]]:
    """The columns of each batch of a file of pages, in UTF-8."""
    with open_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            yield list(map(string_values, reader.get_batch(number).columns))


class _Finisher:
    """Deduplicates and filters pages, and collects their documents in groups."""

    def __init__(self, job: Job, part: Part, counts: Counter[tuple[str, str]]) -> None:
        self.groups: DocumentGroups = {}
        self._filters, self._counts = load_document_filters(job), counts
        self._settings = job.settings
        self._columns, self._wet_file = job.columns, listed_name(part.path)
        self._origin = _ORIGIN * job.keeps_origins()
        self.drops = PartDrops(job, part) if job.keep_dropped else None
        self._variants = {scope: job.variants_of(scope) for scope in job.scopes()}

    def add(
        self,
        pages: _FormPages,
        scopes: Sequence[_ScopePages],
        first: int,
        columns: list[list[bytes]],
    ) -> None:
        """Adds the documents of a batch of pages.

        Args:
          scopes: of the form.
          first: number of the batch's first page.
          columns: of the batch.
        """
        chosen = [list(own.between(first, first + len(columns[0]))) for own in scopes]
        of_number = {
            number: pages.page(number, tuple(column[number - first] for column in columns))
            for number in sorted({number for own in chosen for number, _ in own})
        }
        competing = (own for own, of in zip(chosen, scopes, strict=True) if of.scope.deduplicated)
        keys = list(dict.fromkeys(key for own in competing for key in own))
        texts = dict(zip(keys, self._deduplicate(of_number, keys, pages.form), strict=True))
        kept_of: dict[int, list[_Kept]] = {}
        for own, of in zip(chosen, scopes, strict=True):
            if of.scope.deduplicated:
                found = [texts[key] for key in own]
                self._count_pages(of, own, [rule for rule, _ in found], of_number)
                documents = [document for _, document in found if document is not None]
            else:
                some = [of_number[number] for number, _ in own]
                documents = [Document(page, page.columns[0]) for page in some]
            for variant, kept in self._accepted(documents, self._variants[of.scope]):
                for document, language in kept:
                    row = variant, document, language
                    kept_of.setdefault(id(document.page), []).append(row)
        for number, page in of_number.items():
            if id(page) in kept_of:
                self._add_documents(page, kept_of[id(page)], pages.held_out[number])

    def _accepted(
        self, documents: Sequence[Document], variants: Sequence[Variant]
    ) -> Iterator[tuple[Variant, Candidates]]:
        dropped = self.drops.add_document if self.drops is not None else None
        return accepted_of_many(documents, variants, self._filters, self._counts, dropped)

    def _deduplicate(
        self,
        of_number: Mapping[int, Page],
        keys: Sequence[tuple[int, bytes | None]],
        form: TextForm,
    ) -> list[tuple[str, Document | None]]:
        """The rule that each page meets with its kept spans, and its document if one is left."""
        found = deduplicate_pages(
            [of_number[number].utf8(0) for number, _ in keys],
            [kept for _, kept in keys],
            *self._settings.deduplication(form),
        )
        return [
            (rule, Document(of_number[number], text) if text else None)
            for (number, _), (rule, text) in zip(keys, found, strict=True)
        ]

    def _count_pages(
        self,
        pages: _ScopePages,
        keys: Sequence[tuple[int, bytes | None]],
        rules: Sequence[str],
        of_number: Mapping[int, Page],
    ) -> None:
        """Counts the rules that pages met when lines were compared."""
        for variant in self._variants[pages.scope]:
            for rule, count in Counter(rules).items():
                self._counts[variant.name, rule] += count
        if self.drops is not None:
            self.drops.add_compared(pages, keys, rules, of_number)

    def _add_documents(self, page: Page, kept: Sequence[_Kept], held_out: bool) -> None:
        """Adds a page's documents: one for each distinct text, language and values of columns."""
        kept_by: dict[tuple[bytes, str, DocumentRow], list[str]] = {}
        for variant, document, language in kept:
            more = self._more(document, variant, language) if self._columns else ()
            kept_by.setdefault((document.utf8, language, more), []).append(variant.name)
        others = [page.utf8(at) for at in range(1, len(PAGE))]
        for (utf8, language, more), names in kept_by.items():
            group = DocumentGroup(tuple(names), language, held_out)
            row = (shard_key(page.column(1)), (utf8, *others, *more))
            self.groups.setdefault(group, []).append(row)

    def _more(self, document: Document, variant: Variant, language: str) -> DocumentRow:
        """The values of the job's columns."""
        page = document.page
        values = {
            "language": language.encode(),
            "language_probability": repr(float(document.language_probability(variant))).encode(),
            "wet_file": self._wet_file.encode(),
            **{name: page.utf8(at) for at, name in enumerate(self._origin, len(PAGE))},
        }
        return tuple(values[name] for name in self._columns)

    def count_examples(self) -> None:
        """Counts the documents that were added, by variant and split."""
        variants = {v.name: v for own in self._variants.values() for v in own}
        for group, rows in self.groups.items():
            text_bytes = sum(len(row[0]) for _, row in rows)
            for name in group.variants:
                split = variants[name].split(group.language, group.validation)
                self._counts[name, f"{split}/examples"] += len(rows)
                self._counts[name, f"{split}/text-bytes"] += text_bytes


def _write(job: Job, part: Part, groups: DocumentGroups) -> None:
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
    counted = ((group.variants, rows) for group, rows in groups.items())
    metadata = {"contents": json.dumps(contents), **statistics_metadata(counted, job.part_count)}
    schema = pa.schema(
        [*DOCUMENT, *(pa.field(name, pa.string()) for name in job.columns)], metadata
    )
    path = documents_path(job, part.number)
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
    weight=Part.stored_bytes,
    work=finish_part,
    damage=_damage,
)
