"""Every block of the README, pasted in order into an empty clone: what it makes is there.

What is installed there are these sources, and Common Crawl is a folder. `make` only says what it
would do, `t5x` only reads its options; the slow test installs everything and runs both.
"""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from c4forge.main import find_command
from tests.conftest import COMMAND, REPOSITORY
from tests.test_docs import OPTIONS

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PASTED = [block for block in BLOCKS if not block.startswith("$ ")]
TRANSCRIPTS = [block for block in BLOCKS if block.startswith("$ ")]
CRAWL = "CC-MAIN-2019-18"
MADE = (
    ".venv/bin/c4forge", "out/c4/en/3.1.0/dataset_info.json",
    "out/more/c4/webtextlike/3.1.0/config.json",
    "out/crawl/c4/en/3.1.0/dataset_info.json", "out/vocab/spiece.model", "out/vocab/inspect.json",
    "out/c4_tokens/en/3.1.0/shards.json",
)  # fmt: skip
CHECK = "import sys; from trainer.arguments import parse; parse(sys.argv[1:])"


@pytest.fixture
def clone(tmp_path) -> Path:
    """The files that git knows, and no others."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPOSITORY, text=True)
    folder = tmp_path / "clone"
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture
def crawl(tmp_path) -> Path:
    """A folder like Common Crawl's, whose crawl has the sample's files."""
    folder, names = tmp_path / "crawl", []
    for number, path in enumerate(sorted((REPOSITORY / "sample" / "wet").glob("*.gz"))):
        place = f"crawl-data/{CRAWL}/segments/1555578517558.8/wet"
        names.append(f"{place}/CC-MAIN-20190418101243-20190418123243-{number:05d}.warc.wet.gz")
        (folder / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / names[-1])
    listed = "".join(f"{name}\n" for name in names)
    (folder / f"crawl-data/{CRAWL}/wet.paths.gz").write_bytes(gzip.compress(listed.encode()))
    return folder


@pytest.fixture
def scripts(tmp_path, crawl) -> Path:
    """A folder of stand-ins: a virtual environment gets commands that are these sources."""
    folder = tmp_path / "scripts"
    installed = {
        "c4forge": f'[[ "$*" != *--crawl=* ]] || set -- "$@" --commoncrawl_url={crawl}\n'
        f'exec {shlex.join(COMMAND)} "$@" --num_workers=1',
        "t5x": '[[ $1 = train ]] || set -- "$@" --corpus=out/c4/en/3.1.0 --vocab=out/vocab\n'
        f"{shlex.join(['env', f'PYTHONPATH={REPOSITORY}', sys.executable, '-c', CHECK])} "
        '"$@"\n[[ $1 != train ]] || mkdir -p out/run/checkpoint_200',
    }
    installed["c4forge"] = installed["c4forge"].replace(
        " --num_workers=1", "$([[ $1 = status ]] || echo ' --num_workers=1')"
    )
    found = {
        "python3": '[ "$*" = "-m venv .venv" ]\nmkdir -p .venv/bin\n'
        'echo "PATH=$PWD/.venv/bin:$PATH" >.venv/bin/activate',
        "pip": '[[ $1 = install && ( $2 = . || $2 = ".[trainer]" ) ]]\n'
        f"cp {folder}/installed/* .venv/bin",
        "make": '/usr/bin/make --dry-run "$@"',
        **{f"installed/{name}": text for name, text in installed.items()},
    }
    for name, text in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/bash\nset -eu\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def paste(blocks: list[str], clone: Path, path: str) -> str:
    """What a shell says to the blocks, each line of which must end well."""
    ended = subprocess.run(
        ["bash", "-e"], input="\n".join(blocks), cwd=clone, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={"PATH": path, "HOME": str(clone.parent), "COLUMNS": "80"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def lacking(clone: Path) -> list[str]:
    return [name for name in MADE if not (clone / name).exists()]


def test_the_first_blocks_make_a_corpus_in_an_empty_clone(clone, scripts):
    said = paste(PASTED[:2], clone, f"{scripts}:/usr/bin:/bin")
    assert lacking(clone) == list(MADE[2:])
    assert "out/c4/en/3.1.0" in said and "WET files, " in said and "Traceback" not in said


def test_the_other_blocks_have_options_that_are_there():
    lines = "\n".join(PASTED).replace("\\\n", " ").splitlines()
    commands = [words for words in map(shlex.split, lines) if words[:1] == ["c4forge"]]
    assert len(commands) >= 8
    for _, *words in commands:
        row = find_command(words)
        assert row is not None, words
        line = import_module(OPTIONS.get(row.name, row.module)).command_line()
        assert line.read(words[len(row.name.split()) :]).errors == [], words


@pytest.mark.slow
def test_every_block_works_in_an_empty_clone(clone, scripts):
    said = paste(PASTED, clone, f"{scripts}:/usr/bin:/bin")
    assert lacking(clone) == []
    assert "t5x train --config=sample/tiny.toml" in said  # by make demo, which would run it


def test_only_the_transcript_needs_more_than_the_clone():
    (transcript,) = TRANSCRIPTS
    assert transcript.startswith("$ c4forge build ")
    assert not [block for block in PASTED if "../shared" in block]


@pytest.mark.slow
def test_the_transcript_is_what_the_command_says(shared_data, tmp_path):
    """The counts of real pages, in a terminal of 100 columns."""
    command, told = re.match(r"\$ (.*?[^\\])\n(.*)", TRANSCRIPTS[0], re.DOTALL).groups()
    refs = shared_data / "refs"
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    places = {"OpenWebText/": f"{refs}/webtext/", "wet/*.warc.wet.gz": f"{shared_data}/wet/*.gz"}
    for short, full in places.items():
        arguments = [argument.replace(short, full) for argument in arguments]
    ended = subprocess.run(
        [*COMMAND, *arguments, f"--realnews_domains={refs / 'domain_to_allowed_subdomains.json'}"],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[:36] == told.splitlines()[:36]


@pytest.mark.slow
def test_the_demo_installs_and_runs_in_an_empty_clone(clone):
    """With pip, from the index that it is set up for: minutes and gigabytes."""
    said = paste(["make demo"], clone, os.environ["PATH"])
    assert "Installing c4forge and its libraries into .venv: " in said
    assert re.search(r"^ +\d+ s +\d+M  \S", said, re.MULTILINE)
    assert max(map(len, re.findall(r"^ *\d+ s .*$", said, re.MULTILINE))) <= 80
    assert (clone / "out/demo/run/loss.png").is_file() and (clone / "out/demo/run/checkpoint_200")
    assert said.index("Made from sample/wet") < said.index("\nNext:\n")
