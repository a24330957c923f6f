"""The languages of mC4 by both: cld3 as TFDS's DoFn runs it, and as ours does."""

from collections import Counter
from itertools import islice
from random import Random

import pytest
from hypothesis import example, given

from cleaning.filters.language import IDENTIFIERS, Doubt, UncertainLanguage, language_rules
from cleaning.languages import MC4_LANGUAGES
from tests.cleaning.filters.passages import PASSAGES
from tests.reference import strategies
from tests.reference.filters import LanguageFilter
from tests.reference.reference import c4_utils, counting
from tests.reference.strategies import LANGUAGES, examples

IDENTIFY = IDENTIFIERS["cld3"].load(None)
ENGLISH = LANGUAGES[0] * 3


ALL = LanguageFilter(MC4_LANGUAGES)
SOME = {
    languages: LanguageFilter(languages) for languages in (("de",), ("en", "ru"), ("ja-Latn",), ())
}


def ours(text: str, languages: tuple[str, ...]) -> tuple[str, Counter[str]]:
    """The same of ours."""
    language, rules = language_rules(IDENTIFY(text), languages)
    return language, Counter(rules)


@examples(500)
@given(strategies.language_texts | strategies.long_language_texts | strategies.pages)
@example("")
@example("\x00")
@example(ENGLISH[:97])
@example(ENGLISH[:98])
@example(ENGLISH[:99])
@example(ENGLISH[:100])
@example((ENGLISH * 99)[:9_999])
@example((ENGLISH * 99)[:10_000])
@example((ENGLISH * 99)[:10_001])
@example(("語" * 3334)[:3333])
@example("語" * 3334)
@example(ENGLISH + "\x00" + "Die letzte Fähre zur Insel fährt um zehn Uhr ab. " * 5)
def test_languages(text):
    assert ours(text, MC4_LANGUAGES) == ALL(text)


@examples(200)
@given(strategies.long_language_texts)
@pytest.mark.parametrize("languages", SOME, ids="+".join)
def test_restricted_languages(languages, text):
    assert ours(text, languages) == SOME[languages](text)


@examples(200)
@given(strategies.long_language_texts)
@pytest.mark.parametrize("languages", SOME, ids="+".join)
def test_uncertain_languages_alone_are_dropped_where_the_reference_calls_them_und(languages, text):
    language, counts = SOME[languages](text)
    dropped, rules = language_rules(IDENTIFY(text), languages, uncertain=UncertainLanguage.DROPPED)
    assert dropped == ("" if language == "und" else language)
    assert Counter(rules) == Counter(
        {name: count for name, count in counts.items() if dropped or "passed" not in name}
    )


def assert_same_probability(text: str) -> bool:
    """The same language to the last bit of its probability; True if one is told."""
    theirs, found = ALL.detector().FindLanguage(text), IDENTIFY(text)
    assert (found.doubt is Doubt.NONE) is theirs.is_reliable
    if theirs.is_reliable:
        assert (found.language, found.probability) == (theirs.language, theirs.probability)
    return theirs.is_reliable


@pytest.mark.parametrize("size", [97, 98, 99, 100, 1_000, 9_990, 10_050])
def test_probabilities_of_texts_in_several_languages(size):
    told = 0
    for seed in range(30):
        words = [word for passage in PASSAGES.values() for word in passage.split()]
        text = " ".join(Random(seed).choices(words[seed * 3 :][:40], k=4_000))
        told += assert_same_probability(text.encode()[:size].decode(errors="ignore"))
    assert told > 3 or size < 98


def test_probabilities_of_real_texts_about_as_long_as_the_longest(shared_data):
    """Of longer ones cld3 sees parts only, so those in several languages come out otherwise."""
    with counting():
        file = sorted((shared_data / "wet").glob("*.gz"))[0]
        texts = [page.text[:2_500] for page in islice(c4_utils.split_wet_file(str(file)), 300)]
    told = 0
    for number in range(0, 290, 10):
        text = "\n".join(texts[number : number + 10]).encode()
        for size in (9_200, 9_990, 10_010, 11_000):
            told += assert_same_probability(text[:size].decode(errors="ignore"))
    assert told > 50


def test_generated_texts_are_of_all_kinds():
    """A property that only ever sees one outcome proves little."""
    met: Counter[str] = Counter()

    @examples(300)
    @given(strategies.long_language_texts)
    def collect(text: str) -> None:
        met.update(ALL(text)[1])

    collect()
    assert met["language-filter/filtered:no_predictions"] > 10
    assert met["language-filter/filtered:low_confidence"] > 2
    assert len({name for name in met if name.startswith("language-filter/passed:")}) > 8


def test_languages_of_real_pages(shared_data):
    met = Counter()
    for file in sorted((shared_data / "wet").glob("*.gz"))[:2]:
        with counting():
            pages = list(islice(c4_utils.split_wet_file(str(file)), 0, 240, 3))
        for page in pages:
            for end in (80, 98, 101, 300, len(page.text)):
                theirs = ALL(page.text[:end])
                assert ours(page.text[:end], MC4_LANGUAGES) == theirs
                met.update(theirs[1])
    assert len({name for name in met if name.startswith("language-filter/passed:")}) > 12
    assert met["language-filter/filtered:no_predictions"] > 10
    assert met["language-filter/filtered:low_confidence"] > 10
