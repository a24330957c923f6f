"""Each function against the reference's, on generated text."""

import gzip
import inspect
import io
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import langdetect
import langdetect_rs
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaning import clean, pages, urls
from cleaning.badwords import BadWords, Matcher, load_english
from cleaning.captures import clean_captures, digest_lines
from cleaning.clean import FATE_RULES, LINE_RULES, CleanedPage, Fate, clean_lines, clean_page
from cleaning.documents import LINE_FATE_RULES, deduplicate_page, line_fates
from cleaning.elections import elect_lines, newest_captures
from cleaning.inflate import inflate
from cleaning.language import english_rules, load_langdetect
from cleaning.lines import find_lines
from cleaning.lowering import lower_utf8
from cleaning.pages import Headers, capture_time, page_text
from cleaning.records import read_records
from cleaning.sentences import count_sentences
from tests.cleaning.wet import DATE, header_lines, record_bytes
from tests.reference import strategies
from tests.reference.reference import PageFeatures, c4_utils, counting, probabilities, punkt

CLEAN_PAGE = c4_utils.get_clean_page_fn()
PUNKT = punkt()
ENGLISH = load_english()
LISTS = (ENGLISH, BadWords("en", tuple(word for word in ENGLISH.words if word.isascii())))
BAD_WORDS = [
    (Matcher(words), c4_utils.get_badwords_filter_fn({"en": set(words.words)})) for words in LISTS
]


def examples(number: int) -> settings:
    """The same `number` of examples on every run, however slow the machine."""
    return settings(max_examples=number, deadline=None, derandomize=True, database=None)


@dataclass(frozen=True)
class Outcome:
    """A page that was read, and what cleaning made of it: text is None if it was dropped."""

    headers: Headers
    url_digest: str
    text: str | None
    counts: Counter[str]


def reference_cleaned(text: str) -> tuple[str | None, Counter[str]]:
    """What the reference's clean_page gives and counts."""
    with counting() as counts:
        cleaned = list(CLEAN_PAGE(PageFeatures(text=text)))
    return (cleaned[0].text if cleaned else None), counts


def our_cleaned(cleaned: CleanedPage) -> tuple[str | None, Counter[str]]:
    """The same of ours."""
    counts = Counter(dict(zip(LINE_RULES, cleaned.line_counts, strict=True)))
    counts[FATE_RULES[cleaned.fate]] += 1
    return (cleaned.text if cleaned.fate == Fate.PASSED else None), +counts


def reference_split(stored: bytes) -> Iterator[PageFeatures]:
    """The pages of a WET file, uncleaned, as the reference reads them."""
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(stored)
        file.flush()
        yield from c4_utils.split_wet_file(file.name)


def reference_read(stored: bytes) -> tuple[list[Outcome], Counter[str]]:
    """The pages of a WET file as the reference reads and cleans them, and its counts of reading."""
    outcomes = []
    with counting() as counts:
        for page in filter(c4_utils.is_valid_length, reference_split(stored)):
            headers = Headers(page.url, page.timestamp, page.content_type, page.content_length)
            digest = c4_utils._hash_text(page.normalized_url)
            outcomes.append(Outcome(headers, digest, *reference_cleaned(page.text)))
    del counts["split-wet-file/wet-file"]
    return outcomes, counts


def our_read(stored: bytes) -> tuple[list[Outcome], Counter[str]]:
    """The same of ours."""
    outcomes, counts = [], Counter()
    for batch in clean_captures(read_records(inflate(io.BytesIO(stored)))):
        assert not batch.malformed
        counts.update(batch.counts)
        passed = {
            row: (text, headers)
            for row, text, headers in zip(batch.rows, batch.texts, batch.headers, strict=True)
        }
        for row, fate in enumerate(batch.fates):
            line_counts = dict(zip(LINE_RULES, batch.line_counts[row], strict=True))
            found = +Counter({**line_counts, FATE_RULES[Fate(fate)]: 1})
            text, headers = passed.get(row, (None, None))
            outcomes.append(Outcome(headers, batch.url_digest[row].hex(), text, found))
    return outcomes, counts


def assert_same_reading(stored: bytes) -> None:
    """Both read and clean the same; headers are compared where ours keeps them: passed pages."""
    theirs, their_counts = reference_read(stored)
    ours, our_counts = our_read(stored)
    assert our_counts == their_counts
    for our, their in zip(ours, theirs, strict=True):
        expected = Outcome(their.headers if our.headers else None, *list(vars(their).values())[1:])
        assert our == expected


def members(*records: bytes) -> bytes:
    """A WET file with each of the records in a gzip member of its own."""
    return b"".join(gzip.compress(record, 1) for record in records)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (clean.MIN_WORDS_PER_LINE, c4_utils._MIN_WORDS_PER_LINE),
        (clean.MIN_SENTENCES, c4_utils._MIN_NUM_SENTENCES),
        (clean.MAX_WORD_CHARS, c4_utils._MAX_WORD_LENGTH),
        (clean.END_MARKS, c4_utils._END_MARKS),
        (clean.ELLIPSIS, c4_utils._ELLIPSIS),
        (clean.POLICY_PHRASES, tuple(c4_utils._POLICY_SUBSTRINGS)),
        (clean._CITATION, CLEAN_PAGE.keywords["citation_regex"]),
        (pages.METADATA_PREFIXES, c4_utils._METADATA_PREFIXES),
        (
            pages.MAX_PAGE_CHARS,
            inspect.signature(c4_utils.is_valid_length).parameters["max_length"].default,
        ),
    ],
)
def test_constants_are_those_of_the_reference(ours, theirs):
    assert ours == theirs


@examples(400)
@given(strategies.urls | st.text(max_size=20))
def test_normalized_urls(url):
    assert urls.normalize_url(url) == c4_utils.normalize_url(url)


@examples(200)
@given(st.text(max_size=5), st.integers(0, 3000))
def test_held_out_pages(prefix, number):
    url = f"{prefix}{number}"
    predicate = c4_utils.get_hashed_url_filter_fn(lambda value: value % 1000 == 0)
    assert urls.is_validation(urls.md5(url)) == predicate(PageFeatures(normalized_url=url))


@examples(500)
@given(strategies.pages)
def test_page_text_of_a_body_without_header_like_lines(text):
    with counting():
        read = list(reference_split(members(record_bytes(header_lines(), text.encode()))))
    ours = page_text(text)
    assert [page.text for page in read] == ([ours] if ours else [])


@examples(800)
@given(strategies.pages | strategies.surrogate_pages)
def test_clean_page(text):
    assert our_cleaned(clean_page(text)) == reference_cleaned(text)


@examples(800)
@given(st.lists(strategies.bodies, min_size=1, max_size=3))
def test_lines_found_by_their_last_byte(bodies):
    for body, found in zip(bodies, find_lines([body.encode() for body in bodies]), strict=True):
        if found.exact:
            continue
        text = page_text(body)
        cleaned = clean_lines(found.kept.decode(), found.dropped)
        if cleaned is None:
            assert clean_page(text).fate in (Fate.LOREM_IPSUM, Fate.SQUIGGLY_BRACKET) or (
                "{" in text or "lorem ipsum" in text.lower()
            )
        else:
            assert our_cleaned(cleaned) == reference_cleaned(text)


@examples(500)
@given(strategies.bodies)
@example(" \n")
@example("\u3000")
def test_reading_one_record(body):
    assert_same_reading(members(record_bytes(header_lines(), body.encode())))


header_values = st.sampled_from(("", " ", "\u00a0", "\x0b", "\u2028")).flatmap(
    lambda edge: (
        st.sampled_from(("", "http://a.example/", "https://www.a.example/b/?utm_c", "é\x85f"))
        | strategies.urls
    ).map(lambda url: f"{edge}{url.replace(chr(10), '')}{edge}")
)
more_headers = strategies.header_like_lines.filter(
    lambda line: not any(part in line for part in ("Content-Length", "WARC-Type", "WARC/1", "\r\n"))
)
headers = st.builds(
    lambda more, **lines: [*header_lines(**lines), *more],
    kind=st.sampled_from((None, "conversion", "conversion", "warcinfo", "")),
    url=st.none() | header_values,
    date=st.sampled_from((DATE, DATE, f"{DATE}\t", "", None)),
    more=st.lists(more_headers, max_size=2),
)
"""Header lines, most of them such as every WET file has."""


@examples(500)
@given(st.lists(st.tuples(headers, strategies.bodies), min_size=1, max_size=4), st.booleans())
def test_reading_many_records(records, in_one_member):
    parts = [record_bytes(lines, body.encode()) for lines, body in records]
    assert_same_reading(members(b"".join(parts)) if in_one_member else members(*parts))


@pytest.mark.parametrize("letter", ["x", "語"])
@pytest.mark.parametrize("size", [190_000, 190_001])
def test_reading_a_page_at_the_limit_of_length(letter, size):
    lines = ["Home", *["The ferry leaves at ten."] * 3]
    rest = size - len("\n".join(lines)) - 1
    body = "\n \n".join([*lines, letter * rest])
    assert_same_reading(members(record_bytes(header_lines(), body.encode())))


@examples(800)
@given(strategies.sentence_texts | strategies.pages, st.integers(1, 4))
def test_sentences(text, at_most):
    assert count_sentences(text, at_most) == min(len(PUNKT.tokenize(text)), at_most)


@examples(800)
@given(strategies.pages | strategies.bad_texts | st.text())
def test_lower_case(text):
    assert lower_utf8(text) == text.lower().encode()


variants = st.sampled_from(
    (
        *("one.", "ONE.", " one.", "one.\u00a0", "One .", "", "k", "\u212a", "ß", "ẞ", "SS"),
        *("İ\u03a3", "i\u0307\u03c3", "i\u0307\u03c2", "\ufb01", "fi", "e\u0301", "é", "É"),
    )
)


@examples(400)
@given(st.lists(variants | strategies.plain_lines, max_size=12))
def test_digests_of_lines_agree_where_the_reference_has_them_agree(lines):
    prefix = "The ferry leaves at ten. It came. It went."
    text = "\n".join([prefix, *[f"We all sail on {line} today." for line in lines]])
    cleaned = clean_lines(text, 0)
    if cleaned is None or cleaned.fate != Fate.PASSED:
        return
    digests = digest_lines(cleaned.lowered)
    ours = [digests[at : at + 16] for at in range(0, len(digests), 16)]
    page = PageFeatures(url="u", text=cleaned.text)
    theirs = [digest for digest, _ in c4_utils._emit_url_to_lines(page)]
    assert [ours.index(digest) for digest in ours] == [theirs.index(digest) for digest in theirs]


@examples(1000)
@given(strategies.bad_texts, st.sampled_from(BAD_WORDS))
def test_bad_words(text, ours_and_theirs):
    matcher, bad_words_filter = ours_and_theirs
    kept = bad_words_filter(PageFeatures(text=text, language="en"))
    assert matcher.found_in(text) is not kept


@examples(150)
@given(strategies.language_texts | strategies.pages)
def test_english(text):
    load_langdetect()
    with counting() as counts:
        kept = list(c4_utils.detect_english(PageFeatures(text=text)))
    assert Counter(english_rules(text)) == counts
    assert [page.language for page in kept] == ["en"] * ("english-filter/passed" in counts)


few = st.sampled_from((0, 1, 2, 2**63, 2**64 - 1))
few_digests = st.tuples(few, few)
seconds = st.integers(0, 3).map(lambda n: f"20{19 + n // 2}-04-18T10:20:3{n % 2}Z")


def digests(rows) -> np.ndarray:
    return np.array(rows, np.uint64).reshape(-1, 2)


@examples(400)
@given(st.lists(st.tuples(few_digests, seconds, few_digests), max_size=12), st.randoms())
def test_newest_captures(rows, random):
    places = list(range(len(rows)))
    random.shuffle(places)
    urls_, dates, elections = zip(*rows, strict=True) if rows else ((), (), ())
    newest = newest_captures(
        digests(urls_),
        np.array([capture_time(date) for date in dates], np.int64),
        digests(elections),
        np.array(places, np.uint64),
    )
    by_url: dict[tuple[int, int], list[int]] = {}
    for row, url in enumerate(urls_):
        by_url.setdefault(url, []).append(row)
    for captures in by_url.values():
        captures.sort(key=lambda row: (elections[row], places[row]))
        found = [PageFeatures(url=str(row), timestamp=dates[row]) for row in captures]
        selected = int(c4_utils.select_newest_page(found).url)
        assert [row for row in captures if newest[row]] == [selected]


@examples(400)
@given(st.lists(st.tuples(few_digests, few_digests), max_size=12), st.randoms())
def test_elected_lines(rows, random):
    places = list(range(len(rows)))
    random.shuffle(places)
    lines, elections = zip(*rows, strict=True) if rows else ((), ())
    best: dict[tuple[int, int], int] = {}
    for row in sorted(range(len(rows)), key=lambda row: (elections[row], places[row])):
        best.setdefault(lines[row], row)
    elected = elect_lines(digests(lines), digests(elections), np.array(places, np.uint64))
    assert elected.tolist() == [best[line] for line in lines]


SHARED_LINES = (
    "The ferry leaves at ten.",
    "THE FERRY leaves at ten.",
    " The ferry leaves at ten.",
    "It does not sail on Sundays.",
    "It does not sail on\u00a0Sundays.",
    "Nobody was left on it by then.",
    "We met Mr.",
    "Who was it? Who knows? All do.",
)
corpora = st.lists(
    st.lists(st.lists(st.sampled_from(SHARED_LINES), min_size=1, max_size=6), max_size=3),
    min_size=1,
    max_size=3,
)
"""Files of pages of lines."""


def reference_deduplicated(corpus: dict[str, str]) -> tuple[dict[str, str], Counter[str]]:
    """The texts left of pages by URL, and counts, with the reference's joins done in dicts."""
    elected: dict[str, str] = {}
    for url, text in corpus.items():
        for line, owner in c4_utils._emit_url_to_lines(PageFeatures(url=url, text=text)):
            elected[line] = min(elected.get(line, owner), owner, key=c4_utils._hash_text)
    left = {}
    with counting() as counts:
        increment = c4_utils.get_counter_inc_fn("dedupe-lines")
        for url, text in corpus.items():
            kept = [line for line, owner in elected.items() if owner == url]
            joined = (url, {"pages": [PageFeatures(url=url, text=text)], "lines": kept})
            for page in c4_utils._remove_lines_from_text(joined, increment, clean.MIN_SENTENCES):
                left[page.url] = page.text
    return left, counts


def our_deduplicated(files: list[dict[str, str]]) -> tuple[dict[str, str], Counter[str]]:
    """The same, file by file and then among files, with arrays."""
    signatures = []
    for number, file in enumerate(files):
        texts = [text.split("\n") for text in file.values()]
        page = np.repeat(np.arange(len(file)), [len(lines) for lines in texts])
        lowered = "\n".join(line.strip().lower() for lines in texts for line in lines)
        packed = digest_lines(lowered.encode()) if texts else b""
        line = urls.pack_digests([packed[at : at + 16] for at in range(0, len(packed), 16)])
        election = urls.pack_digests([urls.md5(url) for url in file])[page]
        place = (np.uint64(number) << np.uint64(32)) | np.arange(len(page), dtype=np.uint64)
        first = elect_lines(line, election, place)
        signatures.append((page, line, election, place, first))
    rows = [first == np.arange(len(first)) for *_, first in signatures]
    line, election, place = (
        np.concatenate([found[column][own] for found, own in zip(signatures, rows, strict=True)])
        for column in (1, 2, 3)
    )
    winners = elect_lines(line, election, place) == np.arange(len(place))
    left, counts = {}, Counter()
    for number, (file, (page, _, _, _, first)) in enumerate(zip(files, signatures, strict=True)):
        lost = np.zeros(len(first), bool)
        here = ~winners & (place >> np.uint64(32) == number)
        lost[(place[here] & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
        fates = line_fates(first, page, lost)
        counts.update(LINE_FATE_RULES[fate] for fate in fates.tolist())
        for index, (url, text) in enumerate(file.items()):
            document = deduplicate_page(text, (fates[page == index] == 0).tolist())
            counts[document.rule] += 1
            if document.text:
                left[url] = document.text
    return left, counts


@examples(300)
@given(corpora)
def test_deduplication(corpus):
    files = [
        {f"http://a.example/{number}/{page}": "\n".join(lines) for page, lines in enumerate(texts)}
        for number, texts in enumerate(corpus)
    ]
    whole = {url: text for file in files for url, text in file.items()}
    assert our_deduplicated(files) == reference_deduplicated(whole)


@examples(100)
@given(strategies.language_texts)
def test_probabilities_of_languages(text):
    load_langdetect()
    assert probabilities(langdetect_rs, text) == probabilities(langdetect, text)
