"""Specs and the settings they are made of."""

import re
from dataclasses import fields, replace
from enum import StrEnum
from typing import get_type_hints

import pytest

from cleaning.dedup.spans import SpanUnit
from cleaning.filters.badwords import WordCase
from cleaning.filters.clean import REFERENCE_RULES, Citation, CleanRules, Ellipsis, RuleScope
from cleaning.filters.language import IDENTIFIERS, UncertainLanguage
from cleaning.rules import RULES
from cleaning.specs import (
    CUSTOM_DATASET,
    EXTRA_DATASET,
    FIXES,
    REFERENCE,
    RELEASE_NOTES,
    SETTINGS,
    SPECS,
    BadWordsScope,
    SettingError,
    SpecSettings,
)
from cleaning.urls import SchemeCase, SchemePlace, Tracking, UrlRules
from cleaning.wet.pages import BodyHeaders

NAMES = [field.name for field in fields(SpecSettings)]
KINDS = get_type_hints(SpecSettings)
ENUMS = [name for name, kind in KINDS.items() if issubclass(kind, StrEnum)]
NUMBERS = [name for name, kind in KINDS.items() if kind in (int, float)]
FRACTIONS = [name for name, kind in KINDS.items() if kind is float]


def differences(settings: SpecSettings) -> dict[str, object]:
    """Settings that differ from the reference."""
    found = {name: getattr(settings, name) for name in NAMES}
    return {name: value for name, value in found.items() if value != getattr(REFERENCE, name)}


def test_every_choice_is_explained_in_the_order_of_the_fields():
    assert list(SETTINGS) == NAMES


@pytest.mark.parametrize("name", SETTINGS)
def test_every_choice_says_what_it_means_and_where_the_reference_decides_it(name):
    row = SETTINGS[name]
    assert row.meaning and len(row.meaning.splitlines()) == 1
    assert row.reference.startswith("c4_utils.")
    assert row.paper == "" or re.match(r"(2\.2|mT5, 3\.1): ", row.paper)


@pytest.mark.parametrize("name", ENUMS)
def test_the_values_of_a_closed_choice_can_be_typed(name):
    assert len(KINDS[name]) > 1
    assert all(re.fullmatch("[a-z_]+", member.value) for member in KINDS[name])
    assert getattr(REFERENCE, name) in KINDS[name]


def test_specs_stand_by_their_names():
    assert list(SPECS) == ["tfds-3.1.0", "paper", "fixed"]
    for name, spec in SPECS.items():
        assert spec.name == name and spec.meaning


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_spec_has_a_note_for_its_version(spec):
    assert RELEASE_NOTES[spec.name][spec.version]
    assert re.fullmatch(r"\d+\.\d+\.\d+", spec.version)


def test_notes_are_of_specs_that_there_are():
    assert set(RELEASE_NOTES) == set(SPECS)


def test_no_two_specs_share_a_dataset():
    datasets = [spec.dataset for spec in SPECS.values()]
    assert len({*datasets, CUSTOM_DATASET, EXTRA_DATASET}) == len(datasets) + 2
    assert all(re.fullmatch("[a-z0-9_]+", name) for name in datasets)


def test_choices_left_alone_are_the_reference():
    assert SpecSettings() == REFERENCE == SPECS["tfds-3.1.0"].settings
    assert REFERENCE.clean_rules() == REFERENCE_RULES == CleanRules()
    assert REFERENCE.url_rules() == UrlRules()


def test_the_paper_differs_in_what_it_says_otherwise():
    assert differences(SPECS["paper"].settings) == {
        "max_page_chars": 0,
        "page_rules": RuleScope.PAGE,
        "max_word_chars": 0,
        "end_marks": '.?!"”',
        "ellipsis": Ellipsis.KEPT,
        "dedupe_unit": SpanUnit.THREE_SENTENCES,
        "languages_probability": 0.7,
        "uncertain_language": UncertainLanguage.DROPPED,
        "bad_words_scope": BadWordsScope.PAGE,
        "soft_bad_words": 1.0,
    }


def test_fixed_differs_in_its_switches_only():
    assert differences(SPECS["fixed"].settings) == {
        "body_headers": BodyHeaders.KEPT,
        "url_scheme_case": SchemeCase.ANY,
        "url_scheme_place": SchemePlace.START,
        "url_tracking": Tracking.PARAMETER,
        "citations": Citation.WITHOUT_EMPTY,
        "end_marks": '.?!"”',
        "bad_words_case": WordCase.LOWERED,
    }
    assert tuple(differences(SPECS["fixed"].settings)) == FIXES


def test_each_switch_has_the_rule_that_counts_it():
    fixed = [rule.name for rule in RULES if rule.step() == "fixed"]
    assert fixed == [f"fixed/{name}" for name in FIXES]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_not_negative(name):
    value = KINDS[name](-1)
    with pytest.raises(SettingError, match=rf"^--{name}={value}: expected 0 or more$"):
        replace(REFERENCE, **{name: value})


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("value", [1.0001, 99.0, float("inf"), float("nan")])
def test_a_fraction_is_at_most_one(name, value):
    with pytest.raises(SettingError, match=rf"^--{name}={value}: expected a number from 0 to 1$"):
        replace(REFERENCE, **{name: value})


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_fraction_may_be_either_end(name, value):
    assert getattr(replace(REFERENCE, **{name: value}), name) == value


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - set(FRACTIONS) - {"min_words"}))
def test_a_limit_may_be_taken_off(name):
    assert getattr(replace(REFERENCE, **{name: 0}), name) == 0


def test_a_line_holds_a_word_at_least():
    with pytest.raises(SettingError, match=r"^--min_words=0: .*expected 1 or more$"):
        SpecSettings(min_words=0)
    assert SpecSettings(min_words=1).min_words == 1


@pytest.mark.parametrize("name", ["english_identifier", "languages_identifier"])
def test_an_identifier_is_one_of_the_table(name):
    for known in IDENTIFIERS:
        assert getattr(replace(REFERENCE, **{name: known}), name) == known
    said = rf"^--{name}=cld2: unknown; choose from langdetect, cld3, fasttext$"
    with pytest.raises(SettingError, match=said):
        replace(REFERENCE, **{name: "cld2"})


@pytest.mark.parametrize("marks", ["", " ", ". ?", ".\n", "\u00a0", "?\u2003"])
def test_end_marks_are_characters_that_a_line_can_end_in(marks):
    with pytest.raises(
        SettingError, match=r"^--end_marks: expected one or more characters, no spaces"
    ):
        SpecSettings(end_marks=marks)


def test_cleaning_learns_every_choice_that_is_its_own():
    settings = SpecSettings(
        page_rules=RuleScope.PAGE,
        max_word_chars=7,
        citations=Citation.WITHOUT_EMPTY,
        end_marks=".。",
        ellipsis=Ellipsis.KEPT,
        min_words=2,
        min_sentences=4,
    )
    assert settings.clean_rules() == CleanRules(
        scope=RuleScope.PAGE,
        max_word_chars=7,
        citations=Citation.WITHOUT_EMPTY,
        end_marks=(".", "。"),
        ellipsis=Ellipsis.KEPT,
        min_words=2,
        min_sentences=4,
    )
    for field in fields(CleanRules):
        mine = getattr(settings.clean_rules(), field.name)
        assert mine != getattr(REFERENCE_RULES, field.name), (
            f"{field.name}: pass it on in SpecSettings.clean_rules, and give it another value here"
        )


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        (SpecSettings(url_scheme_case=SchemeCase.ANY), UrlRules(case=SchemeCase.ANY)),
        (SpecSettings(url_scheme_place=SchemePlace.START), UrlRules(place=SchemePlace.START)),
        (SpecSettings(url_tracking=Tracking.PARAMETER), UrlRules(tracking=Tracking.PARAMETER)),
    ],
)
def test_the_normalization_of_urls_learns_each_of_its_choices(settings, rules):
    assert settings.url_rules() == rules
