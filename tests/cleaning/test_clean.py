"""The rules for lines and pages, and their shortcut for whole pages."""

import pytest

from cleaning.clean import (
    FATE_RULES,
    LINE_RULES,
    POLICY_PHRASES,
    CleanedPage,
    Fate,
    clean_lines,
    clean_page,
    has_long_word,
)
from cleaning.rules import RULES

GOOD = (
    "The ferry leaves at ten.",
    "It does not sail on Sundays.",
    "Nobody was left on the island.",
)
LONG_WORD, NO_ENDMARK, TOO_SHORT, JAVASCRIPT, POLICY, PASSED = range(6)


def counts(*lines_by_rule: int, passed: int = 3) -> tuple[int, ...]:
    """Line counts with one line at each of the rules named, and the GOOD lines passed."""
    found = [0] * len(LINE_RULES)
    found[PASSED] = passed
    for rule in lines_by_rule:
        found[rule] += 1
    return tuple(found)


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
    ("x" * 1001 + " is a word too long.", LONG_WORD),
    ("é" * 1001, LONG_WORD),
    ("x" * 600 + "[1]" + "x" * 600 + " is long as it came.", LONG_WORD),
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
@pytest.mark.parametrize("decide", [clean_page, lambda text: clean_lines(text.encode(), 0)])
def test_each_line_falls_to_the_first_rule_that_it_meets(decide, line, rule):
    cleaned = decide("\n".join([GOOD[0], line, *GOOD[1:]]))
    assert cleaned.fate == Fate.PASSED
    assert cleaned.line_counts == counts(rule)
    assert len(cleaned.text.split("\n")) == (4 if rule == PASSED else 3)


@pytest.mark.parametrize("phrase", POLICY_PHRASES)
@pytest.mark.parametrize("decide", [clean_page, lambda text: clean_lines(text.encode(), 0)])
def test_every_policy_phrase_drops_its_line_in_any_case(decide, phrase):
    cleaned = decide("\n".join([f"Read about it here: {phrase.upper()}.", *GOOD]))
    assert cleaned.line_counts == counts(POLICY)


@pytest.mark.parametrize(
    ("line", "fate"),
    [
        ("This { is more than markup.", Fate.SQUIGGLY_BRACKET),
        ("This lorem ipsum is a filler.", Fate.LOREM_IPSUM),
        ("This LOREM IPSUM { is a javascript filler.", Fate.LOREM_IPSUM),
        ("This privacy policy { has a brace.", Fate.SQUIGGLY_BRACKET),
    ],
)
def test_a_line_that_drops_the_page_ends_the_count(line, fate):
    text = "\n".join([GOOD[0], "Home", line, "Menu", *GOOD[1:]])
    assert clean_page(text) == CleanedPage(fate, counts(NO_ENDMARK, passed=1))
    assert clean_lines(text.encode(), 0) is None


def test_a_brace_on_a_line_that_javascript_dropped_drops_nothing():
    text = "\n".join([*GOOD, "A javascript { brace is here."])
    assert clean_page(text).line_counts == counts(JAVASCRIPT)


def test_the_first_line_that_drops_the_page_decides():
    lines = ["This { is more than markup.", "This lorem ipsum is a filler."]
    assert clean_page("\n".join(lines)).fate == Fate.SQUIGGLY_BRACKET
    assert clean_page("\n".join(lines[::-1])).fate == Fate.LOREM_IPSUM


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("", Fate.TOO_FEW_SENTENCES),
        ("Home\nMenu", Fate.TOO_FEW_SENTENCES),
        ("\n".join(GOOD[:2]), Fate.TOO_FEW_SENTENCES),
        ("\n".join(GOOD), Fate.PASSED),
        (" ".join(GOOD), Fate.PASSED),
        (" ".join(GOOD[:2]), Fate.TOO_FEW_SENTENCES),
        ("\n".join([" ".join(GOOD[:2]), GOOD[2]]), Fate.PASSED),
        ("Mr. J. Smith of the U.S. Navy sailed.\nSo did Mrs. Smith.", Fate.TOO_FEW_SENTENCES),
    ],
)
@pytest.mark.parametrize("decide", [clean_page, lambda text: clean_lines(text.encode(), 0)])
def test_a_page_needs_three_sentences(decide, text, fate):
    assert decide(text).fate == fate


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x1c", "\x85", "\u2028"])
def test_a_page_breaks_lines_as_splitlines_does(line_break):
    assert clean_page(line_break.join(GOOD)).text == "\n".join(GOOD)


@pytest.mark.parametrize("decide", [clean_page, lambda text: clean_lines(text.encode(), 0)])
def test_the_space_that_a_citation_leaves_is_kept_inside_a_page_only(decide):
    cleaned = decide("\n".join([f"[1] {line}" for line in GOOD]))
    assert cleaned.text == "\n ".join(GOOD)
    assert cleaned.lowered.decode() == "\n".join(GOOD).lower()


@pytest.mark.parametrize("decide", [clean_page, lambda text: clean_lines(text.encode(), 0)])
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


def test_clean_lines_counts_the_lines_put_aside_and_ignores_blank_ones():
    cleaned = clean_lines("\n".join([" ", *GOOD, "\u3000", "Home"]).encode(), 7)
    assert cleaned == clean_page("\n".join(["Home"] * 8 + [*GOOD]))


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


def test_every_outcome_is_a_rule_of_the_table():
    listed = {rule.name for rule in RULES if rule.name.startswith("clean-page/")}
    assert {*FATE_RULES.values(), *LINE_RULES} == listed
    assert set(FATE_RULES) == set(Fate)
