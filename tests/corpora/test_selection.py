"""Documents found by conditions: a table of cases over a few documents of any format."""

import json

import pytest

from cleaning.urls import host_of
from corpora.layout import find_corpora
from corpora.selection import (
    Conditions,
    choose_shards,
    find_documents,
    parse_regex,
    sample_documents,
)
from runtime.errors import UsageError

TEXTS = {
    "https://www.a.example/1": "Rye bread is baked here.\nIt keeps for a week.",
    "http://news.a.example/2?x=1": "Ein Brot aus Roggen. Grüße!",
    "https://ba.example:8080/3": "x" * 500,
    "": "Nobody knows where this text is from.",
}


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selection")
    rows = [{"text": text} | ({"url": url} if url else {}) for url, text in TEXTS.items()]
    for name, some in (("train", rows[:3]), ("validation", rows[3:])):
        lines = "".join(f"{json.dumps(row)}\n" for row in some)
        (folder / f"c4-{name}.0000{name == 'train':d}.json").write_text(lines)
        (folder / f"{name}.jsonl").write_text(lines)
    return find_corpora([str(folder / "*.jsonl")], "CORPUS")


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"url": "http://a.example/1/"}, [0]),
        ({"url": "a.example/2"}, []),
        ({"domain": "a.example"}, [0, 1]),
        ({"domain": "NEWS.a.example"}, [1]),
        ({"domain": "example"}, [0, 1, 2]),
        ({"domain": "8080"}, []),
        ({"min_length": 500}, [2]),
        ({"min_length": 27, "max_length": 45}, [0, 1, 3]),
        ({"max_length": 26}, []),
        ({"regex": "(?i)RYE|roggen"}, [0, 1]),
        ({"regex": "^It keeps"}, []),
        ({"regex": "(?m)^It keeps"}, [0]),
        ({"regex": "Gr.ße"}, [1]),
        ({"regex": "bread", "domain": "ba.example"}, []),
    ],
)
def test_conditions(shards, conditions, rows):
    urls = list(TEXTS)
    found = find_documents(shards, Conditions(**conditions))
    assert [document.url for document in found] == [urls[row] for row in rows]


def test_a_match_is_told_in_characters():
    found = Conditions(regex="Gr.ße").match("äöü Grüße!")
    assert found == (4, 9) and Conditions().match("a") is None


def test_a_pattern_that_would_be_slow_elsewhere_is_not(shards):
    assert not list(find_documents(shards, Conditions(regex="(x+x+)+y")))


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?<=a)b", "\udc80"])
def test_what_re2_does_not_know_is_refused(pattern):
    with pytest.raises(UsageError, match="expected a pattern of RE2: "):
        parse_regex(pattern)


def test_a_sample_is_the_same_whatever_else_is_there(shards):
    chosen = sample_documents(shards, Conditions(), 2)
    assert chosen == sample_documents(shards[::-1], Conditions(), 2)
    (one,) = sample_documents(shards, Conditions(), 1)
    assert one in chosen and len(sample_documents(shards, Conditions(), 9)) == 4


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example", "a.example"),
        ("a.example/x?y=http://b.example", "a.example"),
        ("http://a.example?b@c", "a.example"),
        ("https://me:pw@[::1]:80/x", "[::1]"),
        ("", ""),
    ],
)
def test_hosts(url, host):
    assert host_of(url) == host


def test_shards_are_chosen_by_language_and_split(shards):
    assert [s.split for s in choose_shards(shards, split="validation")] == ["validation"]
    with pytest.raises(UsageError, match=r"--split=test: no such split is there; .*train"):
        choose_shards(shards, split="test")
    with pytest.raises(UsageError, match=r"--language=de: .* state none"):
        choose_shards(shards, language="de")
