"""Common Crawl's crawls: their names, the lists of their WET files, repeatable samples of these."""

import hashlib
import io
import re
from collections.abc import Sequence

from runtime.errors import UsageError
from runtime.http.urls import is_relative_path
from runtime.storage.content.compression import DAMAGE, open_decompressed
from runtime.storage.content.texts import BOM, TextError, check_text

_NAME = re.compile(r"CC-MAIN-(20[0-9]{2})-(0[1-9]|[1-4][0-9]|5[0-3])")
_NAMES = re.compile(rf"{_NAME.pattern}(?![0-9-])")
_FIRST = "CC-MAIN-2013-20"
_WITHOUT_WET = ("CC-MAIN-2008-2009", "CC-MAIN-2009-2010", "CC-MAIN-2012")
# Segments are seconds since 1970; until 2017 the names of files end in that of a machine.
_SEGMENT = r"segments/[0-9]{1,20}(?:\.[0-9]{1,6})?"
_FILE = r"[A-Za-z0-9._-]{1,150}\.warc\.wet\.gz"
MAX_LIST_BYTES = 64 << 20  # as stored; the text of a list of 90,000 files has 12 MB
_MAX_TEXT_BYTES = 256 << 20
_MAX_FILES = 1_000_000
_SHOWN = 120
REFERENCE_SKIPS = frozenset(
    {
        "crawl-data/CC-MAIN-2017-13/segments/1490218203536.73/wet/"
        "CC-MAIN-20170322213003-00052-ip-10-233-31-227.ec2.internal.warc.wet.gz"
    }
)
"""Files the reference leaves out, as it cannot decode them (TFDS c4._KNOWN_CORRUPT_WET_FILES)."""


class CrawlError(UsageError):
    """A crawl, or a list of files, that cannot be used. The message says what was expected."""


def check_crawl(name: str) -> str:
    """The name, if it is that of a crawl with WET files.

    Raises:
      CrawlError: it is not.
    """
    if name in _WITHOUT_WET or (_NAME.fullmatch(name) and name < _FIRST):
        raise CrawlError(f"--crawl={name}: has no WET files; the first crawl with them is {_FIRST}")
    if _NAME.fullmatch(name):
        return name
    shape = "expected names like CC-MAIN-2019-18 (year and week), or list"
    guess = f"CC-MAIN-{name.upper().removeprefix('CC-MAIN-')}"
    near = f"; did you mean {guess}?" if _NAME.fullmatch(guess) else ""
    raise CrawlError(f"--crawl={name[:_SHOWN]!r}: {shape}{near}")


def list_path(crawl: str) -> str:
    """The path of the list of a crawl's WET files."""
    return f"crawl-data/{crawl}/wet.paths.gz"


INDEX_PATH = "crawl-data/index.html"


def find_names(page: str) -> list[str]:
    """The crawls with WET files that a text names, each once, the newest first.

    Common Crawl's page of all crawls is a table for people; only the names in it are read.
    """
    names = {found[0] for found in _NAMES.finditer(page)}
    return sorted((name for name in names if name >= _FIRST), reverse=True)


def parse_list(stored: bytes, crawl: str) -> tuple[str, ...]:
    """The paths in a crawl's `wet.paths.gz`, each once, in its order.

    A path must have the form of Common Crawl's own: none can lead to another host or out of a
    folder.

    Raises:
      CrawlError: the list is damaged, larger than any real one, or holds a line that is no path of
        a WET file of the crawl.
    """
    place = f"--crawl={crawl}: {list_path(crawl)}"
    try:
        with open_decompressed(io.BytesIO(stored)) as stream:  # a mirror may have unpacked it
            text = stream.read(_MAX_TEXT_BYTES + 1)
        check_text(text)
    except DAMAGE as error:
        raise CrawlError(f"{place}: is a damaged file: {error}") from None
    except TextError as error:
        raise CrawlError(f"{place}: {error}") from None
    text = text.removeprefix(BOM)
    if len(text) > _MAX_TEXT_BYTES:
        raise CrawlError(f"{place}: inflates to more than {_MAX_TEXT_BYTES >> 20} MiB")
    shape = re.compile(rf"crawl-data/{re.escape(crawl)}/{_SEGMENT}/wet/{_FILE}")
    lines = [line.removesuffix("\r") for line in text.decode("latin-1").split("\n")]
    wrong = [
        (number, line)
        for number, line in enumerate(lines, 1)
        if line and not (shape.fullmatch(line) and is_relative_path(line))
    ]
    if wrong:
        number, line = wrong[0]
        raise CrawlError(
            f"{place}: {len(wrong)} of {len(lines)} lines are no path of a WET file; line {number} "
            f"is {line[:_SHOWN]!r}. Expected crawl-data/{crawl}/segments/.../wet/....warc.wet.gz; "
            "nothing of the list was used."
        )
    paths = tuple(dict.fromkeys(line for line in lines if line))
    if not 0 < len(paths) <= _MAX_FILES:
        raise CrawlError(f"{place}: names {len(paths)} files; expected 1 to {_MAX_FILES}")
    return paths


def _rank(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()


def choose_files(
    paths: Sequence[str], *, max_files: int = 0, sample_files: int = 0
) -> tuple[str, ...]:
    """The paths that a run reads, in their order.

    Args:
      max_files: the first so many; 0 for all.
      sample_files: of these, those whose names have the smallest sha256, so many; 0 for all. The
        same files are chosen again whatever their order and folder, and a larger sample holds a
        smaller one.
    """
    first = paths[: max_files or None]
    if not 0 < sample_files < len(first):
        return tuple(first)
    ranked = sorted(first, key=lambda path: (_rank(path.rpartition("/")[2]), path))
    chosen = set(ranked[:sample_files])
    return tuple(path for path in first if path in chosen)
