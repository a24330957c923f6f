"""Counters of the pages on which a fix makes a difference."""

from dataclasses import replace

import pytest

from cleaning.captures import CaptureRules, clean_captures
from cleaning.document_filters import DOCUMENT_FILTERS, Resources
from cleaning.filters.badwords import BadWords
from cleaning.filters.clean import REFERENCE_RULES, Citation, clean_page
from cleaning.filters.documents import Document, Page
from cleaning.fixes import changed_by_cleaning, changed_by_url
from cleaning.specs import FIXES, REFERENCE, SPECS, SpecSettings
from cleaning.urls import md5
from cleaning.variants import SOFT_BAD_WORDS, VARIANTS, TextForm
from cleaning.wet.pages import BodyHeaders
from tests.cleaning.wet.wet import header_lines, record

FIXED = SPECS["fixed"].settings
GOOD = "The ferry leaves at ten.\nIt does not sail on Sundays.\nNobody was left on the island."
CASE, PLACE, TRACKING = "url_scheme_case", "url_scheme_place", "url_tracking"

URLS = [
    ("http://a.example/", []),
    ("https://www.a.example/x?y=1", []),
    ("ftp://a.example/", []),
    ("HTTP://a.example/", [CASE]),
    ("Https://a.example/", [CASE]),
    ("http://WWW.a.example/", [CASE]),
    ("http://a.example/WWW.x", []),
    ("HTTP://", [CASE]),
    ("http://a.example/?u=http://b.example", [PLACE]),
    ("http://a.example/?u=HTTP://b.example", [CASE]),
    ("http://http://a.example/", [PLACE]),
    ("x http://a.example/", [PLACE]),
    ("http://a.example/?utm_source=x", []),
    ("http://a.example/?ref=x", []),
    ("http://a.example/?feed", []),
    ("http://a.example/?reference=1", [TRACKING]),
    ("http://a.example/?feeds=1", [TRACKING]),
    ("http://a.example/?utm_source=x&a=1", [TRACKING]),
    ("http://a.example/?a=1&utm_source=x", [TRACKING]),
    ("http://a.example/?ref=x#top", [TRACKING]),
    ("http://a.example/?a=1&b=2#top", []),
    ("http://a.example/?UTM_SOURCE=x", []),
    ("HTTP://a.example/?to=http://b.example&ref=c", [CASE, PLACE, TRACKING]),
]


@pytest.mark.parametrize(("url", "switches"), URLS)
def test_a_switch_counts_the_urls_that_it_alone_normalizes_otherwise(url, switches):
    assert list(changed_by_url(url, FIXED)) == [f"fixed/{name}" for name in switches]


@pytest.mark.parametrize("name", [CASE, PLACE, TRACKING])
@pytest.mark.parametrize(("url", "switches"), URLS)
def test_a_switch_of_urls_is_not_counted_where_it_is_off(name, url, switches):
    alone = replace(REFERENCE, **{name: getattr(FIXED, name)})
    others = [f"fixed/{switch}" for switch in switches if switch != name]
    assert list(changed_by_url(url, alone)) == [f"fixed/{name}"] * (name in switches)
    off = replace(FIXED, **{name: getattr(REFERENCE, name)})
    assert list(changed_by_url(url, off)) == others
    assert list(changed_by_url(url, REFERENCE)) == []


CITATIONS, END_MARKS = "citations", "end_marks"
TEXTS = [
    (GOOD, []),
    (f"{GOOD}\nWho sails on it?[12]", []),
    (f"{GOOD}\nAn empty list [] is shown here.", [CITATIONS]),
    (f"{GOOD}\nAn array a[] and an end", []),
    (f"{GOOD}\nFour [] words are few.", [CITATIONS]),
    (f"{GOOD}\nThree [] are few.", []),
    (f"{GOOD}\nWe all sail on Sunday.[]", [CITATIONS]),
    (f"{GOOD}\nShe said: “All sail at ten.”", [END_MARKS]),
    (f"{GOOD}\nShe said: “Few.”", []),
    (f"{GOOD}\nShe said: “All sail at ten.” today", []),
    (f"{GOOD}\nShe said: “All of javascript sails.”", []),
    (f"{GOOD}\nShe said: “All of lorem ipsum sails.”", [END_MARKS]),
    (f"{GOOD}\nShe said: “All of { '{' } sails.”", [END_MARKS]),
    (f"She said: “All sail.”\n{GOOD[:24]}\n{GOOD[25:53]}", []),
    (f"She said: “All do sail.”\n{GOOD[:24]}\n{GOOD[25:53]}", [END_MARKS]),
    (f"{GOOD}\nShe said [] that: “All sail at ten.”", [CITATIONS, END_MARKS]),
    (f"{GOOD}\nShe said: “All sail at ten.”[]", [CITATIONS]),
    ("We have { here, and [] there too.", []),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "switches"), TEXTS)
def test_a_switch_counts_the_pages_that_would_be_cleaned_otherwise_without_it(text, switches):
    rules = FIXED.clean_rules()
    found = changed_by_cleaning(text, clean_page(text, rules), rules)
    assert list(found) == [f"fixed/{name}" for name in switches]


@pytest.mark.parametrize(("text", "switches"), TEXTS)
def test_no_switch_of_cleaning_is_counted_where_all_are_off(text, switches):
    rules = replace(REFERENCE_RULES, min_words=3)
    assert list(changed_by_cleaning(text, clean_page(text, rules), rules)) == []


def test_a_switch_of_cleaning_is_counted_by_itself_where_others_are_off():
    rules = replace(REFERENCE_RULES, citations=Citation.WITHOUT_EMPTY)
    text = f"{GOOD}\nShe said [] that: “All sail at ten.”\nAn empty list [] is here."
    assert list(changed_by_cleaning(text, clean_page(text, rules), rules)) == ["fixed/citations"]


def counts(
    block: str, url: str = "http://a.example/", settings: SpecSettings = FIXED, date: str = "2020"
) -> dict[str, int]:
    """The fixes that reading and cleaning one page count."""
    rules = CaptureRules(settings, (VARIANTS["en"].scope(),))
    parts = [record(block, header_lines(url, date))]
    found = {}
    for captures in clean_captures(parts, rules):
        found |= +captures.counts
    return {name: count for name, count in found.items() if name.startswith("fixed/")}


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("Nothing like a header is here.", 0),
        ("Content-ment is what we sell.", 1),
        ("WARCRAFT is a game.", 1),
        ("\u3000Content-ment is what we sell.", 1),
        ("WARC/1.0", 1),
        ("Content is what we sell.", 0),
        ("A line with\x0banother break in it.", 0),
        ("A line with\u2028another break in it.", 0),
    ],
)
def test_header_like_lines_that_stay_are_counted_by_the_page(line, counted):
    block = f"{GOOD}\n{line}\n{line}"
    assert counts(block) == {"fixed/body_headers": 1} if counted else counts(block) == {}
    swallowed = replace(FIXED, body_headers=BodyHeaders.SWALLOWED)
    assert counts(block, settings=swallowed) == {}


@pytest.mark.parametrize("spec", ["tfds-3.1.0", "paper"])
def test_specs_that_mend_nothing_count_nothing_of_urls_and_headers(spec):
    settings = SPECS[spec].settings
    block = f"{GOOD}\nContent-ment is what we sell.\nAn empty list [] is here."
    assert counts(block, "HTTP://a.example/?u=http://b&ref=1", settings) == {}


def test_a_page_is_counted_once_by_each_switch_that_changes_it():
    block = f"{GOOD}\nContent-ment is sold [] here.\nShe said: “All sail at ten.”\n" * 2
    found = counts(block, "HTTP://a.example/?to=http://b.example&ref=c")
    assert found == {f"fixed/{name}": 1 for name in FIXES if name != "bad_words_case"}


WORDS = {"es": BadWords.of("es", ("Puta", "mierda"))}


@pytest.mark.parametrize(
    ("text", "listed", "counted"),
    [
        ("una puta", False, True),
        ("una PUTA", False, True),
        ("una mierda", True, False),
        ("una puta y una mierda", True, False),
        ("una computadora", False, False),
    ],
)
def test_words_that_only_small_letters_find_are_counted_by_the_document(text, listed, counted):
    page = Page(TextForm.RAW, (text, "http://a.example/", "", "", ""), md5("a.example"), 0)
    variant = VARIANTS["multilingual"]
    for settings in (FIXED, REFERENCE):
        decide = DOCUMENT_FILTERS[SOFT_BAD_WORDS].load(Resources(settings, WORDS))
        decision = decide(Document(page, text), variant, "es")
        fixed = settings is FIXED
        assert decision.kept is not (listed or (counted and fixed))
        assert ("fixed/bad_words_case" in decision.rules) is (counted and fixed)
