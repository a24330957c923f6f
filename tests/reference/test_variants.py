"""Variants, splits and settings against the configurations of the reference."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import apache_beam as beam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaning.filters.language import (
    ENGLISH_RULE,
    Doubt,
    Identified,
    UncertainLanguage,
    english_rules,
    language_rules,
)
from cleaning.languages import MC4_LANGUAGES, UNKNOWN_LANGUAGE
from cleaning.specs import REFERENCE, REFERENCE_CONFIGS, SETTINGS, SPECS
from cleaning.urls import are_held_out, md5, pack_digests
from cleaning.variants import (
    BAD_WORDS,
    ENGLISH,
    PARAGRAPHS,
    REALNEWS_DOMAIN,
    SOFT_BAD_WORDS,
    VARIANTS,
    WEBTEXTLIKE,
    TextForm,
    Variant,
    find_variant,
)
from tests.reference.reference import PageFeatures, c4, c4_utils
from tests.reference.strategies import examples

CONFIGS = {config.name: config for config in c4.C4.BUILDER_CONFIGS} | {
    # What `mc4.de` is: the configuration `multilingual`, restricted to a language.
    f"mc4.{language}": c4.C4Config(
        f"mc4.{language}",
        languages=[language],
        clean=False,
        paragraph_filter=True,
        dedupe=True,
        badwords_filter_fraction=0.999,
    )
    for language in ("de", "zh-Latn")
}
STEPS = {
    r"FlatMap\(split_wet_file\)": "split-wet-file",
    r"Filter\(is_valid_length\)": "too-long-filter",
    r"Filter\(is_realnews_domain\)": "realnews-domain-filter",
    r"select_newest": "duplicate-url-filter",
    r"FlatMap\(filter_by_webtextlike\)": "webtextlike-filter",
    r"Filter\(paragraph_filter\)": "paragraph-filter",
    r"clean_pages": "clean-page",
    r"FlatMap\(_remove_lines_from_text\)": "dedupe-lines",
    r"FlatMap\(detect_english\)": "english-filter",
    r"ParDo\(_PredictLanguageFn\)": "language-filter",
    r"Filter\(functools\.partial\(<function _badwords_filter .*": "badwords-filter",
}
"""The reference's transforms, by label, and ours."""


@pytest.fixture(scope="module")
def downloads(tmp_path_factory) -> dict[str, object]:
    """What the reference would have downloaded."""
    folder = tmp_path_factory.mktemp("downloads")
    (folder / "domains.json").write_text("{}")
    (folder / "en").write_text("word\n")
    urls = folder / "OpenWebText" / "Version 1" / "URLs"
    urls.mkdir(parents=True)
    (urls / "a.txt").write_text("http://a.example/\n")
    return {
        "wet_path_urls": ["none"],
        "badwords": {"en": str(folder / "en")},
        "realnews_domains": str(folder / "domains.json"),
        "openwebtext_urls_zip": str(folder),
    }


def test_languages_are_those_of_the_reference():
    assert list(MC4_LANGUAGES) == c4.MC4_LANGUAGES
    assert UNKNOWN_LANGUAGE == c4_utils.UNKNOWN_LANGUAGE


def test_every_configuration_of_the_reference_is_a_variant():
    names = [config.name for config in c4.C4.BUILDER_CONFIGS]
    assert [name for name in VARIANTS if name in names] == names


def test_only_configurations_of_the_reference_are_called_c4():
    names = [config.name for config in c4.C4.BUILDER_CONFIGS]
    assert list(REFERENCE_CONFIGS) == names
    singles = [f"mc4.{language}" for language in MC4_LANGUAGES]
    named = {name: SPECS["tfds-3.1.0"].dataset_of(name) for name in (*VARIANTS, *singles)}
    assert [name for name, dataset in named.items() if dataset == c4.C4.name] == [
        name for name in VARIANTS if name in names
    ]


def test_the_spec_has_the_version_of_the_reference():
    assert SPECS["tfds-3.1.0"].version == str(c4._VERSION)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_variant_is_what_its_configuration_says(name):
    config, variant = CONFIGS[name], find_variant(name)
    scope = variant.scope()
    assert list(variant.languages) == config.languages
    assert scope.form is (TextForm.CLEANED if config.clean else TextForm.RAW)
    assert scope.deduplicated is config.dedupe
    assert (REALNEWS_DOMAIN in scope.capture_filters) is config.realnewslike
    assert (WEBTEXTLIKE in scope.capture_filters) is config.webtextlike
    assert (PARAGRAPHS in scope.capture_filters) is config.paragraph_filter
    assert variant.has(ENGLISH) is (config.languages == ["en"])
    fractions = {BAD_WORDS: 1.0, SOFT_BAD_WORDS: REFERENCE.soft_bad_words}
    fraction = sum(fractions.get(name, 0.0) for name in variant.filters)
    assert fraction == config.badwords_filter_fraction


@pytest.mark.parametrize("name", CONFIGS)
def test_steps_stand_in_the_order_of_the_graph_of_the_reference(name, downloads):
    pipeline = beam.Pipeline()
    c4.C4._get_pages_pcollection(
        SimpleNamespace(builder_config=CONFIGS[name]),
        pipeline,
        downloads,
        SimpleNamespace(download_dir=""),
    )
    labels = [applied.full_label for applied in pipeline.transforms_stack[0].parts]
    steps = [
        step for label in labels for known, step in STEPS.items() if re.fullmatch(known, label)
    ]
    assert find_variant(name).steps() == tuple(steps)


class _Downloads:
    """A download manager whose files are the URLs that it is asked for."""

    def __init__(self, manual_dir: Path) -> None:
        self.manual_dir = manual_dir

    def download_and_extract(self, files: dict[str, object]) -> dict[str, object]:
        return dict(files)

    def extract(self, path: Path) -> Path:
        return path


def reference_splits(name: str, folder: Path) -> dict[str, Callable[[PageFeatures], bool]]:
    """What decides whether a page is of a split, by the names of a configuration's splits."""
    (folder / "OpenWebText.zip").touch()
    builder = SimpleNamespace(builder_config=CONFIGS[name], _get_pages_pcollection=lambda *_: None)
    generators = c4.C4._split_generators(builder, _Downloads(folder), None)
    return {str(split.name): split.gen_kwargs["split_filter_fn"] for split in generators}


@pytest.fixture(scope="module")
def splits(tmp_path_factory) -> dict[str, dict[str, Callable[[PageFeatures], bool]]]:
    """Of every configuration."""
    folder = tmp_path_factory.mktemp("manual")
    return {name: reference_splits(name, folder) for name in CONFIGS}


@pytest.mark.parametrize("name", CONFIGS)
def test_splits_are_those_of_the_reference_in_its_order(name, splits):
    assert find_variant(name).splits() == tuple(splits[name])


def held_out_urls(number: int) -> list[str]:
    """URLs whose pages the reference holds out."""
    is_held_out = c4_utils.get_hashed_url_filter_fn(lambda value: value % 1000 == 0)
    found = []
    for at in range(200_000):
        if len(found) < number and is_held_out(PageFeatures(normalized_url=f"a.example/{at}")):
            found.append(f"a.example/{at}")
    return found


HELD_OUT = held_out_urls(9)


def our_split(variant: Variant, language: str, url: str) -> set[str]:
    """The split of a page; none if the variant keeps no page of that language."""
    held_out = bool(are_held_out(pack_digests([md5(url)]))[0])
    return {variant.split(kept, held_out)} if (kept := kept_as(variant, language)) else set()


def kept_as(variant: Variant, language: str) -> str:
    """The language under which a page is kept that is surely of a language, or `und`; or ""."""
    found = Identified(language, 1.0)
    if language == UNKNOWN_LANGUAGE:
        found = Identified("", 0.0, Doubt.NO_PREDICTION)
    if variant.has(ENGLISH):
        return language if english_rules(found) == (ENGLISH_RULE,) else ""
    many = len(variant.languages) > 1
    uncertain = UncertainLanguage.KEPT if many else UncertainLanguage.DROPPED
    return language_rules(found, variant.languages, uncertain=uncertain)[0]


@pytest.mark.parametrize("name", CONFIGS)
@examples(150)
@given(
    st.sampled_from((*MC4_LANGUAGES, "und", "hr")),
    st.sampled_from(HELD_OUT) | st.text(max_size=9),
)
def test_pages_go_to_the_splits_of_the_reference(name, splits, language, url):
    config, variant = CONFIGS[name], find_variant(name)
    if len(config.languages) == 1:
        language = config.languages[0]  # the only one that it gives to its splits, but for und
    page = PageFeatures(language=language, normalized_url=url)
    theirs = {split for split, is_of_it in splits[name].items() if is_of_it(page)}
    assert our_split(variant, language, url) == theirs


def test_pages_of_no_certain_language_are_of_no_single_language_of_ours(splits):
    """The reference, asked for one language, would put such pages among its documents."""
    page = PageFeatures(language="und", normalized_url=HELD_OUT[0])
    assert splits["mc4.de"]["validation"](page)
    assert our_split(find_variant("mc4.de"), "und", HELD_OUT[0]) == set()


@pytest.mark.parametrize("name", SETTINGS)
def test_the_reference_has_the_functions_that_decide_each_choice(name):
    for function in SETTINGS[name].reference.removeprefix("c4_utils.").split(", "):
        assert callable(getattr(c4_utils, function))


def default(function: object, parameter: str) -> object:
    """The value that a parameter of the reference has if it is not given."""
    return inspect.signature(function).parameters[parameter].default


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (REFERENCE.max_page_chars, default(c4_utils.is_valid_length, "max_length")),
        (REFERENCE.min_paragraphs, default(c4_utils.paragraph_filter, "min_paragraphs")),
        (REFERENCE.min_paragraph_chars, default(c4_utils.paragraph_filter, "min_paragraph_len")),
        (REFERENCE.max_word_chars, default(c4_utils.clean_page, "max_word_length")),
        (REFERENCE.min_words, default(c4_utils.clean_page, "min_words_per_line")),
        (REFERENCE.min_sentences, default(c4_utils.clean_page, "min_num_sentences")),
        (REFERENCE.min_sentences, default(c4_utils.remove_duplicate_text, "min_num_sentences")),
        (tuple(REFERENCE.end_marks), c4_utils._END_MARKS),
        (REFERENCE.english_probability, default(c4_utils.detect_english, "min_probability")),
        (REFERENCE.soft_bad_words, CONFIGS["multilingual"].badwords_filter_fraction),
    ],
)
def test_numbers_are_those_of_the_reference(ours, theirs):
    assert ours == theirs


def test_the_probability_of_languages_is_that_of_the_reference():
    class Graph:
        def __or__(self, transform: beam.ParDo) -> beam.ParDo:
            return transform

    fn = c4_utils.detect_languages(Graph(), MC4_LANGUAGES).fn
    assert fn._min_probability == REFERENCE.languages_probability
    assert fn._valid_languages == set(MC4_LANGUAGES)
