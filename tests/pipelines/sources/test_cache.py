"""Downloads cached in a folder: complete, damaged at their source, or not at all."""

import json
import os

import pytest

from pipelines.sources.cache import cached_path, find_cached
from pipelines.sources.commoncrawl import CrawlError
from pipelines.sources.mirrors import Mirror, list_crawls, open_file, read_crawl_paths
from runtime.errors import UsageError
from runtime.http.transfers import Damaged, Refused, Transfer, Unreachable
from tests.cleaning.wet.wet_files import survivors
from tests.pipelines.sources.crawl import (
    CRAWL,
    INDEX,
    PATH,
    WET,
    WHOLE,
    mirror,
    read_wet,
    serve_crawl,
)


@pytest.fixture(scope="module")
def server():
    with serve_crawl() as server:
        yield server


def test_a_file_that_comes_damaged_once_is_fetched_again(server, tmp_path):
    transfers: list[Transfer] = []
    place = mirror(server, "corrupt-once", keep=str(tmp_path))
    assert survivors(read_wet(place, PATH, transfers.append)) == WHOLE
    (transfer,) = transfers
    assert transfer.requests == 2
    assert "damaged gzip member" in transfer.line() and "\n" not in transfer.line()
    receipt = json.loads((tmp_path / f"{PATH}.kept.json").read_text())
    assert receipt["damage"] == "" and receipt["size_bytes"] == len(WET)


def test_a_file_damaged_at_its_source_is_cached_as_it_is(server, tmp_path):
    place = mirror(server, "corrupt", keep=str(tmp_path))
    asked = len(server.asked("corrupt", PATH))
    read_wet(place, PATH, None)
    assert len(server.asked("corrupt", PATH)) == asked + 2
    assert "gzip" in json.loads((tmp_path / f"{PATH}.kept.json").read_text())["damage"]
    read_wet(place, PATH, None)
    assert len(server.asked("corrupt", PATH)) == asked + 2


def test_a_file_that_comes_differently_each_time_is_not_cached(server, tmp_path):
    transfers: list[Transfer] = []
    place = mirror(server, "corrupt-anew", keep=str(tmp_path))
    with pytest.raises(Damaged, match="3 times"):
        open_file(place, PATH, transfers.append)
    (transfer,) = transfers
    assert transfer.requests == 3 and "failed: " in transfer.line()
    assert not list(tmp_path.rglob("*.gz*"))


def test_a_cached_file_is_read_without_asking_unless_it_has_changed(server, tmp_path):
    place = mirror(server, "plain", keep=str(tmp_path))
    server.site.requests.clear()
    transfers: list[Transfer] = []
    for _ in range(3):
        assert open_file(place, PATH, transfers.append).read() == WET
    assert len(server.site.requests) == len(transfers) == 1
    cached = tmp_path / PATH
    for spoil in (
        lambda: cached.write_bytes(WET[:-1]),
        lambda: cached.write_bytes(WET[:-1] + b"\1"),
        lambda: cached.unlink(),
        lambda: (tmp_path / f"{PATH}.kept.json").write_text("{"),
        lambda: (tmp_path / f"{PATH}.kept.json").write_text("[1]"),
    ):
        spoil()
        assert find_cached(str(tmp_path), PATH) is None
        assert open_file(place, PATH).read() == WET
    (tmp_path / f"{PATH}.kept.json").unlink()
    cached.write_bytes(b"of the user")
    with pytest.raises(UsageError, match="it is not replaced"):
        open_file(place, PATH)
    assert cached.read_bytes() == b"of the user"


def test_a_folder_of_cached_files_is_a_mirror_itself(server, tmp_path):
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


def test_a_download_that_fails_leaves_nothing_in_the_cache(server, tmp_path):
    transfers: list[Transfer] = []
    for behaviour, kind in (("down", Unreachable), ("denied", Refused)):
        place = mirror(server, behaviour, keep=str(tmp_path))
        with pytest.raises(kind):
            open_file(place, PATH, transfers.append)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [transfer.is_complete for transfer in transfers] == [False, False]
    assert all("failed: answered" in transfer.line() for transfer in transfers)


def test_no_link_leads_a_cached_file_out_of_its_folder(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "cache" / "crawl-data")
    with pytest.raises(UsageError, match="a link leads out"):
        cached_path(str(tmp_path / "cache"), PATH)
