"""Crawls over connections that misbehave: every good page once; no path leads anywhere else."""

import io
import pickle
from dataclasses import replace

import pytest

from pipelines.sources.cache import cached_path
from pipelines.sources.commoncrawl import CrawlError, choose_files, find_names, list_path
from pipelines.sources.mirrors import Mirror, list_crawls, open_file, read_crawl_paths
from runtime.errors import UsageError
from runtime.http.client import Clock
from runtime.http.transfers import NotConnected, Transfer, Unreachable
from runtime.http.urls import UrlError
from tests.cleaning.wet.wet_files import damage, survivors
from tests.pipelines.sources.crawl import (
    CRAWL,
    MANY,
    PAGES,
    PATH,
    WET,
    WHOLE,
    listed,
    mirror,
    read_wet,
    serve_crawl,
)
from tests.runtime.http.proxy import proxy_to
from tests.runtime.http.server import serve


@pytest.fixture(scope="module")
def server():
    with serve_crawl() as server:
        yield server


@pytest.mark.parametrize("keep", [False, True], ids=["streamed", "cached"])
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


@pytest.mark.parametrize("keep", [False, True], ids=["streamed", "cached"])
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


@pytest.mark.parametrize("path", ["../x.gz", "/etc/passwd", "a/../../x", "https://h/x", "a\0", ""])
def test_no_path_leads_out_of_the_folder_or_to_another_host(server, path, tmp_path):
    for place in (
        mirror(server, keep=str(tmp_path / "kept")),
        mirror(server),
        Mirror(base=str(tmp_path)),
    ):
        with pytest.raises(CrawlError, match="expected a path below"):
            open_file(place, path)
    with pytest.raises(UsageError, match="expected a path below"):
        cached_path(str(tmp_path), path)


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
    with pytest.raises(CrawlError, match="needs no credentials"):
        read_crawl_paths(Mirror(base="hdfs://commoncrawl/"), CRAWL)
    with pytest.raises(UsageError, match="nosuchscheme://: no filesystem has this scheme"):
        read_crawl_paths(Mirror(base="nosuchscheme://commoncrawl/"), CRAWL)


@pytest.mark.parametrize("base", ["", "http://", "https://h/#x", "http://h x/"])
def test_a_base_is_checked_at_once(base):
    with pytest.raises(CrawlError, match="--commoncrawl_url"):
        Mirror(base=base)


def test_a_read_file_may_be_wrapped(server):
    with io.BufferedReader(open_file(mirror(server), PATH)) as file:
        assert file.read(10) == WET[:10]
        assert file.read() == WET[10:]


def test_lists_and_files_come_through_the_proxy_of_the_environment(server, monkeypatch, tmp_path):
    with proxy_to(server.port) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url("me:s3cret"))
        for keep in ("", str(tmp_path)):
            place = Mirror(base="http://crawl.invalid/plain", keep=keep)
            assert read_crawl_paths(place, CRAWL) == (PATH,)
            assert open_file(place, PATH).read() == WET
            assert list_crawls(place)[0] == "CC-MAIN-2024-10"
            assert b"s3cret" not in pickle.dumps(place) and "s3cret" not in repr(place)
    paths = [list_path(CRAWL), PATH, "crawl-data/index.html"]
    assert proxy.requests == [("GET", f"http://crawl.invalid/plain/{path}") for path in paths] * 2
    assert set(proxy.logins) == {"Basic bWU6czNjcmV0"}


def test_a_host_of_no_proxy_is_reached_without_it(server, monkeypatch):
    with proxy_to(server.port) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        assert read_crawl_paths(mirror(server), CRAWL) == (PATH,)
    assert proxy.requests == []


def test_a_wrong_proxy_is_told_by_its_variable(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:s3cret@proxy:1080")
    with pytest.raises(
        UrlError, match=r"https_proxy=\.\.\.@proxy:1080: expected a proxy like http:"
    ):
        read_crawl_paths(Mirror(), CRAWL)


@pytest.mark.parametrize("base", ["http://no-such-host.invalid/", "http://127.0.0.1:1/"])
def test_a_mirror_that_cannot_be_reached_is_told_in_seconds(base, tmp_path):
    waits: list[float] = []
    place = Mirror(base=base, clock=Clock(sleep=waits.append), keep=str(tmp_path))
    for read in (lambda: read_crawl_paths(place, CRAWL), lambda: list_crawls(place)):
        waits.clear()
        with pytest.raises(NotConnected, match=r"online.*https_proxy") as error:
            read()
        assert base in str(error.value)
        assert sum(waits) < 6
    waits.clear()
    with pytest.raises(NotConnected):
        open_file(place, PATH)  # in a worker, after the list was read
    assert sum(waits) > 180
