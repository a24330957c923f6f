"""Blocks between stages, and buckets gone through in passes: the same verdicts, in less memory."""

import tracemalloc

import numpy as np
import pytest

from pipelines.stages.blocks import (
    CAPTURE,
    FLAGS,
    LISTED,
    SPAN,
    passes,
    read_spilled,
    row_flags,
    rows_of_pass,
    spill,
    split_by_bucket,
)
from pipelines.stages.duplicates import lost_blocks
from pipelines.stages.newest import count_missing, flag_blocks
from runtime.storage.checked import DamagedFile, read_checked

PARTS = 40
PASS_ROWS = [1, 7, 100, 1999, 2000, 1 << 21]


def bucket(dtype: np.dtype, rows: int, digests: int, seed: int = 1) -> list[np.ndarray]:
    """Blocks from 40 parts: some empty, few digests, halves of digests that coincide."""
    chance = np.random.default_rng(seed)
    block = np.zeros(rows, dtype)
    block[dtype.names[0]] = chance.integers(0, digests, (rows, 2), np.uint64) ** 3
    if dtype != LISTED:
        block["priority"] = chance.integers(0, 5, (rows, 2), np.uint64)
        part = np.sort(chance.integers(0, PARTS, rows)).astype(np.uint64)
        block["row_id"] = part << np.uint64(32) | np.arange(rows, dtype=np.uint64)
    if dtype == CAPTURE:
        block["captured"] = chance.choice(np.array([b"2019", b"2020"]), rows)
    if dtype == SPAN:
        block["scopes"] = chance.integers(1, 8, rows)
    cuts = np.sort(chance.integers(0, rows, PARTS - 1))
    return np.split(block, cuts)


def flags(verdicts: dict[int, np.ndarray]) -> dict[int, list[int]]:
    return {part: row_flags([block], 2000).tolist() for part, block in verdicts.items()}


@pytest.mark.parametrize("pass_rows", PASS_ROWS)
def test_lost_spans_are_the_same_in_any_number_of_passes(pass_rows):
    blocks = bucket(SPAN, 2000, 17)
    expected = flags(lost_blocks(blocks))
    assert expected and flags(lost_blocks(blocks, pass_rows)) == expected


@pytest.mark.parametrize("pass_rows", PASS_ROWS)
@pytest.mark.parametrize("lists", [0, 300])
def test_verdicts_of_captures_are_the_same_in_any_number_of_passes(pass_rows, lists):
    blocks = bucket(CAPTURE, 2000, 40) + (bucket(LISTED, lists, 50, 2) if lists else [])
    expected = flags(flag_blocks(blocks))
    assert expected and flags(flag_blocks(blocks, pass_rows)) == expected
    assert count_missing(blocks, pass_rows) == count_missing(blocks)
    assert bool(count_missing(blocks)) == bool(lists)


@pytest.mark.parametrize("pass_rows", [1, 100, 10_000])
def test_passes_take_every_row_once_and_part_no_digest(pass_rows):
    blocks = bucket(SPAN, 2000, 9)
    count = passes(blocks, pass_rows)
    assert count == -(-2000 // pass_rows)
    seen: dict[bytes, int] = {}
    row_ids: list[int] = []
    for number in range(count):
        rows = rows_of_pass(blocks, SPAN, number, count)
        row_ids += rows["row_id"].tolist()
        for digest in rows["span_digest"]:
            assert seen.setdefault(digest.tobytes(), number) == number
    assert sorted(row_ids) == sorted(np.concatenate(blocks)["row_id"].tolist())


@pytest.mark.parametrize("dtype", [SPAN, CAPTURE])
def test_a_bucket_of_nothing_has_no_verdicts(dtype):
    reduce = lost_blocks if dtype == SPAN else flag_blocks
    assert reduce([]) == {}
    assert reduce([np.empty(0, dtype)]) == {}
    assert count_missing([]) == {}


def test_memory_of_a_bucket_is_that_of_a_pass():
    blocks = bucket(SPAN, 400_000, 1 << 40)
    peaks = []
    for pass_rows in (1 << 21, 20_000):
        tracemalloc.start()
        lost_blocks(blocks, pass_rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] > 400_000 * 41
    assert peaks[1] < peaks[0] / 3  # two gathered blocks of 2.7 MB and a pass


def test_a_line_that_every_part_sends_is_lost_by_all_but_one():
    blocks = bucket(SPAN, 2000, 1 << 40)
    for block in blocks:
        block["span_digest"][:1] = 5
        block["scopes"][:1] = 1
    senders = [int(block["row_id"][0] >> np.uint64(32)) for block in blocks if len(block)]
    lost = lost_blocks(blocks, 50)
    assert sum(map(len, lost.values())) == len(senders) - 1
    assert set(lost) <= set(senders)


@pytest.mark.parametrize("rows", [0, 1, 500])
def test_spilled_blocks_come_back_by_target(tmp_path, rows):
    block = np.concatenate(bucket(SPAN, 500, 1 << 40))[:rows]
    by_bucket = split_by_bucket(block, block["span_digest"], 16)
    path = str(tmp_path / "0.blocks")
    spill(path, by_bucket, 16)
    for target in range(16):
        found = read_spilled([path, path], target, SPAN)
        expected = by_bucket.get(target, np.empty(0, SPAN))
        assert [b.tobytes() for b in found] == [expected.tobytes()] * (2 * bool(len(expected)))
    assert len(read_checked(path)) == 16 * 24 + rows * SPAN.itemsize
    flipped = bytearray((tmp_path / "0.blocks").read_bytes())
    flipped[3 * 24 + 9] ^= 1  # where the block of target 3 ends
    (tmp_path / "0.blocks").write_bytes(flipped)
    read_spilled([path], 2, SPAN)
    with pytest.raises(DamagedFile, match=r"0\.blocks was damaged \(flipped bytes\)"):
        read_spilled([path], 3, SPAN)
    assert (FLAGS.itemsize, SPAN.itemsize, CAPTURE.itemsize) == (5, 41, 72)
