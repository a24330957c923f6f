"""`clean_page` of the API beside the rule book: passages, generated pages, real pages."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import c4forge
from c4forge.pages import TOO_LONG_PAGE
from cleaning.filters import clean
from cleaning.specs import SPECS
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import page_text
from cleaning.wet.records import Record, read_records

REAL_PAGES = 300
PASSAGES = (
    "",
    "\n\n",
    "Home",
    "One sentence of six words here.",
    "This is the first sentence here. This is another one there. And here is a third.",
    "A line of text [edit] that is cut.[12] \n[3] Another line of text that is cut.\nA third line "
    "of the text ends here.",
    "Lorem ipsum dolor sit amet here.\nA line that no rule ever sees.",
    "A good line stands at the top.\nThis line holds lorem ipsum in it.\nAnd this one is not seen.",
    "A good line stands at the top.\nThis line { opens a curly bracket.\nAnd this one is not seen.",
    "lorem ipsum without an end\nA good line stands at the top. Two. Three sentences are here.",
    "{ code\nA good line stands at the top. And another one. Three sentences are here.",
    "We use cookies on this web site.\nPlease enable javascript in your browser.\nShort line.",
    "Words of " + "a" * 1001 + " characters are too long.\nA line that trails off at the end...",
    "lorem [1]ipsum becomes a mark once its citation is cut.",
    "An end “quoted by curly marks.”\nA vertical\x0btab divides this line.\x1cAnd so on it goes.",
)
WORDS = (
    "lorem", "ipsum", "{", "javascript", "cookie", "policy", "use", "cookies", "[1]", "[]", "river",
    "The", "of", "water.", "hills!", "why?", "end...", '"', "\u201d", "\u0130", "\u212a",
    "a" * 1001,
)  # fmt: skip
LINES = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
PAGES = st.one_of(st.text(), st.lists(LINES, max_size=12).map("\n".join))


def check(text: str, spec: str) -> None:
    """The API's page is that of the rule book, and its lines count as it counts."""
    rules = SPECS[spec].settings.clean_rules()
    found, expected = c4forge.clean_page(text, spec), clean.clean_page(page_text(text), rules)
    assert found.outcome == clean.OUTCOME_RULES[expected.outcome]
    assert found.text == expected.text
    assert found.kept == (expected.outcome is clean.Outcome.PASSED)
    assert found.counts() == {rule: n for rule, n in expected.line_counts.items() if n}
    assert [line.text for line in found.lines] == page_text(text).splitlines()
    if found.kept:
        assert found.text == "\n".join(line.cleaned for line in found.lines if line.kept).strip()
    others = Counter(line.rule for line in found.lines if line.rule not in clean.LINE_RULES)
    dropping = others[found.outcome]
    assert dropping <= (
        expected.outcome in (clean.Outcome.LOREM_IPSUM, clean.Outcome.SQUIGGLY_BRACKET)
    )
    assert others.keys() <= {found.outcome, ""}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("text", PASSAGES, ids=range(len(PASSAGES)))
def test_passages_are_cleaned_as_by_the_rule_book(text, spec):
    check(text, spec)


@given(PAGES, st.sampled_from(sorted(SPECS)))
def test_generated_pages_are_cleaned_as_by_the_rule_book(text, spec):
    check(text, spec)


def test_real_pages_are_cleaned_as_by_the_rule_book(shared_data):
    file = sorted((shared_data / "wet").glob("*.wet.gz"))[0]
    with file.open("rb") as stream:
        records = [
            found
            for found in itertools.islice(read_records(inflate(stream)), REAL_PAGES)
            if isinstance(found, Record)
        ]
    assert len(records) > REAL_PAGES / 2
    for record in records:
        for spec in SPECS:
            text = record.block.decode(errors="replace")
            if len(page_text(text)) <= 190_000:
                check(text, spec)


def test_a_line_that_drops_its_page_has_the_pages_outcome():
    page = c4forge.clean_page(PASSAGES[7])
    assert [line.rule for line in page.lines] == [
        "clean-page/line-passed", "clean-page/filtered:loremipsum", "",
    ]  # fmt: skip
    assert str(page).splitlines()[1:] == [
        "loremipsum        This line holds lorem ipsum in it.",
        "-                 And this one is not seen.",
        "-> clean-page/filtered:loremipsum",
    ]


def test_the_spec_paper_looks_at_the_page_before_its_lines():
    page = c4forge.clean_page(PASSAGES[9], spec="paper")
    assert page.outcome == "clean-page/filtered:loremipsum"
    assert {line.rule for line in page.lines} == {""}


def test_too_long_pages_are_dropped_before_their_lines_are_seen():
    page = c4forge.clean_page("A line of eight words ends right here.\n" * 5_000)
    assert (page.outcome, page.text, page.kept) == (TOO_LONG_PAGE, "", False)
    assert page.counts() == {}
    assert c4forge.clean_page("A line of eight words ends right here.\n" * 5_000, "paper").kept


def test_settings_of_ones_own_count():
    text = "Two words.\nTwo words.\nTwo words."
    assert not c4forge.clean_page(text).kept
    assert c4forge.clean_page(text, c4forge.SpecSettings(min_words=2)).kept


def test_an_unknown_spec_lists_those_there_are():
    with pytest.raises(c4forge.UsageError, match=r"papers.*tfds-3.1.0, paper, fixed.*'paper'"):
        c4forge.clean_page("", spec="papers")
