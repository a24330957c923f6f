"""Names of crawls, lists of their files, and samples of these."""

import gzip
import random

import pytest

from pipelines.sources.commoncrawl import (
    REFERENCE_SKIPS,
    CrawlError,
    check_crawl,
    choose_files,
    parse_list,
)
from tests.pipelines.sources.crawl import CRAWL, MANY, PATH, listed
from tests.runtime.storage.content.test_kinds import HTML


@pytest.mark.parametrize("name", ["CC-MAIN-2013-20", "CC-MAIN-2019-18", "CC-MAIN-2026-53"])
def test_crawls_with_wet_files_are_named_by_year_and_week(name):
    assert check_crawl(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("CC-MAIN-2012", "no WET files"),
        ("CC-MAIN-2008-2009", "no WET files"),
        ("CC-MAIN-2009-2010", "no WET files"),
        ("CC-MAIN-2013-19", "no WET files"),
        ("2019-18", "did you mean CC-MAIN-2019-18"),
        ("cc-main-2019-18", "did you mean CC-MAIN-2019-18"),
        ("CC-MAIN-2019-00", "expected names like"),
        ("CC-MAIN-2019-54", "expected names like"),
        ("CC-MAIN-2019-18/../..", "expected names like"),
        ("CC-MAIN-2019-18\n", "expected names like"),
        ("CC-NEWS", "expected names like"),
        ("", "expected names like"),
        ("x" * 10_000, "expected names like"),
    ],
)
def test_other_names_are_refused(name, told):
    with pytest.raises(CrawlError, match=told) as caught:
        check_crawl(name)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("crawl", "path"),
    [
        ("CC-MAIN-2013-20", "segments/1368696381249/wet/"
         "CC-MAIN-20130516092621-00000-ip-10-60-113-184.ec2.internal.warc.wet.gz"),
        ("CC-MAIN-2015-27", "segments/1435376093097.69/wet/"
         "CC-MAIN-20150627033453-00250-ip-10-179-60-89.ec2.internal.warc.wet.gz"),
        ("CC-MAIN-2019-39", "segments/1568514570740.10/wet/"
         "CC-MAIN-20190915052433-20190915074433-00000.warc.wet.gz"),
        *[(path.split("/")[1], path.split("/", 2)[2]) for path in REFERENCE_SKIPS],
    ],
)  # fmt: skip
def test_the_shapes_that_common_crawl_has_had_are_known(crawl, path):
    path = f"crawl-data/{crawl}/{path}"
    assert parse_list(listed(path, "", path), crawl) == (path,)


@pytest.mark.parametrize(
    "line",
    [
        "/" + PATH, "../" + PATH, "https://evil.example/" + PATH, "//evil.example/" + PATH,
        PATH + "/../../x", PATH.replace("/wet/", "/warc/"), PATH.replace(".wet.gz", ".gz"),
        PATH.replace("2019-18", "2019-22"), PATH.replace("/wet/", "/wet/../wet/"),
        PATH.replace("1555578517558.8", ".."), PATH + "\0", PATH + " ", "\t" + PATH, PATH + "\r\r",
        PATH.replace("00000", "é"), PATH.replace("00000", "\x1b[31m"), PATH + "?x", PATH + "#x",
        PATH.replace("00000", "0" * 400), "x" * 1_000_000, PATH.replace("crawl-data/", ""),
        PATH.replace("00000", "%2e%2e"), PATH.replace("/wet/", "\\wet\\"), PATH + "\u2028",
    ],
)  # fmt: skip
def test_a_line_that_is_no_path_of_the_crawl_refuses_the_list(line):
    with pytest.raises(
        CrawlError, match="1 of 3 lines are no path of a WET file; line 2"
    ) as caught:
        parse_list(listed(PATH, line)[:], CRAWL)
    told = str(caught.value)
    assert len(told) < 800 and told.isprintable()


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "unpacked"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_lists_are_read_as_mirrors_and_editors_leave_them(pack, mark, end):
    assert parse_list(pack(mark + PATH.encode() + end), CRAWL) == (PATH,)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (b"", "names 0 files"),
        (gzip.compress(b"\n\n"), "names 0 files"),
        (HTML, "it is an HTML page"),
        (f"{PATH}\n".encode("utf-16"), "it is UTF-16 text"),
        (listed(PATH)[:-1], "is a damaged file"),
        (listed(PATH)[:20] + b"\0" + listed(PATH)[21:], "is a damaged file"),
        (gzip.compress(bytes(257 << 20), 1), "inflates to more than 256 MiB"),
    ],
    ids=["nothing", "blank lines", "page", "UTF-16", "cut", "damaged", "bomb"],
)
def test_a_damaged_list_is_refused(stored, told):
    with pytest.raises(CrawlError, match=told):
        parse_list(stored, CRAWL)


def test_a_sample_repeats_grows_and_does_not_depend_on_order():
    shuffled = random.Random(3).sample(MANY, len(MANY))
    small, large = choose_files(MANY, sample_files=10), choose_files(MANY, sample_files=200)
    assert len(small) == 10 and len(large) == 200
    assert set(small) < set(large)
    assert set(choose_files(shuffled, sample_files=200)) == set(large)
    for paths in (MANY, shuffled):
        chosen = choose_files(paths, sample_files=200)
        assert list(chosen) == [path for path in paths if path in set(chosen)]
    thirds = [sum(MANY.index(path) // 3334 == third for path in large) for third in range(3)]
    assert min(thirds) > 45  # spread over the list


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({}, 10_000),
        ({"max_files": 0, "sample_files": 0}, 10_000),
        ({"max_files": 7}, 7),
        ({"max_files": 20_000}, 10_000),
        ({"sample_files": 20_000}, 10_000),
        ({"max_files": 100, "sample_files": 5}, 5),
        ({"max_files": 5, "sample_files": 100}, 5),
    ],
)
def test_how_many_files_are_chosen(settings, count):
    chosen = choose_files(MANY, **settings)
    assert len(chosen) == count
    if first := settings.get("max_files"):
        assert set(chosen) <= set(MANY[:first])
