"""Public lists fetched into the cache or a folder, over connections and proxies that fail."""

import hashlib
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.sources import public_lists
from pipelines.sources.public_lists import (
    CACHE_VARIABLE,
    CARRIED,
    FETCHED,
    REALNEWS,
    WORDS_SHA256,
    ListError,
    PublicList,
    fetch_list,
    fetch_lists,
    load_bad_words,
    load_domains,
)
from runtime.http.client import DownloadRules
from runtime.http.retry import Backoff
from tests.runtime.http.proxy import proxy_to
from tests.runtime.http.server import serve

DATA = b"eins\nzwei\n"
NOWHERE = "http://127.0.0.1:1"  # where nothing listens
QUICK = DownloadRules(
    read_seconds=0.3,
    max_bytes=1 << 20,
    backoff=Backoff(attempts=2, first_seconds=0.01),
    connect_backoff=Backoff(attempts=1),
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, and little patience."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(public_lists, "_RULES", QUICK)
    return tmp_path / "cache"


@pytest.fixture
def server():
    with serve({"words": DATA, "other": b"<html>Please log in</html>", "empty": b""}) as server:
        yield server


def row(host: str, path: str = "words", data: bytes = DATA, name: str = "words") -> PublicList:
    """A list that a host has at a path."""
    sha256 = hashlib.sha256(data).hexdigest()
    return PublicList(name, f"/{path}", sha256, "--words=FILE", host.rstrip("/"))


def test_a_list_is_fetched_once_and_cached(server, cache):
    wanted = row(server.url("plain"))
    assert fetch_list(wanted) == DATA
    assert fetch_list(wanted) == DATA
    assert len(server.site.requests) == 1
    assert server.site.heads[0]["User-Agent"].startswith("c4forge/")
    (cached,) = cache.iterdir()
    assert cached.name == f"{wanted.sha256[:12]}-words"
    assert str(cached) == wanted.cache_path()
    assert cached.read_bytes() == DATA


def test_a_copy_put_in_the_cache_by_hand_needs_no_network(cache):
    wanted = row(NOWHERE)
    cache.mkdir()
    (cache / f"{wanted.sha256[:12]}-words").write_bytes(DATA)
    assert fetch_list(wanted) == DATA


@pytest.mark.parametrize("damage", [b"", b"eins\n", DATA + b"\n"])
def test_a_damaged_copy_is_fetched_anew(server, cache, damage):
    wanted = row(server.url("plain"))
    cached = cache / f"{wanted.sha256[:12]}-words"
    cached.parent.mkdir()
    cached.write_bytes(damage)
    assert fetch_list(wanted) == DATA
    assert cached.read_bytes() == DATA
    assert len(server.site.requests) == 1


def test_a_damaged_copy_is_not_taken_where_nothing_can_be_fetched(cache):
    wanted = row(NOWHERE)
    cached = cache / f"{wanted.sha256[:12]}-words"
    cached.parent.mkdir()
    cached.write_bytes(b"eins\n")
    with pytest.raises(ListError, match="cannot be fetched"):
        fetch_list(wanted)


@pytest.mark.parametrize("behaviour", ["moved", "resets", "stalls", "chunked", "too-many"])
def test_a_list_arrives_over_connections_that_fail_once(server, monkeypatch, behaviour):
    monkeypatch.setattr(public_lists, "_RULES", replace(QUICK, backoff=Backoff(first_seconds=0.01)))
    assert fetch_list(row(server.url(behaviour))) == DATA


@pytest.mark.parametrize(
    ("behaviour", "path", "problem"),
    [
        ("plain", "other", "the response (26 bytes) is not the list: its sha256 differs"),
        ("plain", "empty", "the response (0 bytes) is not the list: its sha256 differs"),
        ("plain", "missing", "answered 404 Not Found, after 1 request and 0 B"),
        ("denied", "words", "answered 403 Forbidden, after 1 request and 0 B"),
        ("down", "words", "answered 500 Internal Server Error, after 2 requests and 0 B"),
        ("hangs-up", "words", "connection closed without a response, after 2 requests and 0 B"),
        ("garbage", "words", "connection broken (ProtocolError), after 2 requests and 0 B"),
        ("cut", "words", "connection ended early, after 2 requests and 5 B"),
        ("cut-chunks", "words", "connection ended early, after 2 requests and 5 B"),
        ("unsized", "words", "answered without a Content-Length: a cut would go unnoticed, after"),
        ("silent", "words", "no byte for 0.3 s, after 2 requests and 0 B"),
        ("halts", "words", "no byte for 0.3 s, after 2 requests and 5 B"),
        ("huge", "words", "2.1 GB; a file may have 1.0 MB, after 1 request"),
        ("loop", "words", "redirected more than 5 times, after 6 requests"),
    ],
)
def test_a_failed_download_names_list_url_problem_and_what_to_do(
    server, cache, behaviour, path, problem
):
    wanted, start = row(server.url(behaviour), path), time.monotonic()
    with pytest.raises(ListError) as error:
        fetch_list(wanted)
    assert time.monotonic() - start < 5
    assert re.fullmatch(
        r"the list words is not in the cache and cannot be fetched: "
        rf"{re.escape(wanted.url())}: {re.escape(problem)}.*\. "
        rf"Give --words=FILE, or put a copy of that file at {re.escape(wanted.cache_path())}\. "
        r"`c4forge fetch-lists FOLDER` on a machine with network brings every list\.",
        str(error.value),
    )
    assert not cache.exists() or not list(cache.iterdir())


@pytest.mark.parametrize("host", [NOWHERE, "http://no-such-host.invalid"])
def test_without_network_the_url_and_the_option_are_named(cache, host):
    wanted = row(host)
    with pytest.raises(ListError) as error:
        fetch_list(wanted)
    for part in (wanted.url(), ": no ", "online", "https_proxy", "Give --words=FILE", str(cache)):
        assert part in str(error.value)


def test_a_host_that_cannot_be_reached_is_given_up_in_seconds(monkeypatch):
    monkeypatch.undo()
    assert public_lists._RULES.connect_backoff.total_seconds <= 6
    assert public_lists._RULES.log_wait_seconds <= 3


@pytest.mark.parametrize("host", ["nowhere", "file:///etc", "http://"])
def test_a_url_that_is_none_is_told_too(host):
    wanted = replace(row(NOWHERE), host=host)
    with pytest.raises(ListError, match=re.escape(f"{host}/words: expected a URL like")):
        fetch_list(wanted)


def test_a_cache_that_cannot_be_written_costs_no_more_than_the_next_fetch(
    server, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    assert fetch_list(row(server.url("plain"))) == DATA
    assert fetch_list(row(server.url("plain"))) == DATA
    assert len(server.site.requests) == 2


def test_the_cache_is_the_users_unless_another_is_named(server, tmp_path, monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE)
    asked = []
    monkeypatch.setattr(
        public_lists.platformdirs,
        "user_cache_dir",
        lambda name: asked.append(name) or str(tmp_path / "user"),
    )
    assert fetch_list(row(server.url("plain"))) == DATA
    assert set(asked) == {"c4forge"}
    assert [path.read_bytes() for path in (tmp_path / "user").iterdir()] == [DATA]


def test_a_list_comes_through_the_proxy_of_the_environment(server, monkeypatch):
    with proxy_to(server.port) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url("me:s3cret"))
        wanted = row("http://lists.invalid/plain")
        assert fetch_list(wanted) == DATA
        assert proxy.requests == [("GET", wanted.url())]
        assert proxy.logins == ["Basic bWU6czNjcmV0"]
        monkeypatch.setenv("no_proxy", "lists.invalid")
        assert fetch_list(wanted) == DATA  # from the cache
        Path(wanted.cache_path()).unlink()
        with pytest.raises(ListError, match=r"lists\.invalid/plain/words: no such host"):
            fetch_list(wanted)
        assert len(proxy.requests) == 1


def test_the_public_lists_are_asked_for_through_the_https_proxy(server, monkeypatch):
    with proxy_to(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url("me:s3cret"))
        with pytest.raises(ListError) as error:
            fetch_list(REALNEWS)
        assert proxy.requests == [("CONNECT", "raw.githubusercontent.com:443")]
    assert f"no connection through the proxy {proxy.url()}" in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.fixture
def tables(server, monkeypatch) -> None:
    """The tables' rows at a server of this machine, with a word of their own each."""
    for code in FETCHED:
        server.site.files[code] = f"word-{code}\n".encode()
    server.site.files["realnews"] = b'{"news.com": true}'
    host, files = server.url("plain"), server.site.files
    fetched = {code: row(host, code, files[code], f"badwords-{code}") for code in FETCHED}
    monkeypatch.setattr(public_lists, "FETCHED", fetched)
    realnews = row(host, "realnews", files["realnews"], REALNEWS.name)
    monkeypatch.setattr(public_lists, "REALNEWS", realnews)


def test_all_lists_are_brought_into_a_folder_that_the_options_read(server, tables, tmp_path):
    folder = tmp_path / "new" / "lists"
    paths = fetch_lists(str(folder))
    assert sorted(CARRIED | FETCHED) == sorted(
        path.name for path in (folder / "badwords").iterdir()
    )
    written = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    assert paths == written and len(paths) == 29
    assert load_domains(str(folder / "realnews_domains.json")) == b'{"news.com": true}'
    words = load_bad_words(
        [code.split("-")[0] for code in CARRIED | FETCHED], str(folder / "badwords")
    )
    for language in set(CARRIED) - {"fr"}:
        assert words[language].sha256() == WORDS_SHA256[language]
    assert words["fil"].words() == ["word-fil"]
    assert "word-fr-CA-u-sd-caqc" in words["fr"].words() and len(words["fr"].words()) > 50
    assert len(server.site.requests) == 14
    assert fetch_lists(str(folder)) == paths  # again, from the cache
    assert len(server.site.requests) == 14


def test_the_folder_of_all_lists_holds_those_of_c4(shared_data, cache, tmp_path):
    cache.mkdir()
    for code, wanted in FETCHED.items():
        data = (shared_data / "refs" / "badwords" / code).read_bytes()
        Path(wanted.cache_path()).write_bytes(data)
    domains = (shared_data / "refs" / "domain_to_allowed_subdomains.json").read_bytes()
    Path(REALNEWS.cache_path()).write_bytes(domains)
    fetch_lists(str(tmp_path))
    words = load_bad_words(WORDS_SHA256, str(tmp_path / "badwords"))
    assert {language: found.sha256() for language, found in words.items()} == WORDS_SHA256
    assert (tmp_path / "realnews_domains.json").read_bytes() == domains


def test_every_list_that_fails_is_named_and_nothing_is_written(server, tables, tmp_path):
    server.site.files["cs"] = b"another list"
    del server.site.files["tlh"], server.site.files["realnews"]
    with pytest.raises(ListError) as error:
        fetch_lists(str(tmp_path / "lists"))
    first, *lines = str(error.value).splitlines()
    assert first == "3 of 14 public lists cannot be fetched; no list was written:"
    plain = server.url("plain")
    missing = "answered 404 Not Found, after 1 request and 0 B."
    assert lines == [
        f"  realnews_domains.json: {plain}realnews: {missing}",
        f"  badwords-cs: {plain}cs: the response (12 bytes) is not the list: its sha256 differs.",
        f"  badwords-tlh: {plain}tlh: {missing}",
    ]
    assert not (tmp_path / "lists").exists()


def test_a_host_that_cannot_be_reached_is_tried_once_for_all_lists(tables, monkeypatch, tmp_path):
    fetch_list(public_lists.FETCHED["da"])
    away = {code: replace(row, host=NOWHERE) for code, row in public_lists.FETCHED.items()}
    monkeypatch.setattr(public_lists, "FETCHED", away)
    with pytest.raises(ListError) as error:
        fetch_lists(str(tmp_path / "lists"))
    first, line = str(error.value).splitlines()
    assert first == "12 of 14 public lists cannot be fetched; no list was written:"
    names = [f"badwords-{code}" for code in FETCHED if code != "da"]
    assert line.startswith(f"  {', '.join(names)}: {NOWHERE}/cs: no connection, after 1 request")


def test_a_folder_that_cannot_be_written_is_told(tables, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ListError, match=r"file/lists: the lists cannot be written there"):
        fetch_lists(str(tmp_path / "file" / "lists"))


def test_no_half_list_stays_where_writing_ends(tables, tmp_path, monkeypatch):
    fetch_lists(str(tmp_path))
    (tmp_path / "badwords/da").unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr(
        "runtime.storage.files.os.replace", lambda *_: (_ for _ in ()).throw(OSError)
    )
    with pytest.raises(ListError, match="cannot be written"):
        fetch_lists(str(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_list_that_is_there_is_not_replaced(tables, tmp_path):
    words = tmp_path / "lists/badwords"
    words.mkdir(parents=True)
    (words / "da").write_text("of the user")
    with pytest.raises(ListError, match="badwords/da is another list, and is not replaced"):
        fetch_lists(str(tmp_path / "lists"))
    assert [path for path in words.parent.rglob("*") if path.is_file()] == [words / "da"]
