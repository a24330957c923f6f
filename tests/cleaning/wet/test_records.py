"""Framing of WARC records: wrong lengths, headers and strange bytes, in every layout of a file."""

import tracemalloc

import pytest

import cleaning.wet.records
from cleaning.captures import clean_captures
from cleaning.variants import TextForm
from cleaning.wet.chunks import Chunk, Gap, Trust
from cleaning.wet.records import MAX_RECORD_BYTES, Malformed, Record, read_records
from tests.cleaning.wet.wet import EN
from tests.cleaning.wet.wet_files import (
    LAYOUTS,
    MEMBER_EACH,
    PLAIN,
    ShortReads,
    damage,
    framed,
    lay_out,
    member,
    page,
    pages,
    read,
    record,
    survivors,
)

in_each_layout = pytest.mark.parametrize("per_member", LAYOUTS.values(), ids=LAYOUTS)
at_each_end = pytest.mark.parametrize("number", [0, 3, 6])
OUTSIDE = "bytes outside any record"
NO_LENGTH = "header without a Content-Length"
ENDLESS = "header without an end"
BLOCK = "The ferry leaves at ten.\nIt does not sail on Sundays.\nNobody was left.\n"
URL = "http://odd.example/"


def misleads(length: int) -> str:
    return f"Content-Length {length} does not lead to the end of the record"


def over_limit(length: int) -> str:
    return f"record of {length} bytes; the limit is 16777216 (16 MiB)"


def no_number(value: str) -> str:
    return f"Content-Length {value!r} is no number of bytes"


def check_one_malformed(odd: bytes, number: int, per_member: int, reason: str) -> None:
    """Among six sound records, all come through, and `odd` is malformed once, at its place."""
    records = pages(6)
    sound = [framed(r) for r in records]
    records.insert(number, odd)
    data, places = lay_out(records, per_member)
    for stream in (data, ShortReads(data)):
        parts = read(stream)
        assert survivors(parts) == sound
        assert damage(parts) == [(*places[number], reason)]
        [malformed] = [part for part in parts if isinstance(part, Malformed)]
        assert 0 <= len(odd) - malformed.size_bytes <= 4  # its last line ends may be left out


def check_sound(odd: bytes, per_member: int) -> None:
    """The record comes through first, last and between others."""
    before, after = pages(2), [page(2), page(3)]
    records = [odd, *before, odd, *after, odd]
    data, places = lay_out(records, per_member)
    for stream in (data, ShortReads(data)):
        parts = read(stream)
        assert survivors(parts) == [framed(r) for r in records]
        assert [(part.offset, part.within) for part in parts] == places


@in_each_layout
@at_each_end
@pytest.mark.parametrize("off_by", [-100, -4, -3, -2, -1, 1, 2, 3, 4, 100, 1000, 10**6])
def test_a_length_that_misleads_costs_its_own_record(off_by, number, per_member):
    length = len(page(99).partition(b"\r\n\r\n")[2]) - 4 + off_by
    check_one_malformed(page(99, length=length), number, per_member, misleads(length))


@in_each_layout
@at_each_end
@pytest.mark.parametrize(
    ("length", "reason"),
    [
        ("", NO_LENGTH),
        (0, misleads(0)),
        ("-5", no_number("-5")),
        ("+5", no_number("+5")),
        ("abc", no_number("abc")),
        ("1e3", no_number("1e3")),
        ("0x10", no_number("0x10")),
        ("6 00", no_number("6 00")),
        ("6,000", no_number("6,000")),
        ("6.0", no_number("6.0")),
        (" ", no_number("")),
        ("٦٠٠", no_number("٦٠٠")),  # \d, but of no use
        ("9" * 50, no_number("9" * 40)),  # shown in part
        ("9" * 5000, no_number("9" * 40)),  # int() would refuse it
        (MAX_RECORD_BYTES, misleads(MAX_RECORD_BYTES)),
        (MAX_RECORD_BYTES + 1, over_limit(MAX_RECORD_BYTES + 1)),
        (10**17, over_limit(10**17)),
        (10**18, over_limit(10**18)),
        (10**39, over_limit(10**39)),
        ("0000000", misleads(0)),
    ],
)
def test_a_length_that_is_none_costs_its_own_record(length, reason, number, per_member):
    check_one_malformed(page(99, length=length), number, per_member, reason)


@in_each_layout
def test_a_length_may_be_written_in_other_ways(per_member):
    size = len(BLOCK.encode())
    for line in (
        f"Content-Length:{size}",
        f"content-length: {size}",
        f"CONTENT-LENGTH: \t{size} \t",
        f"Content-Length: 000{size}",
        f"Content-Length: {size}\r\nContent-Length: {size}",
        f"Content-Length: {size}\r\nContent-Length: 7",  # the first counts
    ):
        check_sound(record(URL, BLOCK, length="", more=[line]), per_member)


@in_each_layout
@at_each_end
def test_of_two_lengths_the_first_counts(number, per_member):
    odd = record(URL, BLOCK, more=["Content-Length: 7"])
    check_one_malformed(odd, number, per_member, misleads(7))


@in_each_layout
def test_a_record_of_the_largest_size_is_sound(per_member):
    block = (BLOCK * (MAX_RECORD_BYTES // len(BLOCK) + 1))[:MAX_RECORD_BYTES]
    records = [page(1), record(URL, block), page(2), record(URL, block + "a"), page(3)]
    data, places = lay_out(records, per_member)
    parts = read(data)
    assert survivors(parts) == [framed(r) for r in [*records[:3], records[4]]]
    assert damage(parts) == [(*places[3], over_limit(MAX_RECORD_BYTES + 1))]


HEAD = "\r\n".join(["WARC/1.0", "WARC-Type: conversion", f"WARC-Target-URI: {URL}"])


@in_each_layout
@at_each_end
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (f"{HEAD}\r\nContent-Length: 20\r\n", ENDLESS),
        (f"{HEAD}\r\n", ENDLESS),
        (f"{HEAD}\r\nX: {'a' * 1_000_000}\r\nContent-Length: 4\r\n\r\nText\r\n\r\n", ENDLESS),
        (HEAD + "\r\nX: y" * 200_000 + "\r\nContent-Length: 4\r\n\r\nText\r\n\r\n", ENDLESS),
        (f"{HEAD}\r\n\r\n{BLOCK}\r\n\r\n", NO_LENGTH),
        (f"No record, but {len(BLOCK)} bytes of text.\r\n\r\n", OUTSIDE),
        (f"WARC/2.0{HEAD[8:]}\r\nContent-Length: 4\r\n\r\nText\r\n\r\n", OUTSIDE),
        (f"warc/1.0{HEAD[8:]}\r\nContent-Length: 4\r\n\r\nText\r\n\r\n", OUTSIDE),
        (f"\ufeff{HEAD}\r\nContent-Length: 4\r\n\r\n"[:3] + "\r\n", OUTSIDE),
        ("\0" * 3000 + "\r\n", OUTSIDE),
    ],
    ids=range(10),
)
def test_a_damaged_header_costs_its_own_record(odd, reason, number, per_member):
    if reason == ENDLESS and number == 6 and len(odd) < 1000:
        reason = "header cut off by the end of the file"
    check_one_malformed(odd.encode(), number, per_member, reason)


@in_each_layout
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("version", ["WARC/1.0", "WARC/1.1"])
@pytest.mark.parametrize("has_digest", [True, False])
@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        "",
        "\n",
        "\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\n",
        "no line end",
        "NUL \0 bytes \0\0.\n",
        "\0",
        "Über\u2028lange\u0085Zeilen\n",
        b"\xff\xfe undecodable \x80\n",
        "WARC/1.0\n",
        "WARC/1.0",
        "a\nWARC/1.0\r\nWARC-Type: conversion\r\nmore\r\n",
        "a\r\n\r\nWARC/1.0\r\nContent-Length: 5\r\n",
        page(5),
        page(5)[:-2],
        page(5, newline="\n") * 3,
        b"text\n\n" + page(5) + b"text\n",
        b"text\r\n\r\n" + record(URL, page(5) + page(6)),
    ],
    ids=range(19),
)
def test_a_sound_record_is_one_whatever_its_block_holds(
    block, has_digest, version, newline, per_member
):
    odd = record(URL, block, newline=newline, version=version, has_digest=has_digest)
    check_sound(odd, per_member)


@in_each_layout
def test_line_ends_between_records_are_passed_over(per_member):
    records = [page(1) + b"\r\n", page(2) + b"\n\n\n", page(3) + b"\r\n" * 1000, page(4)]
    parts = read(lay_out(records, per_member)[0])
    assert survivors(parts) == [framed(page(n)) for n in (1, 2, 3, 4)]
    assert damage(parts) == []


@pytest.mark.parametrize("has_digest", [True, False])
@pytest.mark.parametrize("garbage", [b"x", b"garbage", b"\0" * 9, BLOCK.encode() * 40, b"WARC/"])
def test_garbage_between_plain_records_costs_nothing(garbage, has_digest):
    records = [page(n, has_digest=has_digest) for n in range(4)]
    data = records[0] + garbage + records[1] + records[2] + garbage + records[3]
    parts = read(data)
    assert survivors(parts) == [framed(r) for r in records]
    sizes = [len(records[0]), len(data) - len(records[3]) - len(garbage)]
    assert damage(parts) == [(size, 0, OUTSIDE) for size in sizes]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_damaged_line_ends_after_a_plain_record_cost_nothing(cut):
    records = pages(3)
    for end in (b"\r\n\r\n"[:-cut], b"\r\n\r\n"[:-cut] + b"x" * cut, b"xxxx"[:cut]):
        parts = read(records[0][:-4] + end + records[1] + records[2])
        assert survivors(parts) == [framed(r) for r in records]
        assert [reason for _, _, reason in damage(parts)] == [OUTSIDE] * (b"x" in end)


@pytest.mark.parametrize("at", range(len(b"WARC/1.0\r\n")))
def test_a_damaged_first_line_costs_its_own_plain_record(at):
    records = pages(3)
    odd = bytearray(records[1])
    odd[at] ^= 4
    parts = read(records[0] + bytes(odd) + records[2])
    found = survivors(parts)
    assert found in ([framed(records[0]), framed(records[2])], [framed(r) for r in records])
    assert len(damage(parts)) == 3 - len(found)


def test_a_plain_file_cut_anywhere_keeps_all_records_before_the_cut():
    records = pages(4, 300)
    sound = [framed(r) for r in records]
    data = b"".join(records)
    starts = [sum(map(len, records[:n])) for n in range(4)]
    blocks = [s + r.index(b"\r\n\r\n") + 4 for s, r in zip(starts, records, strict=True)]
    ends = [s + len(r) - 4 for s, r in zip(starts, records, strict=True)]
    for cut in range(1, len(data)):
        parts = read(data[:cut])
        whole = sum(end <= cut for end in ends)
        assert survivors(parts) == sound[:whole], cut
        if whole == 4 or cut <= starts[whole]:
            assert not damage(parts), cut
        else:
            part = "header" if cut < blocks[whole] else "record"
            told = (starts[whole], 0, f"{part} cut off by the end of the file")
            assert damage(parts) == [told], cut


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 11, 64, 65, 500])
def test_where_chunks_are_cut_changes_nothing(step):
    """The start of the record after one that is dropped may be cut anywhere."""
    records = [
        page(1, 200),
        page(2, 200, length=""),
        page(3, 200),
        b"x" * 333 + b"\r\n",
        page(4, 200, newline="\n"),
        page(5, 200, length=9),
        page(6, 200, length=10**9),
        page(7, 200, version="WARC/1.1"),
    ]
    data, _ = lay_out(records, PLAIN)
    whole = read(data)
    assert survivors(whole) == [framed(records[n]) for n in (0, 2, 4, 7)]
    cut = [
        Chunk(0, data[at : at + step], at == 0, inflated=False) for at in range(0, len(data), step)
    ]
    assert list(read_records(cut)) == whole


def test_every_cut_in_two_gives_the_same():
    data = page(1, 100, length="") + b"\n" * 70 + page(2, 100) + page(3, 100, length=4) + page(4)
    whole = read(data)
    assert len(survivors(whole)) == len(damage(whole)) == 2
    for at in range(1, len(data)):
        cut = [Chunk(0, data[:at], inflated=False), Chunk(at, data[at:], False, inflated=False)]
        assert list(read_records(cut)) == whole, at


def test_trust_is_that_of_a_records_own_members():
    plain = [page(n, has_digest=False, newline="\n") for n in range(4)]
    chunks = [
        Chunk(0, plain[0] + page(7)[:4]),
        Chunk(10, page(7)[4:-2], trust=Trust.UNCHECKED),
        Chunk(20, b"\r\n" + plain[1][:50], trust=Trust.UNCHECKED),
        Chunk(30, plain[1][50:] + plain[2]),
        Chunk(40, plain[3]),
    ]
    parts = list(read_records(chunks))
    assert survivors(parts) == [framed(r) for r in (plain[0], page(7), plain[2], plain[3])]
    [(offset, within, reason)] = damage(parts)
    assert (offset, within) == (20, 2) and "without a WARC-Block-Digest" in reason


def test_a_gap_cuts_the_record_before_it_and_is_told_once():
    data = page(1)
    cut = [Chunk(0, data[:300]), Gap(0, "a reason"), Chunk(500, page(2))]
    parts = list(read_records(cut))
    assert survivors(parts) == [framed(page(2))]
    assert damage(parts) == [(0, 0, "record cut off: a reason")]
    apart = [Chunk(0, page(1)), Gap(400, "a reason"), Gap(600, "another"), Chunk(700, page(2))]
    parts = list(read_records(apart))
    assert survivors(parts) == [framed(page(1)), framed(page(2))]
    assert damage(parts) == [(400, 0, "a reason"), (600, 0, "another")]


def test_one_bad_record_does_not_hide_later_gaps():
    chunks = [
        Chunk(0, page(1, length=5) + page(2), trust=Trust.UNCHECKED),
        Chunk(500, page(3)),
        Gap(900, "a reason"),
    ]
    assert [offset for offset, _, _ in damage(read_records(chunks))] == [0, 900]


def test_members_that_are_dropped_do_not_shift_the_place_of_the_next_record(monkeypatch):
    monkeypatch.setattr(cleaning.wet.records, "_MAX_SPANS", 4)
    garbage = [Chunk(at, b"no record\n" * 9) for at in range(0, 1000, 100)]
    parts = list(read_records([*garbage, Chunk(1000, b"\n" + page(1, newline="\n"))]))
    assert damage(parts) == [(0, 0, OUTSIDE)]
    assert [(part.offset, part.within) for part in parts[1:]] == [(1000, 1)]


@pytest.mark.parametrize("doubtful", range(9))
def test_a_record_in_more_members_than_are_kept_is_checked_if_one_is_doubtful(
    doubtful, monkeypatch
):
    monkeypatch.setattr(cleaning.wet.records, "_MAX_SPANS", 4)
    data = page(1, 800, has_digest=False)
    step = len(data) // 9 + 1
    trusts = [Trust.UNCHECKED if n == doubtful else Trust.SOUND for n in range(9)]
    chunks = [Chunk(n, data[n * step : (n + 1) * step], True, trusts[n]) for n in range(9)]
    framer = cleaning.wet.records._Framer()
    assert not [part for chunk in chunks[:-1] for part in framer.feed(chunk)]
    assert len(framer._spans) == 4
    [malformed] = read_records(chunks)
    assert isinstance(malformed, Malformed) and "without a WARC-Block-Digest" in malformed.reason


def test_a_chunk_that_is_one_record_too_large_is_refused():
    data = record(URL, b"a" * (MAX_RECORD_BYTES + 1))
    parts = list(read_records([Chunk(0, data), Chunk(9, page(1))]))
    assert survivors(parts) == [framed(page(1))]
    assert damage(parts) == [(0, 0, over_limit(MAX_RECORD_BYTES + 1))]


# What only parsing the page can tell.


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (
            record(URL, BLOCK, kind="response"),
            "record of type 'response'; a WET file holds 'conversion' records",
        ),
        (
            record(URL, BLOCK, kind="request"),
            "record of type 'request'; a WET file holds 'conversion' records",
        ),
        (
            record(URL, BLOCK.encode() + b"\xff\n"),
            f"not UTF-8: invalid start byte at byte {len(BLOCK)}",
        ),
        (record(URL, b"cut \xe2\x82"), "not UTF-8: unexpected end of data at byte 4"),
        (
            record(URL, BLOCK).replace(b"odd.example", b"odd\xe9.example"),
            "header is not UTF-8: invalid continuation byte at byte 60",
        ),
    ],
    ids=range(5),
)
@in_each_layout
def test_a_record_that_holds_no_page_is_refused_by_its_url(odd, reason, per_member):
    records = [page(1), odd, page(2)]
    data, places = lay_out(records, per_member)
    [captures] = clean_captures(read(data), EN)
    [malformed] = captures.malformed
    assert (malformed.offset, malformed.within) == places[1]
    assert malformed.reason == reason
    assert malformed.url.startswith("http://odd")
    assert captures.counts["split-wet-file/filtered:malformed"] == 1
    assert captures.counts["split-wet-file/passed"] == 2


def test_nul_bytes_are_text():
    block = BLOCK.replace("left.", "left \0 on the island.")
    data, _ = lay_out([record(URL, block)], MEMBER_EACH)
    [captures] = clean_captures(read(data), EN)
    assert not captures.malformed
    assert captures.forms[TextForm.CLEANED].texts == [block.strip().encode()]


# Inputs made to exhaust memory or time: each step must be paid for by bytes of the file.


@pytest.mark.parametrize(
    ("data", "malformed"),
    [
        (b"\nWARC/1.0" * 1_800_000, 1),
        (b"\nWARC/1.0\n" * 1_600_000, 1),
        (b"WARC/1.0\r\nContent-Length: 1\r\n" * 100_000, None),
        (b"WARC/1.0\nContent-Length: 16777216\n\n" * 100_000, None),
        (page(1, length=9_000_000) * 9000, None),
        (page(1, length=100) * 9000, None),
        (b"WARC/1.0\r\n" + b"X" * 16_000_000, 1),
        (b"WARC/1.0\r\n" + b"X: y\r\n" * 2_000_000, 1),
        (b"\r\n" * 8_000_000, 0),
        (b"\0\r\n\r\nWARC/1." * 1_000_000, 1),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_hostile_text_is_read_in_one_pass(data, malformed, packed):
    data = data + b"\r\n\r\n" + page(1) + page(2)
    parts = read(member(data, level=1) if packed else data)
    assert survivors(parts)[-2:] == [framed(page(1)), framed(page(2))]
    assert len(parts) > 1002 if malformed is None else len(parts) == 2 + malformed


def test_a_header_that_grows_bytewise_is_not_looked_at_for_every_byte(monkeypatch):
    looks = []
    frame = cleaning.wet.records._frame
    monkeypatch.setattr(
        cleaning.wet.records, "_frame", lambda *args: looks.append(args[1]) or frame(*args)
    )
    data = record(URL, BLOCK * 100, more=["X: " + "y" * 60_000])
    parts = list(read_records(Chunk(at, data[at : at + 1]) for at in range(len(data))))
    assert survivors(parts) == [framed(data)]
    assert len(looks) < 30


def test_a_digest_is_not_made_of_bytes_that_hold_another_record(monkeypatch):
    made = []
    agrees = cleaning.wet.records._digest_agrees
    monkeypatch.setattr(
        cleaning.wet.records, "_digest_agrees", lambda *args: made.append(args) or agrees(*args)
    )
    odd = page(1, length=1_000_000)
    parts = read(odd * 4000 + page(2))
    assert survivors(parts) == [framed(page(2))]
    assert len(damage(parts)) == 4000 and len(made) < 10


def test_a_wrong_length_does_not_hold_more_than_the_largest_record():
    """Each of 20,000 records claims 6 MB; so much is read ahead once, and not for each."""
    odd = page(1, length=6_000_000)
    chunks = [Chunk(at, odd) for at in range(20_000)]
    tracemalloc.start()
    try:
        found = sum(isinstance(part, Malformed) for part in read_records(chunks))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert found == len(chunks)


def test_records_in_order_are_handed_on_while_the_file_is_read():
    """Nothing waits for the end of the file: a stream that fails gives what came before."""

    def chunks():
        yield Chunk(0, page(1))
        yield Chunk(500, page(2, newline="\n"))
        raise OSError("the connection broke")

    parts = read_records(chunks())
    assert isinstance(next(parts), Record) and isinstance(next(parts), Record)
    with pytest.raises(OSError, match="connection"):
        next(parts)
