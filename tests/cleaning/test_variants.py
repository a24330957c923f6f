"""The table of variants."""

import pytest

from cleaning.document_filters import DOCUMENT_FILTERS, DocumentFilter
from cleaning.languages import MC4_LANGUAGES
from cleaning.rules import check_variants
from cleaning.variants import (
    CAPTURE_FILTERS,
    CLEAN_PAGE,
    DEDUPE_LINES,
    DUPLICATE_URL,
    ENGLISH,
    MULTILINGUAL,
    VARIANTS,
    TextForm,
    Variant,
    find_variant,
)

CLEANED = (TextForm.CLEANED, True)
ROWS = {
    "en": (*CLEANED, ("duplicate-url-filter",), ("english-filter", "badwords-filter"), ("en",)),
    "en.noclean": (
        TextForm.RAW, False, ("duplicate-url-filter",), ("english-filter",), ("en",)
    ),
    "en.noblocklist": (*CLEANED, ("duplicate-url-filter",), ("english-filter",), ("en",)),
    "realnewslike": (
        *CLEANED,
        ("realnews-domain-filter", "duplicate-url-filter"),
        ("english-filter", "badwords-filter"),
        ("en",),
    ),
    "webtextlike": (
        *CLEANED,
        ("duplicate-url-filter", "webtextlike-filter"),
        ("english-filter", "badwords-filter"),
        ("en",),
    ),
    **{
        name: (
            TextForm.RAW,
            True,
            ("duplicate-url-filter", "paragraph-filter"),
            ("language-filter", "badwords-filter:soft"),
            languages,
        )
        for name, languages in (
            ("multilingual", MC4_LANGUAGES), ("mc4.de", ("de",)), ("mc4.zh-Latn", ("zh-Latn",))
        )
    },
}  # fmt: skip
NAMED = {name: find_variant(name) for name in ROWS}
ALIASES = [(alias, row.name) for row in VARIANTS.values() for alias in row.aliases]


def test_every_variant_of_the_table_has_its_row_here():
    missing = set(VARIANTS) - set(ROWS)
    assert not missing, (
        f"{missing}: write into ROWS in tests/cleaning/test_variants.py what each is meant to be: "
        "form, whether deduplicated, capture filters, document filters, languages"
    )


@pytest.mark.parametrize("name", ROWS)
def test_a_variant_is_found_by_its_name(name):
    variant = find_variant(name)
    assert variant is not None and variant.name == name and variant.meaning
    scope = variant.scope()
    assert ROWS[name] == (
        scope.form,
        scope.deduplicated,
        scope.capture_filters,
        variant.document_filters(),
        variant.languages,
    )
    assert not scope.without_bad_words


def test_a_variant_is_found_by_its_aliases():
    assert ALIASES == [
        ("realnews", "realnewslike"),
        ("webtext", "webtextlike"),
        ("mc4", "multilingual"),
        ("multi", "multilingual"),
    ]
    for alias, name in ALIASES:
        assert find_variant(alias) is VARIANTS[name]


@pytest.mark.parametrize("language", MC4_LANGUAGES)
def test_each_language_of_mc4_is_a_variant_too(language):
    variant = find_variant(f"mc4.{language}")
    assert (variant.name, variant.languages) == (f"mc4.{language}", (language,))
    assert (variant.aliases, variant.filters) == ((), MULTILINGUAL.filters)
    assert repr(language) in variant.meaning


@pytest.mark.parametrize(
    "name",
    [
        "",
        "EN",
        "em",
        "en.",
        "all",
        "mc4.",
        "mc4.xx",
        "mc4.und",
        "mc4.DE",
        "mc4.mc4.de",
        "de",
        "tlh",
    ],
)
def test_an_unknown_name_finds_nothing(name):
    assert find_variant(name) is None


def test_names_and_aliases_are_unique():
    names = [*VARIANTS, *(alias for alias, _ in ALIASES)]
    assert len(set(names)) == len(names)
    assert all(name == row.name for name, row in VARIANTS.items())


@pytest.mark.parametrize("name", [name for name in ROWS if name != "multilingual"])
def test_one_language_is_split_into_train_and_validation(name):
    variant = NAMED[name]
    (language,) = variant.languages
    assert variant.splits() == ("train", "validation")
    assert variant.split(language, False) == "train"
    assert variant.split(language, True) == "validation"


def test_many_languages_have_two_splits_each_and_those_of_unknown_ones():
    splits = MULTILINGUAL.splits()
    assert len(splits) == 2 * 108
    assert splits[:4] == ("af", "af-validation", "am", "am-validation")
    assert splits[-4:] == ("zu", "zu-validation", "und", "und-validation")
    for language in (*MC4_LANGUAGES, "und"):
        assert MULTILINGUAL.split(language, False) == language
        assert MULTILINGUAL.split(language, True) == f"{language}-validation"


START = ("split-wet-file", "too-long-filter")
END = ("clean-page", "dedupe-lines", "english-filter")


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("en", (*START, "duplicate-url-filter", *END, "badwords-filter")),
        ("en.noclean", (*START, "duplicate-url-filter", "english-filter")),
        ("en.noblocklist", (*START, "duplicate-url-filter", *END)),
        (
            "realnewslike",
            (*START, "realnews-domain-filter", "duplicate-url-filter", *END, "badwords-filter"),
        ),
        (
            "webtextlike",
            (*START, "duplicate-url-filter", "webtextlike-filter", *END, "badwords-filter"),
        ),
        *(
            (
                name,
                (
                    *START, "duplicate-url-filter", "paragraph-filter", "dedupe-lines",
                    "language-filter", "badwords-filter",
                ),
            )
            for name in ("multilingual", "mc4.de")
        ),
    ],
)  # fmt: skip
def test_pages_pass_the_steps_of_the_reference_in_its_order(name, steps):
    assert NAMED[name].steps() == steps


def test_every_filter_is_used():
    used = {name for row in VARIANTS.values() for name in row.filters}
    assert used == {*CAPTURE_FILTERS, CLEAN_PAGE, DEDUPE_LINES, *DOCUMENT_FILTERS}


def test_the_table_is_in_order_and_counted():
    check_variants([*VARIANTS.values(), *filter(None, NAMED.values())])


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ((DUPLICATE_URL, "no-such-filter"), "unknown filter 'no-such-filter'"),
        ((CLEAN_PAGE, DUPLICATE_URL), "not in data-path order"),
        ((DUPLICATE_URL, "own-filter:mine", ENGLISH), "not in data-path order"),
    ],
)
def test_a_variant_that_cannot_be_built_is_refused(filters, told):
    with pytest.raises(ValueError, match=told):
        check_variants([Variant("odd", "for a test", filters)])


def test_a_filter_that_counts_by_no_rule_is_refused(monkeypatch):
    row = DocumentFilter("uncounted-filter", (), lambda resources: None)
    monkeypatch.setitem(DOCUMENT_FILTERS, row.name, row)
    with pytest.raises(ValueError, match="no rule counts step uncounted-filter"):
        check_variants([Variant("odd", "for a test", (DUPLICATE_URL, row.name))])
