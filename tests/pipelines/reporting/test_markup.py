"""What comes from pages is text in the page of a run: it is escaped, and nothing loads or runs."""

import re
from html.parser import HTMLParser

import pytest

from pipelines.reporting.markup import POLICY, document, element, isolated, text
from pipelines.reporting.page import run_page
from pipelines.reporting.style import STYLE
from tests.pipelines.reporting.hostile import HOSTILE, hostile_run

VOID = {"meta", "br"}
ELEMENTS = {
    "html", "head", "title", "style", "body", "main", "nav", "h1", "h2", "h3", "p", "a", "bdi",
    "span", "table", "thead", "tbody", "tr", "th", "td", "div", "details", "summary", "article",
    "meta", "br",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "href", "id", "class", "scope", "style",
    "dir", "aria-label", "aria-hidden",
}  # fmt: skip


class Reader(HTMLParser):
    """Elements, attributes and text of a page, which must be well nested."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    return run_page(hostile_run())


def test_a_page_of_hostile_texts_has_only_elements_of_ours(page):
    found = Reader(page).found
    assert {tag for tag, _ in found} == ELEMENTS
    assert {name for _, attributes in found for name in attributes} <= ATTRIBUTES
    for tag, attributes in found:
        link = attributes.get("href") or "#"
        assert link.startswith("#") or re.fullmatch(r"\.\./dropped/[\w.%-]+\.jsonl", link), link
        assert re.fullmatch(r"(width:[\d.]+%)?", attributes.get("style") or "")
        assert tag == "meta" or "content" not in attributes


def test_a_page_forbids_scripts_and_loads_before_anything_else(page):
    metas = [attributes for tag, attributes in Reader(page).found if tag == "meta"]
    policy = next(m["content"] for m in metas if m.get("http-equiv"))
    assert policy == POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<body>")
    assert "url(" not in STYLE and "@import" not in STYLE


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_are_shown_and_nothing_of_them_is_obeyed(page, hostile):
    shown = text(hostile)
    assert Reader(f"<p>{shown}</p>").found == [("p", {})]
    assert text(hostile, 400) in page
    assert not re.search(
        "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", page
    )


def test_text_is_cut_before_it_is_escaped():
    assert text("&&&&", 2) == "&amp;&amp;…"
    assert isolated("a\u202eb") == "<bdi>a\\u202eb</bdi>"
    assert text("\ud800") == "\\ud800"


@pytest.mark.parametrize("name", ["onclick", "a b", "x>", ""])
def test_names_of_elements_and_attributes_are_no_text(name):
    with pytest.raises(ValueError, match="no name"):
        element("p", **{name: "x"})
    if name != "onclick":
        with pytest.raises(ValueError, match="no name"):
            element(name)


def test_a_title_cannot_end_its_element():
    page = document("</title><script>", "")
    assert [tag for tag, _ in Reader(page).found if tag in ("script", "title")] == ["title"]
