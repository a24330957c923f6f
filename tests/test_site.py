"""The documentation as a site: built without a warning, with every page, and nothing to load."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.stages.table import STAGES
from tests.conftest import REPOSITORY

pytest.importorskip("furo", reason="needs pip install -e '.[docs]'")
DOCS = REPOSITORY / "docs"
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site; dead links and anchors are warnings, and warnings errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    ended = subprocess.run(
        [*command, str(DOCS), str(folder)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return folder


def test_every_page_is_in_the_site_and_its_contents(site):
    pages = {path.stem for path in DOCS.glob("*.md")}
    assert {path.stem for path in site.glob("*.html")} >= pages
    listed = re.findall(r"^([a-z-]+)$", (DOCS / "index.md").read_text(), re.MULTILINE)
    assert set(listed) == pages - {"index"} and len(listed) == len(set(listed))


def test_a_page_loads_nothing_of_other_hosts(site):
    page = (site / "index.html").read_text()
    loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"', page)
    loaded += re.findall(r'<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', page)
    assert len(loaded) > 3
    assert [address for address in loaded if ":" in address or address.startswith("//")] == []


def test_the_picture_has_every_stage_but_that_of_lists():
    picture = (DOCS / "images" / "data-path.svg").read_text()
    assert [name for name in STAGES if f">{name}</text>" not in picture] == ["webtext"]


def test_the_first_corpus_is_made_as_the_readme_makes_it():
    """Whose blocks are pasted into a shell in tests/test_readme.py."""
    blocks = BLOCK.findall((DOCS / "first-corpus.md").read_text())
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 5
    readme = (REPOSITORY / "README.md").read_text().splitlines()
    assert [line for line in lines if line not in readme] == []
