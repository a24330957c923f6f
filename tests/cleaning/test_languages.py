"""Language codes."""

import fasttext
import langdetect_rs
import pytest

from cleaning.filters.language import _bundled_model
from cleaning.languages import MC4_CODES, MC4_LANGUAGES, UNKNOWN_LANGUAGE


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
    factory = langdetect_rs.DetectorFactory()
    factory.load_profile(langdetect_rs.PROFILES_DIRECTORY)
    told = {MC4_CODES.get(code, code) for code in factory.get_lang_list()}
    assert told - set(MC4_LANGUAGES) == {"hr"}
    assert len(told) == 54  # of 55: both kinds of Chinese are one


def test_most_languages_of_mc4_are_among_those_of_fasttext():
    labels, _ = fasttext.load_model(_bundled_model()).predict("a", k=200)
    told = {label.removeprefix("__label__") for label in labels}
    missing = {language for language in MC4_LANGUAGES if "Latn" not in language}
    missing -= {MC4_CODES.get(code, code) for code in told}
    assert missing == {"ha", "haw", "hmn", "ig", "mi", "ny", "sm", "sn", "st", "xh", "zu"}
