"""The funnel of a variant adds up, from the pages that were read to its documents."""

import pytest

from pipelines.reporting.funnel import line_funnel, page_funnel, records_lost
from pipelines.reporting.published import PUBLISHED
from pipelines.reporting.sections import by_date, by_doubling
from pipelines.reporting.tables import share

READ = {"split-wet-file/passed": 100, "too-long-filter/filtered": 10, "too-long-filter/passed": 90}


def test_each_rule_takes_from_what_the_one_before_left():
    counts = READ | {
        "clean-page/line-filtered:no_endmark": 700,
        "clean-page/filtered:loremipsum": 1,
        "clean-page/filtered:squigglybracket": 0,
        "clean-page/filtered:too_few_sentences": 19,
        "clean-page/passed": 70,
        "own-filter:mine/filtered:why not": 30,
        "own-filter:mine/passed": 40,
    }
    rows = [
        (row.rule.partition("/")[2], row.count, row.before, row.left) for row in page_funnel(counts)
    ]
    assert rows == [
        ("filtered", 10, 100, 90),
        ("filtered:loremipsum", 1, 90, 89),
        ("filtered:too_few_sentences", 19, 90, 70),
        ("filtered:why not", 30, 70, 40),
    ]


def test_pages_kept_under_another_language_are_not_dropped():
    counts = READ | {
        "language-filter/filtered:no_predictions": 20,
        "language-filter/passed": 90,
        "badwords-filter/filtered": 30,
        "badwords-filter/soft-passed": 1,
        "badwords-filter/passed": 59,
    }
    assert [(row.rule, row.left) for row in page_funnel(counts)] == [
        ("too-long-filter/filtered", 90),
        ("badwords-filter/filtered", 60),
    ]


def test_bad_words_of_the_page_as_read_go_before_deduplication():
    counts = READ | {
        "dedupe-lines/filtered:empty": 5,
        "dedupe-lines/passed": 65,
        "badwords-filter/filtered": 20,
        "badwords-filter/passed": 65,
    }
    rows = [(row.rule, row.count, row.left) for row in page_funnel(counts, "page")]
    assert rows[1:] == [
        ("badwords-filter/filtered", 20, 70),
        ("dedupe-lines/filtered:empty", 5, 65),
    ]


def test_lines_are_shares_of_those_that_came_to_their_step():
    counts = {
        "clean-page/line-filtered:no_endmark": 60,
        "clean-page/line-passed": 40,
        "dedupe-lines/line-filtered:global_duplicate": 10,
        "dedupe-lines/line-passed": 30,
    }
    assert [(row.count, row.before) for row in line_funnel(counts)] == [(60, 100), (10, 40)]


def test_files_and_records_without_a_page_are_listed():
    counts = {"split-wet-file/filtered:malformed": 2, "split-wet-file/filtered:no_url": 0}
    assert [(row.meaning, row.count) for row in records_lost(counts)] == [("damaged or not WET", 2)]


@pytest.mark.parametrize(
    "count, of, told",
    [
        (0, 0, ""), (0, 9, "0%"), (9, 9, "100.0%"), (1, 3, "33.3%"), (1, 2000, "0.05%"),
        (1, 10**6, "<0.01%"), (10**6 - 1, 10**6, "<100.0%"),
    ],
)  # fmt: skip
def test_shares_are_neither_nothing_nor_all_unless_they_are(count, of, told):
    assert share(count, of) == told


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.meaning)
def test_a_run_like_c4_is_not_far_off_and_another_is(row):
    assert not row.is_far(row.fraction)
    left = 1 - row.fraction
    near = [row.fraction * 1.2, 1 - left * 1.2][row.fraction > 0.75]
    far = [row.fraction * 1.7, 1 - left * 1.7][row.fraction > 0.75]
    assert not row.is_far(near) and row.is_far(far) and row.is_far(row.fraction / 2)


def test_dates_are_by_day_month_or_year_as_there_is_room():
    days = [f"2019-04-{day:02d}" for day in range(1, 31)]
    assert len(by_date(dict.fromkeys(days, 1))) == 30
    days += ["2019-05-01", "2019-06-01", *(f"2018-01-{day}" for day in range(10, 20))]
    by_month = [("2018-01", 10), ("2019-04", 30), ("2019-05", 1), ("2019-06", 1)]
    assert by_date(dict.fromkeys(days, 1)) == by_month
    months = [f"{year}-{month:02d}-01" for year in range(2011, 2019) for month in range(1, 13)]
    assert by_date(dict.fromkeys(months, 2) | {"": 1})[0] == ("2011", 24)
    assert by_date({"": 3, "2019-04-01": 1}) == [("2019-04-01", 1), ("no date", 3)]


def test_lengths_are_by_doubling_without_holes():
    assert by_doubling([(8, 1), (12, 2), (46, 5)]) == [("8", 3), ("16", 0), ("32", 5)]
