"""Lists of words and domains: carried, kept, fetched, given; no test goes beyond this machine."""

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cleaning.filters.badwords import (
    BadWords,
    BadWordsError,
    WordCase,
    load_carried,
    load_english,
    load_matcher,
)
from cleaning.filters.domains import DomainsError
from cleaning.languages import MC4_LANGUAGES
from pipelines.main import main
from pipelines.sources import public_lists
from pipelines.sources.public_lists import (
    ALLOWED,
    CACHE_VARIABLE,
    CARRIED,
    FETCHED,
    REALNEWS,
    WORDS_SHA256,
    ListError,
    PublicList,
    fetch_list,
    is_public,
    load_bad_words,
    load_domains,
)
from pipelines.stages.models import Lists, load_lists, write_lists
from pipelines.stages.models import load_domains as load_listed_domains

DATA = b"eins\nzwei\n"
ROWS = {**FETCHED, "realnews": REALNEWS}
LANGUAGES = sorted({code.split("-")[0] for code in CARRIED | FETCHED})


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; no proxy, and no way to the hosts of the tables."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    host = closed()
    nowhere = {code: replace(row, host=host) for code, row in FETCHED.items()}
    monkeypatch.setattr(public_lists, "FETCHED", nowhere)
    monkeypatch.setattr(public_lists, "REALNEWS", replace(REALNEWS, host=host))
    return tmp_path / "cache"


def closed() -> str:
    """A host on this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class _Handler(BaseHTTPRequestHandler):
    """Answers as its path says."""

    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["User-Agent"]))
        getattr(self, f"answer_{self.path.removeprefix('/')}")()
        self.close_connection = True

    def answer_list(self, data: bytes = DATA) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer_other(self) -> None:
        self.answer_list(b"<html>Please log in</html>")

    def answer_empty(self) -> None:
        self.answer_list(b"")

    def answer_missing(self) -> None:
        self.send_error(404)

    def answer_moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/list")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA[:5])

    def answer_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\n" + DATA[:3])

    def answer_garbage(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def answer_nothing(self) -> None:
        pass

    def answer_late(self) -> None:
        self.server.over.wait(30)

    def answer_halfway(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA[:5])
        self.wfile.flush()
        self.server.over.wait(30)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str]] = []
        self.over = threading.Event()


@contextmanager
def serving() -> Iterator[_Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[_Server]:
    with serving() as running:
        yield running


def row(server: _Server, path: str = "list", data: bytes = DATA) -> PublicList:
    """A list that the server has at a path."""
    host = f"http://127.0.0.1:{server.server_address[1]}"
    return PublicList("words", f"/{path}", hashlib.sha256(data).hexdigest(), "--words=FILE", host)


def test_a_list_is_fetched_once_and_kept(server, cache):
    wanted = row(server)
    assert fetch_list(wanted) == DATA
    assert fetch_list(wanted) == DATA
    assert [path for path, _ in server.requests] == ["/list"]
    assert server.requests[0][1].startswith("c4forge (+https://")
    (kept,) = cache.iterdir()
    assert kept.name == f"{wanted.sha256[:12]}-words"
    assert kept.read_bytes() == DATA


def test_a_copy_put_in_the_cache_by_hand_needs_no_network(cache):
    wanted = PublicList("words", "/x", hashlib.sha256(DATA).hexdigest(), "--words=FILE", closed())
    cache.mkdir()
    (cache / f"{wanted.sha256[:12]}-words").write_bytes(DATA)
    assert fetch_list(wanted) == DATA


@pytest.mark.parametrize("damage", [b"", b"eins\n", DATA + b"\n"])
def test_a_damaged_copy_is_fetched_anew(server, cache, damage):
    wanted = row(server)
    kept = cache / f"{wanted.sha256[:12]}-words"
    kept.parent.mkdir()
    kept.write_bytes(damage)
    assert fetch_list(wanted) == DATA
    assert kept.read_bytes() == DATA
    assert len(server.requests) == 1


def test_a_damaged_copy_is_not_taken_where_nothing_can_be_fetched(cache):
    wanted = PublicList("words", "/x", hashlib.sha256(DATA).hexdigest(), "--words=FILE", closed())
    kept = cache / f"{wanted.sha256[:12]}-words"
    kept.parent.mkdir()
    kept.write_bytes(b"eins\n")
    with pytest.raises(ListError, match="cannot be fetched"):
        fetch_list(wanted)


def test_a_list_that_has_moved_is_followed(server):
    assert fetch_list(row(server, "moved")) == DATA


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("other", "what came (26 bytes) is not the list: its checksum differs"),
        ("empty", "what came (0 bytes) is not the list: its checksum differs"),
        ("short", "what came (5 bytes) is not the list: its checksum differs"),
        ("missing", "Not Found"),
        ("nothing", "Remote end closed connection without response"),
        ("garbage", "the answer is cut off or no HTTP (BadStatusLine)"),
        ("chunks", "the answer is cut off or no HTTP (IncompleteRead)"),
        ("late", "timed out"),
        ("halfway", "timed out"),
    ],
)
def test_what_goes_wrong_is_told_with_what_to_do(server, cache, path, problem):
    wanted, start = row(server, path), time.monotonic()
    with pytest.raises(ListError) as error:
        fetch_list(wanted, timeout_seconds=0.3)
    assert time.monotonic() - start < 5
    kept = cache / f"{wanted.sha256[:12]}-words"
    assert str(error.value) == (
        f"the list words is not here and cannot be fetched from {wanted.url()}: {problem}. "
        f"Give --words=FILE, or put a copy of that file at {kept}."
    )
    assert not cache.exists() or not list(cache.iterdir())


def test_without_network_the_url_and_the_option_are_named(cache):
    wanted = PublicList("words", "/x", "00", "--words=FILE", closed())
    with pytest.raises(ListError) as error:
        fetch_list(wanted)
    for part in (wanted.url(), "Connection refused", "Give --words=FILE", str(cache)):
        assert part in str(error.value)


@pytest.mark.parametrize("host", ["nowhere", "file:///etc", "http://"])
def test_a_url_that_is_none_is_told_too(host):
    wanted = PublicList("words", "/x", "00", "--words=FILE", host)
    with pytest.raises(ListError, match=re.escape(f"from {host}/x")):
        fetch_list(wanted)


def test_a_cache_that_cannot_be_written_costs_no_more_than_the_next_fetch(
    server, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    assert fetch_list(row(server)) == DATA
    assert fetch_list(row(server)) == DATA
    assert len(server.requests) == 2


def test_the_cache_is_the_users_unless_another_is_named(server, tmp_path, monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE)
    asked = []
    monkeypatch.setattr(
        public_lists.platformdirs,
        "user_cache_dir",
        lambda name: asked.append(name) or str(tmp_path / "user"),
    )
    assert fetch_list(row(server)) == DATA
    assert asked == ["c4forge"]
    assert [path.read_bytes() for path in (tmp_path / "user").iterdir()] == [DATA]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_pinned_by_commit_and_checksum(name):
    wanted = ROWS[name]
    assert wanted.url().startswith("https://raw.githubusercontent.com/")
    assert re.search(r"/[0-9a-f]{40}/", wanted.path)
    assert re.fullmatch("[0-9a-f]{64}", wanted.sha256)
    assert re.fullmatch(r"--[a-z_]+=(FILE|DIR)", wanted.option)
    if name != "realnews":
        assert wanted.path.endswith(f"/{name}") and wanted.name == f"badwords-{name}"


def test_lists_are_carried_or_fetched_and_each_language_has_the_checksum_of_its_words():
    assert not CARRIED.keys() & FETCHED.keys()
    assert sorted(WORDS_SHA256) == LANGUAGES
    assert len(CARRIED) == 15 and len(FETCHED) == 13


@pytest.mark.parametrize("code", sorted(FETCHED))
def test_checksums_of_fetched_lists_are_those_of_the_files(shared_data, code):
    data = (shared_data / "refs" / "badwords" / code).read_bytes()
    assert hashlib.sha256(data).hexdigest() == FETCHED[code].sha256


def test_the_checksum_of_the_domains_is_that_of_the_file(shared_data):
    data = (shared_data / "refs" / "domain_to_allowed_subdomains.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == REALNEWS.sha256


@pytest.mark.parametrize("code", sorted(CARRIED))
def test_carried_lists_are_the_files_that_the_reference_downloads(shared_data, code):
    path = shared_data / "refs" / "badwords" / ("en.c4" if code == "en" else code)
    with path.open(encoding="utf-8") as lines:
        assert load_carried(CARRIED[code]) == {line.strip() for line in lines}


@pytest.mark.parametrize("language", sorted(set(CARRIED) - {"fr"}))
def test_carried_lists_need_no_network_and_are_those_of_c4(language):
    words = load_bad_words([language], None)
    assert words.keys() == {language}
    assert words[language].sha256() == WORDS_SHA256[language]


def test_the_english_list_is_the_one_of_c4():
    assert load_english().sha256() == WORDS_SHA256["en"]
    assert load_bad_words(["en"], None) == {"en": load_english()}


@pytest.mark.parametrize("language", sorted({code.split("-")[0] for code in FETCHED}))
def test_other_lists_are_named_where_they_cannot_be_fetched(language):
    with pytest.raises(ListError, match=rf"badwords-{language}.*Give --badwords_dir=DIR"):
        load_bad_words([language], None)


def test_fetched_lists_are_merged_with_carried_ones(server, cache, monkeypatch):
    fetched = {code: row(server) for code in FETCHED}
    monkeypatch.setattr(public_lists, "FETCHED", fetched)
    words = load_bad_words(["fr", "da", "en"], None)
    assert sorted(words) == ["da", "en", "fr"]
    assert words["da"].words() == ["eins", "zwei"]
    assert set(words["fr"].words()) == load_carried("ldnoobw-fr") | {"eins", "zwei"}


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        ([], []),
        (["en"], ["en"]),
        (["ja-Latn", "ja", "zh-Latn"], ["ja", "zh"]),
        (["af", "hr", "und", "iw"], []),
        (["en", "af"], ["en"]),
    ],
)
def test_lists_are_found_for_the_languages_that_have_one(languages, found):
    assert sorted(load_bad_words(languages, None)) == found


def test_languages_of_mc4_with_a_list_are_25():
    """Two lists, of Kabyle and Klingon, are of languages that mC4 lacks."""
    listed = {code.split("-")[0] for code in MC4_LANGUAGES} & set(LANGUAGES)
    assert set(LANGUAGES) - listed == {"kab", "tlh"}
    assert len(listed) == 25


@pytest.mark.parametrize("language", ALLOWED)
def test_common_subwords_are_taken_off_the_lists(language):
    carried = load_carried(CARRIED[language])
    assert carried >= ALLOWED[language]
    assert set(load_bad_words([language], None)[language].words()) == carried - ALLOWED[language]


def test_common_subwords_are_taken_off_other_lists_too(tmp_path):
    for code in ("ja", "zh", "en"):
        (tmp_path / code).write_text("sm\n性\nグロ\nword\n女の子")
    words = load_bad_words(["ja", "zh", "en"], str(tmp_path))
    assert words["ja"] == BadWords.of("ja", ("性", "word"))
    assert words["zh"] == BadWords.of("zh", ("sm", "グロ", "女の子", "word"))
    assert words["en"] == BadWords.of("en", ("sm", "性", "グロ", "女の子", "word"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"en": "b\na\n"}, ("a", "b")),
        ({"en": "one\r\n\n two words \n#tag\none"}, ("#tag", "one", "two words")),
        ({"en": "newer", "en.c4": "older"}, ("older",)),
    ],
)
def test_a_folder_replaces_the_lists(tmp_path, files, words):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
    assert load_bad_words(["en"], str(tmp_path)) == {"en": BadWords.of("en", words)}


def test_a_folder_must_hold_every_file_of_a_language(tmp_path):
    (tmp_path / "fr").write_text("mot")
    with pytest.raises(BadWordsError, match=r"no file 'fr-CA-u-sd-caqc' there; expected LDNOOBW"):
        load_bad_words(["fr"], str(tmp_path))
    (tmp_path / "fr-CA-u-sd-caqc").write_text("mot\nautre")
    words = load_bad_words(["fr"], str(tmp_path))
    assert words == {"fr": BadWords.of("fr", ("autre", "mot"))}


def test_a_folder_without_an_english_list_is_refused(tmp_path):
    (tmp_path / "de").write_text("wort")
    with pytest.raises(BadWordsError, match=r"--badwords_dir=.*no file 'en'"):
        load_bad_words(["en"], str(tmp_path))


def test_a_list_without_words_is_refused(tmp_path):
    (tmp_path / "en").write_text("\n \n")
    with pytest.raises(BadWordsError, match=rf"^{tmp_path}/en: holds no words; expected one a"):
        load_bad_words(["en"], str(tmp_path))


def test_a_list_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "de").write_bytes("wört\n".encode("latin-1"))
    said = rf"^--badwords_dir={tmp_path}: {tmp_path}/de cannot be read: 'utf-8' codec can't decode"
    with pytest.raises(BadWordsError, match=said):
        load_bad_words(["de"], str(tmp_path))


def test_a_list_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "en").mkdir()
    said = rf"^--badwords_dir={tmp_path}: {tmp_path}/en cannot be read: .*Is a directory"
    with pytest.raises(BadWordsError, match=said):
        load_bad_words(["en"], str(tmp_path))


def test_domains_are_those_of_a_file_or_the_public_ones(server, tmp_path, monkeypatch):
    path = tmp_path / "domains.json"
    path.write_text('{"news.com": true}')
    assert load_domains(str(path)) == path.read_bytes()
    monkeypatch.setattr(public_lists, "REALNEWS", row(server))
    assert load_domains(None) == DATA


def test_domains_that_cannot_be_had_are_named(tmp_path):
    with pytest.raises(ListError, match=r"realnews_domains.json .*Give --realnews_domains=FILE"):
        load_domains(None)
    with pytest.raises(DomainsError, match=rf"^--realnews_domains={tmp_path}: cannot be read"):
        load_domains(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "sha256", "public"),
    [
        ("realnews", REALNEWS.sha256, True),
        ("realnews", WORDS_SHA256["en"], False),
        ("badwords-en", WORDS_SHA256["en"], True),
        ("badwords-de", WORDS_SHA256["en"], False),
        ("badwords-xx", WORDS_SHA256["en"], False),
    ],
)
def test_a_list_is_known_to_be_the_references(name, sha256, public):
    assert is_public(name, sha256) is public


def test_lists_come_back_as_they_were_written(tmp_path):
    words = {"en": load_english(), "ja": load_bad_words(["ja"], None)["ja"]}
    domains = '{"news.com": ["", "é"]}'.encode()
    lists = Lists(words, domains)
    path = str(tmp_path / "lists.json")
    write_lists(path, lists)
    assert load_lists(path) == lists
    assert load_listed_domains(path).rule("é.news.com/x").endswith("/passed")
    assert lists.sha256() == {
        "badwords-en": WORDS_SHA256["en"],
        "badwords-ja": WORDS_SHA256["ja"],
        "realnews": hashlib.sha256(domains).hexdigest(),
    }
    case = WordCase.AS_LISTED
    assert load_matcher(words["en"], case) is load_matcher(load_english(), case)


@pytest.mark.parametrize(
    ("variant", "named", "option"),
    [
        ("mc4.da", "badwords-da", "--badwords_dir=DIR"),
        ("multilingual", "badwords-cs", "--badwords_dir=DIR"),
        ("realnews", "realnews_domains.json", "--realnews_domains=FILE"),
    ],
)
def test_a_run_that_lacks_a_list_ends_before_any_work(tmp_path, capsys, variant, named, option):
    (tmp_path / "wet").mkdir()
    (tmp_path / "wet" / "a.warc.wet").write_bytes(b"WARC/1.0\r\n")
    output = tmp_path / "out"
    arguments = [f"--variant={variant}", f"--input={tmp_path / 'wet'}", f"--output={output}"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"the list {named} is not here and cannot be fetched from http://127.0.0.1:" in error
    assert f"Give {option}" in error and "Nothing was done." in error
    assert not output.exists()


@pytest.mark.parametrize("language", sorted(ALLOWED))
def test_a_list_of_allowed_words_only_is_refused(tmp_path, language):
    for code in sorted(CARRIED | FETCHED):
        words = sorted(ALLOWED[language]) if code == language else ["word"]
        (tmp_path / code).write_text("\n".join(words))
    with pytest.raises(BadWordsError, match=f"the list of {language} has only words that C4"):
        load_bad_words([language], str(tmp_path))
