"""A page after deduplication."""

import numpy as np
import pytest

from cleaning.dedup.pages import (
    SPAN_OUTCOME_RULES,
    Deduplicated,
    SpanOutcome,
    deduplicate_page,
    span_outcomes,
)
from cleaning.dedup.spans import SpanUnit
from cleaning.rules import RULES

KEPT, GLOBAL, LOCAL = SpanOutcome
TEXT = "The ferry leaves at ten.\nIt does not sail on Sundays.\nNobody was left."


@pytest.mark.parametrize(
    ("first", "page", "lost", "outcomes"),
    [
        ([], [], [], []),
        ([0, 1], [0, 0], [0, 0], [KEPT, KEPT]),
        ([0, 1], [0, 0], [0, 1], [KEPT, GLOBAL]),
        ([0, 0, 0], [0, 0, 0], [0, 0, 0], [KEPT, LOCAL, LOCAL]),
        ([0, 0, 0], [0, 0, 0], [1, 0, 0], [GLOBAL, GLOBAL, GLOBAL]),
        ([0, 0], [0, 1], [0, 0], [KEPT, GLOBAL]),
        ([2, 1, 2, 2], [0, 0, 1, 1], [0, 0, 0, 0], [GLOBAL, KEPT, KEPT, LOCAL]),
    ],
)
def test_lines_fall_to_other_pages_or_to_their_own(first, page, lost, outcomes):
    found = span_outcomes(np.array(first, np.int64), np.array(page, np.int64), np.array(lost, bool))
    assert found.tolist() == outcomes


@pytest.mark.parametrize(
    ("text", "kept", "document"),
    [
        (TEXT, None, Deduplicated("dedupe-lines/passed", TEXT)),
        (TEXT, [True] * 3, Deduplicated("dedupe-lines/passed", TEXT)),
        (TEXT, [False] * 3, Deduplicated("dedupe-lines/filtered:empty")),
        (TEXT, [True, False, True], Deduplicated("dedupe-lines/filtered:too_few_sentences")),
        (
            TEXT + "\n Mr. Vale sang.",
            [True, False, True, True],
            Deduplicated(
                "dedupe-lines/passed",
                "The ferry leaves at ten.\nNobody was left.\n Mr. Vale sang.",
            ),
        ),
        (
            "It was only for Mr.\nSmith and Mrs.\nJones.",
            None,
            Deduplicated("dedupe-lines/filtered:too_few_sentences"),
        ),
    ],
)
def test_three_sentences_of_the_whole_text_must_be_left(text, kept, document):
    assert deduplicate_page(text, kept) == document


@pytest.mark.parametrize(
    ("text", "kept", "document"),
    [
        ("Home", None, Deduplicated("dedupe-lines/passed", "Home")),
        ("Home\nMenu", [False, True], Deduplicated("dedupe-lines/passed", "Menu")),
        ("Home\nMenu", [False, False], Deduplicated("dedupe-lines/filtered:empty")),
        ("", None, Deduplicated("dedupe-lines/filtered:empty")),
    ],
)
def test_a_page_that_is_not_cleaned_needs_any_text_only(text, kept, document):
    assert deduplicate_page(text, kept, min_sentences=0) == document


@pytest.mark.parametrize(("at_least", "passes"), [(1, True), (2, True), (3, False)])
def test_how_many_sentences_must_be_left_is_a_choice(at_least, passes):
    found = deduplicate_page(TEXT, [True, False, True], min_sentences=at_least)
    assert bool(found.text) is passes


@pytest.mark.parametrize(
    ("kept", "document"),
    [
        (None, Deduplicated("dedupe-lines/passed", f"{TEXT} All danced.")),
        ([True, True], Deduplicated("dedupe-lines/passed", f"{TEXT} All danced.")),
        ([True, False], Deduplicated("dedupe-lines/filtered:too_few_sentences")),
        ([False, False], Deduplicated("dedupe-lines/filtered:empty")),
    ],
)
def test_spans_may_be_of_three_sentences(kept, document):
    found = deduplicate_page(f"{TEXT} All danced.", kept, SpanUnit.THREE_SENTENCES)
    assert found == document


def test_what_spans_of_sentences_leave_must_hold_enough_of_them():
    one = deduplicate_page(f"{TEXT} All danced.", [True, False], SpanUnit.THREE_SENTENCES, 1)
    assert one == Deduplicated("dedupe-lines/passed", "The ferry leaves at ten.")


def test_a_verdict_for_each_line_is_required():
    with pytest.raises(ValueError, match="zip"):
        deduplicate_page(TEXT, [True])


def test_every_outcome_is_a_rule_of_the_table():
    line_rules = {rule.name for rule in RULES if rule.name.startswith("dedupe-lines/line-")}
    assert set(SPAN_OUTCOME_RULES.values()) == line_rules
    assert set(SPAN_OUTCOME_RULES) == set(SpanOutcome)
