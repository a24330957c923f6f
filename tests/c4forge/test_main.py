"""The console scripts: their tables, what is wrong told fast, versions, a missing extra."""

import json
import os
import platform
import re
import subprocess
import tomllib
from importlib import metadata

import pytest

from c4forge.main import COMMANDS, find_command, main
from tests.conftest import COMMAND, REPOSITORY, T5X
from trainer.arguments import COMMANDS as T5X_COMMANDS

FRAMEWORKS = ("apache_beam", "tensorflow", "jax", "torch")


def run(*command: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd="/", **more)


def test_help_is_a_table_of_commands_in_80_columns(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr()
    assert not told.err and max(map(len, told.out.splitlines())) <= 80
    for row in COMMANDS.values():
        assert re.search(rf"^  {row.name} +{re.escape(row.meaning)}$", told.out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help_under_its_name_in_80_columns(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0 and text.startswith(f"usage: c4forge {name} ")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["biuld"], "unknown command 'biuld'; choose from build, "),
        (["biuld"], "did you mean 'build'?"),
        (["vocab"], "unknown command 'vocab'; choose from"),
        (["vocab", "trian"], "did you mean 'vocab train'?"),
        (["--varient=en"], "unknown command '--varient=en'"),
        ([], "usage: c4forge COMMAND"),
    ],
)
def test_what_is_no_command_is_told_with_those_that_there_are(arguments, said, capsys):
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_command_may_have_two_words():
    assert find_command(["vocab", "train", "--x"]) is COMMANDS["vocab train"]
    assert find_command(["vocab", "--x"]) is find_command([]) is None


def test_the_scripts_of_the_package_are_there():
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"c4forge": "c4forge.main:main", "t5x": "c4forge.t5x:main"}


@pytest.mark.parametrize("script", [COMMAND, T5X], ids=["c4forge", "t5x"])
def test_the_version_is_told(script):
    ended = run(*script, "--version")
    program, versions = ended.stdout.split("\n", 1)
    assert (ended.returncode, program.split()[-1]) == (0, metadata.version("c4forge"))
    assert f"Python {platform.python_version()}" in versions and "numpy " in versions


WRONG = [
    (COMMAND, ["build", "--varient=en", "--shards=x"], ("--variant?", "--shards=x: ", "--output")),
    (COMMAND, ["build", "--input=x", "--output=y", "--projekt=p"], ("did you mean --project?",)),
    (COMMAND, ["build", "--variant=webtext", "--input=x", "--output=y"], ("--webtext_urls",)),
    (
        COMMAND,
        [
            "build",
            "--variant=all",
            "--input=/x",
            "--webtext_urls=/u",
            "--badwords_dir=/b",
            "--realnews_domains=/r",
            "--lid_model=/l",
            "--output=y",
        ],
        (
            "--input=/x: ",
            "--webtext_urls=/u: ",
            "--badwords_dir=/b: ",
            "--realnews_domains=/r: ",
            "--lid_model is for",
        ),
    ),
    (COMMAND, ["tokenize", "--corpus=/x", "--vocab=/y", "--output=z"], ("--corpus=/x: ", " /y: ")),
    (COMMAND, ["vocab", "inspect", "/x", "/y"], (" /x: ", "CORPUS=/y: ")),
    (COMMAND, ["webtext-urls", "/x", "/y", "--output=z"], ("DUMP=/x: ", "DUMP=/y: ")),
    (
        COMMAND,
        ["tokenize", "--format=t"],
        ("--corpus is", "--vocab is", "choose from tf"),
    ),
    (COMMAND, ["vocab", "train", "--size=2", "--threads=0"], ("--corpus is", "--size=2", "--thre")),
    (COMMAND, ["vocab", "inspect"], ("MODEL is required", "CORPUS is required")),
    (COMMAND, ["webtext-urls", "--min=3"], ("DUMP is required", "--output is", "--min_score?")),
    (COMMAND, ["status"], ("DIR is required",)),
    (COMMAND, ["fetch-lists"], ("DIR is required",)),
    (T5X, ["train", "--sizes=base", "--steps=0"], ("did you mean --size?", "--steps=0", "--vocab")),
    (
        T5X,
        ["eval", "--size=bass"],
        ("'base'?", "--corpus or --task: expected", "--model_dir: expected"),
    ),
]


@pytest.mark.parametrize(("script", "arguments", "said"), WRONG, ids=lambda value: str(value)[-40:])
def test_all_that_is_wrong_is_told_without_a_framework(script, arguments, said):
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    ended = run(*script, *arguments, env=environment)
    assert ended.returncode == 2, ended.stderr
    told = ended.stderr.splitlines()
    imported = [line.split("|")[-1].strip() for line in told if line.startswith("import time:")]
    assert "runtime.command" in imported and not set(FRAMEWORKS) & set(imported)
    lines = [line for line in told if not line.startswith("import time:")]
    assert lines[-1] == "Nothing was done. --help lists all options."
    assert all(": error: " in line for line in lines[:-1])
    for part in said:
        assert sum(part in line for line in lines) == 1, lines


@pytest.mark.parametrize("row", COMMANDS.values(), ids=lambda row: row.name)
def test_a_command_is_imported_without_a_framework(row):
    code = f"import {row.module}, sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(run(COMMAND[0], "-c", code, env={"PYTHONPATH": str(REPOSITORY)}).stdout)
    assert not set(FRAMEWORKS) & set(loaded)


def test_a_missing_extra_is_told_with_what_installs_it(tmp_path):
    blocked = "import sys; sys.modules['jax'] = sys.modules['tensorflow'] = None; "
    code = blocked + T5X[-1]
    ended = run(*T5X[:-1], code, "info")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == (
        "t5x info: error: tensorflow is not installed; pip install 'c4forge[trainer]'"
    )


@pytest.mark.parametrize("arguments", [[], *([name, "--help"] for name in T5X_COMMANDS)], ids=str)
def test_help_of_the_trainer_has_80_columns(arguments):
    ended = run(*T5X, *arguments, env=os.environ | {"COLUMNS": "80"})
    assert ended.returncode == (0 if arguments else 2)
    text = ended.stdout + ended.stderr
    assert text.startswith("usage: t5x ") and max(map(len, text.splitlines())) <= 80
    if arguments[:1] == ["train"]:
        words = " ".join(text.split())
        assert words.count("; required") == 2 and words.count("; this or --task is required") == 1


def test_beam_runner_tells_the_version():
    ended = run(COMMAND[0], str(REPOSITORY / "beam_runner.py"), "--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"c4forge {metadata.version('c4forge')}\n")


def test_beam_runner_takes_the_options_of_build_from_any_folder():
    ended = run(COMMAND[0], str(REPOSITORY / "beam_runner.py"), "--varient=en")
    assert ended.returncode == 2
    assert "beam_runner.py: error: unknown option --varient; did you mean" in ended.stderr
    ended = run(COMMAND[0], str(REPOSITORY / "beam_runner.py"), "--help")
    assert ended.stdout.startswith("usage: beam_runner.py [--option=value ...]")
