"""The Python API: its names, their docs and examples, and what an import costs."""

import doctest
import inspect
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest

import c4forge
from tests.conftest import REPOSITORY

NAMES = [name for name in c4forge.__all__ if name != "__version__"]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(c4forge, name))]
OWN = [name for name in NAMES if getattr(c4forge, name).__module__.startswith("c4forge.")]
HEAVY = ("apache_beam", "jax", "numpy", "pyarrow", "tensorflow")


def test_names_are_sorted_and_there():
    assert c4forge.__all__ == sorted(c4forge.__all__)
    assert set(c4forge.__all__) <= set(dir(c4forge))
    with pytest.raises(AttributeError, match="clean_pages"):
        _ = c4forge.clean_pages


def test_a_name_for_type_checkers_is_a_name_at_run_time():
    """Every name imported under TYPE_CHECKING has its place, and the other way round."""
    source = inspect.getsource(c4forge)
    block = source[source.index("if TYPE_CHECKING:") : source.index("__all__")]
    imported = {
        name.strip().rpartition(" as ")[2]
        for line in block.splitlines()[1:]
        if " import " in line
        for name in line.partition(" import ")[2].split(",")
    }
    assert imported == set(c4forge._PLACES)
    assert imported | {"InputRefused", "RunFailed", "UsageError"} == set(NAMES)


def test_importing_costs_little():
    code = f"import sys, c4forge; sys.exit(bool(set({HEAVY}) & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import c4forge"],
        cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    last = ended.stderr.strip().splitlines()[-1].split("|")
    assert last[2].strip() == "c4forge"
    assert int(last[1]) < 300_000, "microseconds"


@pytest.mark.parametrize("name", OWN)
def test_every_name_is_documented_with_an_example(name):
    text = inspect.getdoc(getattr(c4forge, name))
    assert ">>> " in text and "Example:" in text
    if name in FUNCTIONS:
        assert "Args:" in text and "Raises:" in text
        documented = text[text.index("Args:") : text.index("Raises:")]
        parameters = inspect.signature(getattr(c4forge, name)).parameters
        assert all(f"\n  {p}: " in documented for p in parameters)


@pytest.mark.parametrize("name", ["", *OWN])
def test_examples_give_what_they_print(name, tmp_path, monkeypatch):
    (tmp_path / "sample").symlink_to(REPOSITORY / "sample")
    monkeypatch.chdir(tmp_path)
    documented = getattr(c4forge, name) if name else c4forge
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(verbose=False)
    found = [test for test in finder.find(documented, name or "c4forge") if test.examples]
    assert found
    for test in found:
        assert runner.run(test).failed == 0


def test_the_version_is_that_of_the_metadata():
    stated = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert c4forge.__version__ in (stated, metadata.version("c4forge"))


def test_types_are_marked():
    assert (REPOSITORY / "c4forge" / "py.typed").is_file()
