"""Crawls over connections that misbehave: every good page once; nothing leads anywhere else."""

import gzip
import io
import json
import os
import random
from dataclasses import replace

import pytest

from cleaning.wet.inflate import DamagedMember, inflate
from cleaning.wet.records import Malformed, Record, read_records
from pipelines.sources.cache import cached_path, find_cached
from pipelines.sources.commoncrawl import (
    REFERENCE_SKIPS,
    CrawlError,
    check_crawl,
    choose_files,
    find_names,
    list_path,
    parse_list,
)
from pipelines.sources.mirrors import Mirror, list_crawls, open_file, read_crawl_paths
from runtime.http.client import Clock, DownloadRules
from runtime.http.transfers import Damaged, Refused, Transfer, Unreachable
from tests.cleaning.wet.wet_files import MEMBER_EACH, damage, framed, lay_out, pages, survivors
from tests.runtime.http.server import serve

CRAWL = "CC-MAIN-2019-18"
SEGMENT = f"crawl-data/{CRAWL}/segments/1555578517558.8/wet"
PATH = f"{SEGMENT}/CC-MAIN-20190418101243-20190418123243-00000.warc.wet.gz"
PAGES = pages(60, 4000)
WET, PLACES = lay_out(PAGES, MEMBER_EACH)
WHOLE = [framed(page) for page in PAGES]
MANY = [
    f"crawl-data/{CRAWL}/segments/15555785{n // 100:05d}.{n % 90}/wet/"
    f"CC-MAIN-20190418101243-20190418123243-{n % 640:05d}.warc.wet.gz"
    for n in range(10_000)
]
INDEX = b"""<table><tr><td><a href="/crawl-data/CC-MAIN-2019-18/index.html">CC-MAIN-2019-18</a></td>
<td><a href="CC-MAIN-2024-10/index.html">CC-MAIN-2024-10</a>
<a href="CC-MAIN-2013-20/index.html">CC-MAIN-2013-20</a>, CC-MAIN-2012, CC-MAIN-2009-2010,
CC-MAIN-2008-2009, CC-MAIN-2024-99, CC-NEWS</td></tr></table>"""


def listed(*paths: str) -> bytes:
    return gzip.compress("".join(f"{path}\n" for path in paths).encode())


@pytest.fixture(scope="module")
def server():
    files = {
        PATH: WET,
        list_path(CRAWL): listed(PATH),
        list_path("CC-MAIN-2024-10"): listed("../../etc/passwd"),
        "crawl-data/index.html": INDEX,
    }
    with serve(files) as server:
        yield server


def mirror(server, behaviour: str = "plain", **settings) -> Mirror:
    clock = Clock(sleep=lambda _: None)
    patience = 1.0 if behaviour == "stalls" else 60.0
    rules = DownloadRules(progress_bytes=1 << 14, read_seconds=patience)
    return Mirror(base=server.url(behaviour), rules=rules, clock=clock, **settings)


def read_wet(place: Mirror, path: str, report) -> list[Record | Malformed]:
    """All of a file, as cleaning reads it: again if in doubt."""
    for suspicious in (False, True):
        try:
            with open_file(place, path, report) as file:
                return list(read_records(inflate(file, suspicious=suspicious)))
        except DamagedMember:
            pass
    raise AssertionError("the second reading must not fail")


@pytest.mark.parametrize("keep", [False, True], ids=["streamed", "kept"])
@pytest.mark.parametrize(
    "behaviour",
    ["plain", "resets", "truncates", "ignores-ranges", "untagged", "overstates", "chunked",
     "stalls", "busy", "busy-asks", "blocked", "moved", "called-gzip"],
)  # fmt: skip
def test_every_page_arrives_exactly_once(server, behaviour, keep, tmp_path):
    transfers: list[Transfer] = []
    place = mirror(server, behaviour, keep=str(tmp_path) if keep else "")
    parts = read_wet(place, PATH, transfers.append)
    assert survivors(parts) == WHOLE
    assert not damage(parts)
    (transfer,) = transfers
    assert transfer.is_complete and transfer.size_bytes == len(WET)
    server.site.requests.clear()  # the next test finds the behaviour at its start


@pytest.mark.parametrize("keep", [False, True], ids=["streamed", "kept"])
@pytest.mark.parametrize(
    ("behaviour", "lost", "reason"),
    [("corrupt", len(PAGES) // 2, "gzip member"), ("understates", len(PAGES) - 1, "truncated")],
)
def test_damage_costs_the_damaged_page_only(server, behaviour, lost, reason, keep, tmp_path):
    place = mirror(server, behaviour, keep=str(tmp_path) if keep else "")
    transfers: list[Transfer] = []
    parts = read_wet(place, PATH, transfers.append)
    kept = survivors(parts)
    assert [page for page in WHOLE if page in kept] == kept
    assert len(WHOLE) - 2 <= len(kept) < len(WHOLE)
    assert all(reason in told for _, _, told in damage(parts))
    assert len(transfers) == 1
    server.site.requests.clear()


def test_a_file_that_comes_damaged_once_is_fetched_again_to_be_kept(server, tmp_path):
    transfers: list[Transfer] = []
    place = mirror(server, "corrupt-once", keep=str(tmp_path))
    assert survivors(read_wet(place, PATH, transfers.append)) == WHOLE
    (transfer,) = transfers
    assert transfer.requests == 2
    assert "damaged gzip member" in transfer.line() and "\n" not in transfer.line()
    receipt = json.loads((tmp_path / f"{PATH}.kept.json").read_text())
    assert receipt["damage"] == "" and receipt["size_bytes"] == len(WET)


def test_a_file_damaged_at_its_source_is_kept_as_it_is(server, tmp_path):
    place = mirror(server, "corrupt", keep=str(tmp_path))
    asked = len(server.asked("corrupt", PATH))
    read_wet(place, PATH, None)
    assert len(server.asked("corrupt", PATH)) == asked + 2
    assert "gzip" in json.loads((tmp_path / f"{PATH}.kept.json").read_text())["damage"]
    read_wet(place, PATH, None)
    assert len(server.asked("corrupt", PATH)) == asked + 2


def test_a_file_that_always_comes_otherwise_is_not_kept(server, tmp_path):
    transfers: list[Transfer] = []
    place = mirror(server, "corrupt-anew", keep=str(tmp_path))
    with pytest.raises(Damaged, match="3 times"):
        open_file(place, PATH, transfers.append)
    (transfer,) = transfers
    assert transfer.requests == 3 and "failed: " in transfer.line()
    assert not list(tmp_path.rglob("*.gz*"))


def test_a_kept_file_is_read_without_asking_unless_it_has_changed(server, tmp_path):
    place = mirror(server, "plain", keep=str(tmp_path))
    server.site.requests.clear()
    told: list[Transfer] = []
    for _ in range(3):
        assert open_file(place, PATH, told.append).read() == WET
    assert len(server.site.requests) == len(told) == 1
    kept = tmp_path / PATH
    for spoil in (
        lambda: kept.write_bytes(WET[:-1]),
        lambda: kept.write_bytes(WET[:-1] + b"\1"),
        lambda: kept.unlink(),
        lambda: (tmp_path / f"{PATH}.kept.json").write_text("{"),
        lambda: (tmp_path / f"{PATH}.kept.json").write_text("[1]"),
        lambda: (tmp_path / f"{PATH}.kept.json").unlink(),
    ):
        spoil()
        assert find_cached(str(tmp_path), PATH) is None
        assert open_file(place, PATH).read() == WET


def test_a_folder_of_kept_files_is_a_mirror_itself(server, tmp_path):
    place = mirror(server, "plain", keep=str(tmp_path))
    for path in read_crawl_paths(place, CRAWL):
        open_file(place, path).close()
    folder = Mirror(base=str(tmp_path))
    assert read_crawl_paths(folder, CRAWL) == (PATH,)
    assert open_file(folder, PATH).read() == WET
    with pytest.raises(CrawlError, match=r"has no crawl-data/index.html"):
        list_crawls(folder)
    (tmp_path / "crawl-data" / "index.html").write_bytes(INDEX)
    assert list_crawls(folder)[0] == "CC-MAIN-2024-10"


def test_a_download_that_fails_leaves_nothing_that_looks_kept(server, tmp_path):
    transfers: list[Transfer] = []
    for behaviour, kind in (("down", Unreachable), ("denied", Refused)):
        place = mirror(server, behaviour, keep=str(tmp_path))
        with pytest.raises(kind):
            open_file(place, PATH, transfers.append)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [transfer.is_complete for transfer in transfers] == [False, False]
    assert all("failed: answered" in transfer.line() for transfer in transfers)


@pytest.mark.parametrize("path", ["../x.gz", "/etc/passwd", "a/../../x", "https://h/x", "a\0", ""])
def test_no_path_leads_out_of_the_folder_or_to_another_host(server, path, tmp_path):
    for place in (
        mirror(server, keep=str(tmp_path / "kept")),
        mirror(server),
        Mirror(base=str(tmp_path)),
    ):
        with pytest.raises(CrawlError, match="is no path below"):
            open_file(place, path)
    with pytest.raises(ValueError, match="is no path below"):
        cached_path(str(tmp_path), path)


def test_no_link_leads_a_kept_file_out_of_its_folder(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "kept" / "crawl-data")
    with pytest.raises(ValueError, match="a link leads out"):
        cached_path(str(tmp_path / "kept"), PATH)


def test_ten_thousand_paths_are_read_and_chosen_among(tmp_path):
    paths = MANY
    assert len(set(paths)) == 10_000
    files = {list_path(CRAWL): listed(*paths)}
    with serve(files) as server:
        place = mirror(server, "resets")
        assert read_crawl_paths(place, CRAWL) == tuple(paths)
        chosen = choose_files(read_crawl_paths(place, CRAWL), sample_files=25)
        files |= dict.fromkeys(chosen, WET)
        for path in chosen:
            assert open_file(place, path).read() == WET
        asked = {path for path, _ in server.site.requests}
    assert len(asked) == 26


def test_all_crawls_of_a_mirror_are_listed_newest_first(server):
    assert list_crawls(mirror(server)) == ["CC-MAIN-2024-10", "CC-MAIN-2019-18", "CC-MAIN-2013-20"]
    assert list_crawls(mirror(server, "busy")) == list_crawls(mirror(server))
    assert find_names("nothing") == []


def test_a_crawl_that_is_not_there_is_told_without_secrets(server):
    place = mirror(server)
    place = replace(place, base=place.base.replace("http://", "http://user:secret@"))
    with pytest.raises(CrawlError, match="has no such crawl") as caught:
        read_crawl_paths(place, "CC-MAIN-2019-22")
    assert "404" in str(caught.value) and "--crawl=list" in str(caught.value)
    assert "secret" not in str(caught.value) + repr(place)
    with pytest.raises(Unreachable):
        read_crawl_paths(mirror(server, "down"), CRAWL)
    with pytest.raises(CrawlError, match=r"1 of 2 lines .*line 1 is '../../etc/passwd'"):
        read_crawl_paths(mirror(server), "CC-MAIN-2024-10")


def test_a_bucket_that_beam_cannot_open_says_what_it_needs():
    with pytest.raises(CrawlError, match="needs neither"):
        read_crawl_paths(Mirror(base="nosuchscheme://commoncrawl/"), CRAWL)


@pytest.mark.parametrize("base", ["", "http://", "https://h/#x", "http://h x/"])
def test_a_base_is_checked_at_once(base):
    with pytest.raises(CrawlError, match="--commoncrawl_url"):
        Mirror(base=base)


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


def test_lists_end_lines_either_way():
    assert parse_list(gzip.compress(f"{PATH}\r\n".encode()), CRAWL) == (PATH,)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (b"", "names 0 files"),
        (gzip.compress(b"\n\n"), "names 0 files"),
        (PATH.encode(), "is a damaged gzip file"),
        (listed(PATH)[:-1], "is a damaged gzip file"),
        (listed(PATH)[:20] + b"\0" + listed(PATH)[21:], "is a damaged gzip file"),
        (gzip.compress(bytes(257 << 20), 1), "inflates to more than 256 MiB"),
    ],
    ids=["nothing", "blank lines", "plain", "cut", "damaged", "bomb"],
)
def test_a_list_that_is_not_sound_is_refused(stored, told):
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


def test_a_read_file_may_be_wrapped(server):
    with io.BufferedReader(open_file(mirror(server), PATH)) as file:
        assert file.read(10) == WET[:10]
        assert file.read() == WET[10:]
