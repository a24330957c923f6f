"""Stage `lines`: the lines of a part's newest pages, each distinct one sent once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.counts import Counts, scoped
from cleaning.dedup.winners import repeated, span_winners
from cleaning.selection import (
    Marks,
    select_captures,
)
from cleaning.signatures import Signatures
from cleaning.variants import DedupScope, TextForm
from pipelines.job import Job
from pipelines.sources.wet_files import Part
from pipelines.stages.blocks import (
    SPAN,
    Block,
    row_flags,
    row_ids,
    split_by_bucket,
)
from pipelines.stages.clean import list_parts, load_signatures
from pipelines.stages.tasks import Stage
from runtime.storage.arrays import load_arrays, save_arrays


@dataclass(frozen=True, slots=True)
class PartSpans:
    """The spans of a part's pages of one population, numbered in the order of the part.

    Attributes:
      page: int64[k], the population's pages, as numbers among those of its form.
      page_of_span: int64[n], index into `page`; empty where nothing is deduplicated.
      first: int64[n], the span of the same digest that the part elects.
      row: int64[n], number among all spans of the part's forms.
    """

    page: NDArray[np.int64]
    page_of_span: NDArray[np.int64]
    first: NDArray[np.int64]
    row: NDArray[np.int64]


def choose_part_spans(job: Job, part: Part, blocks: Sequence[Block]) -> Counts:
    """Counts the part's newest captures by rule, and elects its spans among themselves.

    Args:
      blocks: FLAGS rows of the part's captures.
    """
    signatures = load_signatures(job, part)
    flags = row_flags(blocks, len(signatures.captured))
    shared = {form: _shared_spans(signatures, form) for form in job.rules().forms()}
    counts: Counter[str] = Counter()
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, scope in enumerate(job.scopes()):
        member, counted = select_captures(signatures, flags, scope)
        found = _own_winners(signatures, scope, member, shared[scope.form])
        for name in PartSpans.__dataclass_fields__:
            arrays[f"{index}.{name}"] = getattr(found, name)
        for variant in job.variants_of(scope):
            counts.update({scoped(variant.name, rule): n for rule, n in counted.items()})
    save_arrays(job.stage_path("lines", part.number, ".npz"), arrays)
    return dict(counts)


def _shared_spans(signatures: Signatures, form: TextForm) -> Marks:
    """bool: spans of a form that occur more than once in the part: only they need an priority."""
    digest = signatures.forms[form].span_digest
    shared = np.zeros(len(digest), bool)
    shared[repeated(digest)] = True
    return shared


def _own_winners(
    signatures: Signatures, scope: DedupScope, member: Marks, shared: Marks
) -> PartSpans:
    """The population's pages, and its spans with the part's setting among them."""
    of_form = signatures.forms[scope.form]
    has_text = member[of_form.row]
    page = np.flatnonzero(has_text)
    none = np.empty(0, np.int64)
    if not scope.deduplicated:
        return PartSpans(page, none, none, none)
    spans = of_form.spans.astype(np.int64)
    taken = np.repeat(has_text, spans)
    page_of_span = np.repeat(np.arange(len(page)), spans[page])
    first = np.arange(len(page_of_span))
    contested = np.flatnonzero(shared[taken])
    digest = of_form.span_digest[taken][contested]
    priority = signatures.priority[of_form.row[page]][page_of_span[contested]]
    chosen = span_winners(digest, priority, row_ids(0, contested))
    first[contested] = contested[chosen]
    row = np.flatnonzero(taken) + _first_row(signatures, scope.form)
    return PartSpans(page, page_of_span, first, row)


def _first_row(signatures: Signatures, form: TextForm) -> int:
    """Number of the form's first span among all spans of the part."""
    before = [f for f in TextForm if f in signatures.forms][: list(signatures.forms).index(form)]
    return sum(len(signatures.forms[f].span_digest) for f in before)


def load_spans(job: Job, part: Part) -> list[PartSpans]:
    """What `choose_part_spans` found, by scope."""
    arrays = load_arrays(job.stage_path("lines", part.number, ".npz"))
    return [
        PartSpans(**{name: arrays[f"{i}.{name}"] for name in PartSpans.__dataclass_fields__})
        for i in range(len(job.scopes()))
    ]


def span_blocks(job: Job, part: Part, _: Sequence[Block] = ()) -> dict[int, Block]:
    """SPAN rows of the spans that a population of the part elected, by bucket."""
    signatures = load_signatures(job, part)
    digest = np.concatenate([f.span_digest for f in signatures.forms.values()])
    chosen_by = np.zeros(len(digest), np.uint8)
    for bit, found in enumerate(load_spans(job, part)):
        elected = found.row[found.first == np.arange(len(found.first))]
        chosen_by[elected] |= np.uint8(1 << bit)
    row = np.flatnonzero(chosen_by)
    page_priority = [
        np.repeat(signatures.priority[f.row], f.spans, axis=0) for f in signatures.forms.values()
    ]
    block = np.empty(len(row), SPAN)
    block["span_digest"] = digest[row]
    block["priority"] = np.concatenate(page_priority)[row]
    block["row_id"] = row_ids(part.number, row)
    block["scopes"] = chosen_by[row]
    return split_by_bucket(block, block["span_digest"], job.buckets)


LINES = Stage(
    name="lines",
    meaning="collecting the lines of the newest pages",
    unit="parts",
    share=0.03,
    tasks=list_parts,
    work=choose_part_spans,
    emit=span_blocks,
    emits=SPAN,
    to_buckets=True,
)
