"""Both run over real pages: the sample always, Common Crawl's kind where it is at hand."""

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nltk
import pytest
from nltk.tokenize.punkt import PunktTokenizer

from cleaning.captures import clean_captures
from cleaning.filters.badwords import Matcher, load_english
from cleaning.filters.clean import OUTCOME_RULES, Outcome
from cleaning.filters.language import IDENTIFIERS, english_rules
from cleaning.sentences import count_sentences, load_punkt
from cleaning.urls import md5, normalize_url
from cleaning.variants import TextForm
from cleaning.wet.inflate import inflate
from cleaning.wet.records import read_records
from tests.cleaning.wet.wet import EN
from tests.reference.outcomes import reference_cleaned
from tests.reference.reference import PageFeatures, c4_utils, counting, has_best_language, punkt

SAMPLE = sorted((Path(__file__).parents[2] / "sample" / "wet").glob("*.wet.gz"))
REAL_PAGES = 600
LANGUAGE_PAGES = 60

Cleaned = tuple[str, str | None, Counter[str]]
"""md5 of the normalized URL, cleaned text (None: dropped), counts of cleaning."""


@pytest.fixture(scope="module", params=[*SAMPLE, "real"], ids=lambda path: Path(path).name)
def wet_file(request) -> Path:
    """The sample's files, then a file of real pages."""
    if request.param != "real":
        return request.param
    shared_data = request.getfixturevalue("shared_data")
    return next(iter(sorted((shared_data / "wet").glob("*.wet.gz"))))


@pytest.fixture(scope="module")
def pages(wet_file) -> list[PageFeatures]:
    """The file's first pages as the reference reads them, without those that ours refuses."""
    refused = refused_urls(wet_file)
    with counting():
        found = c4_utils.split_wet_file(str(wet_file))
        return [p for p in itertools.islice(found, REAL_PAGES) if p.url not in refused]


def refused_urls(wet_file: Path) -> set[str]:
    """The URLs of the records that ours refuses, read where it says that they are."""
    with wet_file.open("rb") as stream:
        batches = clean_captures(read_records(inflate(stream)), EN)
        refused = [malformed for batch in batches for malformed in batch.malformed]
    stored = wet_file.read_bytes()
    records = [zlib.decompressobj(31).decompress(stored[m.offset :])[m.within :] for m in refused]
    return {re.search(rb"WARC-Target-URI: (.*)\r\n", record)[1].decode() for record in records}


def our_pages(wet_file: Path) -> Iterator[Cleaned]:
    """A file's captures as ours reads and cleans them."""
    with wet_file.open("rb") as stream:
        for batch in clean_captures(read_records(inflate(stream)), EN):
            kept = batch.forms[TextForm.CLEANED]
            texts = dict(zip(kept.rows, map(bytes.decode, kept.texts), strict=True))
            for row, outcome in enumerate(batch.outcomes):
                counts = Counter(batch.line_counts[row])
                counts[OUTCOME_RULES[Outcome(outcome)]] += 1
                yield batch.url_digest[row].hex(), texts.get(row), +counts


def reference_pages(pages: list[PageFeatures]) -> Iterator[Cleaned]:
    """The same pages as the reference cleans them."""
    for page in pages:
        with counting():
            is_read = c4_utils.is_valid_length(page)
        if is_read:
            yield c4_utils._hash_text(page.normalized_url), *reference_cleaned(page.text)


def test_the_damaged_record_of_the_sample_is_the_only_one_refused():
    assert [len(refused_urls(file)) for file in SAMPLE] == [0, 1]


def test_pages_are_read_and_cleaned_alike(wet_file, pages):
    theirs = list(reference_pages(pages))
    ours = list(itertools.islice(our_pages(wet_file), len(theirs)))
    assert len(theirs) > 40
    for our, their in zip(ours, theirs, strict=True):
        assert our == their


def test_urls_are_normalized_alike(pages):
    assert [normalize_url(page.url) for page in pages] == [page.normalized_url for page in pages]
    assert [md5(page.url).hex() for page in pages] == [c4_utils._hash_text(p.url) for p in pages]


def test_languages_are_told_alike(pages):
    identify = IDENTIFIERS["langdetect"].load(None)
    some = pages[:: max(len(pages) // LANGUAGE_PAGES, 1)]
    languages = set()
    for page in some:
        with counting() as counts:
            list(c4_utils.detect_english(page))
        found = identify(page.text)
        assert Counter(english_rules(found)) == counts
        assert has_best_language(page.text, found.language, found.probability)
        languages.add(found.language)
    assert len(languages) > 3


def test_bad_words_are_found_alike(pages):
    words = load_english()
    matcher = Matcher(words)
    bad_words_filter = c4_utils.get_badwords_filter_fn({"en": set(words.words())})
    for page in pages:
        kept = bad_words_filter(PageFeatures(text=page.text, language="en"))
        assert matcher.found_in(page.text) is not kept


def test_sentences_are_counted_alike(pages):
    tokenizer = punkt()
    for page in pages:
        for text in [page.text, *page.text.split("\n")[:9]]:
            assert count_sentences(text, 3) == min(len(tokenizer.tokenize(text)), 3)


def test_the_english_list_is_the_one_that_the_reference_downloads(shared_data):
    with (shared_data / "refs" / "badwords" / "en.c4").open(encoding="utf-8") as lines:
        assert set(load_english().words()) == {line.strip() for line in lines}


def test_punkt_has_the_tables_that_nltk_downloads(shared_data, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(shared_data / "refs" / "nltk_data")])
    theirs = PunktTokenizer("english")._params
    for ours in (load_punkt()._params, punkt()._params):
        assert ours.abbrev_types == theirs.abbrev_types
        assert ours.collocations == theirs.collocations
        assert ours.sent_starters == theirs.sent_starters
        assert dict(ours.ortho_context) == dict(theirs.ortho_context)
