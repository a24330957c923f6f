"""A small crawl on a server of this machine, which tests of whole runs share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.crawls import CRAWL, FILES, path_list, path_of
from tests.runs.runs import split_wet
from tests.runtime.http.server import Server, serve


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, sample) -> list[bytes]:
    """The WET files of the crawl."""
    folder = tmp_path_factory.mktemp("crawl") / "wet"
    paths = split_wet(sorted(Path(sample).parent.glob("*.gz")), folder, FILES)
    return [path.read_bytes() for path in paths]


@pytest.fixture
def crawl_server(crawled) -> Iterator[Server]:
    """Serves the crawl, as it should be and in ways that it should not be."""
    files = {path_of(number): data for number, data in enumerate(crawled)}
    files[f"crawl-data/{CRAWL}/wet.paths.gz"] = path_list(*files)
    files["crawl-data/index.html"] = f"<td>{CRAWL}</td><td>CC-MAIN-2012</td>".encode()
    with serve(files) as running:
        yield running
