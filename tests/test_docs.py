"""Every row of a table has its row in the docs, and what the docs point to is there."""

import re

import pytest

from cleaning.rules import RULES
from pipelines.formats import FORMATS
from tests.conftest import REPOSITORY
from vocab.runners import REFUSED_RUNNERS, RUNNERS

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_row(rule):
    kept = "kept" if rule.keeps else "dropped"
    row = f"| `{rule.name}` | {rule.unit} | {kept} | {rule.meaning} | {rule.paper} |"
    assert f"{row} {rule.reference} |" in page("rules.md")


def test_rules_stand_in_the_docs_in_data_path_order():
    names = re.findall(r"^\| `([^`]+)` \|", page("rules.md"), re.MULTILINE)
    assert names == [rule.name for rule in RULES]


@pytest.mark.parametrize("name", [*RUNNERS, *REFUSED_RUNNERS])
def test_every_runner_is_named(name):
    assert f"`{name}`" in page("runners.md")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_shown(name):
    assert name in page("output.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_and_commands_lead_somewhere(path):
    text = path.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target
    for target in re.findall(r"`((?:tests|cleaning|pipelines|sample)/[\w/.]+\.\w+)`", text):
        assert (REPOSITORY / target).exists(), target
    commands = set(re.findall(r"\bmake ([a-z-]+)", text)) - {"it", "what"}
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert commands <= targets
    assert "@" not in re.sub(r"--input=@|`@lists`|@FILE|@lists", "", text), "an unfilled figure"
