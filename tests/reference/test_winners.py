"""Which captures and lines stay, and what is left of pages, by arrays and by plain dicts."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaning import urls
from cleaning.dedup.pages import SPAN_OUTCOME_RULES, deduplicate_page, span_outcomes
from cleaning.dedup.winners import newest_captures, span_winners
from cleaning.filters.clean import MIN_SENTENCES
from cleaning.signatures import TIME, digest_lines
from tests.reference.reference import PageFeatures, c4_utils, counting
from tests.reference.strategies import examples

few = st.sampled_from((0, 1, 2, 2**63, 2**64 - 1))
few_digests = st.tuples(few, few)
seconds = st.sampled_from(
    (
        "2019-04-18T10:20:30Z",
        "2019-04-18T10:20:31Z",
        "2020-01-01T00:00:00Z",
        "2019-04-18T10:20:30.5Z",
    )
) | st.sampled_from(("yesterday", "2019", "é"))


def digests(rows) -> np.ndarray:
    return np.array(rows, np.uint64).reshape(-1, 2)


@examples(400)
@given(st.lists(st.tuples(few_digests, seconds, few_digests), max_size=12), st.randoms())
def test_newest_captures(rows, random):
    row_ids = list(range(len(rows)))
    random.shuffle(row_ids)
    urls_, dates, priorities = zip(*rows, strict=True) if rows else ((), (), ())
    newest = newest_captures(
        digests(urls_),
        np.array([date.encode() for date in dates], TIME),
        digests(priorities),
        np.array(row_ids, np.uint64),
    )
    by_url: dict[tuple[int, int], list[int]] = {}
    for row, url in enumerate(urls_):
        by_url.setdefault(url, []).append(row)
    for captures in by_url.values():
        captures.sort(key=lambda row: (priorities[row], row_ids[row]))
        found = [PageFeatures(url=str(row), timestamp=dates[row]) for row in captures]
        selected = int(c4_utils.select_newest_page(found).url)
        assert [row for row in captures if newest[row]] == [selected]


@examples(400)
@given(st.lists(st.tuples(few_digests, few_digests), max_size=12), st.randoms())
def test_elected_lines(rows, random):
    row_ids = list(range(len(rows)))
    random.shuffle(row_ids)
    lines, priorities = zip(*rows, strict=True) if rows else ((), ())
    best: dict[tuple[int, int], int] = {}
    for row in sorted(range(len(rows)), key=lambda row: (priorities[row], row_ids[row])):
        best.setdefault(lines[row], row)
    elected = span_winners(digests(lines), digests(priorities), np.array(row_ids, np.uint64))
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
            for page in c4_utils._remove_lines_from_text(joined, increment, MIN_SENTENCES):
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
        priority = urls.pack_digests([urls.md5(url) for url in file])[page]
        row_id = (np.uint64(number) << np.uint64(32)) | np.arange(len(page), dtype=np.uint64)
        first = span_winners(line, priority, row_id)
        signatures.append((page, line, priority, row_id, first))
    rows = [first == np.arange(len(first)) for *_, first in signatures]
    line, priority, row_id = (
        np.concatenate([found[column][own] for found, own in zip(signatures, rows, strict=True)])
        for column in (1, 2, 3)
    )
    winners = span_winners(line, priority, row_id) == np.arange(len(row_id))
    left, counts = {}, Counter()
    for number, (file, (page, _, _, _, first)) in enumerate(zip(files, signatures, strict=True)):
        lost = np.zeros(len(first), bool)
        here = ~winners & (row_id >> np.uint64(32) == number)
        lost[(row_id[here] & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
        outcomes = span_outcomes(first, page, lost)
        counts.update(SPAN_OUTCOME_RULES[outcome] for outcome in outcomes.tolist())
        for index, (url, text) in enumerate(file.items()):
            document = deduplicate_page(text, (outcomes[page == index] == 0).tolist())
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
