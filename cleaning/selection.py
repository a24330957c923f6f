"""The captures that a variant takes, and its counts by rule up to the end of cleaning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.counts import Counts
from cleaning.filters.clean import LINE_PASSED, LINE_RULES, OUTCOME_RULES, Outcome
from cleaning.signatures import HAS_BAD_WORDS, HAS_PARAGRAPHS, ON_REALNEWS, Signatures
from cleaning.urls import Digests
from cleaning.variants import (
    DUPLICATE_URL,
    PARAGRAPHS,
    REALNEWS_DOMAIN,
    WEBTEXTLIKE,
    DedupScope,
    TextForm,
)

OUTDATED, IN_LISTS = 1, 2  # flags of a capture: a newer one exists; its URL is in the URL lists
Flags = NDArray[np.uint8]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CaptureFilter:
    """One row of the table.

    Attributes:
      step: its name in `cleaning.variants`.
      passes: bool[n], which captures pass, from a part's signatures and flags.
      counts_here: False if `cleaning.captures` counts it already, as the reference does.
    """

    step: str
    passes: Callable[[Signatures, Flags], Marks]
    counts_here: bool = True


def _are_set(bits: NDArray[np.uint8], bit: int) -> Marks:
    """bool[n], True where the bit is set."""
    found: Marks = (bits & np.uint8(bit)) > 0
    return found


def _is_on_realnews_domain(signatures: Signatures, _: Flags) -> Marks:
    """Decided by the normalized URL, so that all captures of a URL pass or none does.

    Therefore the filter can come before the choice of the newest capture, as in the reference.
    """
    return _are_set(signatures.marks, ON_REALNEWS)


def _is_newest(_: Signatures, flags: Flags) -> Marks:
    return ~_are_set(flags, OUTDATED)


def _is_in_lists(_: Signatures, flags: Flags) -> Marks:
    return _are_set(flags, IN_LISTS)


def _has_paragraphs(signatures: Signatures, _: Flags) -> Marks:
    return _are_set(signatures.marks, HAS_PARAGRAPHS)


_FILTERS = {
    row.step: row
    for row in (
        CaptureFilter(REALNEWS_DOMAIN, _is_on_realnews_domain, counts_here=False),
        CaptureFilter(DUPLICATE_URL, _is_newest),
        CaptureFilter(WEBTEXTLIKE, _is_in_lists),
        CaptureFilter(PARAGRAPHS, _has_paragraphs),
    )
}


def select_captures(
    signatures: Signatures, flags: Flags, scope: DedupScope
) -> tuple[Marks, Counts]:
    """The captures whose pages compete for lines in a scope, and the counts by rule.

    Args:
      signatures: of a part, n captures.
      flags: uint8[n], OUTDATED and IN_LISTS of each capture.
    Returns:
      bool[n], and counts.
    """
    taken = np.ones(len(flags), bool)
    counts: Counts = {}
    for row, dropped, passed in _filtered(signatures, flags, scope):
        if row.counts_here:
            counts[f"{row.step}/filtered"] = int(dropped.sum())
            counts[f"{row.step}/passed"] = int(passed.sum())
        taken = passed
    if scope.form is TextForm.CLEANED:
        by_rule = signatures.line_counts[taken].sum(axis=0, dtype=np.int64)
        counts |= dict(zip(LINE_RULES, by_rule.tolist(), strict=True))
        for outcome, rule in OUTCOME_RULES.items():
            counts[rule] = int((signatures.outcome[taken] == outcome).sum())
    if scope.without_bad_words:
        bad = taken & _are_set(signatures.marks, HAS_BAD_WORDS)
        names = ("badwords-filter/filtered", "badwords-filter-en/filtered")
        counts |= dict.fromkeys(names, int(bad.sum()))
        taken &= ~bad
    return taken, counts


def _filtered(
    signatures: Signatures, flags: Flags, scope: DedupScope
) -> Iterator[tuple[CaptureFilter, Marks, Marks]]:
    """Each filter of a scope, the captures that it drops, and those that pass up to there."""
    taken = np.ones(len(flags), bool)
    for step in scope.capture_filters:
        row = _FILTERS[step]
        passed = taken & row.passes(signatures, flags)
        yield row, taken & ~passed, passed
        taken = passed


def dropped_captures(signatures: Signatures, flags: Flags, scope: DedupScope) -> dict[str, Marks]:
    """The captures that each rule dropped, or dropped lines of, up to the end of cleaning.

    The rules are those that `select_captures` counts. What REALNEWS_DOMAIN drops is under its
    step's name: which of its rules it was depends on the URL.

    Args:
      signatures, flags: as `select_captures` takes them.
    Returns:
      bool[n] for each rule. A line rule marks the captures that lost lines by it.
    """
    taken = np.ones(len(flags), bool)
    found: dict[str, Marks] = {}
    for row, dropped, passed in _filtered(signatures, flags, scope):
        found[f"{row.step}/filtered" if row.counts_here else row.step] = dropped
        taken = passed
    if scope.form is TextForm.CLEANED:
        for number, rule in enumerate(LINE_RULES):
            if rule != LINE_PASSED:
                found[rule] = taken & (signatures.line_counts[:, number] > 0)
        for outcome, rule in OUTCOME_RULES.items():
            if outcome is not Outcome.PASSED:
                found[rule] = taken & (signatures.outcome == outcome)
    if scope.without_bad_words:
        found["badwords-filter/filtered"] = taken & _are_set(signatures.marks, HAS_BAD_WORDS)
    return found


def match_lists(captured: Digests, listed: Digests) -> tuple[Marks, int]:
    """The captures whose URL is listed, and how many listed URLs have no capture.

    The join of TFDS c4_utils.filter_by_webtextlike.

    Args:
      captured: uint64[n, 2], md5 of each capture's normalized URL.
      listed: uint64[m, 2], md5 of each listed URL, normalized.
    Returns:
      bool[n], and a number of distinct URLs.
    """
    digest = np.concatenate([captured, listed])
    order = np.lexsort((digest[:, 1], digest[:, 0]))
    ordered = digest[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    url = np.empty(len(order), np.int64)
    url[order] = np.cumsum(opens) - 1
    is_listed = np.zeros(int(opens.sum()), bool)
    is_listed[url[len(captured) :]] = True
    is_captured = np.zeros(len(is_listed), bool)
    is_captured[url[: len(captured)]] = True
    return is_listed[url[: len(captured)]], int((is_listed & ~is_captured).sum())
