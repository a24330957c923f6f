"""The house: every room has its map, modules are small, names given to workers exist."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGES = ("c4forge", "pipelines", "trainer", "vocab", "corpora", "cleaning", "runtime")
ROOMS = sorted(
    init.parent for package in PACKAGES for init in (REPOSITORY / package).rglob("__init__.py")
)
SOURCES = sorted(
    path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")
)  # fmt: skip
MOST_LINES, MOST_FUNCTION_LINES, MOST_MODULES = 350, 40, 15
ENTRY = re.compile(r"^ *([a-z]\w*)  +\S.*$", re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def contents(room: Path) -> set[str]:
    """Modules and rooms within a room."""
    modules = {path.stem for path in room.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in room.glob("*/__init__.py")}


@pytest.mark.parametrize("room", ROOMS, ids=relative)
def test_a_room_maps_exactly_its_modules(room):
    tree = ast.parse((room / "__init__.py").read_text())
    if relative(room) != "c4forge":  # the Python API
        assert len(tree.body) == 1, f"{relative(room)}/__init__.py: a docstring only"
    names = ENTRY.findall(ast.get_docstring(tree, clean=False) or "")
    assert sorted(names) == sorted(contents(room)), (
        f"{relative(room)}/__init__.py: one line for each module, as `  name  what it is`"
    )


@pytest.mark.parametrize("room", ROOMS, ids=relative)
def test_a_room_is_small(room):
    assert len(list(room.glob("*.py"))) - 1 <= MOST_MODULES


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_modules_and_functions_are_small(source):
    text = source.read_text()
    assert text.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MOST_FUNCTION_LINES, node.name


def preloads() -> list[tuple[str, str]]:
    """Modules that fork servers import: constants PRELOAD, literals given to `open_pool`."""
    found = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("open_pool"):
                given = node.args[1:]
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PRELOAD":
                given = [node.value]
            found += [
                (relative(source), value.value)
                for value in given
                if isinstance(value, ast.Constant)
            ]
    return found


def test_modules_for_workers_exist():
    """The fork server swallows an ImportError: every worker would load its models anew."""
    found = preloads()
    assert len(found) >= 5
    for source, name in found:
        assert importlib.util.find_spec(name), f"{source}: {name}"


def test_pools_are_opened_with_constants():
    """So that the test above sees every module."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("open_pool"):
                preload = node.args[1]
                named = isinstance(preload, ast.Name) and preload.id == "PRELOAD"
                assert named or isinstance(preload, ast.Constant), relative(source)
