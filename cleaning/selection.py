"""Which captures a variant takes, and the counters up to the end of cleaning."""

import numpy as np
from numpy.typing import NDArray

from cleaning.counts import Counts
from cleaning.filters.clean import LINE_RULES, OUTCOME_RULES
from cleaning.signatures import BAD_WORDS, PARAGRAPHS, REALNEWS, Signatures
from cleaning.variants import Members, Population, TextForm

Marks = NDArray[np.bool_]


def starting_captures(signatures: Signatures, flags: NDArray[np.uint8], members: Members) -> Marks:
    """bool[n]: captures among which the newest of each URL counts.

    RealNews domains are flagged by the normalized URL: all captures of one stand or fall together,
    so that the reference's domain filter before the choice of the newest chooses the same.
    """
    if members is Members.REALNEWS:
        return (signatures.marks & REALNEWS) > 0
    return np.ones(len(flags), bool)


def _is_member(signatures: Signatures, flags: NDArray[np.uint8], members: Members) -> Marks:
    """bool[n]: newest captures that the filters after the choice of the newest let pass."""
    if members is Members.WEBTEXT:
        return (flags & IN_LISTS) > 0
    if members is Members.PARAGRAPHS:
        return (signatures.marks & PARAGRAPHS) > 0
    return np.ones(len(flags), bool)


def _count_captures(
    signatures: Signatures,
    flags: NDArray[np.uint8],
    population: Population,
    starters: Marks,
    newest: Marks,
) -> Counts:
    """Counts by rule up to the end of cleaning."""
    counts = {
        "duplicate-url-filter/filtered": int((starters & ~newest).sum()),
        "duplicate-url-filter/passed": int(newest.sum()),
    }
    member = newest & _is_member(signatures, flags, population.members)
    passed, filtered = int(member.sum()), int((newest & ~member).sum())
    if population.members is Members.WEBTEXT:
        counts |= {"webtextlike-filter/passed": passed, "webtextlike-filter/filtered": filtered}
    if population.members is Members.PARAGRAPHS:
        counts |= {"paragraph-filter/passed": passed, "paragraph-filter/filtered": filtered}
    if population.form is TextForm.CLEANED:
        by_rule = signatures.line_counts[member].sum(axis=0, dtype=np.int64)
        counts |= dict(zip(LINE_RULES, by_rule.tolist(), strict=True))
        for outcome, rule in OUTCOME_RULES.items():
            counts[rule] = int((signatures.outcome[member] == outcome).sum())
    if population.without_bad_words:
        filtered = int((member & ((signatures.marks & BAD_WORDS) > 0)).sum())
        counts |= dict.fromkeys(
            ("badwords-filter/filtered", "badwords-filter-en/filtered"), filtered
        )
    return counts


OUTDATED, IN_LISTS = 1, 2  # flags of a capture's verdict
