"""The newest capture of a URL, and the kept occurrence of a line."""

import numpy as np
import pytest

from cleaning.dedup.winners import newest_captures, repeated, span_winners
from cleaning.signatures import TIME
from cleaning.urls import md5, pack_digests


def digests(*rows: tuple[int, int]) -> np.ndarray:
    return np.array(rows, np.uint64).reshape(-1, 2)


HIGH = 2**64 - 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([(1, 1)], []),
        ([(1, 1), (2, 1), (1, 1)], [0, 2]),
        ([(HIGH, 1), (3, 3), (HIGH, 1), (HIGH, 1)], [0, 2, 3]),
        ([(4, 9), (5, 9)], []),
    ],
)
def test_repeated_digests_are_found(rows, expected):
    assert repeated(digests(*rows)).tolist() == expected


TWIN = "TEXTCOLLBYfGiJUETHQ4h%scKSMd5zYpgqf1YRDhkmxHkhPWptrkoyz28wnI9V0aHeAuaKnak"
"""URLs of one md5 (Stevens 2024)."""


def test_of_urls_with_one_md5_the_newest_stays_which_security_md_says():
    url_digest = pack_digests([md5(TWIN % "A"), md5(TWIN % "E")])
    assert (url_digest[0] == url_digest[1]).all() and TWIN % "A" != TWIN % "E"
    times = np.array([b"2020-01-01", b"2020-01-02"], TIME)
    found = newest_captures(url_digest, times, url_digest, np.arange(2, dtype=np.uint64))
    assert found.tolist() == [False, True]


@pytest.mark.parametrize(
    ("url", "captured", "priority", "row_id", "newest"),
    [
        ([], [], [], [], []),
        ([(1, 1)], [5], [(9, 9)], [3], [True]),
        ([(1, 1), (1, 1)], [5, 6], [(0, 0), (9, 9)], [0, 1], [False, True]),
        ([(1, 1), (1, 2)], [5, 6], [(0, 0), (9, 9)], [0, 1], [True, True]),
        ([(1, 1), (2, 1)], [5, 6], [(0, 0), (9, 9)], [0, 1], [True, True]),
        ([(1, 1), (1, 1)], [5, 5], [(2, 0), (1, HIGH)], [0, 1], [False, True]),
        ([(1, 1), (1, 1)], [5, 5], [(1, HIGH), (1, 3)], [0, 1], [False, True]),
        ([(1, 1), (1, 1)], [5, 5], [(1, 3), (1, 3)], [1 << 32, 7], [False, True]),
        ([(1, 1), (2, 2), (1, 1)], [5, 0, 7], [(0, 0)] * 3, [0, 1, 2], [False, True, True]),
    ],
)
def test_the_newest_capture_of_each_url_stays(url, captured, priority, row_id, newest):
    times = np.array([b"2020-01-0%d" % day for day in captured], TIME)
    found = newest_captures(digests(*url), times, digests(*priority), np.array(row_id, np.uint64))
    assert found.tolist() == newest


@pytest.mark.parametrize(
    ("line", "priority", "row_id", "winners"),
    [
        ([], [], [], []),
        ([(1, 1), (2, 2)], [(5, 5), (4, 4)], [0, 1], [0, 1]),
        ([(1, 1), (1, 1)], [(5, 5), (4, 4)], [0, 1], [1, 1]),
        ([(1, 1), (1, 1)], [(5, 5), (5, 4)], [0, 1], [1, 1]),
        ([(1, 1), (1, 1)], [(5, 0), (4, HIGH)], [0, 1], [1, 1]),
        ([(1, 1), (1, 1)], [(5, 5), (5, 5)], [9, 8], [1, 1]),
        ([(1, 1), (1, 2), (1, 1)], [(1, 0), (2, 0), (3, 0)], [0, 1, 2], [0, 1, 0]),
    ],
)
def test_the_page_with_the_smallest_digest_keeps_a_line(line, priority, row_id, winners):
    found = span_winners(digests(*line), digests(*priority), np.array(row_id, np.uint64))
    assert found.tolist() == winners
