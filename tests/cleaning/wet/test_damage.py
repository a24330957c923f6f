"""Thousands of damaged variants of WET files: what the damage did not touch comes through.

A failing message names its seed; `damaged(data, seed)` builds that variant again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from cleaning.wet.chunks import Chunk
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Malformed, Record
from tests.cleaning.wet.wet_files import (
    ONE_MEMBER,
    PLAIN,
    THREE_A_MEMBER,
    Framed,
    damage,
    framed,
    lay_out,
    pages,
    read,
    survivors,
)

SAMPLE = Path(__file__).resolve().parents[3] / "sample" / "wet" / "sample-00000.warc.wet.gz"


@dataclass(frozen=True)
class Change:
    """`removed` bytes at `at` of the sound file gave way to `added`."""

    kind: str
    at: int
    removed: int
    added: bytes

    def touches(self, start: int, end: int) -> bool:
        """True unless the bytes from `start` to `end` are still there, side by side."""
        return (
            self.at < end and max(self.at + self.removed, self.at + 1 - (not self.removed)) > start
        )


def changes(data: bytes, chance: random.Random) -> Iterator[Change]:
    """One change most of the time, else up to four, in the order of the file."""
    places = chance.choices(range(len(data)), k=chance.choice([1, 1, 1, 2, 4]))
    for at in sorted(set(places)):
        kind = chance.choices(
            ["flip", "overwrite", "zero", "insert", "delete", "copy", "truncate"],
            [60, 10, 5, 10, 10, 3, 2],
        )[0]
        size = chance.choice([1, 1, 2, 3, 8, 64, 700])
        held = data[at : at + size]
        if kind == "flip":
            yield Change(kind, at, 1, bytes([data[at] ^ 1 << chance.randrange(8)]))
        elif kind == "overwrite":
            yield Change(kind, at, len(held), chance.randbytes(len(held)))
        elif kind == "zero":
            yield Change(kind, at, len(held), bytes(len(held)))
        elif kind == "insert":
            yield Change(kind, at, 0, chance.randbytes(size))
        elif kind == "delete":
            yield Change(kind, at, len(held), b"")
        elif kind == "copy":
            yield Change(kind, at, 0, data[max(0, at - min(size, 64)) : at] or b"x")
        else:
            yield Change(kind, at, len(data) - at, b"")


def damaged(data: bytes, seed: int) -> tuple[bytes, list[Change]]:
    """A variant of the file, the same for the same seed, and what was done to it."""
    made: list[Change] = []
    parts: list[bytes] = []
    end = 0
    for change in changes(data, random.Random(seed)):
        if change.at >= end:
            parts += [data[end : change.at], change.added]
            end = change.at + change.removed
            made.append(change)
    return b"".join([*parts, data[end:]]), made


@dataclass(frozen=True)
class File:
    """A sound file, its records, and the bytes that each depends on (its member's, or its own)."""

    data: bytes
    records: list[Framed]
    extents: list[tuple[int, int]]

    def untouched(self, made: list[Change]) -> list[Framed]:
        pairs = zip(self.records, self.extents, strict=True)
        return [r for r, extent in pairs if not any(c.touches(*extent) for c in made)]

    def spots(self, made: list[Change]) -> int:
        """Extents that are touched, and changes between two extents."""
        extents = set(self.extents)
        touched = sum(any(c.touches(*extent) for c in made) for extent in extents)
        return touched + sum(not any(c.touches(*extent) for extent in extents) for c in made)

    def is_seamless(self, change: Change) -> bool:
        """True if what is left may look like a sound file: two records gave one, or none."""
        return sum(change.touches(*extent) for extent in set(self.extents)) > 1


def laid_out(records: list[bytes], per_member: int) -> File:
    data, places = lay_out(records, per_member)
    starts = [*sorted({offset for offset, _ in places}), len(data)]
    ends = dict(pairwise(starts))
    return File(data, [framed(r) for r in records], [(at, ends[at]) for at, _ in places])


def first_members(path: Path, count: int) -> tuple[File, list[bytes]]:
    """The first members of a WET file as stored there, and their records."""
    with path.open("rb") as stream:
        chunks = [c for c, _ in zip(inflate(stream), range(count + 1), strict=False)]
    assert all(isinstance(chunk, Chunk) and chunk.starts_member for chunk in chunks)
    starts = [chunk.offset for chunk in chunks]
    records = [chunk.data for chunk in chunks[:-1]]
    extents = list(pairwise(starts))
    stored = path.read_bytes()[: starts[-1]]
    return File(stored, [framed(r) for r in records], extents), records


@pytest.fixture(scope="module", params=["sample", "real pages"])
def source(request: pytest.FixtureRequest) -> tuple[File, list[bytes]]:
    """Forty records of the sample, or sixty of real pages where there are any."""
    if request.param == "sample":
        return first_members(SAMPLE, 40)
    shared = request.getfixturevalue("shared_data")
    return first_members(min((shared / "wet").glob("*.warc.wet.gz")), 60)


@pytest.fixture(
    params=[
        pytest.param(slice(0, None, 4), id="a quarter"),
        pytest.param(slice(None), id="all", marks=pytest.mark.slow),
    ]
)
def seeds(request: pytest.FixtureRequest) -> slice:
    """Which variants are made; `make test-full` makes all."""
    return request.param


def check(
    file: File, seed: int, *, is_exact: bool
) -> tuple[list[Record | Malformed], list[Change]]:
    """Reads a variant and asserts what holds for any; `is_exact`: nothing altered comes through."""
    data, made = damaged(file.data, seed)
    told = f"seed {seed}: " + ", ".join(f"{c.kind} {c.removed} at {c.at}" for c in made)
    try:
        parts = read(data)
    except Exception as error:
        raise AssertionError(f"{told}: reading raised {error!r}") from error
    found = survivors(parts)
    if any(c.kind == "copy" for c in made):
        found = list(dict.fromkeys(found))  # a copy may hold whole members
    untouched = file.untouched(made)
    needed = set(untouched)
    kept = [r for r in found if r in needed]
    lost = [r.header.decode(errors="replace")[:300] for r in untouched if r not in kept]
    assert not lost, f"{told}: {len(lost)} of {len(untouched)} untouched records lost: {lost[:3]}"
    assert kept == untouched, f"{told}: {len(kept) - len(untouched)} untouched records repeated"
    if is_exact:
        known = set(file.records)
        altered = [r.header.decode(errors="replace")[:300] for r in found if r not in known]
        assert not altered, f"{told}: {len(altered)} altered records came through: {altered[:3]}"
        assert len(set(found)) == len(found), f"{told}: a record came through twice"
    if len(found) < len(file.records) and not any(map(file.is_seamless, made)):
        cut = [c.kind == "truncate" and not file.untouched([c]) for c in made]
        assert damage(parts) or any(cut), f"{told}: records are missing, and nothing is reported"
    return parts, made


def test_gzip_variants_keep_untouched_members_and_nothing_altered(source, seeds):
    file, _ = source
    for seed in range(2000)[seeds]:
        parts, made = check(file, seed, is_exact=True)
        reported = damage(parts)
        assert len(reported) <= file.spots(made), f"seed {seed}: {reported} for {made}"


def test_plain_variants_keep_untouched_records(source, seeds):
    file = laid_out(source[1], PLAIN)
    for seed in range(10_000, 12_000)[seeds]:
        parts, made = check(file, seed, is_exact=False)
        reported = damage(parts)
        assert len(reported) <= file.spots(made), f"seed {seed}: {reported} for {made}"


def test_variants_of_members_with_several_records_keep_the_untouched_members(source, seeds):
    file = laid_out(source[1], THREE_A_MEMBER)
    blocks = {r.block for r in file.records}
    for seed in range(20_000, 20_700)[seeds]:
        parts, _ = check(file, seed, is_exact=False)
        strange = [r.header[:300] for r in survivors(parts) if r.block not in blocks]
        assert not strange, f"seed {seed}: blocks that no record has: {strange}"


def test_variants_of_one_large_member_never_give_an_altered_block():
    file = laid_out(pages(360, 6000), ONE_MEMBER)
    blocks = {r.block for r in file.records}
    survived = 0
    for seed in range(30_000, 30_050):
        parts, made = check(file, seed, is_exact=False)
        found = survivors(parts)
        strange = [r.header[:300] for r in found if r.block not in blocks]
        assert not strange, f"seed {seed}: blocks that no record has: {strange}"
        sound = int(len(file.records) * made[0].at / len(file.data)) - 3 if made else 360
        assert len(found) >= sound, f"seed {seed}: {len(found)} of some {sound} before {made}"
        survived += len(found)
    assert survived > 50 * 360 // 4
