"""Damaged gzip: each undamaged record comes through once, each damaged spot is named."""

import io
import random
import tracemalloc
import zlib

import pytest

import cleaning.wet.gzip_members
import cleaning.wet.inflate
from cleaning.wet.chunks import Chunk, DamagedMember, Gap, Trust
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Malformed, read_records
from tests.cleaning.wet.wet_files import (
    LAYOUTS,
    MEMBER_EACH,
    ONE_MEMBER,
    THREE_A_MEMBER,
    ShortReads,
    Streamed,
    damage,
    framed,
    lay_out,
    member,
    page,
    pages,
    read,
    record,
    repeated,
    survivors,
)

FIVE = pages(5)
WHOLE = [framed(r) for r in FIVE]
WRAPPER = "damaged gzip member: Invalid gzip/zlib wrapper found"
METHOD = "damaged gzip member: Gzip/zlib wrapper specifies unsupported compress method"
CHECKSUM = "damaged gzip member: Incorrect checksum found"
DIGEST = "bytes differ from the record's WARC-Block-Digest"
NO_DIGEST = "record without a WARC-Block-Digest to check it by"
ALTERED = f"damaged gzip member: {DIGEST}"
HEADER = "damaged gzip member: header differs from its checksum"
TRUNCATED = "truncated gzip member"
BOMB = "gzip member inflates more than 200-fold"
FILE_BOMB = "the file inflates more than 50-fold: its rest is not read"
OUTSIDE = "bytes outside any record"


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def over_limit(size: int) -> str:
    return f"record of {size} bytes; the limit is 16777216 (16 MiB)"


def chunks(data: bytes, suspicious: bool = False) -> list[Chunk | Gap]:
    return list(inflate(ShortReads(data), suspicious=suspicious))


@pytest.mark.parametrize("per_member", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("short", [False, True], ids=["long reads", "short reads"])
def test_an_undamaged_file_gives_each_record_at_its_place(per_member, short):
    data, places = lay_out(FIVE, per_member)
    parts = read(ShortReads(data) if short else data)
    assert [(part.offset, part.within) for part in parts] == places
    assert survivors(parts) == WHOLE


def test_members_are_chunks_and_plain_bytes_are_one():
    assert chunks(member(b"WARC/a") + member(b"WARC/b")) == [
        Chunk(0, b"WARC/a"),
        Chunk(len(member(b"WARC/a")), b"WARC/b"),
    ]
    assert chunks(b"WARC/1.0\r\nplain") == [Chunk(0, b"WARC/1.0\r\nplain", inflated=False)]
    assert chunks(b"") == [Gap(0, "empty file")]


@pytest.mark.parametrize(
    ("data", "size", "reason"),
    [
        (b"", 0, "empty file"),
        (b"\n" * 1000, 0, "no record in the file"),
        (b"\r\n" * 300_000, 0, "no record in the file"),
        (member(b""), 0, "no record in the file"),
        (member(b"\r\n\r\n"), 0, "no record in the file"),
        (b"<html><p>No WET file.</p></html>\n" * 20_000, 660_000, OUTSIDE),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\2\3" * 5000, 20_016, OUTSIDE),
        (random.Random(1).randbytes(300_000), 300_000, OUTSIDE),
        (member(b"No WET file. " * 50_000), 650_000, OUTSIDE),
        (b"\0" * 300_000, 300_000, OUTSIDE),
        (b"\x1f\x8b", 0, TRUNCATED),
        (b"\x1f\x8b\x08" + random.Random(2).randbytes(300_000), 0, "damaged gzip member"),
        (b"PK\3\4" + member(b"a zip file may hold this"), 24, OUTSIDE),
    ],
    ids=range(13),
)
def test_a_file_that_is_no_wet_file_is_reported_once(data, size, reason):
    parts = read(data)
    if data.startswith(b"PK"):  # garbage, then a member that is whole but holds no record
        assert damage(parts) == [(0, 0, WRAPPER), (4, 0, reason)]
        return
    assert len(parts) == 1 and isinstance(parts[0], Malformed)
    assert (parts[0].offset, parts[0].within, parts[0].size_bytes) == (0, 0, size)
    assert parts[0].reason.startswith(reason)


def test_a_gzip_file_cut_anywhere_keeps_all_records_before_the_cut():
    data, places = lay_out(FIVE, MEMBER_EACH)
    starts = [offset for offset, _ in places]
    ends = [*starts[1:], len(data)]
    rescued = 0
    for cut in range(2, len(data)):
        parts = read(data[:cut])
        whole = sum(end <= cut for end in ends)
        found = survivors(parts)
        assert found == WHOLE[: len(found)] and whole <= len(found) <= whole + 1, cut
        rescued += len(found) - whole
        if cut in starts:
            assert not damage(parts), cut
        else:
            [(offset, within, reason)] = damage(parts)
            assert (offset, within) == (starts[whole], 0), cut
            assert reason.endswith(TRUNCATED), (cut, reason)
    # Without the 8 bytes of the trailer, and without some line ends, a record is still whole.
    assert rescued >= 8 * len(FIVE)


def test_a_truncated_member_of_many_records_keeps_those_before_the_cut():
    data, _ = lay_out(FIVE, ONE_MEMBER)
    counts = []
    for cut in range(20, len(data)):
        parts = read(data[:cut])
        found = survivors(parts)
        assert found == WHOLE[: len(found)], cut
        [(offset, _, reason)] = damage(parts)
        assert offset == 0 and reason.endswith(TRUNCATED), (cut, reason)
        counts.append(len(found))
    assert counts == sorted(counts) and set(counts) == set(range(6))


@pytest.mark.parametrize("number", [0, 2, 4])
def test_damaged_deflate_data_cost_their_own_member(number):
    data, places = lay_out(FIVE, MEMBER_EACH)
    offset = places[number][0]
    for at in range(offset + 10, offset + 250, 6):
        parts = read(data[:at] + b"\xff" * 12 + data[at + 12 :])
        assert survivors(parts) == WHOLE[:number] + WHOLE[number + 1 :], at
        [(told, _, reason)] = damage(parts)
        assert told == offset, at
        assert "damaged gzip member" in reason, (at, reason)


@pytest.mark.parametrize("number", [1, 2])
def test_a_member_whose_end_is_damaged_does_not_take_the_next_along(number):
    """Damaged deflate data may decode on to the end of the next member, or of the one after it."""
    data, places = lay_out(FIVE, MEMBER_EACH)
    end = places[number + 1][0]
    for at in range(end - 24, end - 8):
        for bit in range(8):
            parts = read(flipped(data, at, bit))
            found = survivors(parts)
            assert found in (WHOLE, WHOLE[:number] + WHOLE[number + 1 :]), (at, bit)
            told = [offset for offset, _, _ in damage(parts)]
            # The last bits of deflate data are but padding.
            assert told == [places[number][0]] or (not told and found == WHOLE), (at, bit)


@pytest.mark.parametrize("number", [0, 2, 4])
@pytest.mark.parametrize("per_member", [MEMBER_EACH, THREE_A_MEMBER])
@pytest.mark.parametrize(
    ("byte", "bits", "reason"),
    [
        (0, range(8), WRAPPER),
        (1, range(8), WRAPPER),
        (2, range(8), METHOD),
        (3, [0, 5, 6, 7], None),  # a text file; reserved bits
        (3, [1], CHECKSUM),  # the header's own checksum is announced
        (3, [2, 3, 4], "gzip member"),  # an extra field, a name, a comment
        *[(byte, range(8), None) for byte in (4, 5, 6, 7, 8, 9)],  # date, effort, system
        *[(byte, range(8), CHECKSUM) for byte in range(-8, 0)],
    ],
)
def test_a_flipped_bit_around_the_deflate_data_costs_nothing(
    number, per_member, byte, bits, reason
):
    data, places = lay_out(FIVE, per_member)
    starts = sorted({offset for offset, _ in places})
    first = max(start for start in starts if start <= places[number][0])
    end = min([start for start in starts if start > first], default=len(data))
    for bit in bits:
        parts = read(flipped(data, first + byte if byte >= 0 else end + byte, bit))
        assert survivors(parts) == WHOLE, bit
        if reason is None:
            assert damage(parts) == [], bit
        else:
            [(offset, within, told)] = damage(parts)
            assert (offset, within) == (first, 0) and reason in told, (bit, told)


def test_neighbours_with_damaged_headers_both_survive():
    data, places = lay_out(FIVE, MEMBER_EACH)
    for at, _ in places:
        data = flipped(data, at, 3)
    parts = read(data)
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(offset, 0, WRAPPER) for offset, _ in places]


def test_a_record_without_digest_survives_where_the_checksum_vouches_for_it():
    records = [FIVE[0], page(9, has_digest=False), FIVE[1]]
    data, places = lay_out(records, MEMBER_EACH)
    start, end = places[1][0], places[2][0]
    for at, reason in ((start, WRAPPER), (end - 1, CHECKSUM)):  # magic, length
        parts = read(flipped(data, at))
        assert survivors(parts) == [framed(r) for r in records]
        assert damage(parts) == [(start, 0, reason)]
    parts = read(flipped(data, end - 8))  # the checksum itself
    assert survivors(parts) == [framed(FIVE[0]), framed(FIVE[1])]
    [(offset, _, reason)] = damage(parts)
    assert offset == start and reason == f"unchecked gzip member: {NO_DIGEST}"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"site.example/2", b"sine.example/2", HEADER),
        (b"2025-03-02", b"2035-03-02", HEADER),
        (b".\n\r\n\r\n", b"!\n\r\n\r\n", ALTERED),
        (b" the", b" thy", ALTERED),
    ],
)
def test_bytes_that_decode_but_are_not_the_written_ones_never_come_through(old, new, reason):
    altered = FIVE[2].replace(old, new, 1)
    assert altered != FIVE[2]
    before, after = lay_out(FIVE[:2], MEMBER_EACH)[0], lay_out(FIVE[3:], MEMBER_EACH)[0]
    parts = read(before + member(altered, of=FIVE[2]) + after)
    assert survivors(parts) == WHOLE[:2] + WHOLE[3:]
    assert damage(parts) == [(len(before), 0, reason)]


def test_one_altered_record_of_a_member_leaves_the_others():
    sound = b"".join(FIVE)
    altered = sound.replace(b" the", b" thy", 1)
    parts = read(member(altered, of=sound) + member(FIVE[0]))
    assert survivors(parts) == [*WHOLE[1:], WHOLE[0]]
    assert damage(parts) == [(0, 0, ALTERED)]


def test_an_altered_header_among_many_records_is_at_least_reported():
    sound = b"".join(FIVE)
    parts = read(member(sound.replace(b"example/2", b"example/7"), of=sound))
    assert [found.block for found in survivors(parts)] == [whole.block for whole in WHOLE]
    assert damage(parts) == [(0, 0, CHECKSUM)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"x",
        b"garbage",
        b"\x1f",
        b"\x1f\x8b\x08",
        b"\x1f\x8b\x08" * 50,
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
        member(FIVE[3])[:100],
        b"WARC/1.0\r\nWARC-Type: conversion\r\n\r\n",
        random.Random(3).randbytes(5000),
        b"\0" * 700,
    ],
    ids=range(10),
)
@pytest.mark.parametrize("number", [0, 2, 4, 5])
def test_garbage_between_members_costs_nothing(garbage, number):
    before, after = FIVE[:number], FIVE[number:]
    head = lay_out(before, MEMBER_EACH)[0]
    data = head + garbage + lay_out(after, MEMBER_EACH)[0]
    parts = read(data)
    assert read(ShortReads(data)) == parts
    if garbage.startswith(b"WARC/") and not head:  # it reads as a plain file
        assert damage(parts)[0][:2] == (0, 0)
        return
    assert survivors(parts) == WHOLE
    if not garbage.strip(b"\0") and not after:
        assert damage(parts) == []  # padding, as gzip allows
        return
    [(offset, within, reason)] = damage(parts)
    assert (offset, within) == (len(head), 0), reason


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_member_after_garbage_is_found_where_reads_cut_its_header(cut):
    garbage = b"garbage " * 40_000
    after = member(FIVE[1])
    parts = read(Streamed((member(FIVE[0]) + garbage + after[:cut], 1), (after[cut:], 1)))
    assert survivors(parts) == WHOLE[:2]
    assert damage(parts) == [(len(member(FIVE[0])), 0, WRAPPER)]


def test_zeros_in_place_of_a_member_are_reported_and_padding_is_not():
    data, places = lay_out(FIVE, MEMBER_EACH)
    start, end = places[2][0], places[3][0]
    parts = read(data[:start] + bytes(end - start) + data[end:])
    assert survivors(parts) == WHOLE[:2] + WHOLE[3:]
    assert damage(parts) == [(start, 0, f"{end - start} zero bytes in place of a gzip member")]
    assert damage(read(data + bytes(1 << 20))) == []
    parts = read(data[:start] + bytes(3) + data[start + 3 :])  # the magic alone
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(start, 0, WRAPPER)]
    hole = Streamed((data, 1), (bytes(1 << 16), 1024))
    parts, peak = peak_bytes(hole)
    assert survivors(parts) == WHOLE
    assert peak < 8 << 20
    assert damage(parts) == [(len(data), 0, "67108864 zero bytes in place of a gzip member")]


def test_a_single_member_with_a_damaged_magic_is_still_gzip():
    data, _ = lay_out(FIVE, ONE_MEMBER)
    for at in range(3):
        parts = read(flipped(data, at))
        assert survivors(parts) == WHOLE
        assert damage(parts) == [(0, 0, METHOD if at == 2 else WRAPPER)]


@pytest.mark.parametrize("flags", range(32))
def test_a_member_is_salvaged_behind_any_header(flags):
    """RFC 1952: text flag, header checksum, extra field, name, comment, in all combinations."""
    sound = member(b"".join(FIVE))
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"
    header += b"\5\0extra" if flags & 4 else b""
    header += b"CC-MAIN-00000.warc.wet\0" if flags & 8 else b""
    header += b"a comment\0" if flags & 16 else b""
    header += (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    data = header + sound[10:]
    assert survivors(read(data)) == WHOLE and not damage(read(data))
    for at in (-1, -8):
        parts = read(flipped(data, at))
        assert survivors(parts) == WHOLE
        assert damage(parts) == [(0, 0, CHECKSUM)]
    parts = read(b"garbage" + data)
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(0, 0, WRAPPER)]


@pytest.mark.parametrize("count", [5, 300])
def test_all_records_before_an_impossible_block_survive(count):
    """What decodes in one step with the symbol that does not must not be lost with it."""
    records = pages(count, 6000)
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    start = packer.compress(b"".join(records)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start
    parts = read(head + b"\x07 reserved type of block" + member(FIVE[0]))
    assert survivors(parts) == [*map(framed, records), WHOLE[0]]
    [(offset, _, reason)] = damage(parts)
    assert offset == 0 and reason.startswith("damaged gzip member: Invalid deflate ")


def test_records_that_span_members_are_joined_and_a_gap_is_not():
    sound = b"".join(FIVE)
    third = len(sound) // 3
    members = [member(sound[:third]), member(sound[third:-third]), member(sound[-third:])]
    parts = read(b"".join(members))
    assert survivors(parts) == WHOLE
    assert parts[-1].offset == len(members[0]) + len(members[1])
    broken = members[0] + flipped(members[1], 40) + members[2]
    parts = read(broken)
    assert survivors(parts) == [WHOLE[0], WHOLE[4]]
    assert [offset for offset, _, _ in damage(parts)] == [0, len(members[0]) + len(members[1])]


def test_an_altered_header_is_not_excused_by_what_was_pending_before_it():
    written = page(3)
    altered = written.replace(b"example/3", b"example/8")
    records = [member(page(1, length=10**6)), member(page(2)), member(altered, of=written)]
    parts = read(b"".join(records) + member(page(4)))
    assert survivors(parts) == [framed(page(2)), framed(page(4))]
    assert [reason for _, _, reason in damage(parts)] == [
        "Content-Length 1000000 does not lead to the end of the record",
        HEADER,
    ]


def test_a_missing_length_and_a_damaged_member_after_it_are_two():
    records = [page(1), page(2, length=""), page(3), page(4)]
    data, places = lay_out(records, MEMBER_EACH)
    parts = read(flipped(data, places[2][0] + 60))
    assert survivors(parts) == [framed(records[0]), framed(records[3])]
    assert [offset for offset, _, _ in damage(parts)] == [places[1][0], places[2][0]]


# Members too large to be held back until their checksum is known.


def large_file() -> tuple[list[bytes], bytes]:
    records = [page(number, 6000) for number in range(600)]
    return records, member(b"".join(records), level=1)


def test_a_damaged_large_member_asks_for_a_second_reading():
    _, data = large_file()
    with pytest.raises(DamagedMember):
        chunks(flipped(data, -5))
    unchecked = chunks(flipped(data, -5), suspicious=True)
    assert {part.trust for part in unchecked if isinstance(part, Chunk)} == {Trust.UNCHECKED}
    assert unchecked[-1] == Gap(0, CHECKSUM)
    assert not any(isinstance(part, Gap) for part in chunks(data, suspicious=True))


def test_a_large_member_with_a_damaged_checksum_loses_nothing():
    records, data = large_file()
    for at in (-8, -1, 0, 1, 2):
        parts = read(flipped(data, at))
        assert survivors(parts) == [framed(r) for r in records], at
        assert len(damage(parts)) == 1, at


def test_a_large_member_with_an_altered_record_loses_that_one():
    records, _ = large_file()
    records[300] = records[300].replace(b" the", b" thy", 1)
    written, _ = large_file()
    parts = read(member(b"".join(records), level=1, of=b"".join(written)) + member(FIVE[0]))
    del records[300]
    assert survivors(parts) == [*map(framed, records), WHOLE[0]]
    assert [reason for _, _, reason in damage(parts)] == [f"unchecked gzip member: {DIGEST}"]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_large_member_keeps_every_record_before_damage_that_ends_it(share):
    records, data = large_file()
    at = int(len(data) * share)
    sound = len(member_prefix(data[:at]))
    ends = [sum(map(len, records[: n + 1])) - 4 for n in range(len(records))]
    kept = [framed(r) for r, end in zip(records, ends, strict=True) if end <= sound]
    parts = read(data[:at])
    assert survivors(parts) == kept
    assert [reason.partition(": ")[2] for _, _, reason in damage(parts)] == [TRUNCATED]
    parts = read(data[:at] + b"\xff" * 40 + data[at + 40 :] + member(FIVE[0]))
    assert survivors(parts) == [*kept, WHOLE[0]]
    assert [offset for offset, _, _ in damage(parts)] == [0]


def member_prefix(data: bytes) -> bytes:
    """What a cut member inflates to."""
    return zlib.decompressobj(31).decompress(data)


# Inputs made to exhaust memory or time.


def peak_bytes(stream: Streamed) -> tuple[list, int]:
    tracemalloc.start()
    try:
        return read(stream), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


HUGE = 200_000_000


def huge_parts(lead: bytes, tail: bytes) -> list[tuple[bytes, int]]:
    """A member with a record of 200 MB, packed 40-fold, between `lead` and `tail`."""
    header = record("http://huge.example/", b"", length=HUGE, has_digest=False)[:-4]
    text = b"the same line again\n" * 4700 + random.Random(4).randbytes(3000).hex().encode()
    assert HUGE % len(text) == 0
    return repeated(lead + header, text, HUGE // len(text), b"\r\n\r\n" + tail)


def test_a_huge_record_among_members_costs_itself_in_bounded_memory():
    head = lay_out(FIVE[:3], MEMBER_EACH)[0]
    tail = lay_out(FIVE[3:], MEMBER_EACH)[0]
    parts, peak = peak_bytes(Streamed((head, 1), *huge_parts(b"", b""), (tail, 1)))
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(len(head), 0, over_limit(HUGE))]
    assert peak < 80 << 20


def test_a_huge_record_within_one_member_costs_itself_in_bounded_memory():
    head = b"".join(FIVE[:3])
    parts, peak = peak_bytes(Streamed(*huge_parts(head, b"".join(FIVE[3:]))))
    assert survivors(parts) == WHOLE
    assert damage(parts) == [(0, len(head), over_limit(HUGE))]
    assert parts[3].size_bytes > HUGE
    assert peak < 80 << 20


@pytest.mark.parametrize("lead", [b"", b"WARC/1.0\r\n", b"WARC/1.0\r\nContent-Length: 7\r\n\r\n"])
@pytest.mark.parametrize("suspicious", [False, True])
def test_a_gzip_bomb_is_given_up_and_its_neighbours_are_read(suspicious, lead):
    head = lay_out(FIVE[:3], MEMBER_EACH)[0]
    tail = lay_out(FIVE[3:], MEMBER_EACH)[0]
    bomb = repeated(lead + b"\0", bytes(1 << 20), 1024, b"\0")  # 1 GiB of zeros in 1 MB
    stream = Streamed((head, 1), *bomb, (tail, 1))
    inflated = 0
    for chunk in inflate(stream.again(), suspicious=suspicious):
        inflated += len(chunk.data) if isinstance(chunk, Chunk) else 0
    assert inflated < 80 << 20
    parts = read(stream)
    assert survivors(parts) == WHOLE
    [(offset, within, reason)] = damage(parts)
    assert (offset, within) == (len(head), 0) and reason.endswith(BOMB)


@pytest.mark.parametrize("suspicious", [False, True])
@pytest.mark.parametrize("start", [0, 1])
def test_a_file_of_members_that_are_each_no_bomb_is_given_up_as_one(suspicious, start, monkeypatch):
    monkeypatch.setattr(cleaning.wet.inflate, "_FILE_BOMB_BYTES", 64 << 20)
    head = lay_out(FIVE[:3], MEMBER_EACH)[0]
    near = member(bytes(6 << 20), level=9)  # a thousandfold, but too little to be a bomb alone
    stored = io.BytesIO(head + 40 * near + member(FIVE[3]))
    inflated, last = 0, None
    for last in inflate(stored, start, suspicious=suspicious):
        inflated += len(last.data) if isinstance(last, Chunk) else 0
    assert 50 << 20 < inflated <= 64 << 20
    assert isinstance(last, Gap) and last.reason == FILE_BOMB
    assert (last.offset - len(head)) % len(near) == 0


def test_a_large_file_of_text_that_repeats_itself_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(cleaning.wet.inflate, "_FILE_BOMB_BYTES", 64 << 20)
    text = b"To be or not to be, that is the question they all ask.\n" * 2000
    packed = member(text, level=9) + member(random.Random(5).randbytes(len(text) // 60))
    assert 40 < len(text) / len(packed) < 50
    parts = inflate(Streamed((packed, 1000)))
    assert sum(len(part.data) for part in parts if isinstance(part, Chunk)) > 100 << 20


@pytest.mark.parametrize("suspicious", [False, True])
def test_memory_does_not_grow_with_a_member_or_with_their_number(suspicious):
    noise = random.Random(5).randbytes(1 << 20)
    large = repeated(FIVE[0] + b"garbage", noise, 64, FIVE[1])
    many = (member(FIVE[2] + noise[: 1 << 19], level=1), 128)
    tracemalloc.start()
    try:
        stream = Streamed(*large, many)
        parts = list(read_records(inflate(stream, suspicious=suspicious)))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert survivors(parts) == [WHOLE[0], WHOLE[1], *[WHOLE[2]] * 128]
    assert len(damage(parts)) == 1 + 128


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        (bytes(80 << 20), OUTSIDE),
        (record("http://bomb.example/", bytes(80 << 20)), over_limit(80 << 20)),
    ],
    ids=["zeros", "a record"],
)
def test_records_before_a_bomb_in_the_same_member_survive(bomb, reason):
    parts = read(member(b"".join(FIVE) + bomb, level=1) + member(FIVE[0]))
    assert survivors(parts) == [*WHOLE, WHOLE[0]]
    assert damage(parts) == [(0, sum(map(len, FIVE)), f"{reason}; {BOMB}")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08" * 200_000,
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff" * 60_000,
        b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" * 60_000,
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\xff\xff\0\0") * 40_000,
        b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\xff\xff" * 50_000,
    ],
    ids=["magics", "headers", "names without end", "stored blocks", "extra fields"],
)
def test_false_starts_of_members_do_not_stop_the_search(data):
    parts = read(member(FIVE[0]) + data + member(FIVE[1]))
    assert survivors(parts) == WHOLE[:2]
    assert [offset for offset, _, _ in damage(parts)] == [len(member(FIVE[0]))]


def test_only_so_many_false_starts_are_inflated_whole(monkeypatch):
    tried = []
    batches = cleaning.wet.gzip_members.batches
    monkeypatch.setattr(
        cleaning.wet.gzip_members, "batches", lambda *args: tried.append(args[1]) or batches(*args)
    )
    false_start = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\xff\xff\0\0"
    parts = read(member(FIVE[0]) + false_start * 5000 + member(FIVE[1]))
    assert survivors(parts) == WHOLE[:2]
    assert len(tried) == 1000


def test_a_member_that_gives_nothing_is_left_in_bounded_memory():
    no_output = (b"\0\0\0\xff\xff" * 20_000, 400)  # empty stored blocks, 40 MB of them
    no_name = (b"A" * 100_000, 400)
    tail = lay_out(FIVE, MEMBER_EACH)[0]
    for header, body in (
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", no_output),
        (b"\x1f\x8b\x08\x08\0\0\0\0\0\xff", no_name),
    ):
        parts, peak = peak_bytes(Streamed((header, 1), body, (tail, 1)))
        assert survivors(parts) == WHOLE
        reason = "damaged gzip member: it inflates to less than it takes"
        assert damage(parts) == [(0, 0, reason)]
        assert peak < 32 << 20


def test_many_empty_members_are_passed_over():
    empty = member(b"") * 50_000
    parts = read(empty + member(FIVE[0]))
    assert survivors(parts) == WHOLE[:1]
    assert parts[0].offset == len(empty)


def test_a_record_in_very_many_members_is_joined():
    sound = page(1, 60_000) + page(2)
    data = b"".join(member(sound[at : at + 1]) for at in range(len(sound)))
    parts = read(data)
    assert survivors(parts) == [framed(page(1, 60_000)), framed(page(2))]
    assert damage(parts) == []
