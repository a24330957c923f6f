"""Stage `lines`: the lines of a part's newest pages, each distinct one sent once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.counts import Counts, scoped
from cleaning.dedup.winners import repeated, span_winners
from cleaning.selection import (
    Flags,
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
from runtime.storage.checked import DamagedFile, Depth, find_damage

_FLAGS = "flags"


@dataclass(frozen=True, slots=True)
class PartSpans:
    """The spans of a part's pages in one scope, in the order of the part.

    Attributes:
      page: int64[k], the scope's pages, as numbers among those of its form.
      page_of_span: int64[n], index into `page`; empty if the scope is not deduplicated.
      first: int64[n], the winner among the part's spans of the same digest.
      row: int64[n], number among all spans of the part, in all forms.
    """

    page: NDArray[np.int64]
    page_of_span: NDArray[np.int64]
    first: NDArray[np.int64]
    row: NDArray[np.int64]


def choose_part_spans(job: Job, part: Part, blocks: Sequence[Block]) -> Counts:
    """Counts the part's newest captures by rule, and chooses winners among its spans.

    Args:
      blocks: FLAGS rows of the part's captures.
    """
    signatures = load_signatures(job, part)
    flags = row_flags(blocks, len(signatures.captured))
    shared = {form: _shared_spans(signatures, form) for form in job.rules().forms()}
    counts: Counter[str] = Counter()
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, scope in enumerate(job.scopes()):
        selected, counted = select_captures(signatures, flags, scope)
        found = _own_winners(signatures, scope, selected, shared[scope.form])
        for name in PartSpans.__dataclass_fields__:
            arrays[f"{index}.{name}"] = getattr(found, name)
        for variant in job.variants_of(scope):
            counts.update({scoped(variant.name, rule): n for rule, n in counted.items()})
    if job.keep_dropped:
        arrays[_FLAGS] = flags
    save_arrays(lines_path(job, part), arrays)
    return dict(counts)


def lines_path(job: Job, part: Part) -> str:
    """Where the spans of a part are."""
    return job.stage_path("lines", part.number, ".npz")


def _damage(job: Job, part: Part, _: Counts, depth: Depth) -> list[DamagedFile]:
    return find_damage(lines_path(job, part), depth)


def _shared_spans(signatures: Signatures, form: TextForm) -> Marks:
    """bool[spans], True for those that occur more than once in the part: they need a winner."""
    digest = signatures.forms[form].span_digest
    shared = np.zeros(len(digest), bool)
    shared[repeated(digest)] = True
    return shared


def _own_winners(
    signatures: Signatures, scope: DedupScope, selected: Marks, shared: Marks
) -> PartSpans:
    """The scope's pages, and their spans with the winners within the part."""
    of_form = signatures.forms[scope.form]
    has_text = selected[of_form.row]
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
    """The PartSpans that `choose_part_spans` wrote, one for each scope."""
    arrays = load_arrays(lines_path(job, part))
    return [
        PartSpans(**{name: arrays[f"{i}.{name}"] for name in PartSpans.__dataclass_fields__})
        for i in range(len(job.scopes()))
    ]


def load_flags(job: Job, part: Part) -> Flags:
    """uint8[n], the flags of the part's captures, which a run has that keeps dropped pages."""
    flags: Flags = load_arrays(lines_path(job, part))[_FLAGS]
    return flags


def span_blocks(job: Job, part: Part, _: Sequence[Block] = ()) -> dict[int, Block]:
    """SPAN rows of the part's winners in any scope, by bucket."""
    signatures = load_signatures(job, part)
    digest = np.concatenate([f.span_digest for f in signatures.forms.values()])
    chosen_by = np.zeros(len(digest), np.uint8)
    for bit, found in enumerate(load_spans(job, part)):
        winners = found.row[found.first == np.arange(len(found.first))]
        chosen_by[winners] |= np.uint8(1 << bit)
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
    damage=_damage,
    emit=span_blocks,
    emits=SPAN,
    to_buckets=True,
)
