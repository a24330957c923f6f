"""The files about the project: changelog, citation, glossary, contributing, metadata."""

import re
import tomllib

import pytest

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
GLOSSARY = (REPOSITORY / "docs" / "glossary.md").read_text()
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()
ENTRIES = re.findall(r"^### (.+)\n((?:.+\n)+)", GLOSSARY, re.MULTILINE)
PATH = re.compile(r"`((?:\w+/)+[\w.]+|\w+\.py)(?::\w+)?`")


def test_the_changelog_begins_with_this_version():
    headings = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", CHANGELOG, re.MULTILINE)
    version, date = headings[0]
    assert PROJECT["version"] in (version, f"{version}.dev0")
    assert (date == "unreleased") == PROJECT["version"].endswith(".dev0")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in headings[1:])
    numbers = [tuple(map(int, version.split("."))) for version, _ in headings]
    assert numbers == sorted(numbers, reverse=True)
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= known


def test_the_citation_is_of_this_version():
    text = (REPOSITORY / "CITATION.cff").read_text()
    stated = dict(re.findall(r"^(\S+): (.+)$", text, re.MULTILINE))
    assert stated["cff-version"] == "1.2.0"
    assert stated["version"] == PROJECT["version"]
    assert stated["license"] == PROJECT["license"]
    assert stated["title"] == PROJECT["name"]
    assert "Raffel" in text and "year: 2020" in text


def test_the_metadata_has_links_and_says_that_it_is_typed():
    assert all(url.startswith("https://") for url in PROJECT["urls"].values())
    assert "Typing :: Typed" in PROJECT["classifiers"]
    packages = [path.parent for path in REPOSITORY.glob("*/__init__.py")]
    shipped = [path for path in packages if path.name not in ("tests", "benchmarks")]
    assert len(shipped) == 7
    assert all((path / "py.typed").is_file() for path in shipped)


def test_every_version_of_python_is_named_where_people_look():
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)", str(PROJECT["classifiers"]))
    first, last = (tuple(map(int, version.split("."))) for version in (named[0], named[-1]))
    assert PROJECT["requires-python"] == f">={named[0]},<3.{last[1] + 1}"
    makefile = (REPOSITORY / "Makefile").read_text()
    assert f"{first} <= sys.version_info[:2] <= {last}" in makefile
    assert all(f"python{version} " in makefile for version in named)
    told = f"Python {', '.join(named[:-1])} or {named[-1]}"
    assert told in makefile and told in (REPOSITORY / "README.md").read_text()


def test_the_glossary_explains_each_term_once():
    terms = [term for term, _ in ENTRIES]
    assert len(terms) == len(set(terms)) == len(re.findall("^### ", GLOSSARY, re.MULTILINE))
    needed = {"capture", "part", "bucket", "signature", "spec", "setting", "variant", "receipt"}
    assert needed <= set(terms)


@pytest.mark.parametrize(("term", "text"), ENTRIES, ids=[term for term, _ in ENTRIES])
def test_an_entry_names_a_module_that_is_there(term, text):
    paths = PATH.findall(text)
    assert any(path.endswith(".py") for path in paths), term
    assert all((REPOSITORY / path).exists() for path in paths if path.endswith(".py")), paths
    assert text.count(". ") + text.count(".\n") <= 4, "one or two plain sentences"


def test_links_to_the_glossary_lead_to_an_entry():
    anchors = {term.lower().replace(" ", "-") for term, _ in ENTRIES}
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]
    linked = [
        anchor
        for page in pages
        for anchor in re.findall(r"\((?:docs/)?glossary\.md#([\w-]+)\)", page.read_text())
    ]
    assert linked
    assert set(linked) <= anchors
    for page in pages:
        found = re.findall(r"\((?:docs/)?glossary\.md#([\w-]+)\)", page.read_text())
        assert len(found) == len(set(found)), f"{page.name}: at its first use only"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/python.md"])
def test_paths_that_the_page_names_are_there(name):
    text = (REPOSITORY / name).read_text()
    for path in PATH.findall(text):
        assert (REPOSITORY / path).exists(), path


def test_names_in_contributing_are_in_the_files_that_it_names():
    """Of each numbered step or paragraph: its names are in one of its files."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    how = text[text.index("## How to add") : text.index("## Style")]
    checked = 0
    for block in re.split(r"\n\n|\n(?=\d\. )", how):
        sources = "".join(
            (REPOSITORY / path).read_text() for path in PATH.findall(block) if path.endswith(".py")
        )
        names = re.findall(r"`([A-Za-z_]+)`", block) if sources else []
        for name in set(names) - {"cleaning"}:
            assert re.search(rf"\b{name}\b", sources), f"{name}: {block[:60]}"
            checked += 1
    assert checked > 20
