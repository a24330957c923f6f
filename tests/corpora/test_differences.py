"""Two corpora compared by digests, beside the same done with all texts in memory."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaning.urls import normalize_url
from corpora.differences import find_differences, read_places
from corpora.layout import CorpusShard, find_corpora

URLS = st.sampled_from(
    ["", "http://a.example/1", "https://www.a.example/1/", "b.example", "c.example"]
)
DOCUMENTS = st.lists(st.tuples(URLS, st.sampled_from(["one", "two", "three\nlines"])), max_size=12)


def write(folder: Path, name: str, documents: list[tuple[str, str]]) -> tuple[CorpusShard, ...]:
    """A corpus of two shards."""
    for number in range(2):
        rows = [{"url": url, "text": text} for url, text in documents[number::2]]
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / f"{name}-{number}.jsonl").write_text(lines)
    return find_corpora([str(folder / f"{name}-*.jsonl")])


def by_key(documents: list[tuple[str, str]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for url, text in documents:
        found[normalize_url(url) if url else f"text {text}"][text] += 1
    return found


@settings(deadline=None, max_examples=25)
@given(DOCUMENTS, DOCUMENTS)
def test_every_document_is_counted_once_and_as_what_it_is(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("compared")
    found = find_differences(write(folder, "a", first), write(folder, "b", second))
    one, two = by_key(first), by_key(second)
    same = changed = 0
    for key in one.keys() | two.keys():
        both = (one[key] & two[key]).total()
        same += both
        changed += min(one[key].total(), two[key].total()) - both
    assert found.counts == (len(first), len(second))
    assert (found.same, len(found.changed)) == (same, changed)
    assert len(found.only_first) == len(first) - same - changed
    assert len(found.only_second) == len(second) - same - changed


def test_places_lead_to_the_documents_in_the_order_of_the_corpus(tmp_path):
    first = [("a.example", "one"), ("b.example", "one"), ("c.example", "x"), ("d.example", "y")]
    second = [("https://c.example", "x"), ("b.example", "two"), ("e.example", "z")]
    shards = write(tmp_path, "a", first), write(tmp_path, "b", second)
    found = find_differences(*shards)
    only = [(url, text) for _, url, text in read_places(shards[0], found.only_first)]
    assert only == [("a.example", "one"), ("d.example", "y")]
    places = [list(read_places(s, found.changed[:, side])) for side, s in enumerate(shards)]
    assert [[text for _, _, text in side] for side in places] == [["one"], ["two"]]
    assert [place for place, _, _ in places[0]] == found.changed[:, 0].tolist()
    assert list(read_places(shards[1], np.empty(0, np.uint64))) == []
