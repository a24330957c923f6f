"""Captures of a file: read, cleaned, refused; and their signatures."""

from dataclasses import replace

import numpy as np
import pytest
import xxhash

from cleaning.captures import CaptureRules, clean_captures
from cleaning.dedup.spans import digest_spans
from cleaning.filters.badwords import BadWords, Matcher
from cleaning.filters.clean import LINE_PASSED, LINE_RULES, NO_ENDMARK, Outcome, clean_page
from cleaning.filters.domains import Domains
from cleaning.signatures import (
    HAS_BAD_WORDS,
    HAS_PARAGRAPHS,
    ON_REALNEWS,
    TIME,
    Captures,
    PageRecord,
    Records,
    Signatures,
    TextPages,
    TextSignatures,
    digest_lines,
)
from cleaning.specs import REFERENCE, SPECS, SpecSettings
from cleaning.urls import md5, pack_digests
from cleaning.variants import REALNEWS_DOMAIN, VARIANTS, TextForm
from cleaning.wet.pages import BodyHeaders, page_text
from cleaning.wet.records import Malformed, Record
from tests.cleaning.wet.wet import DATE, EN, URL, header_lines, record

GOOD = "The ferry leaves at ten.\nIt does not sail on Sundays.\nNobody was left on the island.\n"
PASSED = "split-wet-file/passed"
WITHIN = "too-long-filter/passed"
REFUSED = "split-wet-file/filtered:malformed"


def cleaned(*parts: Record | Malformed, rules: CaptureRules = EN) -> Captures:
    """The batch of these records; an empty one may follow."""
    captures, *rest = clean_captures(parts, rules)
    assert not any(batch.counts for batch in rest)
    return captures


def passed(captures: Captures) -> TextPages:
    """The pages that cleaning passed."""
    return captures.forms[TextForm.CLEANED]


def test_a_passed_page_keeps_text_headers_and_digests():
    captures = cleaned(record(GOOD))
    assert captures.counts == {PASSED: 1, WITHIN: 1}
    assert passed(captures).texts == [GOOD.strip().encode()]
    assert (passed(captures).headers[0].url, passed(captures).headers[0].timestamp) == (URL, DATE)
    assert passed(captures).headers[0].content_length == str(len(GOOD))
    assert captures.url_digest == [md5("a.example/page")]
    assert captures.priority == [md5(URL)]
    assert passed(captures).span_digests == [digest_lines(GOOD.strip().lower().encode())]


@pytest.mark.parametrize(
    ("block", "outcome"),
    [
        ("Home\nMenu\n", Outcome.TOO_FEW_SENTENCES),
        (GOOD + "A { brace drops the page.\n", Outcome.SQUIGGLY_BRACKET),
        (GOOD + "A lorem ipsum drops the page.\r\n", Outcome.LOREM_IPSUM),
    ],
)
def test_a_page_that_cleaning_drops_still_takes_part_in_the_choice_of_captures(block, outcome):
    captures = cleaned(record(block), record(GOOD))
    assert captures.outcomes == [outcome, Outcome.PASSED]
    assert captures.captured == ["2025-03-02T08:15:30Z"] * 2
    assert len(captures.url_digest) == len(captures.priority) == len(captures.line_counts) == 2
    assert (passed(captures).rows, len(passed(captures).texts)) == ([1], 1)


@pytest.mark.parametrize(
    ("lines", "block", "rule"),
    [
        (header_lines(url=None), GOOD, "no_url"),
        (header_lines(url=" "), GOOD, "no_url"),
        (header_lines(kind="warcinfo", url=None), "robots: none\r\n", "no_url"),
        (header_lines(), "", "no_content"),
        (header_lines(), "\n\r\n", "no_content"),
        (header_lines(), " \n\t\n", "no_content"),
        (header_lines(), "\u3000", "no_content"),
        (header_lines(), "WARCRAFT\nContent-ment\n", "no_content"),
        (header_lines(date=None), GOOD, "no_timestamp"),
        (header_lines(date=""), GOOD, "no_timestamp"),
        (header_lines(url=None, date=None), "", "no_url"),
        (header_lines(date=None), "", "no_content"),
    ],
)
def test_a_record_that_lacks_something_is_counted_by_what_it_lacks(lines, block, rule):
    captures = cleaned(record(block, lines))
    assert captures.counts == {f"split-wet-file/filtered:{rule}": 1}
    assert captures.outcomes == []


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (record(GOOD, header_lines(kind="response")), "record of type 'response'"),
        (record(GOOD.encode() + b"\xff"), f"not UTF-8: invalid start byte at byte {len(GOOD)}"),
        (record(b"\xed\xa0\x80"), "not UTF-8"),
    ],
)
def test_a_record_without_a_page_is_refused_by_place_and_reason(part, reason):
    part = Record(1234, 5, part.header, part.block)
    captures = cleaned(record(GOOD), part)
    (refused,) = captures.malformed
    assert refused.reason.startswith(reason)
    assert (refused.offset, refused.within, refused.url) == (1234, 5, URL)
    assert refused.size_bytes == len(part.header) + len(part.block)
    assert captures.counts == {PASSED: 1, WITHIN: 1, REFUSED: 1}
    assert len(captures.outcomes) == 1


def test_what_was_malformed_before_is_passed_on():
    captures = cleaned(Malformed(7, 8, 9, "cut off"))
    (refused,) = captures.malformed
    assert (refused.offset, refused.within, refused.size_bytes) == (7, 8, 9)
    assert (refused.reason, refused.url) == ("cut off", "")
    assert captures.counts == {REFUSED: 1}


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\u2028"])
@pytest.mark.parametrize(
    ("size", "character", "kept"),
    [(190_000, "x", True), (190_001, "x", False), (190_000, "語", True), (190_001, "語", False)],
)
def test_a_page_may_have_190_000_characters(line_break, size, character, kept):
    start = "Home  " + line_break + "\n"
    text_size = len(page_text(start + "x")) - 1
    captures = cleaned(record(start + character * (size - text_size) + "\n"))
    verdict = "passed" if kept else "filtered"
    assert captures.counts == {PASSED: 1, f"too-long-filter/{verdict}": 1}
    assert len(captures.outcomes) == kept


def test_a_delimiter_in_the_body_makes_two_captures():
    body = GOOD + f"WARC/1.0\nWARC-Target-URI: http://b.example/\nWARC-Date: {DATE}\n" + GOOD
    captures = cleaned(record(body))
    assert captures.priority == [md5(URL), md5("http://b.example/")]
    assert passed(captures).texts == [GOOD.strip().encode()] * 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", " \n", "\nWARC\n"])
def test_any_path_gives_what_the_rule_book_gives(end):
    lines = [*GOOD.split("\n"), "Home", "Four words are few.", "[1] Who uses cookies on a boat?"]
    block = end.join(lines)
    captures = cleaned(record(block))
    book = clean_page(page_text(block.replace("WARC\n", "")))
    assert passed(captures).texts == [book.utf8]
    assert captures.line_counts == [book.line_counts]


def test_batches_follow_each_other_and_lose_nothing():
    block = GOOD + "menu\n" * 20_000
    captures = list(clean_captures((record(block) for _ in range(7)), EN))
    assert len(captures) > 1
    assert sum(len(batch.outcomes) for batch in captures) == 7
    assert all(text == GOOD.strip().encode() for batch in captures for text in passed(batch).texts)


def test_no_records_give_one_empty_batch_of_arrays():
    signatures = cleaned().arrays(0)
    assert signatures.url_digest.shape == (0, 2)
    assert signatures.forms[TextForm.CLEANED].span_digest.shape == (0, 2)
    assert signatures.line_counts.shape == (0, len(LINE_RULES))


def test_arrays_hold_what_later_stages_must_know():
    held_out = "http://plainscience.example/answers/154"
    captures = cleaned(
        record("Home\n"), record(GOOD), record(GOOD + GOOD, header_lines(url=held_out))
    )
    signatures = captures.arrays(40)
    assert signatures.outcome.tolist() == [
        Outcome.TOO_FEW_SENTENCES,
        Outcome.PASSED,
        Outcome.PASSED,
    ]
    of_form = signatures.forms[TextForm.CLEANED]
    assert of_form.row.tolist() == [41, 42]
    assert of_form.spans.tolist() == [3, 6]
    assert signatures.priority.tolist() == pack_digests(captures.priority).tolist()
    by_rule = [dict(zip(LINE_RULES, row, strict=True)) for row in signatures.line_counts.tolist()]
    none = dict.fromkeys(LINE_RULES, 0)
    assert by_rule == [none | {NO_ENDMARK: 1}, none | {LINE_PASSED: 3}, none | {LINE_PASSED: 6}]
    first, second = of_form.span_digest[:3], of_form.span_digest[3:]
    assert np.array_equal(np.concatenate([first, first]), second)
    names = [name for name in Signatures.__dataclass_fields__ if name != "forms"]
    dtypes = {name: getattr(signatures, name).dtype for name in names}
    dtypes |= {name: getattr(of_form, name).dtype for name in TextSignatures.__dataclass_fields__}
    assert dtypes == {
        "url_digest": np.uint64,
        "priority": np.uint64,
        "captured": TIME,
        "marks": np.uint8,
        "outcome": np.uint8,
        "line_counts": np.uint32,
        "row": np.uint32,
        "spans": np.uint32,
        "span_digest": np.uint64,
    }


LONG = "\n".join(["A line of two hundred characters. " * 6] * 3)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\nWARC\n"])
@pytest.mark.parametrize("block", [GOOD, LONG, LONG + "\nshort", "é" + LONG])
def test_whole_text_is_kept_of_every_page_or_of_those_with_paragraphs(block, end):
    text = page_text(block)
    part = record(block.replace("\n", end))
    noclean, multilingual = VARIANTS["en.noclean"], VARIANTS["multilingual"]
    every = cleaned(part, rules=CaptureRules(REFERENCE, (noclean.scope(),)))
    assert every.forms[TextForm.RAW].texts == [text.encode()]
    assert every.forms[TextForm.RAW].span_digests == [b""]
    only_long = cleaned(part, rules=CaptureRules(REFERENCE, (multilingual.scope(),)))
    is_long = block is not GOOD
    assert only_long.marks == [HAS_PARAGRAPHS * is_long]
    assert only_long.forms[TextForm.RAW].texts == [text.encode()] * is_long
    digests = [digest_lines(text.lower().encode())] * is_long
    assert only_long.forms[TextForm.RAW].span_digests == digests
    assert TextForm.CLEANED not in only_long.forms


def test_forms_of_several_variants_stand_side_by_side():
    scopes = tuple(VARIANTS[name].scope() for name in ("en", "en.noclean", "multilingual"))
    captures = cleaned(record(GOOD), record(LONG), rules=CaptureRules(REFERENCE, scopes))
    assert captures.forms[TextForm.CLEANED].rows == captures.forms[TextForm.RAW].rows == [0, 1]
    assert captures.marks == [0, HAS_PARAGRAPHS]


def test_line_digests_are_of_single_lines():
    assert digest_lines(b"a\nb") == xxhash.xxh3_128_digest(b"a") + xxhash.xxh3_128_digest(b"b")
    assert len(digest_lines(b"a\n\nb")) == 48


def rules_of(settings: SpecSettings, *variants: str, **more: object) -> CaptureRules:
    """How a run of these variants treats captures; of `en` if none is named."""
    scopes = tuple(VARIANTS[name].scope() for name in variants or ("en",))
    return CaptureRules(settings, scopes, **more)


@pytest.mark.parametrize(
    ("url", "rule", "mark"),
    [
        ("http://www.news.com/x", "passed", ON_REALNEWS),
        ("http://sport.daily.com/x", "passed", ON_REALNEWS),
        ("http://food.daily.com/x", "filtered:bad_subdomain", 0),
        ("http://other.com/x", "filtered:bad_domain", 0),
    ],
)
def test_pages_of_news_domains_are_marked_and_all_are_counted(url, rule, mark):
    domains = Domains({"news.com": True, "daily.com": ["sport"]})
    rules = rules_of(REFERENCE, "realnewslike", domains=domains)
    captures = cleaned(record("Home\n", header_lines(url)), rules=rules)
    assert captures.marks == [mark]
    assert captures.counts == {PASSED: 1, WITHIN: 1, f"realnews-domain-filter/{rule}": 1}


def test_bad_words_of_whole_pages_are_marked_on_those_that_cleaning_keeps():
    words = Matcher(BadWords.of("en", ("kinky",)))
    rules = rules_of(SPECS["paper"].settings, page_words=words)
    blocks = (GOOD, GOOD + "kinky\n", "kinky\n", GOOD + "KINKY\n")
    captures = cleaned(*map(record, blocks), rules=rules)
    assert captures.marks == [0, HAS_BAD_WORDS, 0, HAS_BAD_WORDS]
    assert passed(captures).rows == [0, 1, 3]


def test_a_page_is_compared_by_spans_of_sentences_where_the_spec_says_so():
    rules = rules_of(SPECS["paper"].settings)
    block = GOOD + "Home\nAll danced. All of them sang along.\n"
    captures = cleaned(record(block), rules=rules)
    text = GOOD + "All danced. All of them sang along."
    assert passed(captures).texts == [text.encode()]
    assert passed(captures).span_digests == [digest_spans(text)]
    assert captures.arrays(0).forms[TextForm.CLEANED].spans.tolist() == [3]


def test_whole_pages_are_compared_by_lines_whatever_the_spec():
    long_lines = "\n".join(["A line of two hundred characters. " * 6] * 3)
    captures = cleaned(record(long_lines), rules=rules_of(SPECS["paper"].settings, "multilingual"))
    digests = digest_lines(page_text(long_lines).lower().encode())
    assert captures.forms[TextForm.RAW].span_digests == [digests]


@pytest.mark.parametrize(
    ("block", "swallowed"),
    [
        ("Content-ment is what we all sell.\n" + GOOD, GOOD),
        (GOOD + "WARC/1.0\n", GOOD),
        ("WARC-Target-URI: http://b.example/\n" + GOOD, GOOD),
        ("WARC/1.0\nThe rest belongs to another page.\n", ""),
    ],
)
def test_header_like_lines_stay_where_the_spec_says_so(block, swallowed):
    settings = replace(REFERENCE, body_headers=BodyHeaders.KEPT)
    captures = cleaned(record(block), rules=rules_of(settings, "en.noclean"))
    assert captures.forms[TextForm.RAW].texts == [page_text(block).encode()]
    assert [headers.url for headers in captures.forms[TextForm.RAW].headers] == [URL]
    assert captures.counts == {PASSED: 1, WITHIN: 1, "fixed/body_headers": 1}
    reference = cleaned(record(block), rules=rules_of(REFERENCE, "en.noclean"))
    expected = [swallowed.strip().encode()] if swallowed else []
    assert reference.forms[TextForm.RAW].texts == expected


@pytest.mark.parametrize(
    ("most", "block", "fits"),
    [
        (0, "x" * 300_000, True),
        (5, "abcde\n", True),
        (5, "abcdef\n", False),
        (5, "日本語日本\n", True),
        (5, "日本語日本語", False),
        (3, "a  \n\n b", True),
        (3, "a  \n\n bc", False),
        (3, "a\x0bb", True),
        (3, "a\x0bbc", False),
    ],
)
def test_how_long_a_page_may_be_is_a_choice(most, block, fits):
    captures = cleaned(record(block), rules=rules_of(replace(REFERENCE, max_page_chars=most)))
    verdict = "passed" if fits else "filtered"
    assert captures.counts == {PASSED: 1, f"too-long-filter/{verdict}": 1}
    assert len(captures.outcomes) == fits


def test_urls_are_normalized_as_the_spec_says():
    url = "HTTP://www.a.example/?reference=1&ref=2"
    fixed = cleaned(record(GOOD, header_lines(url)), rules=rules_of(SPECS["fixed"].settings))
    assert fixed.url_digest == [md5("a.example/?reference=1")]
    assert fixed.priority == [md5(url)]
    reference = cleaned(record(GOOD, header_lines(url)))
    assert reference.url_digest == [md5("HTTP://www.a.example")]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\nWARC\n"])
def test_pages_are_cleaned_as_the_spec_says_on_any_path(spec, end):
    settings = SPECS[spec].settings
    lines = [
        *GOOD.splitlines(), "Home", "Four words are few.", "[1] Who sails on a boat?",
        "An array [] is shown here.", "She said: “All sail at ten.”", "And then there were none...",
        "x" * 1001 + " is a word too long.",
    ]  # fmt: skip
    captures = cleaned(record(end.join(lines)), rules=rules_of(settings))
    text = end.join(lines)
    if settings.body_headers is BodyHeaders.SWALLOWED:
        text = text.replace("WARC\n", "")
    book = clean_page(page_text(text), settings.clean_rules())
    assert passed(captures).texts == [book.utf8]
    assert captures.line_counts == [book.line_counts]
    assert (book == clean_page(page_text(text))) is (spec == "tfds-3.1.0")


@pytest.mark.parametrize(
    ("variants", "forms", "realnews", "keeps_raw"),
    [
        (("en",), (TextForm.CLEANED,), False, False),
        (("en.noclean",), (TextForm.RAW,), False, True),
        (("multilingual",), (TextForm.RAW,), False, False),
        (("realnewslike", "multilingual"), (TextForm.CLEANED, TextForm.RAW), True, False),
        (tuple(VARIANTS), (TextForm.CLEANED, TextForm.RAW), True, True),
    ],
)
def test_a_run_keeps_what_its_variants_need(variants, forms, realnews, keeps_raw):
    rules = rules_of(REFERENCE, *variants)
    assert rules.forms() == forms
    assert rules.has(REALNEWS_DOMAIN) is realnews
    assert rules.keeps_raw() is keeps_raw


def test_every_page_with_a_url_leaves_the_place_of_its_record():
    """Also one that reading drops: it leaves no capture, and is asked for all the same."""
    rules = replace(EN, settings=replace(REFERENCE, max_page_chars=len(GOOD)))
    parts = [record(text, offset=at * 100) for at, text in enumerate((GOOD, GOOD * 2, ""))]
    parts.append(record(GOOD, header_lines(url=None), offset=300))
    captures = cleaned(*parts, rules=rules)
    expected = [
        PageRecord(URL, 0, 0),
        PageRecord(URL, 100, 0, "too-long-filter/filtered"),
        PageRecord(URL, 200, 0, "split-wet-file/filtered:no_content"),
    ]
    assert captures.records == expected == Records.of(expected).rows()
    assert len(captures.captured) == 1 and Records.of([]).rows() == []
