"""The rules for lines and pages, and their shortcut for joined lines."""

from dataclasses import replace

import pytest

from cleaning.filters.clean import (
    JAVASCRIPT,
    LINE_RULES,
    NO_ENDMARK,
    OUTCOME_RULES,
    POLICY,
    POLICY_PHRASES,
    TOO_LONG_WORD,
    TOO_SHORT,
    Citation,
    CleanedPage,
    CleanRules,
    Ellipsis,
    Outcome,
    RuleScope,
    clean_page,
    has_end_mark,
    has_long_word,
    has_sentences,
)
from cleaning.filters.clean import LINE_PASSED as PASSED
from cleaning.filters.clean_kernel import clean_blocks
from cleaning.rules import RULES

GOOD = (
    "The ferry leaves at ten.",
    "It does not sail on Sundays.",
    "Nobody was left on the island.",
)


def counts(*lines_by_rule: str, passed: int = 3) -> dict[str, int]:
    """Line counts with one line at each of the rules named, and the GOOD lines passed."""
    found = dict.fromkeys(LINE_RULES, 0)
    found[PASSED] = passed
    for rule in lines_by_rule:
        found[rule] += 1
    return found


def decide_compiled(text: str) -> CleanedPage:
    """The kernel's decision; its definition's where it leaves the page to it."""
    (found,) = clean_blocks([text.encode()])
    return found.cleaned or clean_page(text)


LINES = [
    ("Four words are few.", TOO_SHORT),
    ("Four\u00a0words\u3000are few.", TOO_SHORT),
    ("Three  short  words.", TOO_SHORT),
    ("Three \u00a0 short \u00a0 words.", TOO_SHORT),
    ("Three \t short \t words.", TOO_SHORT),
    ("Five\twords\u2003are\x1fnot few.", PASSED),
    (". ? ! . ?", PASSED),
    ("The ferry leaves at ten", NO_ENDMARK),
    ("The ferry leaves at ten...", NO_ENDMARK),
    ("The ferry leaves at ten....", NO_ENDMARK),
    ("The ferry leaves at ten…", NO_ENDMARK),
    ("The ferry leaves at ten..", PASSED),
    ('The ferry leaves at ten..."', PASSED),
    ("The ferry leaves at ten.”", NO_ENDMARK),
    ("The ferry leaves at ten.)", NO_ENDMARK),
    ("The ferry leaves at ten。", NO_ENDMARK),
    ("The ferry leaves at ten!\x00", NO_ENDMARK),
    ("The ferry leaves at ten?[edit]", PASSED),
    ("The ferry leaves at ten. [edit]", NO_ENDMARK),
    ("The ferry leaves at ten[Edit]", NO_ENDMARK),
    ("The ferry leaves at ten.[1][]", PASSED),
    ("The ferry leaves at ..[7].", NO_ENDMARK),
    ("[1] The ferry leaves at ten.", PASSED),
    ("[citation needed] The ferry leaves at ten.", PASSED),
    ("[ 1 ] The ferry leaves.", PASSED),
    ("The ferry leaves [12] at.", TOO_SHORT),
    ("x" * 1000 + " is a word of thousand.", PASSED),
    ("x" * 1001 + " is a word too long.", TOO_LONG_WORD),
    ("é" * 1001, TOO_LONG_WORD),
    ("x" * 600 + "[1]" + "x" * 600 + " is long as it came.", TOO_LONG_WORD),
    ("Please turn JavaScript on to sail.", JAVASCRIPT),
    ("Please turn Java Script on to sail.", PASSED),
    ("Please turn \u212aavaScript JAVASCRIPT on to sail.", JAVASCRIPT),
    ("Please turn JAVASCRİPT on to sail.", PASSED),
    ("This harbour uses coo\u212aies of every kind.", POLICY),
    ("Our CooKIE PoLicy is to have none.", POLICY),
    ("The policy of this harbour has no privacy.", PASSED),
    ("All cookies are baked on the island.", PASSED),
    ("The javascript of our privacy policy counts once.", JAVASCRIPT),
    ("Four { braces short.", TOO_SHORT),
    ("A { brace on a line without a mark", NO_ENDMARK),
    ("Lorem Ipsum on a line without a mark", NO_ENDMARK),
    ("A lorem  ipsum with two spaces is fine.", PASSED),
]


@pytest.mark.parametrize(("line", "rule"), LINES)
@pytest.mark.parametrize("decide", [clean_page, decide_compiled])
def test_each_line_falls_to_the_first_rule_that_it_meets(decide, line, rule):
    cleaned = decide("\n".join([GOOD[0], line, *GOOD[1:]]))
    assert cleaned.outcome == Outcome.PASSED
    assert cleaned.line_counts == counts(rule)
    assert len(cleaned.text.split("\n")) == (4 if rule == PASSED else 3)


@pytest.mark.parametrize("phrase", POLICY_PHRASES)
@pytest.mark.parametrize("decide", [clean_page, decide_compiled])
def test_every_policy_phrase_drops_its_line_in_any_case(decide, phrase):
    cleaned = decide("\n".join([f"Read about it here: {phrase.upper()}.", *GOOD]))
    assert cleaned.line_counts == counts(POLICY)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("This { is more than markup.", Outcome.SQUIGGLY_BRACKET),
        ("This lorem ipsum is a filler.", Outcome.LOREM_IPSUM),
        ("This LOREM IPSUM { is a javascript filler.", Outcome.LOREM_IPSUM),
        ("This privacy policy { has a brace.", Outcome.SQUIGGLY_BRACKET),
    ],
)
def test_a_line_that_drops_the_page_ends_the_count(line, outcome):
    text = "\n".join([GOOD[0], "Home", line, "Menu", *GOOD[1:]])
    assert clean_page(text) == CleanedPage(outcome, counts(NO_ENDMARK, passed=1))
    assert decide_compiled(text) == clean_page(text)


def test_a_brace_on_a_line_that_javascript_dropped_drops_nothing():
    text = "\n".join([*GOOD, "A javascript { brace is here."])
    assert clean_page(text).line_counts == counts(JAVASCRIPT)


def test_the_first_line_that_drops_the_page_decides():
    lines = ["This { is more than markup.", "This lorem ipsum is a filler."]
    assert clean_page("\n".join(lines)).outcome == Outcome.SQUIGGLY_BRACKET
    assert clean_page("\n".join(lines[::-1])).outcome == Outcome.LOREM_IPSUM


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome.TOO_FEW_SENTENCES),
        ("Home\nMenu", Outcome.TOO_FEW_SENTENCES),
        ("\n".join(GOOD[:2]), Outcome.TOO_FEW_SENTENCES),
        ("\n".join(GOOD), Outcome.PASSED),
        (" ".join(GOOD), Outcome.PASSED),
        (" ".join(GOOD[:2]), Outcome.TOO_FEW_SENTENCES),
        ("\n".join([" ".join(GOOD[:2]), GOOD[2]]), Outcome.PASSED),
        ("Mr. J. Smith of the U.S. Navy sailed.\nSo did Mrs. Smith.", Outcome.TOO_FEW_SENTENCES),
    ],
)
@pytest.mark.parametrize("decide", [clean_page, decide_compiled])
def test_a_page_needs_three_sentences(decide, text, outcome):
    assert decide(text).outcome == outcome


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x1c", "\x85", "\u2028"])
def test_a_page_breaks_lines_as_splitlines_does(line_break):
    assert clean_page(line_break.join(GOOD)).text == "\n".join(GOOD)


@pytest.mark.parametrize("decide", [clean_page, decide_compiled])
def test_the_space_that_a_citation_leaves_is_kept_inside_a_page_only(decide):
    cleaned = decide("\n".join([f"[1] {line}" for line in GOOD]))
    assert cleaned.text == "\n ".join(GOOD)
    assert cleaned.lowered.decode() == "\n".join(GOOD).lower()


@pytest.mark.parametrize("decide", [clean_page, decide_compiled])
def test_lowered_lines_are_those_of_the_text(decide):
    cleaned = decide(
        "\n".join(
            [
                *GOOD,
                "The final \u03a6\u03a3, the other \u03a3\u03a6.",
                "İzmir and \u212a and Straße it is.",
            ]
        )
    )
    lowered = [line.strip().lower() for line in cleaned.text.split("\n")]
    assert cleaned.lowered.decode().split("\n") == lowered


def test_lone_surrogates_are_characters_like_others_to_clean_page():
    text = "\n".join([*GOOD, "A lone \ud800 surrogate is here."])
    assert clean_page(text).text == text


def test_blank_lines_are_ignored():
    cleaned = decide_compiled("\n".join([" ", *GOOD, "\u3000", "Home"]))
    assert cleaned == clean_page("\n".join(["Home", *GOOD]))


@pytest.mark.parametrize(
    ("line", "long"),
    [
        ("", False),
        ("x" * 1000, False),
        ("x" * 1001, True),
        ("x" * 1000 + " x", False),
        ("x" * 501 + "\u00a0" + "x" * 500, False),
        ("x" * 501 + "\u200b" + "x" * 500, True),
    ],
)
def test_a_word_is_long_from_1001_characters(line, long):
    assert has_long_word(line) is long


PAGE = CleanRules(scope=RuleScope.PAGE)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("A { brace on a line without a mark", Outcome.SQUIGGLY_BRACKET),
        ("{", Outcome.SQUIGGLY_BRACKET),
        ("A javascript { brace is here.", Outcome.SQUIGGLY_BRACKET),
        ("A word of " + "x" * 1001 + "{", Outcome.SQUIGGLY_BRACKET),
        ("Lorem ipsum", Outcome.LOREM_IPSUM),
        ("A LOREM IPSUM on a line without a mark", Outcome.LOREM_IPSUM),
        ("Four lorem ipsum words.", Outcome.LOREM_IPSUM),
        ("A { brace before a lorem ipsum", Outcome.LOREM_IPSUM),
        ("} and lorem  ipsum", Outcome.PASSED),
        ("lorem\nipsum", Outcome.PASSED),
    ],
)
def test_a_rule_for_pages_may_see_all_lines(line, outcome):
    text = "\n".join([*GOOD, line])
    cleaned = clean_page(text, PAGE)
    assert cleaned.outcome == outcome
    assert clean_page(text).outcome == Outcome.PASSED
    if outcome != Outcome.PASSED:
        assert cleaned == CleanedPage(outcome, counts(passed=0))


def test_pages_without_such_lines_are_cleaned_alike():
    text = "\n".join([*GOOD, "Home", "Few.", "Our javascript sails on Sundays."])
    assert clean_page(text, PAGE) == clean_page(text)


@pytest.mark.parametrize(
    ("rules", "line", "rule"),
    [
        (CleanRules(max_word_chars=3, min_words=4), "It is a sea.", TOO_LONG_WORD),
        (CleanRules(max_word_chars=4, min_words=4), "It is a sea.", PASSED),
        (CleanRules(max_word_chars=0), "x" * 9999 + " is a word too long.", PASSED),
        (CleanRules(max_word_chars=0), "x" * 9999, NO_ENDMARK),
        (CleanRules(citations=Citation.WITHOUT_EMPTY), "The ferry leaves at ten.[]", NO_ENDMARK),
        (CleanRules(citations=Citation.WITHOUT_EMPTY), "The ferry leaves at ten.[12]", PASSED),
        (CleanRules(citations=Citation.WITHOUT_EMPTY), "The ferry leaves [].", TOO_SHORT),
        (CleanRules(citations=Citation.WITHOUT_EMPTY), "The ferry leaves [] at.", PASSED),
        (CleanRules(citations=Citation.WITHOUT_EMPTY), "[edit]The ferry leaves at ten.", PASSED),
        (CleanRules(end_marks=("。",)), "五つ の 言葉 が ある。", PASSED),
        (CleanRules(end_marks=(".", "”")), "She said: “It leaves at ten.”", PASSED),
        (CleanRules(end_marks=(".", "”")), "Does it leave at ten?", NO_ENDMARK),
        (CleanRules(end_marks=(".", "”")), "She said: “It leaves at ten...”", PASSED),
        (CleanRules(end_marks=(".",)), "The ferry leaves at ten...", NO_ENDMARK),
        (CleanRules(ellipsis=Ellipsis.KEPT), "The ferry leaves at ten...", PASSED),
        (CleanRules(ellipsis=Ellipsis.KEPT), "The ferry leaves at ten....", PASSED),
        (CleanRules(ellipsis=Ellipsis.KEPT), "The ferry leaves at ten…", NO_ENDMARK),
        (CleanRules(ellipsis=Ellipsis.KEPT, end_marks=("?",)), "It leaves at ten...", NO_ENDMARK),
        (CleanRules(min_words=4), "Four words are few.", PASSED),
        (CleanRules(min_words=4), "Three words only.", TOO_SHORT),
        (CleanRules(min_words=1), "One.", PASSED),
        (CleanRules(min_words=5), "Five words are few now.", PASSED),
    ],
)
def test_each_choice_decides_about_lines(rules, line, rule):
    cleaned = clean_page(line, replace(rules, min_sentences=0))
    assert cleaned.line_counts == counts(rule, passed=0)
    kept = line.replace("[12]", "").replace("[edit]", "") if rule == PASSED else ""
    assert cleaned.text == kept


def test_a_choice_of_words_is_of_the_line_without_its_citations():
    text = "\n".join([*GOOD, "The ferry leaves [12] at ten."])
    assert clean_page(text, CleanRules(min_words=6)).line_counts[TOO_SHORT] == 2
    assert clean_page(text, CleanRules(min_words=5)).line_counts[PASSED] == 4


@pytest.mark.parametrize(
    ("at_least", "text", "outcome"),
    [
        (0, "", Outcome.PASSED),
        (0, "Home", Outcome.PASSED),
        (1, "Home", Outcome.TOO_FEW_SENTENCES),
        (1, GOOD[0], Outcome.PASSED),
        (2, GOOD[0], Outcome.TOO_FEW_SENTENCES),
        (2, "\n".join(GOOD[:2]), Outcome.PASSED),
        (4, "\n".join(GOOD), Outcome.TOO_FEW_SENTENCES),
        (4, "\n".join([*GOOD, GOOD[0]]), Outcome.PASSED),
        (6, "\n".join([" ".join(GOOD)] * 2), Outcome.PASSED),
        (7, "\n".join([" ".join(GOOD)] * 2), Outcome.TOO_FEW_SENTENCES),
    ],
)
def test_how_many_sentences_a_page_needs_is_a_choice(at_least, text, outcome):
    assert clean_page(text, CleanRules(min_sentences=at_least)).outcome == outcome


@pytest.mark.parametrize(
    ("lines", "at_least", "found"),
    [
        ([], 0, True),
        ([], 1, False),
        (["We met Mr. Vale."], 1, True),
        (["We met Mr. Vale."], 2, False),
        (["We met Mr. Vale. He sang."], 2, True),
        (["We met Mr. Vale. He sang.", "All danced. All sang. All left."], 5, True),
        (["We met Mr. Vale. He sang.", "All danced. All sang. All left."], 6, False),
    ],
)
def test_sentences_are_counted_line_by_line(lines, at_least, found):
    assert has_sentences(lines, at_least) is found


@pytest.mark.parametrize(
    ("line", "dropped", "kept"),
    [
        ("", False, False),
        (".", True, True),
        ("..", True, True),
        ("...", False, True),
        ("x....", False, True),
        ("x...?", True, True),
        ("x…", False, False),
        ("x.”", False, False),
    ],
)
def test_an_ellipsis_is_an_end_mark_or_not(line, dropped, kept):
    assert has_end_mark(line, CleanRules()) is dropped
    assert has_end_mark(line, CleanRules(ellipsis=Ellipsis.KEPT)) is kept


@pytest.mark.parametrize(
    ("line", "most", "long"),
    [("x" * 9, 9, False), ("x" * 10, 9, True), ("x x x x x x", 1, False), ("x" * 9999, 0, False)],
)
def test_how_long_a_word_may_be_is_a_choice(line, most, long):
    assert has_long_word(line, most) is long


def test_every_outcome_is_a_rule_of_the_table():
    listed = {rule.name for rule in RULES if rule.name.startswith("clean-page/")}
    assert {*OUTCOME_RULES.values(), *LINE_RULES} == listed
    assert set(OUTCOME_RULES) == set(Outcome)
