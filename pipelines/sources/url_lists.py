"""Lists of URLs in OpenWebText's form: found by name, read as digests to save memory.

A list is a text file with a URL a line, plain or compressed, or such a file in a zip archive.
"""

import fnmatch
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, replace
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from cleaning.urls import Digests, md5
from runtime.errors import UsageError
from runtime.redaction import plain
from runtime.storage.content.compression import DAMAGE, ZIP_MAGIC, open_decompressed, read_lines
from runtime.storage.content.texts import BOM, TextError, check_text
from runtime.storage.files import open_read
from runtime.storage.matching import match_files
from runtime.storage.remote import Matched

_FILES = ("*.txt", "*.txt.gz", "*.txt.xz", "*.txt.bz2", "*.txt.zst", "*.zip")
_URLS_FOLDER = "/URLs"  # of OpenWebText's archive, beside what holds no URLs
_ZIP_DAMAGE = (zipfile.BadZipFile, RuntimeError)  # RuntimeError: a password or method is missing
_DIGEST_BYTES = 16
_HEAD_BYTES = 1 << 12
_KEPT_BYTES = 64 << 20  # of digests, before the first time that each is kept once
_SLICES = 16  # of the digests, so that sorting needs little memory


class UrlListError(UsageError):
    """A URL list that cannot be read. The message says what was expected."""


@dataclass(frozen=True, slots=True)
class UrlList:
    """One list of a run.

    Attributes:
      number: among the run's lists.
      path, size_bytes, modified: of the file.
      member: name within a zip archive; "" if the file is the list.
      has_bom: True if it begins with a byte order mark, which is no part of its first URL.
    """

    number: int
    path: str
    size_bytes: int
    modified: float
    member: str
    has_bom: bool = False

    def key(self) -> str:
        """A digest of the list's path, size and time. A changed list has another one."""
        return hashlib.sha256(repr(astuple(self)[1:5]).encode()).hexdigest()[:20]


def find_url_lists(patterns: list[str]) -> tuple[UrlList, ...]:
    """The lists that the --webtext_urls values match, each once, ordered by path.

    Args:
      patterns: files, quoted globs, and folders, whose text files and archives are lists.
    Raises:
      InputError: a value matches no file.
      UrlListError: a file is no list.
    """
    found: Matched = {}
    for pattern in patterns:
        found |= match_files("--webtext_urls", pattern, _FILES)
    lists: list[UrlList] = []
    for path, (size, modified) in sorted(found.items()):
        for member in _members(path):
            url_list = UrlList(len(lists), path, size, modified, member)
            lists.append(replace(url_list, has_bom=_check(url_list)))
    return tuple(lists)


def _check(url_list: UrlList) -> bool:
    """True if the list begins with a byte order mark.

    Raises:
      UrlListError: it is no text in UTF-8.
    """
    try:
        with _opened(url_list) as stream:
            head = stream.read(_HEAD_BYTES)
        check_text(head)
    except (*DAMAGE, *_ZIP_DAMAGE) as error:
        raise UrlListError(
            f"--webtext_urls: {_name(url_list)} cannot be read to its end: {error}"
        ) from None
    except TextError as error:
        raise UrlListError(
            f"--webtext_urls={_name(url_list)}: {error}; expected a URL a line"
        ) from None
    return head.startswith(BOM)


def _name(url_list: UrlList) -> str:
    return plain(f"{url_list.path}, {url_list.member}" if url_list.member else url_list.path)


def _members(path: str) -> list[str]:
    """The lists of a zip archive; [""] for any other file.

    Raises:
      UrlListError: it cannot be read, or is an archive without a list.
    """
    try:
        with open_read(path) as stored:
            if stored.read(len(ZIP_MAGIC)) != ZIP_MAGIC:
                return [""]
            with zipfile.ZipFile(stored) as archive:
                names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise UrlListError(f"--webtext_urls={plain(path)}: cannot be read: {error}") from None
    texts = [
        name for name in names if any(fnmatch.fnmatchcase(name.lower(), f) for f in _FILES[:-1])
    ]
    urls = [name for name in texts if f"/{name}".rpartition("/")[0].endswith(_URLS_FOLDER)]
    if not texts:
        raise UrlListError(
            f"--webtext_urls={plain(path)}: the archive holds no {', '.join(_FILES[:-1])}; "
            "expected texts with a URL a line, as OpenWebText.zip has them under URLs/"
        )
    return sorted(urls or texts)


def read_digests(url_list: UrlList, normalize: Callable[[str], str]) -> tuple[Digests, int, int]:
    """The digests of a list's URLs, and its counts.

    A URL is a line with its spaces, as in Beam's ReadFromText, which the reference uses.

    Returns:
      uint64[n, 2], md5 of the normalized URLs, distinct and sorted; the number of lines with a URL;
      the number of refused lines, which are not UTF-8: no page has such a URL.
    Raises:
      UrlListError: the file is damaged; a part of a list would silently drop pages.
    """
    digests = bytearray()
    listed = refused = 0
    limit = _KEPT_BYTES
    try:
        for line in _lines(url_list):
            try:
                digests += md5(normalize(line.decode()))
                listed += 1
            except UnicodeDecodeError:
                refused += 1
            if len(digests) >= limit:  # a bomb repeats its lines
                digests = bytearray(_sorted_once(digests).tobytes())
                limit = max(_KEPT_BYTES, 2 * len(digests))
    except (*DAMAGE, *_ZIP_DAMAGE) as error:
        raise UrlListError(
            f"--webtext_urls: {_name(url_list)} cannot be read to its end: {error}"
        ) from None
    distinct = _sorted_once(digests).view(">u8").astype(np.uint64).reshape(-1, 2)
    return distinct, listed, refused


def _sorted_once(digests: bytearray) -> NDArray[np.bytes_]:
    """Each digest once, sorted, S16[n]. The argument is sorted in place, to save a copy."""
    ordered = np.frombuffer(digests, f"S{_DIGEST_BYTES}")
    ordered.sort()
    opens = np.ones(len(ordered), bool)
    opens[1:] = ordered[1:] != ordered[:-1]
    return ordered[opens]


def first_rows(digests: Digests) -> NDArray[np.bool_]:
    """True for the first row of each digest, bool[n]. Sorts a sixteenth of the digests at a time.

    Args:
      digests: uint64[n, 2].
    """
    slices = digests.view(np.uint8)[:, 0] % _SLICES
    first = np.zeros(len(digests), bool)
    for number in range(_SLICES):
        rows = np.flatnonzero(slices == number)
        some = digests[rows]
        order = np.lexsort((some[:, 1], some[:, 0]))  # stable: equal digests stay in their order
        opens = np.ones(len(order), bool)
        opens[1:] = (some[order[1:]] != some[order[:-1]]).any(axis=1)
        first[rows[order[opens]]] = True
    return first


def _lines(url_list: UrlList) -> Iterator[bytes]:
    with _opened(url_list) as stream:
        lines = read_lines(stream)
        first = next(lines, b"").removeprefix(BOM)
        if first:
            yield first
        yield from lines


@contextmanager
def _opened(url_list: UrlList) -> Iterator[BinaryIO]:
    """The text of a list as a stream."""
    with ExitStack() as stack:
        stored = stack.enter_context(open_read(url_list.path))
        if url_list.member:
            archive = stack.enter_context(zipfile.ZipFile(stored))
            stored = cast(BinaryIO, stack.enter_context(archive.open(url_list.member)))
        yield stack.enter_context(open_decompressed(stored))
