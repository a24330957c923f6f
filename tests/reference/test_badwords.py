"""Bad words of all languages by both: the lists, the pages that hold them, the pages that stay."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaning.document_filters import DOCUMENT_FILTERS, Resources
from cleaning.filters.badwords import BadWords, Matcher, WordCase, is_kept_softly
from cleaning.filters.documents import Document, Page
from cleaning.specs import REFERENCE
from cleaning.urls import md5
from cleaning.variants import BAD_WORDS, MULTILINGUAL, SOFT_BAD_WORDS, VARIANTS, TextForm, Variant
from pipelines.sources.public_lists import CARRIED, FETCHED, WORDS_SHA256
from tests.reference.filters import (
    FRACTIONS,
    MATCHERS,
    OURS,
    TEXTS,
    THEIRS,
    URLS,
    reference_keeps,
)
from tests.reference.reference import PageFeatures, c4, c4_utils, counting
from tests.reference.strategies import examples


def ours_keeps(
    text: str, language: str, url: str, fraction: float, variant: Variant = MULTILINGUAL
) -> tuple[bool, Counter]:
    """The same of ours."""
    settings = replace(REFERENCE, soft_bad_words=fraction)
    page = Page(TextForm.RAW, (text, url, "", "", ""), md5(url), 0)
    (name,) = (name for name in variant.filters if name in (BAD_WORDS, SOFT_BAD_WORDS))
    decide = DOCUMENT_FILTERS[name].load(Resources(settings, OURS))
    decision = decide(Document(page, text), variant, language)
    known = Document(page, text.encode())  # of which compiled code finds out at once
    decide.look_ahead([(known, language), (Document(page, "cat"), "en")])
    assert decide(known, variant, language) == decision
    return decision.kept, Counter(decision.rules)


def test_the_reference_names_the_lists_that_ours_have():
    assert sorted(CARRIED | FETCHED) == sorted(c4._BADWORDS_LANGS)


@pytest.mark.parametrize("code", sorted(OURS))
def test_words_are_those_of_the_reference(code):
    assert set(OURS[code].words()) == THEIRS[code]
    assert OURS[code].sha256() == WORDS_SHA256[code]


def test_both_have_lists_of_the_same_languages():
    assert set(OURS) == set(THEIRS)


@pytest.mark.parametrize("code", sorted(OURS))
@examples(60)
@given(st.data(), st.sampled_from(URLS), st.sampled_from(FRACTIONS))
def test_pages_that_hold_bad_words(code, data, url, fraction):
    text = data.draw(TEXTS[code])
    assert ours_keeps(text, code, url, fraction) == reference_keeps(text, code, url, fraction)


FORMS = ("{}", "a {} b", "a{}", "{}b", "é{}", "{}語", "\u3000{}\u0301", "_{}", "{}\u0660", "\n{}\n")


@pytest.mark.parametrize("code", sorted(OURS))
def test_every_word_of_every_list(code):
    found = 0
    for word in OURS[code].words():
        for cased in {word, word.upper(), word.title(), word.replace("k", "\u212a")}:
            for form in FORMS:
                text = form.format(cased)
                kept, counts = reference_keeps(text, code, "a.example/x", 1.0)
                assert ours_keeps(text, code, "a.example/x", 1.0) == (kept, counts), text
                found += not kept
    assert found > len(OURS[code].words())


@examples(150)
@given(
    st.sampled_from(("ja-Latn", "zh-Latn", "ru-Latn", "de-CH-1996", "und", "hr", "EN", "")),
    st.one_of(*(TEXTS[code] for code in ("en", "ja", "zh", "ru", "de"))),
    st.sampled_from(URLS),
)
def test_lists_serve_other_codes_of_their_languages(code, text, url):
    assert ours_keeps(text, code, url, 0.999) == reference_keeps(text, code, url, 0.999)


@examples(200)
@given(TEXTS["en"], st.sampled_from(URLS))
def test_no_page_with_bad_words_stays_in_english_variants(text, url):
    theirs = reference_keeps(text, "en", url, 1.0)
    for fraction in (1.0, 0.5):
        assert ours_keeps(text, "en", url, fraction, VARIANTS["en"]) == theirs


@examples(300)
@given(st.text(max_size=9), st.floats(0, 1))
def test_pages_that_stay_by_the_hash_of_their_url(url, fraction):
    keep = c4_utils.get_badwords_filter_fn({}, fraction).keywords["keep_badword_page"]
    assert is_kept_softly(md5(url), fraction) is keep(PageFeatures(normalized_url=url))


LOWERED = {code: Matcher(words, WordCase.LOWERED) for code, words in OURS.items()}
LOWERED_FILTER = c4_utils.get_badwords_filter_fn(
    {code: {word.lower() for word in words} for code, words in THEIRS.items()}
)


@pytest.mark.parametrize("code", sorted(OURS))
@examples(40)
@given(st.data())
def test_lowered_words_are_found_as_the_reference_would_find_them(code, data):
    text = data.draw(TEXTS[code])
    with counting():
        kept = LOWERED_FILTER(PageFeatures(text=text, language=code))
    assert LOWERED[code].found_in(text) is not kept
    assert LOWERED[code].found_in_all([text.encode()]) == [not kept]


def test_lists_with_capitals_are_those_that_lowering_changes():
    capitals = {
        code for code, words in THEIRS.items() if any(word != word.lower() for word in words)
    }
    changed = {
        code
        for code, words in OURS.items()
        if any(LOWERED[code].found_in(w) != MATCHERS[code].found_in(w) for w in words.words())
    }
    assert changed <= capitals
    assert "es" in changed and "en" not in changed
    unfound = [word for word in THEIRS["es"] if not MATCHERS["es"].found_in(word)]
    assert (len(unfound), len(THEIRS["es"])) == (60, 68)


def test_real_pages_against_every_list(shared_data):
    with counting():
        pages = c4_utils.split_wet_file(str(sorted((shared_data / "wet").glob("*.gz"))[0]))
        some = [page for page in islice(pages, 0, 900, 60) if len(page.text) < 50_000]
    found = Counter()
    for page in some:
        for code in OURS:
            theirs = reference_keeps(page.text, code, page.normalized_url, 1.0)
            assert ours_keeps(page.text, code, page.normalized_url, 1.0) == theirs
            found[theirs[0]] += 1
    assert min(found.values()) > 10


def test_a_list_of_one_word_of_each_kind_is_found_by_both():
    """Words whose every letter is odd: what lowers to ASCII, what has no case, what is no word."""
    words = {
        "k",
        "i",
        "i\u0307",
        "ς",
        "σ",
        "ß",
        "ﬁ",
        "🖕",
        "$$",
        "a b",
        ".",
        "\u0301",
        "性",
        "ｓｍ",
    }
    for language in ("en", "ja"):
        matcher = Matcher(BadWords.of(language, words))
        theirs = c4_utils.get_badwords_filter_fn({language: words})
        for one in [*words, "\u212a", "İ", "I", "K", "Σ", "ΑΣ", "ΑΣ ", "ẞ", "ＳＭ", "a  b", "A B"]:
            for text in (one, f"x{one}", f"{one}x", f" {one}", f"é{one}é", f"{one}\u0301", one * 2):
                with counting():
                    kept = theirs(PageFeatures(text=text, language=language))
                assert matcher.found_in(text) is not kept, (language, text)
