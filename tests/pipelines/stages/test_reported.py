"""Statistics and dropped pages: what parts have adds up in any order."""

import gzip
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.sources.records import NotReadable, read_places
from pipelines.sources.wet_files import cut_into_parts, find_inputs
from pipelines.stages.reported.pages import (
    DroppedPage,
    PageSample,
    as_row,
    read_pages,
    write_pages,
)
from pipelines.stages.reported.statistics import LENGTHS, count_documents, counted_host

KEYS = [f"{number * 37 % 100:032x}" for number in range(100)]


def dropped(rule: str, digest: str, part: int = 0) -> DroppedPage:
    return DroppedPage(
        variant="en", rule=rule, order=(digest, part, 0), url=f"http://a.example/{digest}",
        text="a\u2028b\nc", dropped=((1, rule),), line=1,
    )  # fmt: skip


def sampled(pages: list[DroppedPage], most: int = 3) -> list[DroppedPage]:
    found = PageSample(most)
    for page in pages:
        found.offer(page.variant, page.rule, page.order, lambda page=page: page)
    return found.pages()


def test_the_pages_with_the_smallest_digests_are_kept_in_any_order_and_through_files():
    rules = ("badwords-filter/filtered", "clean-page/filtered:loremipsum")
    pages = [dropped(rule, key) for rule in rules for key in KEYS]
    expected = [dropped(rule, f"{n:032x}") for rule in reversed(rules) for n in range(3)]
    for seed in range(3):
        random.Random(seed).shuffle(pages)
        parts = [sampled(pages[start::7]) for start in range(7)]
        stored = [page for part in parts for page in read_pages(write_pages(part))]
        assert sampled(pages) == sampled(stored) == expected


def test_a_page_is_made_only_if_it_is_kept():
    found, made = PageSample(1), []
    for key in sorted(KEYS):
        found.offer("en", "x/filtered", (key, 0, 0), lambda key=key: made.append(key))
    assert made == [min(KEYS)]


def test_rows_have_the_start_of_a_long_text_and_the_marks_within_it():
    page = replace(dropped("x/filtered", "0"), text="a\n" * 2**20, dropped=((0, "x"), (2**20, "x")))
    row = as_row(page)
    assert len(row["text"]) == 2**20 and row["dropped"] == {"0": "x"} and row["line"] == "a"


def test_reasons_of_an_own_filter_share_one_limit():
    pages = [dropped(f"own-filter:f/filtered:{key}", key) for key in KEYS]
    assert [page.order[0] for page in sampled(pages)] == sorted(KEYS)[:3]


@pytest.mark.parametrize(
    "url, host",
    [
        ("https://www.a.example/b/c?d", "a.example"),
        ("http://A.example:80?x", "a.example"),
        ("http://me:pw@a.example#x", "a.example"),
        ("a.example/b://c", "a.example"),
        ("no url", "no url"),
        ("http://" + "a" * 999, "a" * 253),
        ("", ""),
    ],
)
def test_hosts(url, host):
    assert counted_host(url.encode()) == host


def test_documents_are_counted_by_length_day_and_host():
    times = (b"2019-04-18T12:00:00Z", b"2019-04-18", b"yesterday", b"9999-99-99T", b"")
    rows = [
        (number << 60, (b"x" * 2**number, b"http://a.example/", time))
        for number, time in enumerate(times)
    ]
    found = count_documents(rows, parts=1)
    assert [LENGTHS[n] for n in sorted(found.lengths)] == [1, 2, 4, 8, 16]
    assert set(found.lengths.values()) == {1}
    assert found.days == {"2019-04-18": 2, "": 3}
    assert found.hosts == {"a.example": 5}
    assert count_documents(rows, parts=64).hosts == {"a.example": 5}
    assert count_documents(rows, parts=64 * 8).hosts == {"a.example": 2}  # keys below 2**61
    assert count_documents([], parts=1).lengths == {}


@pytest.fixture(scope="module")
def stored(sample) -> bytes:
    return gzip.decompress(Path(sample.replace("*", "sample-00000")).read_bytes())


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "one member"])
def test_records_are_read_again_in_files_without_a_member_for_each(tmp_path, stored, pack):
    path = tmp_path / ("a.warc.wet.gz" if pack is gzip.compress else "a.warc.wet")
    path.write_bytes(pack(stored))
    (part,) = cut_into_parts(find_inputs([str(path)]))
    starts = [i for i in range(len(stored)) if stored.startswith(b"WARC/1.0\r\n", i)][1:9:3]
    places = [(0, start) if pack is gzip.compress else (start, 0) for start in starts]
    found = dict(read_places(None, part, [*places, (0, 1)]))
    assert list(found) == places
    for start, record in zip(starts, found.values(), strict=True):
        assert stored.index(record.block, start) < start + 2000
    path.write_bytes(b"")
    with pytest.raises(NotReadable, match="another file"):
        list(read_places(None, part, places))
