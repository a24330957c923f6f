"""The spans of a page that are dropped as duplicates, each with the page that keeps it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.pages import SPAN_OUTCOME_RULES, SpanOutcome, span_outcomes
from cleaning.dedup.spans import SPAN_SENTENCES, SpanUnit, page_sentences
from cleaning.dedup.winners import span_winners
from cleaning.signatures import Signatures
from cleaning.urls import Digests
from cleaning.variants import DedupScope
from pipelines.explain.explanation import Duplicate
from pipelines.explain.work import Work
from pipelines.stages.blocks import SPAN, part_and_row, row_flags
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.lines import LINES, load_spans

_Keeper = tuple[int, int]
"""A part, and a capture of it."""


@dataclass(frozen=True, slots=True)
class PageSpans:
    """The spans of a page in a scope.

    Attributes:
      outcomes: uint8[n], the SpanOutcome of each.
      kept_by: URL of the page that keeps each of those that this one does not, by their numbers.
    """

    outcomes: NDArray[np.uint8]
    kept_by: dict[int, str]

    def kept(self) -> list[bool] | None:
        """For each span True if it is kept; None if all are."""
        kept = self.outcomes == SpanOutcome.KEPT
        return None if kept.all() else kept.tolist()

    def duplicates(self, text: str, unit: SpanUnit) -> tuple[Duplicate, ...]:
        """Those that are dropped, with their texts.

        Args:
          text: of the page before deduplication.
        """
        texts = _span_texts(text, unit)
        return tuple(
            Duplicate(texts[number], SPAN_OUTCOME_RULES[SpanOutcome(self.outcomes[number])], url)
            for number, url in sorted(self.kept_by.items())
        )


def _span_texts(text: str, unit: SpanUnit) -> list[str]:
    if unit is SpanUnit.LINE:
        return text.split("\n")
    sentences = [sentence for line in page_sentences(text) for sentence in line]
    ends = range(SPAN_SENTENCES, len(sentences) + 1)
    return [" ".join(sentences[end - SPAN_SENTENCES : end]) for end in ends]


def page_spans(work: Work, part: int, scope: DedupScope, page: int) -> PageSpans | None:
    """The spans of a page, as `finish` decides about them; None if the page has no text there.

    Args:
      page: its number among the pages of the scope's form in the part.
    """
    bit = work.job.scopes().index(scope)
    found = load_spans(work.job, work.parts[part])[bit]
    index = int(np.searchsorted(found.page, page))
    if index == len(found.page) or found.page[index] != page:
        return None
    signatures = work.signatures(part)
    rows = sum(len(of_form.span_digest) for of_form in signatures.forms.values())
    flags = row_flags(work.received(DUPLICATES, part), rows)
    lost = ((flags & np.uint8(1 << bit)) > 0)[found.row]
    start, end = np.searchsorted(found.page_of_span, [index, index + 1]).tolist()
    outcomes = span_outcomes(found.first, found.page_of_span, lost)[start:end]
    dropped = np.flatnonzero(outcomes != SpanOutcome.KEPT)
    winner = found.first[start + dropped]
    is_here = ~lost[winner]
    of_form = signatures.forms[scope.form]
    here = of_form.row[found.page[found.page_of_span[winner[is_here]]]]
    keepers = {
        number: (part, row)
        for number, row in zip(dropped[is_here].tolist(), here.tolist(), strict=True)
    }
    digests = _digests(signatures, found.row[winner[~is_here]])
    elsewhere = _find_winners(work, digests, bit)
    keepers |= dict(zip(dropped[~is_here].tolist(), elsewhere, strict=True))
    return PageSpans(outcomes, _urls(work, keepers))


def _digests(signatures: Signatures, rows: NDArray[np.int64]) -> Digests:
    """uint64[m, 2], of spans by their numbers among all of the part."""
    found: Digests = np.concatenate([f.span_digest for f in signatures.forms.values()])[rows]
    return found


def _find_winners(work: Work, digests: Digests, bit: int) -> list[_Keeper]:
    """The part and capture that keep each span in a scope, whichever part they are in."""
    if not len(digests):
        return []
    rows = work.rows(LINES, digests)
    rows = rows[(rows["scopes"] & np.uint8(1 << bit)) > 0]
    digest, priority, row_id, _ = (np.ascontiguousarray(rows[n]) for n in SPAN.names or ())
    winner = row_id[span_winners(digest, priority, row_id)]
    by_digest = dict(zip(map(tuple, digest.tolist()), winner.tolist(), strict=True))
    captures: dict[int, _Keeper] = {}
    for found in sorted(set(by_digest.values())):
        part, row = part_and_row(found)
        captures[found] = part, _capture_of(work.signatures(part), row)
    return [captures[by_digest[digest]] for digest in map(tuple, digests.tolist())]


def _capture_of(signatures: Signatures, row: int) -> int:
    """The capture that has a span, by its number among all of the part."""
    for of_form in signatures.forms.values():
        if row < len(of_form.span_digest):
            page = np.searchsorted(np.cumsum(of_form.spans, dtype=np.int64), row, side="right")
            return int(of_form.row[page])
        row -= len(of_form.span_digest)
    raise ValueError("a span beyond those of its part")


def _urls(work: Work, keepers: dict[int, _Keeper]) -> dict[int, str]:
    """The URL of each keeper, a part at a time."""
    urls: dict[_Keeper, str] = {}
    for part in sorted({part for part, _ in keepers.values()}):
        captures = work.captures(part)
        urls |= {(part, row): captures[row].url for p, row in keepers.values() if p == part}
    return {number: urls[keeper] for number, keeper in keepers.items()}
