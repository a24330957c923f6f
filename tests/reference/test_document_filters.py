"""Finished texts by both: language, then bad words, then split, variant beside variant."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaning.document_filters import Resources, accepted, accepted_of_many, load_filters
from cleaning.filters.documents import Decision, Document, Page
from cleaning.languages import MC4_LANGUAGES
from cleaning.specs import REFERENCE
from cleaning.urls import md5
from cleaning.variants import ENGLISH, LANGUAGE, VARIANTS, TextForm, Variant, find_variant
from tests.cleaning.filters.passages import PASSAGES
from tests.reference import filters, strategies
from tests.reference.filters import OURS, TEXTS, THEIRS, URLS
from tests.reference.reference import PageFeatures, c4_utils, counting
from tests.reference.strategies import examples

FILTERS = load_filters([*VARIANTS.values()], Resources(REFERENCE, bad_words=OURS))
SINGLE = tuple(find_variant(f"mc4.{language}") for language in ("de", "en", "ja", "ru"))
LANGUAGE_FILTERS = {
    languages: filters.LanguageFilter(languages)
    for languages in (MC4_LANGUAGES, *(variant.languages for variant in SINGLE))
}
Verdict = tuple[str, Counter[str]]
"""The language under which a variant keeps a text, "" if it does not; what is counted."""


def reference_english(text: str, fraction: float) -> Verdict:
    """Of the reference's English configurations; fraction 0 for those that keep bad words."""
    with counting() as counts:
        kept = list(c4_utils.detect_english(PageFeatures(text=text)))
    if not kept or not fraction:
        return ("en" if kept else ""), counts
    passes, more = filters.reference_keeps(text, "en", "", fraction)
    return ("en" if passes else ""), counts + more


def reference_languages(text: str, url: str, languages: tuple[str, ...]) -> Verdict:
    """Of the configuration `multilingual`, or the same for fewer languages."""
    language, counts = LANGUAGE_FILTERS[languages](text)
    if not language:
        return "", counts
    passes, more = filters.reference_keeps(text, language, url, 0.999)
    return (language if passes else ""), counts + more


def ours(text: str, url: str, variants: list[Variant]) -> dict[str, Verdict]:
    """Of all these variants at once."""
    page = Page(TextForm.RAW, (text, url, "", "", ""), md5(url), 0)
    counts: dict[str, Counter[str]] = {variant.name: Counter() for variant in variants}
    kept = accepted(
        Document(page, text), variants, FILTERS, lambda name, rule: counts[name].update([rule])
    )
    languages = {variant.name: language for variant, language in kept}
    assert at_once(Document(page, text.encode()), variants) == (
        languages,
        {(name, rule): n for name, of_variant in counts.items() for rule, n in of_variant.items()},
    )
    return {name: (languages.get(name, ""), counts[name]) for name in counts}


def at_once(document: Document, variants: list[Variant]) -> tuple[dict[str, str], dict]:
    """The language by variant that keeps it, and the counts, as among many documents."""
    counts: Counter[tuple[str, str]] = Counter()
    others = [Document(document.page, text) for text in ("", "The ferry leaves. " * 9)]
    others_counts: Counter[tuple[str, str]] = Counter()
    for _ in accepted_of_many(others, variants, FILTERS, others_counts):
        pass
    many = [others[0], document, others[1]]
    kept = dict(accepted_of_many(many, variants, FILTERS, counts))
    counts.subtract(others_counts)
    languages = {v.name: code for v, left in kept.items() for d, code in left if d is document}
    return languages, {key: n for key, n in counts.items() if n}


_passage = st.sampled_from(sorted(code for code in PASSAGES if code in TEXTS))
_bad_passages = _passage.flatmap(
    lambda code: st.tuples(TEXTS[code], st.just(PASSAGES[code])).map(" ".join)
)
texts = st.one_of(_bad_passages, _bad_passages, strategies.long_language_texts)


@examples(200)
@given(texts, st.sampled_from(URLS), st.permutations([*VARIANTS.values(), *SINGLE]))
def test_every_variant_judges_as_if_it_were_alone(text, url, variants):
    found = ours(text, url, variants)
    for name in ("en", "realnewslike", "webtextlike"):
        assert found[name] == reference_english(text, 1.0)
    for name in ("en.noclean", "en.noblocklist"):
        assert found[name] == reference_english(text, 0.0)
    assert found["multilingual"] == reference_languages(text, url, MC4_LANGUAGES)
    for variant in SINGLE:
        language, counts = reference_languages(text, url, variant.languages)
        if language == "und":  # which the reference would put among the pages of that language
            language, counts = "", Counter({n: c for n, c in counts.items() if "passed" not in n})
        assert found[variant.name] == (language, counts)


@pytest.mark.parametrize("word", sorted(THEIRS["de"] ^ THEIRS["en"])[:40])
def test_each_variant_looks_for_words_of_the_language_that_it_tells(word):
    """The two identifiers may differ about a text: then each has its own list."""

    def told(language):
        return lambda *_: Decision(True, (), language)

    filters_told = FILTERS | {ENGLISH: told("en"), LANGUAGE: told("de")}
    page = Page(TextForm.RAW, (word, "", "", "", ""), md5("a.example/x"), 0)
    both = [VARIANTS["en"], VARIANTS["multilingual"]]
    kept = {
        variant.name: language
        for variant, language in accepted(Document(page, word), both, filters_told, lambda *_: None)
    }
    expected = {"en": "en", "multilingual": "de"}
    for name, language in tuple(expected.items()):
        if not filters.reference_keeps(word, language, "a.example/x", 1.0)[0]:
            del expected[name]
    assert kept == expected


def test_generated_texts_meet_every_kind_of_verdict():
    met: Counter[str] = Counter()

    @examples(200)
    @given(texts, st.sampled_from(URLS))
    def collect(text: str, url: str) -> None:
        for language, counts in ours(
            text, url, [VARIANTS["en"], VARIANTS["multilingual"]]
        ).values():
            met.update([f"kept:{language}", *counts])

    collect()
    for rule in (
        "kept:", "kept:en", "kept:de", "kept:und", "english-filter/passed",
        "english-filter/filtered:low_confidence", "language-filter/filtered:no_predictions",
        "badwords-filter/filtered", "badwords-filter/soft-passed", "badwords-filter/passed",
    ):  # fmt: skip
        assert met[rule] > 2, rule
