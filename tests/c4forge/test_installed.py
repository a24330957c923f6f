"""The installed package in a folder that has modules of the same names as it and its libraries."""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

DECOYS = ("random", "json", "tempfile", "cleaning", "corpora", "pipelines", "runtime", "trainer",
          "vocab", "c4forge", "numpy")  # fmt: skip


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """The folder of scripts of an environment that has the package itself, no link to here.

    Its libraries are those of this environment.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "libraries.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]:
        shutil.copytree(REPOSITORY / pattern.rstrip("*"), packages / pattern.rstrip("*"))
    for name, entry in project["project"]["scripts"].items():
        module, function = entry.split(":")
        (folder / "bin" / name).write_text(
            f"#!{folder / 'bin' / 'python'}\nimport sys\nfrom {module} import {function}\n"
            f"if __name__ == '__main__':\n    sys.exit({function}())\n"
        )
        (folder / "bin" / name).chmod(0o755)
    return folder / "bin"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder whose modules leave a mark where they are imported."""
    for name in DECOYS:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'imported')!r}, 'a').write(__name__ + ' ')\nraise ImportError\n"
        )
    return tmp_path


def run(command: Path, *arguments: str, cwd: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    ended = subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr


def test_nothing_of_the_current_folder_is_imported(scripts, folder, sample):
    command = scripts / "c4forge"
    run(command, "build", f"--input={sample}", "--output=out", "--num_workers=1", cwd=folder)
    run(command, "status", "out", cwd=folder)
    corpus = "--corpus=out/c4/en/3.1.0"
    run(command, "vocab", "train", "--preset=tiny", "--size=250", corpus, "--output=v", cwd=folder)
    run(scripts / "t5x", "--help", cwd=folder)
    assert not (folder / "imported").exists(), (folder / "imported").read_text()


def test_beam_runner_imports_nothing_of_the_current_folder(folder, sample):
    script = REPOSITORY / "beam_runner.py"
    run(Path(sys.executable), str(script), f"--input={sample}", "--output=out", cwd=folder)
    assert not (folder / "imported").exists(), (folder / "imported").read_text()
