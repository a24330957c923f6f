"""A small crawl on a server that misbehaves on purpose, and mirrors that read it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from cleaning.wet.chunks import DamagedMember
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Malformed, Record, read_records
from pipelines.sources.commoncrawl import list_path
from pipelines.sources.mirrors import Mirror, open_file
from runtime.http.client import Clock, DownloadRules
from tests.cleaning.wet.wet_files import MEMBER_EACH, framed, lay_out, pages
from tests.runtime.http.server import Server, serve

CRAWL = "CC-MAIN-2019-18"
SEGMENT = f"crawl-data/{CRAWL}/segments/1555578517558.8/wet"
PATH = f"{SEGMENT}/CC-MAIN-20190418101243-20190418123243-00000.warc.wet.gz"
PAGES = pages(60, 4000)
WET, _ = lay_out(PAGES, MEMBER_EACH)
WHOLE = [framed(page) for page in PAGES]
MANY = [
    f"crawl-data/{CRAWL}/segments/15555785{n // 100:05d}.{n % 90}/wet/"
    f"CC-MAIN-20190418101243-20190418123243-{n % 640:05d}.warc.wet.gz"
    for n in range(10_000)
]
INDEX = b"""<table><tr><td><a href="/crawl-data/CC-MAIN-2019-18/index.html">CC-MAIN-2019-18</a></td>
<td><a href="CC-MAIN-2024-10/index.html">CC-MAIN-2024-10</a>
<a href="CC-MAIN-2013-20/index.html">CC-MAIN-2013-20</a>, CC-MAIN-2012, CC-MAIN-2009-2010,
CC-MAIN-2008-2009, CC-MAIN-2024-99, CC-NEWS</td></tr></table>"""


def listed(*paths: str) -> bytes:
    return gzip.compress("".join(f"{path}\n" for path in paths).encode())


@contextmanager
def serve_crawl() -> Iterator[Server]:
    """Serves the crawl while the block runs."""
    files = {
        PATH: WET,
        list_path(CRAWL): listed(PATH),
        list_path("CC-MAIN-2024-10"): listed("../../etc/passwd"),
        "crawl-data/index.html": INDEX,
    }
    with serve(files) as server:
        yield server


def mirror(server, behaviour: str = "plain", **settings) -> Mirror:
    clock = Clock(sleep=lambda _: None)
    patience = 1.0 if behaviour == "stalls" else 60.0
    rules = DownloadRules(progress_bytes=1 << 14, read_seconds=patience)
    return Mirror(base=server.url(behaviour), rules=rules, clock=clock, **settings)


def read_wet(place: Mirror, path: str, report) -> list[Record | Malformed]:
    """All of a file, as cleaning reads it: again if in doubt."""
    for suspicious in (False, True):
        try:
            with open_file(place, path, report) as file:
                return list(read_records(inflate(file, suspicious=suspicious)))
        except DamagedMember:
            pass
    raise AssertionError("the second reading must not fail")
