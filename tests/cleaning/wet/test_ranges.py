"""Ranges of a file's bytes: every record in exactly one of them, wherever they are cut."""

import gzip
import io
import itertools
import random
from pathlib import Path

import pytest

from cleaning.wet.chunks import DamagedMember
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Malformed, Record, read_records
from tests.conftest import REPOSITORY

SAMPLE = sorted((REPOSITORY / "sample" / "wet").glob("*.gz"))


def read(data: bytes, start: int = 0, end: int | None = None) -> list[Record | Malformed]:
    for suspicious in (False, True):
        try:
            chunks = inflate(io.BytesIO(data), start, end, suspicious=suspicious)
            return list(read_records(chunks))
        except DamagedMember:
            continue
    raise AssertionError("a suspicious reading raised DamagedMember")


def read_in_ranges(data: bytes, cuts: list[int]) -> list[Record | Malformed]:
    bounds = [0, *sorted(cuts), len(data)]
    return [part for start, end in itertools.pairwise(bounds) for part in read(data, start, end)]


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.name)
def test_any_cut_gives_the_same_records_in_the_same_order(path: Path):
    data, chance = path.read_bytes(), random.Random(1)
    whole = read(data)
    for cuts in range(1, 40):
        positions = [chance.randrange(1, len(data)) for _ in range(cuts)]
        assert read_in_ranges(data, positions) == whole, positions


def test_cuts_at_and_around_every_member_start_lose_nothing():
    data = SAMPLE[0].read_bytes()
    whole = read(data)
    starts = [part.offset for part in whole[1:]]
    for start in starts[::3]:
        for cut in (start - 1, start, start + 1, start + 9, start + 11):
            assert read_in_ranges(data, [cut]) == whole, cut


@pytest.mark.parametrize("seed", range(30))
def test_damage_is_read_alike_however_the_file_is_cut(seed):
    chance = random.Random(seed)
    data = bytearray(SAMPLE[seed % 2].read_bytes())
    for _ in range(4):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    whole = read(bytes(data))
    for _ in range(8):
        cuts = [chance.randrange(1, len(data)) for _ in range(3)]
        found = read_in_ranges(bytes(data), cuts)
        assert [p for p in found if isinstance(p, Record)] == [
            p for p in whole if isinstance(p, Record)
        ], cuts
        assert [p.offset for p in found if isinstance(p, Malformed)] == [
            p.offset for p in whole if isinstance(p, Malformed)
        ], cuts


def test_a_file_of_one_member_or_of_plain_bytes_belongs_to_its_first_range():
    plain = gzip.decompress(SAMPLE[0].read_bytes())
    for data in (plain, gzip.compress(plain)):
        whole = read(data)
        assert sum(isinstance(part, Record) for part in whole) == 46
        assert read_in_ranges(data, [len(data) // 3, len(data) // 2]) == whole
