"""A sample depends on the documents and the seed, and on nothing else."""

from collections import defaultdict

import numpy as np
import pytest

from corpora.layout import find_corpora
from tests.corpora.written import documents, write_multilingual, write_shards
from vocab.sampling.mixtures import parse_mixture
from vocab.sampling.sample import (
    LanguageCount,
    Sample,
    count_shard,
    document_hash,
    draw_shard,
    fingerprint,
    last_bin,
)  # fmt: skip


def draw(folder, corpus, mixture="1", sample_bytes=10**9, seed=0) -> Sample:
    """What the pipeline does, in a loop."""
    counts: dict[str, LanguageCount] = {}
    shards = find_corpora([str(corpus)])
    for shard in shards:
        language, count = count_shard(shard, seed)
        counts[language] = counts[language] + count if language in counts else count
    available = {name: count.text_bytes() for name, count in counts.items()}
    shares = parse_mixture(mixture).shares(available, sample_bytes)
    paths = defaultdict(list)
    folder.mkdir(exist_ok=True)
    for shard in shards:
        if shares.get(shard.language):
            last = last_bin(counts[shard.language].bins, shares[shard.language])
            path = str(folder / f"{shard.number}-{seed}-{last}.arrow")
            draw_shard(shard, seed, last, path)
            paths[shard.language].append(path)
    return Sample({name: tuple(found) for name, found in paths.items()}, shares)


ROWS = documents("en", 400)
SIZE = sum(len(row[0]) for row in ROWS)


def english(folder, rows=ROWS, shards=1, format_name="tfrecord"):
    return write_shards(folder / "en", "train", rows, shards, format_name)


def test_formats_shards_and_order_change_nothing(tmp_path):
    expected = None
    for n, (rows, shards, name) in enumerate(
        [
            (ROWS, 1, "tfrecord"),
            (ROWS, 5, "jsonl"),
            (ROWS[::-1], 3, "parquet"),
            (ROWS[200:] + ROWS[:200], 2, "tfrecord"),
        ]
    ):
        corpus = english(tmp_path / f"corpus{n}", rows, shards, name)
        sample = draw(tmp_path / f"drawn{n}", corpus, sample_bytes=SIZE // 3)
        found = list(sample.documents())
        expected = expected or found
        assert found == expected
    assert 0.3 * SIZE < sum(len(text) for _, text in expected) <= SIZE // 3


def test_documents_come_in_the_order_of_their_hashes(tmp_path):
    sample = draw(tmp_path / "drawn", english(tmp_path, shards=3))
    in_order = sorted(ROWS, key=lambda row: document_hash(row[1], row[0], 0))
    assert [text for _, text in sample.documents()] == [row[0] for row in in_order]


def test_a_larger_sample_begins_with_a_smaller_one(tmp_path):
    corpus = english(tmp_path)
    small = list(draw(tmp_path / "small", corpus, sample_bytes=SIZE // 10).documents())
    large = list(draw(tmp_path / "large", corpus, sample_bytes=SIZE // 2).documents())
    assert large[: len(small)] == small and len(large) > len(small)


def test_another_seed_draws_others(tmp_path):
    corpus = english(tmp_path)
    first, second = (
        {text for _, text in draw(tmp_path / f"d{seed}", corpus, "1", SIZE // 4, seed).documents()}
        for seed in (0, 1)
    )
    assert len(first & second) < len(first) / 2


def test_shares_are_kept_by_language(tmp_path):
    corpus = write_multilingual(tmp_path, {"en": 200, "de": 200, "fr": 200, "ro": 2, "ru": 50})
    sample = draw(tmp_path / "drawn", corpus, "en:10,de:1,fr:1,ro:1")
    held = fingerprint(sample.documents())
    assert set(held) == {"en", "de", "fr", "ro"}
    assert held["en"].documents == 200 and held["ro"].documents == 2
    for name in ("de", "fr"):
        ratio = held["en"].text_bytes / held[name].text_bytes
        assert 10 <= ratio < 11  # whole documents only


def test_equal_hashes_are_ordered_by_url_and_text(tmp_path):
    same = [(t, b"http://same.example/", b"", b"", b"") for t in (b"b", b"a", b"c")]
    for n, rows in enumerate((same, same[::-1])):
        sample = draw(tmp_path / f"d{n}", english(tmp_path / f"c{n}", rows))
        assert [text for _, text in sample.documents()] == [b"a", b"b", b"c"]


def test_documents_without_url_are_told_apart_by_their_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("\n".join(f"line {n}" for n in range(1000)))
    sample = draw(tmp_path / "drawn", path, sample_bytes=2000)
    numbers = [int(text.split()[1]) for _, text in sample.documents()]
    assert 200 < len(numbers) < 300 and max(numbers) > 900  # from all over the file


@pytest.mark.parametrize(
    ("bins", "share", "last"),
    [([5, 0, 5], 0, -1), ([5, 0, 5], 1, 0), ([5, 0, 5], 5, 0), ([5, 0, 5], 6, 2)],
)
def test_the_last_bin_is_that_in_which_the_share_is_full(bins, share, last):
    padded = np.array(bins + [0] * (4096 - len(bins)), np.int64)
    assert last_bin(padded, share) == last


def test_what_is_drawn_is_little_more_than_the_sample(tmp_path):
    """Memory is that of the sample: its own bytes and those of one bin of 4,096."""
    corpus = english(tmp_path)
    sample = draw(tmp_path / "drawn", corpus, sample_bytes=SIZE // 10)
    stored = sum(path.stat().st_size for path in (tmp_path / "drawn").iterdir())
    largest = max(len(row[0]) for row in ROWS)
    assert stored < SIZE // 10 + 3 * largest + 20_000
    assert sum(len(text) for _, text in sample.documents()) <= SIZE // 10


def test_a_fingerprint_changes_with_any_document():
    rows = [("en", b"one"), ("en", b"two"), ("de", b"drei")]
    whole = fingerprint(rows)
    assert whole["en"].documents == 2 and whole["en"].text_bytes == 6
    assert fingerprint(rows)["en"] == whole["en"]
    assert fingerprint([("en", b"onet"), ("en", b"wo")])["en"].sha256 != whole["en"].sha256
    assert fingerprint(rows[::-1])["en"].sha256 != whole["en"].sha256
