"""Commands start, and their workers import them, without Beam; it is told to keep quiet."""

import os
import subprocess
import sys

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


def test_without_google_cloud_beam_warns_of_nothing(tmp_path):
    """As where only c4forge itself is installed, without its extra gcp."""
    blocked = tmp_path / "blocked" / "apitools"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('not installed')")
    corpus = write_english(tmp_path, 200)
    vocab = tmp_path / "vocab"
    environment = os.environ | {"PYTHONPATH": str(blocked.parent)}
    for command in (
        [
            "vocab",
            "train",
            "--preset=tiny",
            "--size=250",
            f"--corpus={corpus}",
            f"--output={vocab}",
        ],
        ["vocab", "inspect", str(vocab), str(corpus)],
        ["tokenize", f"--corpus={corpus}", f"--vocab={vocab}", f"--output={tmp_path}"],
    ):
        ended = subprocess.run(
            [*COMMAND, *command],
            cwd=REPOSITORY, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert "apitools" not in ended.stdout + ended.stderr
