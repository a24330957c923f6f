"""Commands start, and their workers import them, without Beam; it is told to keep quiet."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import COMMAND, REPOSITORY
from tests.corpora.written import write_english

COMMANDS = (
    "beam_runner", "pipelines.main", "pipelines.tokenize", "pipelines.status", "vocab.train",
    "vocab.inspect", "trainer.main",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_imported_without_beam(command):
    code = f"import {command}, sys; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0


def run_without(package: str, folder: Path, *arguments: str) -> str:
    """Runs a command where importing a package fails; what it said."""
    blocked = folder / "blocked" / package
    blocked.mkdir(parents=True, exist_ok=True)
    (blocked / "__init__.py").write_text("raise ImportError('not installed')")
    environment = os.environ | {"PYTHONPATH": str(blocked.parent)}
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def test_on_this_machine_commands_run_without_beam(tmp_path, sample):
    corpus, vocab = write_english(tmp_path, 200), str(tmp_path / "vocab")
    recipe = ("--preset=tiny", "--size=250", f"--corpus={corpus}", f"--output={vocab}")
    for command in (
        ["build", f"--input={sample}", f"--output={tmp_path / 'out'}"],
        ["vocab", "train", *recipe],
        ["vocab", "inspect", vocab, str(corpus)],
        ["tokenize", f"--corpus={corpus}", f"--vocab={vocab}", f"--output={tmp_path}"],
    ):
        run_without("apache_beam", tmp_path, *command)


def test_without_google_cloud_beam_warns_of_nothing(tmp_path, sample):
    """As where only c4forge itself is installed, without its extra gcp."""
    build = ("build", f"--input={sample}", f"--output={tmp_path / 'out'}", "--job_name=beam")
    assert "apitools" not in run_without("apitools", tmp_path, *build)
