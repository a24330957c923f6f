"""TFDS's filters of languages and bad words, made to judge a page at a time.

The lists that no package carries (half of French is one) are those of the shared data, where there
are any.
"""

import os
import tempfile
from collections import Counter
from itertools import count, islice
from pathlib import Path

import apache_beam as beam

from cleaning.filters.badwords import Matcher, load_carried
from pipelines.sources.public_lists import CARRIED, FETCHED, load_bad_words
from tests.conftest import REPOSITORY
from tests.reference.reference import PageFeatures, c4, c4_utils, counting
from tests.reference.strategies import texts_with


class _Graph:
    """Stands for a PCollection: gives back the transform that is applied to it."""

    def __or__(self, transform: beam.ParDo) -> beam.ParDo:
        return transform


class LanguageFilter:
    """TFDS's filter of some languages, on a page at a time."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        with counting() as counts:  # it takes its counter when it is made
            self._fn = c4_utils.detect_languages(_Graph(), languages).fn
        self._counts = counts
        self._fn.start_bundle()

    def detector(self) -> object:
        """The identifier that it asks."""
        return self._fn._detector

    def __call__(self, text: str) -> tuple[str, Counter[str]]:
        """The language under which a text is kept, "" if it is not, and what is counted."""
        self._counts.clear()
        kept = [page.language for page in self._fn.process(PageFeatures(text=text))]
        assert len(kept) <= 1
        return "".join(kept), Counter(self._counts)


SHARED = Path(os.environ.get("C4FORGE_SHARED", REPOSITORY.parent / "shared" / "data"))
FOLDER = SHARED / "refs" / "badwords"
CODES = sorted(CARRIED | FETCHED) if FOLDER.is_dir() else sorted(set(CARRIED) - {"fr"})
CONFIG = next(c for c in c4.C4.BUILDER_CONFIGS if c.name == "multilingual")


class _Builder:
    """All that `_get_pages_pcollection` asks of a dataset builder."""

    builder_config = CONFIG


class _Downloads:
    download_dir = ""


def reference_lists(paths: dict[str, str]) -> dict[str, set[str]]:
    """The words of each language as the reference reads them when it builds its graph."""
    taken: list[dict[str, set[str]]] = []
    original = c4_utils.get_badwords_filter_fn

    def take(badwords: dict[str, set[str]], filter_fraction: float) -> object:
        assert filter_fraction == 0.999
        taken.append(dict(badwords))
        return original(badwords, filter_fraction)

    c4_utils.get_badwords_filter_fn = take
    try:
        files = {"wet_path_urls": ["none"], "badwords": paths}
        c4.C4._get_pages_pcollection(_Builder(), beam.Pipeline(), files, _Downloads())
    finally:
        c4_utils.get_badwords_filter_fn = original
    (lists,) = taken
    return lists


def their_words() -> dict[str, set[str]]:
    """The reference's words of the lists that are at hand."""
    if FOLDER.is_dir():
        return reference_lists({c: str(FOLDER / ("en.c4" if c == "en" else c)) for c in CODES})
    with tempfile.TemporaryDirectory() as folder:
        for code in CODES:
            words = sorted(load_carried(CARRIED[code]))
            (Path(folder) / code).write_text("\n".join(words))
        return reference_lists({code: str(Path(folder) / code) for code in CODES})


THEIRS = their_words()
OURS = load_bad_words(CODES, str(FOLDER) if FOLDER.is_dir() else None)
MATCHERS = {code: Matcher(words) for code, words in OURS.items()}
FRACTIONS = (0.999, 1.0, 0.5, 0.0)
FILTERS = {fraction: c4_utils.get_badwords_filter_fn(THEIRS, fraction) for fraction in FRACTIONS}
TEXTS = {code: texts_with(tuple(words.words())) for code, words in OURS.items()}


def stays(url: str) -> bool:
    """True for the thousandth of URLs that the reference keeps in any case."""
    page = PageFeatures(normalized_url=url)
    return FILTERS[0.999].keywords["keep_badword_page"](page)


URLS = (
    *islice(filter(stays, map("a.example/{}".format, count())), 4),
    *("a.example/x", "b.example/é", "", "c.example/?u=1"),
)


def reference_keeps(text: str, language: str, url: str, fraction: float) -> tuple[bool, Counter]:
    """Whether the reference keeps a page, and what it counts."""
    page = PageFeatures(text=text, language=language, normalized_url=url)
    with counting() as counts:
        kept = FILTERS[fraction](page)
    return kept, counts
