"""A sample depends on the documents and the seed, and on nothing else."""

import numpy as np
import pytest

from corpora.layout import find_corpora, write_shard_list
from tests.corpora.written import documents, write_multilingual, write_shards
from tests.vocab.drawn import draw
from vocab.sampling.plan import SampleJob, draw_tasks, run_draw_task, write_plan
from vocab.sampling.sample import Sample, count_shard, describe_sample, document_hash, last_bin

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


def job_of(folder, corpus):
    """A job whose shards are listed, one a language, and their counts."""
    job = SampleJob(work=str(folder), mixture="1", sample_bytes=SIZE // 4, seed=0)
    shards = find_corpora([str(corpus)])
    write_shard_list(job.shards_path(), shards)
    return job, dict(count_shard(shard, job.seed) for shard in shards)


def test_samples_of_two_seeds_in_one_folder_are_two(tmp_path):
    (shard,) = find_corpora([str(english(tmp_path))])
    orders = []
    for seed in (0, 1):
        job = SampleJob(work=str(tmp_path / "work"), mixture="1", sample_bytes=SIZE, seed=seed)
        run_draw_task((shard, 4095), job)
        sample = Sample({"en": (job.drawn_path(shard, 4095),)}, {"en": SIZE})
        in_order = sorted(ROWS, key=lambda row: document_hash(row[1], row[0], seed))
        orders.append([row[0] for row in in_order])
        assert list(sample.texts("en")) == orders[seed]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("documents_of", "drawn"),
    [({"en": 9, "und": 9}, {"en"}), ({"en": 9, "de": 9, "und": 1}, {"en", "de"}),
     ({"und": 9}, {"und"})],
)  # fmt: skip
def test_documents_of_no_certain_language_are_drawn_only_if_there_are_no_others(
    documents_of, drawn, tmp_path
):
    corpus = tmp_path / "c4/multilingual/3.1.0"
    for language, count in documents_of.items():
        write_shards(corpus, language, documents("en", count))
    job, counts = job_of(tmp_path / "work", corpus)
    plan = write_plan(counts, job)
    assert {name for name, row in plan.items() if row.quota} == drawn
    assert {shard.language for shard, _ in draw_tasks(plan, job)} == drawn
    assert plan.keys() == documents_of.keys()


def test_shares_are_kept_by_language(tmp_path):
    corpus = write_multilingual(tmp_path, {"en": 200, "de": 200, "fr": 200, "ro": 2, "ru": 50})
    sample = draw(tmp_path / "drawn", corpus, "en:10,de:1,fr:1,ro:1")
    drawn = describe_sample(sample.documents())
    assert set(drawn) == {"en", "de", "fr", "ro"}
    assert drawn["en"].documents == 200 and drawn["ro"].documents == 2
    for name in ("de", "fr"):
        ratio = drawn["en"].text_bytes / drawn[name].text_bytes
        assert 10 <= ratio < 11  # whole documents only


def test_equal_hashes_are_ordered_by_url_and_text(tmp_path):
    same = [(t, b"http://same.example/", b"", b"", b"") for t in (b"b", b"a", b"c")]
    for n, rows in enumerate((same, same[::-1])):
        sample = draw(tmp_path / f"d{n}", english(tmp_path / f"c{n}", rows))
        assert [text for _, text in sample.documents()] == [b"a", b"b", b"c"]


def test_documents_without_url_are_distinguished_by_their_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("\n".join(f"line {n}" for n in range(1000)))
    sample = draw(tmp_path / "drawn", path, sample_bytes=2000)
    numbers = [int(text.split()[1]) for _, text in sample.documents()]
    assert 200 < len(numbers) < 300 and max(numbers) > 900  # from all over the file


@pytest.mark.parametrize(
    ("bins", "quota", "last"),
    [([5, 0, 5], 0, -1), ([5, 0, 5], 1, 0), ([5, 0, 5], 5, 0), ([5, 0, 5], 6, 2)],
)
def test_the_last_bin_is_that_in_which_the_quota_is_reached(bins, quota, last):
    padded = np.array(bins + [0] * (4096 - len(bins)), np.int64)
    assert last_bin(padded, quota) == last


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
    first = describe_sample(rows)
    assert first["en"].documents == 2 and first["en"].text_bytes == 6
    assert describe_sample(rows)["en"] == first["en"]
    assert describe_sample([("en", b"onet"), ("en", b"wo")])["en"].sha256 != first["en"].sha256
    assert describe_sample(rows[::-1])["en"].sha256 != first["en"].sha256
