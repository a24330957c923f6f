"""`filter_text` of the API beside `cleaning.document_filters`, for every variant and spec."""

import pytest

import c4forge
from cleaning.document_filters import Resources, accepted, load_filters
from cleaning.filters.documents import Document, Page
from cleaning.signatures import HAS_BAD_WORDS
from cleaning.specs import SPECS, BadWordsScope
from cleaning.urls import are_held_out, load_normalizer, md5, pack_digests
from cleaning.variants import VARIANTS, TextForm, find_variant
from pipelines.sources.public_lists import load_bad_words
from tests.cleaning.filters.passages import PASSAGES

ROWS = (*VARIANTS.values(), find_variant("mc4.de"), find_variant("mc4.ja"))
URLS = ("https://www.a.example/x?utm_a=1", *(f"https://a.example/{n}" for n in range(3)))
HELD_OUT = next(
    url
    for url in (f"https://a.example/{n}" for n in range(20_000))
    if are_held_out(pack_digests([md5(url.removeprefix("https://"))]))[0]
)


@pytest.fixture(scope="module")
def words_folder(all_variants) -> str:
    """A folder with a list for each language; those that no package carries hold `example-word`."""
    return next(a for a in all_variants if "badwords" in a).partition("=")[2]


@pytest.fixture(scope="module")
def lists(words_folder):
    languages = {code for row in ROWS for code in row.languages}
    return load_bad_words(languages, words_folder)


def expected(text, url, row, settings, lists):
    """Kept, and all that is counted, with every list loaded at once."""
    digest = md5(load_normalizer(settings.url_rules())(url))
    page = Page(row.scope().form, (text, url, "", "", ""), digest, 0)
    if settings.bad_words_scope is BadWordsScope.PAGE and page.form is TextForm.CLEANED:
        cut = Resources(settings, lists)
        found = load_filters([VARIANTS["en"]], cut)["badwords-filter"]._matchers["en"]
        page.marks = HAS_BAD_WORDS * found.found_in(text)
    met = []
    filters = load_filters([row], Resources(settings, lists))
    kept = list(accepted(Document(page, text), [row], filters, lambda _, rule: met.append(rule)))
    split = row.split(kept[0][1], bool(are_held_out(pack_digests([digest]))[0])) if kept else ""
    return bool(kept), tuple(met), split


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_text_meets_the_rules_that_a_build_counts(row, spec, lists, words_folder):
    settings = SPECS[spec].settings
    outcomes = set()
    for code, passage in PASSAGES.items():
        word = lists[code].words()[-1] if code in lists else "example-word"
        for text, url in ((passage, HELD_OUT), (f"{passage} {word} .", URLS[len(code) % 4])):
            found = c4forge.filter_text(
                text, row.name, url, spec=spec, badwords_dir=words_folder
            )  # fmt: skip
            assert (found.kept, found.rules, found.split) == expected(
                text, url, row, settings, lists
            )
            assert found.kept == (found.rule == "")
            assert found.kept or "/filtered" in found.rule
            outcomes.add(found.rule)
    assert len(outcomes) > 1


def test_the_rule_is_the_one_that_dropped_the_text():
    german = PASSAGES["de"]
    assert c4forge.filter_text(german).rule == "english-filter/filtered:ignored_language"
    rude = f"{PASSAGES['en']} {load_bad_words(['en'], None)['en'].words()[0]} ."
    assert c4forge.filter_text(rude).rule == "badwords-filter/filtered"
    assert c4forge.filter_text(rude, "en.noblocklist").kept


def test_probability_and_language_are_those_of_the_variants_identifier():
    found = c4forge.filter_text(PASSAGES["de"], "mc4.de", URLS[1])
    assert (found.language, found.kept, found.split) == ("de", True, "train")
    assert found.probability > 0.95


def test_a_held_out_url_is_of_the_split_for_evaluation():
    assert c4forge.filter_text(PASSAGES["en"], url=HELD_OUT).split == "validation"
    assert c4forge.filter_text(PASSAGES["en"]).split == ""


def test_the_spec_paper_looks_for_bad_words_in_the_page_before_cleaning():
    word = load_bad_words(["en"], None)["en"].words()[0]
    found = c4forge.filter_text(PASSAGES["en"], spec="paper", page=f"{word}\n{PASSAGES['en']}")
    assert found.rule == "badwords-filter/filtered"
    assert c4forge.filter_text(PASSAGES["en"], spec="paper").kept


def test_filters_of_ones_own_come_last_and_see_the_document():
    seen = []

    def short(document: c4forge.Document) -> str | None:
        seen.append(document)
        return "short" if len(document.text) < 10_000 else None

    found = c4forge.filter_text(PASSAGES["en"], url=URLS[1], filters=[short])
    assert found.rule == found.rules[-1] == "own-filter:short/filtered:short"
    assert seen == [c4forge.Document(PASSAGES["en"], URLS[1], "en", "")]
    c4forge.filter_text(PASSAGES["de"], filters=[short])
    assert len(seen) == 1


def test_a_filter_that_raises_ends_with_its_name():
    with pytest.raises(c4forge.RunFailed, match="broken raised ZeroDivisionError"):
        c4forge.filter_text(PASSAGES["en"], filters=[broken])


def broken(_document: c4forge.Document) -> str | None:
    return str(1 / 0)


def test_two_filters_of_one_name_are_refused():
    filters = [lambda _: None, lambda _: "second"]
    with pytest.raises(c4forge.UsageError, match=r"filters: two are called '<lambda>'"):
        c4forge.filter_text(PASSAGES["en"], filters=filters)


def test_unknown_names_list_those_there_are():
    with pytest.raises(c4forge.UsageError, match=r"unknown variant; choose from en, .*webtextlike"):
        c4forge.filter_text("", "webtextlik")
    with pytest.raises(c4forge.UsageError, match="unknown spec"):
        c4forge.filter_text("", spec="papers")


def test_a_list_that_is_missing_is_an_error_with_its_cure(tmp_path):
    with pytest.raises(c4forge.UsageError, match=r"no file 'de' there; expected LDNOOBW's layout"):
        c4forge.filter_text(PASSAGES["de"], "mc4.de", badwords_dir=str(tmp_path))
    (tmp_path / "de").write_text("Rude")
    assert c4forge.filter_text(PASSAGES["de"], "mc4.de", badwords_dir=str(tmp_path)).kept
