"""The table of rules: complete, and the only names that are counted."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cleaning.counts import Unit
from cleaning.rules import FAMILIES, RULES, data_path_order, heaviest_rule
from cleaning.variants import VARIANTS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for package in ("cleaning", "corpora", "pipelines")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "rules.py" and "sources" not in path.parts  # lists have paths, no counters
)
NAMES = [rule.name for rule in RULES]
STEPS = tuple(dict.fromkeys(rule.step() for rule in RULES))
HOLE = "\0"  # stands for what an f-string fills in
COUNTER = re.compile(rf"(?!{HOLE}/{HOLE}?$)[a-z:{HOLE}-]+/[a-z_:{HOLE}-]*")
FILLINGS = ("x", "passed")
IGNORED = "english-filter/filtered:ignored_language"


def counters(source: Path) -> Iterator[str]:
    """Literals and f-strings of a source that read like a counter, with a HOLE for each value."""
    tree = ast.parse(source.read_text())
    parts = set()
    for node in ast.walk(tree):
        text = None
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            constants = [part for part in node.values if isinstance(part, ast.Constant)]
            text = "".join(part.value if part in constants else HOLE for part in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in parts:
            text = node.value
        if isinstance(text, str) and COUNTER.fullmatch(text):
            yield text


def matching(literal: str) -> list[str]:
    """The rows that a literal can name."""
    pattern = re.compile(".+".join(map(re.escape, literal.split(HOLE))))
    return [name for name in NAMES if pattern.fullmatch(name)]


def of_family(name: str) -> list[str]:
    """The families of a name, or of a literal with holes, each by the row that it stands after."""
    filled = [name.replace(HOLE, filling) for filling in FILLINGS]
    return [row for family, row in FAMILIES.items() if any(map(family.fullmatch, filled))]


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_counter_in_the_code_is_listed(source):
    found = list(counters(source))
    unlisted = [name for name in found if not matching(name) and not of_family(name)]
    assert not unlisted, (
        f"{unlisted}: give each counter a Rule: of captures, pages and lines in cleaning/rules.py, "
        "of finished documents in their row of cleaning/document_filters.py"
    )


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_row_is_counted_somewhere(rule):
    literals = {literal for source in SOURCES for literal in counters(source)}
    assert any(rule.name in matching(literal) for literal in literals), (
        f"{rule.name} is listed, and nothing in cleaning or pipelines counts it: count it there "
        "under this very name, or remove its Rule"
    )


@pytest.mark.parametrize("row", FAMILIES.values())
def test_every_family_is_counted_somewhere(row):
    # The code of an ignored language is added to the rule's own name, as `{rule}-{code}`.
    literals = [literal for source in SOURCES for literal in counters(source)]
    literals.append(f"{IGNORED}-{HOLE}")
    assert any(row in of_family(literal) for literal in literals)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_names_say_whether_the_rule_keeps(rule):
    drops = ":" in rule.name or rule.name.endswith(("filtered", "malformed", "missing-page"))
    assert rule.keeps is not drops
    assert rule.paper in ("", "2.2", "3.4", "mT5 3.1")
    assert rule.meaning


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_names_say_what_is_counted(rule):
    urls = ("listed", "malformed", "missing-page")
    records = [f"filtered:{reason}" for reason in ("malformed", "no_url", "no_content")]
    step, _, kind = rule.name.partition("/")
    unit = Unit.PAGE
    if kind in ("wet-file", "filtered:unreachable", "filtered:unreadable"):
        unit = Unit.FILE
    elif kind in (*records, "filtered:no_timestamp"):
        unit = Unit.RECORD
    elif kind.startswith("line-"):
        unit = Unit.LINE
    elif step == "webtextlike-filter" and kind in urls:
        unit = Unit.URL
    assert rule.unit is unit


REFERENCE_STEPS = {rule.step() for rule in RULES if rule.reference}


def test_only_what_c4forge_adds_has_no_function_of_the_reference():
    added = {rule.name for rule in RULES if not rule.reference and rule.step() in REFERENCE_STEPS}
    assert added == {
        "split-wet-file/filtered:malformed",
        "split-wet-file/filtered:unreachable",
        "split-wet-file/filtered:unreadable",
        "webtextlike-filter/listed",
        "webtextlike-filter/malformed",
    }, "a Rule of a step that TFDS has names TFDS's function in `reference`, or stands here"
    assert "fixed" not in REFERENCE_STEPS


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_the_rules_of_a_variant_stand_in_the_order_of_its_steps(variant):
    steps = variant.steps()
    assert set(steps) <= set(STEPS)
    assert list(steps) == sorted(steps, key=STEPS.index)


def test_every_step_is_of_some_variant():
    used = {step for variant in VARIANTS.values() for step in variant.steps()}
    unused = set(STEPS) - used - {"fixed"}
    assert not unused, f"{unused}: name the step in `filters` of a variant in cleaning/variants.py"


def test_families_stand_after_rows_of_the_table():
    assert set(FAMILIES.values()) - {"own filters", "end"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_of_no_family(name):
    assert of_family(name) == []


def test_counts_come_in_the_order_of_the_table():
    ordered = data_path_order({NAMES[-1]: 3, NAMES[0]: 1}, STEPS)
    assert list(ordered) == NAMES
    assert (ordered[NAMES[0]], ordered[NAMES[1]], ordered[NAMES[-1]]) == (1, 0, 3)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_counts_are_those_of_the_steps_asked_for(variant):
    ordered = data_path_order(dict.fromkeys(NAMES, 1), variant.steps())
    assert list(ordered) == [name for name in NAMES if name.split("/")[0] in variant.steps()]
    assert set(ordered.values()) == {1}


@pytest.mark.parametrize(
    ("row", "members"),
    [
        (IGNORED, [f"{IGNORED}-de", f"{IGNORED}-zh-cn"]),
        (
            "language-filter/passed",
            ["language-filter/passed:hi-Latn", "language-filter/passed:und"],
        ),
        (
            "badwords-filter/passed",
            [f"badwords-filter-{end}" for end in ("de/filtered", "de/soft-passed", "fr/passed")],
        ),
    ],
    ids=["ignored", "passed", "badwords"],
)
def test_members_of_a_family_stand_after_its_row(row, members):
    counts = {"train/examples": 4, **{name: at for at, name in enumerate(reversed(members))}}
    ordered = data_path_order(counts, STEPS)
    names = list(ordered)
    at = names.index(row)
    assert names[at + 1 : at + 1 + len(members)] == members
    assert {name: ordered[name] for name in counts} == counts
    assert names[-1] == "train/examples"
    assert len(names) == len(NAMES) + len(counts)


def test_members_of_a_family_whose_step_is_not_asked_for_are_left_out():
    counts = {"badwords-filter-de/filtered": 1, "language-filter/passed:de": 2}
    ordered = data_path_order(counts, ("language-filter",))
    assert "badwords-filter-de/filtered" not in ordered
    assert ordered["language-filter/passed:de"] == 2


def test_what_was_written_stands_last_whatever_the_steps():
    counts = {"train/text-bytes": 7, "train/examples": 4, "de-validation/examples": 1}
    assert list(data_path_order(counts, ())) == sorted(counts)


@pytest.mark.parametrize(
    "name",
    [
        "clean-page/unheard-of", "clean-page", "examples", "/examples", "train/examples/x",
        f"{IGNORED}-", "language-filter/passed:",
        "badwords-filter-de/dropped", "badwords-filter-/passed", "fixed/nothing",
    ],
)  # fmt: skip
def test_a_name_that_is_not_listed_is_refused(name):
    with pytest.raises(ValueError, match=f"no rule is named {re.escape(repr(name))}; add"):
        data_path_order({name: 1}, STEPS)


READ = "split-wet-file/passed"
NO_URL = "split-wet-file/filtered:no_url"


@pytest.mark.parametrize(
    ("counts", "name", "count"),
    [
        ({}, "", 0),
        ({READ: 5}, "", 0),
        ({READ: 5, "badwords-filter/filtered": 2, "too-long-filter/filtered": 3}, "too-long", 3),
        ({READ: 5, "badwords-filter/filtered": 2, "too-long-filter/filtered": 2}, "badwords", 2),
        ({READ: 5, NO_URL: 5, "badwords-filter/filtered": 1}, "badwords", 1),
        ({READ: 0, NO_URL: 1}, NO_URL, 1),
        ({READ: 0, NO_URL: 1, "split-wet-file/filtered:unreadable": 1}, "split-wet-file/f", 1),
        ({READ: 9, "clean-page/line-filtered:too_short": 90, "own-filter:mine/filtered:x": 1},
         "own-filter:mine/filtered:x", 1),
    ],
)  # fmt: skip
def test_the_rule_that_dropped_most_pages_is_found(counts, name, count):
    found, number, _, meaning = heaviest_rule(counts)
    assert found.startswith(name) and number == count
    assert bool(name) == bool(found) == bool(meaning)


def test_of_equal_counts_that_of_files_is_named():
    assert heaviest_rule({NO_URL: 1, "split-wet-file/filtered:unreadable": 1})[2] is Unit.FILE
