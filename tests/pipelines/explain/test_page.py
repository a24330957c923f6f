"""docs/why.md: its commands print what it shows."""

import re
import shlex

import pytest

from c4forge.main import main
from tests.conftest import REPOSITORY
from tests.runs.runs import plan, run_stages

PAGE = REPOSITORY / "docs" / "why.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
PRETTY = " | python -m json.tool"


def command_of(block: str) -> tuple[list[str], str]:
    """The arguments of the command that a block begins with, and what it shows below it."""
    command, shown = re.match(r"(?:\$ )?(.*?[^\\])\n(.*)", block, re.DOTALL).groups()
    program, *arguments = shlex.split(command.replace("\\\n", " ").removesuffix(PRETTY))
    assert program == "c4forge"
    return arguments, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the page's build was run."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "sample").symlink_to(REPOSITORY / "sample")
    arguments, shown = command_of(BLOCKS[0])
    assert arguments[0] == "build" and not shown
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (output,) = [a.removeprefix("--output=") for a in arguments if a.startswith("--output=")]
        others = [a for a in arguments[1:] if not a.startswith(("--output=", "--keep_work"))]
        run_stages(plan(output, *others))
    return folder


@pytest.mark.parametrize("block", BLOCKS[1:], ids=lambda block: block.split()[3])
def test_a_block_prints_what_it_shows(folder, block, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    arguments, shown = command_of(block)
    code = main(arguments, "c4forge")
    said = capsys.readouterr().out
    if block.partition("\n")[0].endswith(PRETTY):
        import json

        said = json.dumps(json.loads(said), indent=4) + "\n"
    assert said == shown, f"docs/why.md: write\n{said}"
    assert code == (3 if "No record of this URL" in said else 0)
