"""The pages of listed URLs by both: TFDS's join of pages and lists, and ours of digests."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from apache_beam.coders import StrUtf8Coder
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.textio import _TextSource
from hypothesis import given
from hypothesis import strategies as st

from cleaning.selection import IN_LISTS, OUTDATED
from cleaning.urls import md5, normalize_url, pack_digests
from pipelines.sources.url_lists import find_url_lists, read_digests
from pipelines.stages.blocks import CAPTURE, LISTED, Block, row_flags, row_ids, split_by_bucket
from pipelines.stages.newest import count_missing, flag_blocks
from tests.reference.reference import PageFeatures, c4_utils, counting
from tests.reference.strategies import examples

BUCKETS = 3


@dataclass(frozen=True)
class Capture:
    """A page of a part of the crawl; the place stands for its text."""

    url: str
    timestamp: str
    part: int
    row: int


_bases = st.sampled_from(("a.example", "a.example/x", "b.example/?a=1", "é.example", "c d", "C.x"))
_starts = st.sampled_from(("http://", "https://", "http://www.", "HTTP://", "", " "))
_ends = st.sampled_from(
    ("", "", "", "/", "//", "?utm_a", "?ref=b", "?reference", "#top", " ", "\t")
)
_urls = st.tuples(_starts, _bases, _ends).map("".join)
_lines = st.lists(_urls, max_size=9)
_lists = st.lists(st.tuples(_lines, st.sampled_from(("\n", "\r\n")), st.booleans()), max_size=3)
_dates = st.sampled_from(("2019-04-18T10:20:30Z", "2019-04-18T10:20:31Z", "2020"))
_captures = st.lists(st.lists(st.tuples(_urls.filter(str.strip), _dates), max_size=8), max_size=3)


def list_bytes(lines: list[str], newline: str, ends: bool) -> bytes:
    """A URL list, its last line ended or not."""
    text = newline.join(lines) + newline * (ends and bool(lines))
    return text.encode()


def reference_lines(path: str) -> list[str]:
    """The lines that Beam's ReadFromText gives."""
    source = _TextSource(path, 0, CompressionTypes.AUTO, True, StrUtf8Coder())
    return list(source.read(source.get_range_tracker(None, None)))


def reference_joined(
    captures: list[Capture], listed: list[str]
) -> tuple[set[Capture], Counter[str]]:
    """The pages that the reference takes, and what it counts."""
    by_url: dict[str, list[PageFeatures]] = {}
    for capture in sorted(captures, key=lambda c: (md5(c.url), c.part, c.row)):
        page = PageFeatures(url=capture.url, timestamp=capture.timestamp)
        page.text = f"{capture.part} {capture.row}"
        by_url.setdefault(c4_utils.normalize_url(capture.url), []).append(page)
    newest = {url: c4_utils.select_newest_page(pages) for url, pages in by_url.items()}
    urls = Counter(map(c4_utils.normalize_url, listed))
    taken = set()
    with counting() as counts:
        for url in newest.keys() | urls.keys():
            joined = {
                "pages": [newest[url]] if url in newest else [],
                "webtextlike_urls": [PageFeatures()] * urls[url],
            }
            for page in c4_utils.filter_by_webtextlike((url, joined)):
                part, row = map(int, page.text.split())
                taken.add(Capture(page.url, page.timestamp, part, row))
    return taken, counts


def capture_block(captures: list[Capture]) -> Block:
    """CAPTURE rows of a part, as `pipelines.stages.clean` makes them."""
    block = np.empty(len(captures), CAPTURE)
    block["url_digest"] = pack_digests([md5(normalize_url(c.url)) for c in captures])
    block["priority"] = pack_digests([md5(c.url) for c in captures])
    block["captured"] = [c.timestamp.encode() for c in captures]
    for row, capture in enumerate(captures):
        block["row_id"][row] = row_ids(capture.part, np.array([capture.row]))[0]
    return block


def our_joined(parts: list[list[Capture]], lists: list[Path]) -> tuple[set[Capture], Counter[str]]:
    """The same of ours: blocks to buckets, verdicts back to parts."""
    to_buckets: list[list[Block]] = [[] for _ in range(BUCKETS)]
    for captures in parts:
        block = capture_block(captures)
        for bucket, rows in split_by_bucket(block, block["url_digest"], BUCKETS).items():
            to_buckets[bucket].append(rows)
    for url_list in find_url_lists([str(path) for path in lists]) if lists else ():
        digests = read_digests(url_list, normalize_url)[0]
        block = np.empty(len(digests), LISTED)
        block["url_digest"] = digests
        for bucket, rows in split_by_bucket(block, digests, BUCKETS).items():
            to_buckets[bucket].append(rows)
    counts: Counter[str] = Counter()
    to_parts: list[list[Block]] = [[] for _ in parts]
    for blocks in to_buckets:
        counts.update(count_missing(blocks))
        for part, verdicts in flag_blocks(blocks).items():
            to_parts[part].append(verdicts)
    taken = set()
    for captures, blocks in zip(parts, to_parts, strict=True):
        bits = row_flags(blocks, len(captures))
        for capture, bit in zip(captures, bits.tolist(), strict=True):
            if not bit & OUTDATED:
                counts[f"webtextlike-filter/{'passed' if bit & IN_LISTS else 'filtered'}"] += 1
            if not bit & OUTDATED and bit & IN_LISTS:
                taken.add(capture)
    return taken, +counts


@examples(300)
@given(_captures, _lists)
def test_newest_captures_of_listed_urls(captures, lists):
    parts = [
        [Capture(url, date, number, row) for row, (url, date) in enumerate(found)]
        for number, found in enumerate(captures)
    ]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.txt" for number in range(len(lists))]
        for path, contents in zip(paths, lists, strict=True):
            path.write_bytes(list_bytes(*contents))
        listed = [line for path in paths for line in reference_lines(str(path))]
        theirs = reference_joined([c for found in parts for c in found], listed)
        assert our_joined(parts, paths) == theirs


def test_real_lists_are_read_alike(shared_data):
    folder = shared_data / "refs" / "webtext"
    lists = find_url_lists([str(folder)])
    assert [url_list.path for url_list in lists] == sorted(map(str, folder.glob("*.txt")))
    for url_list in lists:
        digests, listed, refused = read_digests(url_list, normalize_url)
        lines = reference_lines(url_list.path)
        assert (listed, refused) == (len(lines), 0)
        expected = {c4_utils._hash_text(c4_utils.normalize_url(line)) for line in lines}
        assert {row.astype(">u8").tobytes().hex() for row in digests} == expected
        assert len(digests) == len(expected) > 100
