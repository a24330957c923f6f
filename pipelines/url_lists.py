"""Lists of URLs, as OpenWebText has them: found by name, read as digests, never held as strings.

A list is a text file with a URL a line, plain or compressed, or such a file in a zip archive.
"""

import fnmatch
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from typing import BinaryIO, cast

import numpy as np

from cleaning.urls import Digests, md5, pack_digests
from vocab.compression import DAMAGE, ZIP_MAGIC, open_decompressed
from vocab.files import Matched, match_files
from vocab.storage import open_read

_FILES = ("*.txt", "*.txt.gz", "*.txt.xz", "*.txt.bz2", "*.txt.zst", "*.zip")
_URLS_FOLDER = "URLs/"  # of OpenWebText's archive, beside what holds no URLs
_CHUNK_BYTES = 4 << 20


class UrlListError(ValueError):
    """A URL list that cannot be read; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class UrlList:
    """One list of a run.

    Attributes:
      number: among the run's lists.
      path, size_bytes, modified: of the file.
      member: of a zip archive; "" where the file is the list.
    """

    number: int
    path: str
    size_bytes: int
    modified: float
    member: str

    def key(self) -> str:
        """Tells the list from others, and from itself once it has changed."""
        return hashlib.sha256(repr(astuple(self)[1:]).encode()).hexdigest()[:20]


def find_url_lists(patterns: list[str]) -> tuple[UrlList, ...]:
    """The lists that the --webtext_urls values name, each once, ordered by path.

    Args:
      patterns: files, quoted globs, and folders, of which texts and archives are taken.
    Raises:
      InputError: a value names no file.
      UrlListError: a file is no list.
    """
    found: Matched = {}
    for pattern in patterns:
        found |= match_files("--webtext_urls", pattern, _FILES)
    lists: list[UrlList] = []
    for path, (size, modified) in sorted(found.items()):
        for member in _members(path):
            lists.append(UrlList(len(lists), path, size, modified, member))
    return tuple(lists)


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
        raise UrlListError(f"--webtext_urls={path}: cannot be read: {error}") from None
    texts = [name for name in names if any(fnmatch.fnmatch(name, f) for f in _FILES[:-1])]
    urls = [name for name in texts if f"/{name}".rpartition("/")[0].endswith(_URLS_FOLDER[:-1])]
    if not texts:
        raise UrlListError(
            f"--webtext_urls={path}: the archive holds no {', '.join(_FILES[:-1])}; expected "
            "texts with a URL a line, as OpenWebText.zip has them under URLs/"
        )
    return sorted(urls or texts)


def read_digests(url_list: UrlList, normalize: Callable[[str], str]) -> tuple[Digests, int, int]:
    """md5 of each normalized URL of the list, once and sorted; lines with a URL; lines refused.

    As Beam's ReadFromText has it for the reference, a URL is the whole line, spaces included.
    Lines that are not UTF-8 are refused: no page has such a URL.

    Raises:
      UrlListError: the file is damaged; a part of a list would silently drop pages.
    """
    digests = [np.empty((0, 2), np.uint64)]
    listed = refused = 0
    try:
        for lines in _line_chunks(url_list):
            packed: list[bytes] = []
            for line in lines:
                try:
                    packed.append(md5(normalize(line.decode())))
                except UnicodeDecodeError:
                    refused += 1
            listed += len(packed)
            digests.append(_distinct(pack_digests(packed)))
    except (*DAMAGE, zipfile.BadZipFile) as error:
        name = f"{url_list.path}, {url_list.member}" if url_list.member else url_list.path
        raise UrlListError(f"--webtext_urls: {name} cannot be read to its end: {error}") from None
    return _distinct(np.concatenate(digests)), listed, refused


def _distinct(digests: Digests) -> Digests:
    """Each row once, sorted."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[opens]


def _line_chunks(url_list: UrlList) -> Iterator[list[bytes]]:
    """The list's lines that hold anything, without their line ends, some MiB at a time."""
    with ExitStack() as stack:
        stored = stack.enter_context(open_read(url_list.path))
        if url_list.member:
            archive = stack.enter_context(zipfile.ZipFile(stored))
            stored = cast(BinaryIO, stack.enter_context(archive.open(url_list.member)))
        stream = stack.enter_context(open_decompressed(stored))
        rest = b""
        while chunk := stream.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            yield _filled(lines)
        yield _filled([rest])


def _filled(lines: list[bytes]) -> list[bytes]:
    return [line for raw in lines if (line := raw.removesuffix(b"\r"))]
