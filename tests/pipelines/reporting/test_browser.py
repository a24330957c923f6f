"""The page of a run in a browser: nothing loads, nothing runs, nothing is wider than the screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.reporting.page import run_page
from tests.pipelines.reporting.browser import Browser, find_chromium, open_browser
from tests.pipelines.reporting.hostile import hostile_run

LUMINANCE = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with open_browser(chromium, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(run_page(hostile_run()), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_hostile_pages_load_nothing_run_nothing_and_fit(browser, page, width, scheme):
    browser.open(page, width, scheme)
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.value("document.documentElement.scrollWidth") == width
    assert browser.requests() == [page.as_uri()]
    assert browser.value("document.title").startswith("<script>")
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.images.length + document.forms.length") == 0
    refused = [
        e for e in browser.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")
    ]
    assert refused == []
    dark = sum(browser.value(LUMINANCE)) < 3 * 128
    assert dark is (scheme == "dark")


def test_links_of_the_page_lead_to_its_sections(browser, page):
    browser.open(page, 1440, "light")
    links = browser.value(
        "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
        ".filter(h => h[0] == '#').map(h => !!document.querySelector(h))"
    )
    assert links and all(links)
