"""Language codes."""

import fasttext
import pytest

from cleaning.filters.langdetect.profiles import load_profiles
from cleaning.filters.language import _bundled_model
from cleaning.languages import (
    _OTHER_CODES,
    MC4_CODES,
    MC4_LANGUAGES,
    UNKNOWN_LANGUAGE,
    explain_code,
    find_mc4_code,
)


def test_mc4_has_107_languages_each_once_in_order():
    assert len(MC4_LANGUAGES) == len(set(MC4_LANGUAGES)) == 107
    assert list(MC4_LANGUAGES) == sorted(MC4_LANGUAGES)


def test_a_language_that_is_not_known_is_none_of_them():
    assert UNKNOWN_LANGUAGE == "und"
    assert UNKNOWN_LANGUAGE not in MC4_LANGUAGES


@pytest.mark.parametrize(("code", "language"), MC4_CODES.items())
def test_codes_of_other_identifiers_lead_to_languages_of_mc4(code, language):
    assert language in MC4_LANGUAGES
    assert code not in MC4_LANGUAGES


def test_all_languages_that_langdetect_tells_but_croatian_are_of_mc4():
    told = {MC4_CODES.get(code, code) for code in load_profiles().languages}
    assert told - set(MC4_LANGUAGES) == {"hr"}
    assert len(told) == 54  # of 55: both kinds of Chinese are one


def test_most_languages_of_mc4_are_among_those_of_fasttext():
    labels, _ = fasttext.load_model(_bundled_model()).predict("a", k=200)
    told = {label.removeprefix("__label__") for label in labels}
    missing = {language for language in MC4_LANGUAGES if "Latn" not in language}
    missing -= {MC4_CODES.get(code, code) for code in told}
    assert missing == {"ha", "haw", "hmn", "ig", "mi", "ny", "sm", "sn", "st", "xh", "zu"}


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("he", "iw"),
        ("heb", "iw"),
        ("nb", "no"),
        ("nno", "no"),
        ("tl", "fil"),
        ("zh-CN", "zh"),
        ("zh_Hans", "zh"),
        ("pt-BR", "pt"),
        ("DE", "de"),
        ("deu", "de"),
        ("ru-latn", "ru-Latn"),
        ("xx", None),
        ("", None),
    ],
)
def test_a_code_leads_to_that_of_cld3(code, known):
    assert find_mc4_code(code) == known
    if known:
        assert explain_code(code).endswith(f"calls it {known!r}; did you mean mc4.{known}?")


def test_every_other_code_leads_to_a_language_of_mc4():
    assert {find_mc4_code(code) for code in _OTHER_CODES} <= set(MC4_LANGUAGES)
    assert not _OTHER_CODES.keys() & {*MC4_LANGUAGES, *MC4_CODES}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("und", "it is no language, but a split of multilingual"),
        ("dk", "Near ones: da, de"),
        ("hx", "Near ones: ha, haw, hi"),
        ("", "Near ones: af, am, ar"),
    ],
)
def test_a_code_that_no_language_has_is_told_with_near_ones(code, said):
    assert said in explain_code(code)
