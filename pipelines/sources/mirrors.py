"""The source of a crawl's files: Common Crawl's host, another one, a bucket, or a folder."""

from dataclasses import dataclass, field, replace
from typing import BinaryIO, cast

from pipelines.sources.cache import cache_file, find_cached
from pipelines.sources.commoncrawl import (
    INDEX_PATH,
    MAX_LIST_BYTES,
    CrawlError,
    check_crawl,
    find_names,
    list_path,
    parse_list,
)
from runtime.errors import UsageError
from runtime.http.client import Clock, DownloadRules
from runtime.http.stream import Report, UrlStream, open_url
from runtime.http.transfers import Refused, Transfer
from runtime.http.urls import (
    UrlError,
    is_http,
    is_relative_path,
    join_url,
    parse_url,
    shown_url,
)
from runtime.storage.files import join, open_read
from runtime.storage.locks import MachineSemaphore

COMMON_CRAWL = "https://data.commoncrawl.org/"
DEFAULT_CONNECTIONS = 4
_INDEX_BYTES = 16 << 20
_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A host, bucket or folder with Common Crawl's files under their own paths. Pickled with tasks.

    Attributes:
      base: an HTTP(S) URL, a bucket (s3://, gs://), another filesystem of Beam, or a local folder.
        A URL may hold a login or an access token; `shown` hides them.
      keep: folder in which downloads are cached; "" for no cache.
      rules: of downloads over HTTP(S).
      semaphore: of the requests of this machine; None for no limit.
      clock: time.
    """

    base: str = field(default=COMMON_CRAWL, repr=False)
    keep: str = ""
    rules: DownloadRules = field(default_factory=DownloadRules)
    semaphore: MachineSemaphore | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        try:
            if is_http(self.base):
                parse_url(self.base)
        except UrlError as error:
            raise CrawlError(f"--commoncrawl_url: {error}") from None
        if not self.base:
            raise CrawlError("--commoncrawl_url: expected a URL, a bucket or a folder")

    @property
    def shown(self) -> str:
        """The base without its secrets."""
        return shown_url(self.base) if "://" in self.base else self.base

    def stream(self, path: str, report: Report | None = None) -> UrlStream:
        """A file of an HTTP(S) mirror."""
        url = join_url(self.base, path)
        return open_url(url, self.rules, semaphore=self.semaphore, clock=self.clock, report=report)


def read_crawl_paths(mirror: Mirror, crawl: str) -> tuple[str, ...]:
    """The paths of a crawl's WET files, in its own order. The list is cached where files are.

    Raises:
      CrawlError: there is no such crawl, or its list is damaged.
      DownloadError: the mirror cannot be reached.
    """
    path = list_path(check_crawl(crawl))
    try:
        stored = _read_small(mirror, path, MAX_LIST_BYTES)
    except (Refused, FileNotFoundError) as error:
        raise CrawlError(
            f"--crawl={crawl}: {mirror.shown} has no such crawl: {error} "
            "--crawl=list shows the crawls there are."
        ) from None
    return parse_list(stored, crawl)


def list_crawls(mirror: Mirror) -> list[str]:
    """The crawls of a mirror that have WET files, the newest first.

    Raises:
      CrawlError: it has no page that names them.
      DownloadError: it cannot be reached.
    """
    try:
        page = _read_small(replace(mirror, keep=""), INDEX_PATH, _INDEX_BYTES).decode("latin-1")
    except (Refused, FileNotFoundError) as error:
        raise CrawlError(
            f"--crawl=list: {mirror.shown} has no {INDEX_PATH}, which names its crawls: {error} "
            "Name the crawl if you know it is there."
        ) from None
    names = find_names(page)
    if not names:
        raise CrawlError(f"--crawl=list: {INDEX_PATH} of {mirror.shown} names no crawl")
    return names


def open_file(mirror: Mirror, path: str, report: Report | None = None) -> BinaryIO:
    """The stored bytes of a mirror's file, from front to back.

    Args:
      report: called once with the transfer of a file that is downloaded.
    Raises:
      CrawlError: the path leads out of the mirror.
      OSError: the file cannot be read; over HTTP(S) a `DownloadError`, here or while it is read.
    """
    if not is_relative_path(path):
        raise CrawlError(f"{path[:120]!r}: expected a path below {mirror.shown}")
    if not is_http(mirror.base):
        return open_read(join(mirror.base, path))
    if not mirror.keep:
        return cast(BinaryIO, mirror.stream(path, report))
    found = find_cached(mirror.keep, path) or cache_file(
        mirror.keep, path, lambda: mirror.stream(path), report or _ignore
    )
    return open_read(found)


def _ignore(_: Transfer) -> None:
    pass


def _read_small(mirror: Mirror, path: str, max_bytes: int) -> bytes:
    """All bytes of a file that the planning of a run needs; `max_bytes` is more than any has."""
    bounded = replace(mirror, rules=replace(mirror.rules.for_planning(), max_bytes=max_bytes))
    data = bytearray()
    try:
        with open_file(bounded, path) as file:
            while len(data) <= max_bytes and (part := file.read(_READ_BYTES)):
                data += part
    except (UsageError, FileNotFoundError):  # DownloadError is a UsageError
        raise
    except Exception as error:  # each filesystem of Beam raises its own
        raise CrawlError(
            f"--commoncrawl_url={mirror.shown}: {path} cannot be read: {error}. "
            f"{COMMON_CRAWL} needs no credentials."
        ) from error
    if len(data) > max_bytes:
        raise CrawlError(f"{mirror.shown}: {path} is larger than {max_bytes >> 20} MiB")
    return bytes(data)
