"""The table of rules: complete, and the only names that are counted."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cleaning.rules import FAMILIES, RULES, data_path_order

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for package in ("cleaning", "pipelines")
    for path in (ROOT / package).glob("*.py")
    if path.name != "rules.py"
)
NAMES = [rule.name for rule in RULES]
COUNTER = re.compile(r"[a-z]+(-[a-z]+)+/[a-z_:-]*|[a-z]*/(examples|text-bytes)")


def counters(source: Path) -> Iterator[str]:
    """Literals of a source that read like a counter, or like the start of one in an f-string."""
    tree = ast.parse(source.read_text())
    for node in ast.walk(tree):
        literal = node.value if isinstance(node, ast.Constant) else None
        if isinstance(literal, str) and COUNTER.fullmatch(literal):
            yield literal


def matching(literal: str) -> list[str]:
    """The rows that a literal can name: itself, or all that it begins."""
    if literal.endswith(("/", ":", "-")):
        return [name for name in NAMES if name.startswith(literal)]
    return [name for name in NAMES if name == literal]


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_counter_in_the_code_is_listed(source):
    strays = [
        literal
        for literal in counters(source)
        if not matching(literal) and not any(literal.endswith(family) for family in FAMILIES)
    ]
    assert strays == []


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_row_is_counted_somewhere(rule):
    literals = {literal for source in SOURCES for literal in counters(source)}
    assert any(rule.name in matching(literal) for literal in literals)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_names_say_whether_the_rule_keeps(rule):
    assert rule.keeps is (":" not in rule.name and not rule.name.endswith("filtered"))
    assert rule.paper in ("", "2.2")
    assert rule.meaning


def test_counts_come_in_the_order_of_the_table():
    ordered = data_path_order({NAMES[-1]: 3, NAMES[0]: 1})
    assert list(ordered) == NAMES
    assert (ordered[NAMES[0]], ordered[NAMES[1]], ordered[NAMES[-1]]) == (1, 0, 3)


def test_members_of_a_family_stand_after_its_row():
    ignored = "english-filter/filtered:ignored_language"
    ordered = data_path_order({"train/examples": 4, f"{ignored}-fr": 2, f"{ignored}-de": 1})
    names = list(ordered)
    at = names.index(ignored)
    assert {*names[at + 1 : at + 3]} == {f"{ignored}-de", f"{ignored}-fr"}
    assert names[at + 1 : at + 3] == sorted(names[at + 1 : at + 3])
    assert names[-1] == "train/examples"


@pytest.mark.parametrize("name", ["clean-page/unheard-of", "clean-page", "examples"])
def test_a_name_that_is_not_listed_is_refused(name):
    with pytest.raises(ValueError, match=f"does not list: {name}"):
        data_path_order({name: 1})
