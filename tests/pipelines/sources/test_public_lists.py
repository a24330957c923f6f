"""Lists of words and domains: carried, fetched or given. No test goes beyond this machine."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cleaning.filters.badwords import (
    BadWords,
    BadWordsError,
    WordCase,
    list_language,
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
    is_public,
    load_bad_words,
    load_domains,
)
from pipelines.stages.models import Lists, load_lists, write_lists
from pipelines.stages.models import load_domains as load_listed_domains
from runtime.http.retry import Backoff
from tests.runtime.http.server import serve

DATA = b"eins\nzwei\n"
NOWHERE = "http://127.0.0.1:1"  # where nothing listens
ROWS = {**FETCHED, "realnews": REALNEWS}
LANGUAGES = sorted({code.split("-")[0] for code in CARRIED | FETCHED})


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, and no way to the hosts of the tables."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    quick = replace(public_lists._RULES, connect_backoff=Backoff(attempts=1))
    monkeypatch.setattr(public_lists, "_RULES", quick)
    nowhere = {code: replace(row, host=NOWHERE) for code, row in FETCHED.items()}
    monkeypatch.setattr(public_lists, "FETCHED", nowhere)
    monkeypatch.setattr(public_lists, "REALNEWS", replace(REALNEWS, host=NOWHERE))
    return tmp_path / "cache"


@pytest.fixture
def served() -> Iterator[PublicList]:
    """A list that a server of this machine has."""
    with serve({"words": DATA}) as server:
        host = server.url("plain").rstrip("/")
        yield PublicList("words", "/words", hashlib.sha256(DATA).hexdigest(), "--words=FILE", host)


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


def test_fetched_lists_are_merged_with_carried_ones(served, monkeypatch):
    monkeypatch.setattr(public_lists, "FETCHED", dict.fromkeys(FETCHED, served))
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
    said = rf"^--badwords_dir={tmp_path}: {tmp_path}/de cannot be read: it is not UTF-8: byte 0xf6"
    with pytest.raises(BadWordsError, match=said):
        load_bad_words(["de"], str(tmp_path))


def test_a_list_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "en").mkdir()
    said = rf"^--badwords_dir={tmp_path}: {tmp_path}/en cannot be read: .*Is a directory"
    with pytest.raises(BadWordsError, match=said):
        load_bad_words(["en"], str(tmp_path))


def test_domains_are_those_of_a_file_or_the_public_ones(served, tmp_path, monkeypatch):
    path = tmp_path / "domains.json"
    path.write_text('{"news.com": true}')
    assert load_domains(str(path)) == path.read_bytes()
    monkeypatch.setattr(public_lists, "REALNEWS", served)
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
    assert f"the list {named} is not in the cache and cannot be fetched: {NOWHERE}/" in error
    assert f"Give {option}" in error and "Nothing was done." in error
    assert not output.exists()


def test_all_lists_that_a_run_lacks_are_named_at_once(tmp_path, capsys):
    (tmp_path / "a.warc.wet").write_bytes(b"WARC/1.0\r\n")
    arguments = [f"--input={tmp_path}", f"--output={tmp_path / 'out'}"]
    assert main(["--variant=multilingual,realnews", *arguments]) == 2
    error = capsys.readouterr().err
    codes = [code for code in FETCHED if list_language(code) in MC4_LANGUAGES]
    named = [*(f"badwords-{code}" for code in codes), "realnews_domains.json"]
    assert f"cannot be fetched: {', '.join(named)}: " in error and NOWHERE in error
    assert error.count("no connection") == 1
    then = "--badwords_dir=FOLDER/badwords and --realnews_domains=FOLDER/realnews_domains.json."
    assert "`c4forge fetch-lists FOLDER`" in error and then in error


@pytest.mark.parametrize("language", sorted(ALLOWED))
def test_a_list_of_allowed_words_only_is_refused(tmp_path, language):
    for code in sorted(CARRIED | FETCHED):
        words = sorted(ALLOWED[language]) if code == language else ["word"]
        (tmp_path / code).write_text("\n".join(words))
    with pytest.raises(BadWordsError, match=f"the list of {language} has only words that C4"):
        load_bad_words([language], str(tmp_path))
