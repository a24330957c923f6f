"""Language identifiers, and pages kept or dropped by their result."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from langdetect_rs import _core as langdetect_core
from langdetect_rs._seed import seed_state

from cleaning.filters.langdetect.profiles import load_profiles
from cleaning.filters.language import (
    ENGLISH_RULE,
    IDENTIFIERS,
    MIN_ENGLISH_PROBABILITY,
    MIN_LANGUAGE_PROBABILITY,
    Doubt,
    Identified,
    LanguageModelError,
    UncertainLanguage,
    _bundled_model,
    _load_langdetect,
    english_rules,
    language_rules,
)
from cleaning.languages import MC4_LANGUAGES
from cleaning.rules import FAMILIES, RULES
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import reference_pages
from cleaning.wet.records import Record, read_records
from tests.cleaning.filters.passages import PASSAGES

IGNORED = "english-filter/filtered:ignored_language"
NAMES = {rule.name for rule in RULES}
SHORT = "The last ferry leaves the old harbour at ten. Die letzte Fähre fährt um zehn."


def identify(name: str, text: str) -> Identified:
    return IDENTIFIERS[name].load(None)(text)


def test_the_table_is_by_name_and_says_what_each_is():
    assert list(IDENTIFIERS) == ["langdetect", "cld3", "fasttext"]
    for name, row in IDENTIFIERS.items():
        assert row.name == name and row.meaning


@pytest.mark.parametrize("language", PASSAGES)
@pytest.mark.parametrize("name", IDENTIFIERS)
def test_each_identifier_tells_languages_and_mc4_has_one_code_for_each(name, language):
    found = identify(name, PASSAGES[language])
    assert found.doubt is Doubt.NONE and 0.6 < found.probability <= 1
    kept, rules = language_rules(found, MC4_LANGUAGES, min_probability=0.6)
    assert (kept, rules[-1]) == (language, f"language-filter/passed:{language}")


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_an_identifier_is_loaded_once(name):
    assert IDENTIFIERS[name].load(None) is IDENTIFIERS[name].load(None)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_the_same_text_is_judged_the_same_whatever_came_before(name):
    assert len({identify(name, text) for text in (SHORT, PASSAGES["ja"], SHORT) * 5}) == 2


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "12345 67.89 !?", "http://a.example/"])
def test_a_text_without_words_is_of_no_language(name, text):
    found = identify(name, text)
    assert found.doubt is not Doubt.NONE or found.probability < 0.3
    assert english_rules(found) != (ENGLISH_RULE,)
    assert language_rules(found, MC4_LANGUAGES)[0] == "und"


@pytest.mark.parametrize("language", ["en", "de", "ru", "no"])
def test_cld3_judges_no_text_of_fewer_than_100_bytes(language):
    """It adds a space or two to the text, so that 98 bytes may be enough."""
    text = PASSAGES[language].encode()
    for size in (20, 60, 90, 97):
        found = identify("cld3", text[:size].decode(errors="ignore"))
        assert found == Identified("", 0.0, Doubt.NO_PREDICTION)
    assert identify("cld3", text[:100].decode(errors="ignore")).doubt is Doubt.NONE


def test_cld3_looks_at_parts_of_texts_of_more_than_10_000_bytes():
    """Longer texts are sampled in five places; the text between them is not read."""
    filler, odd = PASSAGES["en"] * 200, PASSAGES["de"] * 2
    assert identify("cld3", filler[:12_500] + odd + filler[12_500:]).language == "en"


def test_fasttext_takes_lines_for_spaces():
    text = PASSAGES["de"]
    assert identify("fasttext", text.replace(" ", "\n")) == identify("fasttext", text)


def test_a_model_may_be_given():
    identify_by_file = IDENTIFIERS["fasttext"].load(_bundled_model())
    assert identify_by_file(PASSAGES["ja"]) == identify("fasttext", PASSAGES["ja"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file; expected a fastText model"),
        (b"", "not a fastText classifier: .*; expected a file such as lid.176.bin"),
        (b"<html>Not Found</html>" * 9, "not a fastText classifier: .*wrong file format"),
    ],
)
def test_a_file_that_is_no_model_is_named(tmp_path, content, said):
    path = tmp_path / "lid.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LanguageModelError, match=rf"^--lid_model={path}: {said}"):
        IDENTIFIERS["fasttext"].load(str(path))


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(LanguageModelError, match=rf"^--lid_model={tmp_path}: no such file"):
        IDENTIFIERS["fasttext"].load(str(tmp_path))


LOW_ENGLISH = "english-filter/filtered:low_confidence"
NO_ENGLISH = "english-filter/filtered:no_predictions"


@pytest.mark.parametrize(
    ("found", "rules"),
    [
        (Identified("en", 1.0), (ENGLISH_RULE,)),
        (Identified("en", 0.99), (ENGLISH_RULE,)),
        (Identified("en", 0.98999), (LOW_ENGLISH,)),
        (Identified("de", 0.5), (LOW_ENGLISH,)),
        (Identified("de", 0.99), (IGNORED, f"{IGNORED}-de")),
        (Identified("zh-cn", 1.0), (IGNORED, f"{IGNORED}-zh-cn")),
        (
            Identified("", 0.0, Doubt.NO_FEATURES),
            ("english-filter/filtered:langdetect_exception",),
        ),
        (Identified("", 0.0, Doubt.NO_PREDICTION), (NO_ENGLISH,)),
        (Identified("en", 1.0, Doubt.NO_PREDICTION), (NO_ENGLISH,)),
    ],
)
def test_only_what_is_surely_english_passes(found, rules):
    assert english_rules(found) == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("The last ferry to the island leaves at ten.", (ENGLISH_RULE,)),
        ("Die letzte Fähre zur Insel fährt um zehn Uhr.", (IGNORED, f"{IGNORED}-de")),
        ("이 배는 열 시에 섬으로 떠난다.", (IGNORED, f"{IGNORED}-ko")),
        ("", ("english-filter/filtered:langdetect_exception",)),
        ("12345 67.89 !?", ("english-filter/filtered:langdetect_exception",)),
        ("http://a.example/ b@a.example", ("english-filter/filtered:langdetect_exception",)),
        (SHORT, (LOW_ENGLISH,)),
    ],
)
def test_only_plainly_english_text_passes(text, rules):
    assert english_rules(identify("langdetect", text)) == rules


@pytest.mark.parametrize(("least", "passes"), [(0.0, True), (0.8, True), (0.81, False)])
def test_how_sure_english_must_be_is_a_choice(least, passes):
    assert (english_rules(Identified("en", 0.8), least) == (ENGLISH_RULE,)) is passes


def passed(language: str, *before: str) -> tuple[str, tuple[str, ...]]:
    """The result for a page that is kept under a language."""
    rules = (*before, "language-filter/passed", f"language-filter/passed:{language}")
    return language, rules


LOW, NONE = "language-filter/filtered:low_confidence", "language-filter/filtered:no_predictions"
OTHER = "language-filter/filtered:ignored_language"
UNRELIABLE = Identified("", 0.0, Doubt.NO_PREDICTION)


@pytest.mark.parametrize(
    ("found", "languages", "kept", "dropped"),
    [
        (Identified("de", 1.0), ("de", "en"), passed("de"), passed("de")),
        (Identified("de", 0.95), ("de", "en"), passed("de"), passed("de")),
        (Identified("de", 0.9499), ("de", "en"), passed("und", LOW), ("", (LOW,))),
        (Identified("hr", 0.5), ("de", "en"), passed("und", LOW), ("", (LOW,))),
        (UNRELIABLE, ("de", "en"), passed("und", NONE), ("", (NONE,))),
        (
            Identified("", 0.0, Doubt.NO_FEATURES),
            ("de", "en"),
            passed("und", NONE),
            ("", (NONE,)),
        ),
        (Identified("hr", 1.0), ("de", "en"), ("", (OTHER,)), ("", (OTHER,))),
        (Identified("en", 1.0), ("de",), ("", (OTHER,)), ("", (OTHER,))),
        (Identified("und", 1.0), ("de",), ("", (OTHER,)), ("", (OTHER,))),
        (Identified("nn", 1.0), ("no",), passed("no"), passed("no")),
        (Identified("zh-tw", 1.0), ("zh",), passed("zh"), passed("zh")),
        (Identified("ru-Latn", 1.0), ("ru",), ("", (OTHER,)), ("", (OTHER,))),
    ],
)
def test_a_page_is_kept_under_its_language_or_as_und(found, languages, kept, dropped):
    assert language_rules(found, languages) == kept
    assert language_rules(found, languages, uncertain=UncertainLanguage.KEPT) == kept
    assert language_rules(found, languages, uncertain=UncertainLanguage.DROPPED) == dropped


@pytest.mark.parametrize(("least", "language"), [(0.0, "de"), (0.7, "de"), (0.71, "und")])
def test_how_sure_a_language_must_be_is_a_choice(least, language):
    assert language_rules(Identified("de", 0.7), ("de",), least)[0] == language


def test_the_reference_asks_for_99_and_95_percent():
    assert (MIN_ENGLISH_PROBABILITY, MIN_LANGUAGE_PROBABILITY) == (0.99, 0.95)


@pytest.mark.parametrize("doubt", Doubt)
@pytest.mark.parametrize("language", ["en", "de", "hr"])
@pytest.mark.parametrize("probability", [0.1, 1.0])
def test_every_outcome_is_a_rule_of_the_table(doubt, language, probability):
    found = Identified(language, probability, doubt)
    met = {*english_rules(found), *language_rules(found, ("de", "en"))[1]}
    for rule in met - NAMES:
        row = next(row for family, row in FAMILIES.items() if family.fullmatch(rule))
        assert row in met


PROFILES = sorted(langdetect_core.builtin_files())
DETECTORS = {
    (order, exact_sums): (profiles, exact_sums)
    for order, profiles in {"names": PROFILES, "reversed": PROFILES[::-1]}.items()
    for exact_sums in (False, True)
}


def detector(profiles: list[str], exact_sums: bool) -> Callable[[str], tuple[str, float]]:
    """langdetect's best language by profiles in this order, with the sums of Python 3.12 or not."""
    factory = langdetect_core.Factory(exact_sums, "14.0.0")
    factory.load_builtin(profiles)
    return lambda text: (factory.detect_langs(text, seed_state(0)) or [("", 0.0)])[0]


def mixtures() -> Iterator[str]:
    """Texts of one language, and of two in many shares."""
    for number, text in enumerate(PASSAGES.values()):
        for size in range(0, len(PASSAGES["en"]), 9):
            yield PASSAGES["en"][:size] + text[number:]


def test_the_order_of_profiles_and_the_sums_are_those_stated_whatever_is_installed(monkeypatch):
    """The package langdetect, where it is found, must not decide the order."""
    monkeypatch.setattr(os, "listdir", lambda _: pytest.fail("a folder's order is the disk's"))
    load_profiles.cache_clear()
    identify_anew = _load_langdetect.__wrapped__(None)
    stated = detector(PROFILES, False)
    others = {name: detector(*row) for name, row in DETECTORS.items()}
    differ = Counter()
    for text in mixtures():
        found = identify_anew(text)
        assert (found.language, found.probability) == stated(text)
        for name, other in others.items():
            language, probability = other(text)
            assert language == found.language
            assert probability == pytest.approx(found.probability, rel=1e-12)
            differ[name] += probability != found.probability
    assert differ.pop(("names", False)) == 0
    assert all(differ.values()), "orders and sums show in the last bits"


@pytest.mark.slow
def test_no_page_is_judged_otherwise_by_another_order_or_other_sums(shared_data):
    identify_page = IDENTIFIERS["langdetect"].load(None)
    others = [detector(*row) for row in DETECTORS.values()]
    count = 0
    for file in sorted((shared_data / "wet").glob("*.gz")):
        for record in read_records(inflate(io.BytesIO(file.read_bytes()))):
            for page in reference_pages(record) if isinstance(record, Record) else ():
                found = identify_page(page.text)
                for other in others if found.doubt is Doubt.NONE else ():
                    assert english_rules(Identified(*other(page.text))) == english_rules(found)
                count += 1
    assert count > 7_000
