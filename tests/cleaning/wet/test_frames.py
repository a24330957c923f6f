"""WET files in zstd and bzip2: read as in gzip, and read on after damage."""

import bz2
import io
from collections.abc import Callable

import pytest
import zstandard

from cleaning.wet.chunks import Chunk, Gap
from cleaning.wet.inflate import inflate
from tests.cleaning.wet.wet_files import (
    ShortReads,
    damage,
    framed,
    page,
    pages,
    read,
    survivors,
)

FIVE = pages(5)
WHOLE = [framed(record) for record in FIVE]
Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "zstd without checksums": zstandard.ZstdCompressor(write_content_size=False).compress,
    "bzip2": bz2.compress,
}


def skipped(data: bytes, number: int = 0) -> bytes:
    """A frame of zstd that readers skip."""
    return bytes([0x50 + number]) + b"\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("each", [True, False], ids=["a frame each", "one frame"])
def test_every_record_comes_through(name, each):
    pack = PACKS[name]
    data = b"".join(map(pack, FIVE)) if each else pack(b"".join(FIVE))
    for source in (data, ShortReads(data)):
        parts = read(source)
        assert survivors(parts) == WHOLE
        assert not damage(parts)


@pytest.mark.parametrize("name", PACKS)
def test_offsets_are_those_of_the_frames(name):
    frames = list(map(PACKS[name], FIVE))
    found = [(part.offset, part.within) for part in read(b"".join(frames))]
    assert found == [(sum(map(len, frames[:number])), 0) for number in range(5)]


@pytest.mark.parametrize("name", PACKS)
def test_only_the_range_at_the_start_reads_the_file(name):
    data = b"".join(map(PACKS[name], FIVE))
    half = len(data) // 2
    first = list(inflate(io.BytesIO(data), 0, half))
    assert sum(isinstance(part, Chunk) for part in first) == 5
    assert list(inflate(io.BytesIO(data), half, None)) == []


@pytest.mark.parametrize("name", ["zstd", "bzip2"])
@pytest.mark.parametrize("at", [0, 1, 7, 60, -3], ids=str)
def test_a_damaged_frame_costs_its_record_only(name, at):
    frames = list(map(PACKS[name], FIVE))
    hurt = bytearray(frames[2])
    hurt[at] ^= 0x55
    parts = read(b"".join([*frames[:2], hurt, *frames[3:]]))
    kept = survivors(parts)
    assert [row for row in kept if row != WHOLE[2]] == [*WHOLE[:2], *WHOLE[3:]]
    assert {row[0] for row in damage(parts)} == {sum(map(len, frames[:2]))}


@pytest.mark.parametrize("name", PACKS)
def test_bytes_between_frames_are_named(name):
    frames = list(map(PACKS[name], FIVE))
    parts = read(b"".join([*frames[:3], b"no frame at all", *frames[3:]]))
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(sum(map(len, frames[:3])), 0, "bytes between frames")]


@pytest.mark.parametrize("name", PACKS)
def test_zeros_at_the_end_are_padding(name):
    parts = read(PACKS[name](b"".join(FIVE)) + bytes(5_000))
    assert survivors(parts) == WHOLE and not damage(parts)


@pytest.mark.parametrize(("name", "noun"), [("zstd", "zstd frame"), ("bzip2", "bzip2 stream")])
def test_a_truncated_file_keeps_what_is_before(name, noun):
    frames = list(map(PACKS[name], FIVE))
    parts = read(b"".join(frames)[:-20])
    assert survivors(parts)[:4] == WHOLE[:4]
    assert f"truncated {noun}" in damage(parts)[-1][2]


@pytest.mark.parametrize("name", ["zstd", "bzip2"])
def test_a_large_frame_that_is_damaged_keeps_records_that_their_digests_confirm(name):
    many = [page(number, size=40_000) for number in range(120)]
    packed = bytearray(PACKS[name](b"".join(many)))
    packed[len(packed) * 2 // 3] ^= 0x55
    parts = read(bytes(packed))
    whole = [framed(record) for record in many]
    kept = survivors(parts)
    assert len(kept) > 20 and all(row in whole for row in kept)
    assert damage(parts)


def test_frames_without_content_are_skipped():
    zstd = PACKS["zstd"]
    data = skipped(b"anything") + zstd(FIVE[0]) + skipped(b"", 3) + b"".join(map(zstd, FIVE[1:]))
    parts = read(data)
    assert survivors(parts) == WHOLE and not damage(parts)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_dictionary_before_the_frames_is_used(compressed):
    """As tools that write .warc.zst put it there (the format of IIPC, version 0.1)."""
    dictionary = zstandard.train_dictionary(4_000, [page(number) for number in range(100, 900)])
    stored = dictionary.as_bytes()
    stored = zstandard.ZstdCompressor().compress(stored) if compressed else stored
    pack = zstandard.ZstdCompressor(dict_data=dictionary).compress
    parts = read(skipped(stored, 0xD) + b"".join(map(pack, FIVE)))
    assert survivors(parts) == WHOLE and not damage(parts)


@pytest.mark.parametrize("name", PACKS)
def test_a_bomb_is_given_up_and_reading_goes_on(name):
    pack = PACKS[name]
    parts = read(pack(FIVE[0]) + pack(bytes(300 << 20)) + pack(FIVE[1]))
    assert survivors(parts) == WHOLE[:2]
    assert any("inflates more than 200-fold" in reason for *_, reason in damage(parts))


def test_a_name_decides_nothing_and_gzip_is_not_taken_for_another():
    assert not any(isinstance(part, Gap) for part in inflate(io.BytesIO(b"BZh9 is how it begins")))
