"""Language codes."""

import pytest

from cleaning.language import IDENTIFIERS
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


def test_only_languages_that_mc4_lacks_are_lost_of_those_that_langdetect_tells():
    import langdetect_rs

    IDENTIFIERS["langdetect"].load(None)
    factory = langdetect_rs.DetectorFactory()
    told = {MC4_CODES.get(code, code) for code in factory.get_lang_list()}
    assert told - set(MC4_LANGUAGES) == {"hr"}
