"""docs/why.md and docs/inspect.md: their commands print what they show."""

import re
import shlex
from pathlib import Path

import pytest

from c4forge.main import main
from tests.conftest import REPOSITORY
from tests.runs.runs import plan, run_stages


def blocks_of(name: str) -> list[str]:
    text = (REPOSITORY / "docs" / name).read_text()
    return re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


BUILDS = [block for block in blocks_of("why.md") if not block.startswith("$ ")]
SHOWN = [
    block for name in ("why.md", "inspect.md") for block in blocks_of(name) if block[:2] == "$ "
]
REFUSED = ("No record of this URL",)


def command_of(block: str) -> tuple[list[str], str]:
    """The arguments of the command that a block begins with, and what it shows below it."""
    command, shown = re.match(r"(?:\$ )?(.*?[^\\])\n(.*)", block, re.DOTALL).groups()
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "c4forge"
    return arguments, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder in which the builds of the pages were run."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "sample").symlink_to(REPOSITORY / "sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for arguments, shown in map(command_of, [*BUILDS, *blocks_of("inspect.md")[:1]]):
            assert arguments[0] == "build" and not shown
            output = next(a.partition("=")[2] for a in arguments if a.startswith("--output="))
            others = [a for a in arguments[1:] if not a.startswith(("--output=", "--keep_work"))]
            run_stages(plan(output, *others))
    return folder


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: " ".join(block.split()[2:4]))
def test_a_block_prints_what_it_shows(folder, block, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    arguments, shown = command_of(block)
    code = main(arguments, "c4forge")
    said = capsys.readouterr().out
    assert said == shown, f"write in the docs\n{said}"
    assert code == (3 if any(text in said for text in REFUSED) else 0)
