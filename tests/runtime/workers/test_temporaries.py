import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import COMMAND, REPOSITORY

SLEEPER = """
import multiprocessing, sys, tempfile, time
from runtime.workers.pool import close_pool, open_pool
from runtime.workers.temporaries import own_temporaries
if __name__ == "__main__":
    own_temporaries()
    tempfile.mkdtemp(prefix="beam-temp")
    pool = open_pool(1, "runtime.errors")
    pool.submit(abs, -1).result()
    print("working", flush=True)
    time.sleep(float(sys.argv[1]))
    close_pool()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder with a short path: it is the start of those of sockets."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        yield Path(name)


def start(folder: Path, script: Path, seconds: float) -> subprocess.Popen:
    script.write_text(SLEEPER)
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, script, str(seconds)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "working\n"
    return process


def run(folder: Path) -> None:
    environment = os.environ | {"TMPDIR": str(folder)}
    subprocess.run([*COMMAND, "--version"], env=environment, check=True, capture_output=True)


def test_what_a_killed_process_left_is_removed_by_the_next_and_nothing_else(folder, tmp_path):
    killed, working = (start(folder, tmp_path / "sleeper.py", 60) for _ in range(2))
    killed.kill()
    killed.wait()
    left = {path.name for path in folder.iterdir()}
    assert len(left) == 2 and all(name.startswith("c4forge-tmp-") for name in left)
    assert [len(list(path.iterdir())) for path in folder.iterdir()] == [2, 2]  # Beam's, the pool's
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    (foreign / "mine").write_text("")
    (folder / "c4forge-tmp-12345678").symlink_to(foreign)
    (folder / "c4forge-tmp-abcdefgh").mkdir(mode=0o755)
    (folder / "c4forge-tmp-abcdefghi").mkdir(mode=0o700)
    for _ in range(50):  # the workers of the killed process take a moment to end
        run(folder)
        own = {path.name for path in folder.iterdir()} & left
        if len(own) == 1:
            break
        time.sleep(0.1)
    assert len(own) == 1
    assert {path.name for path in folder.iterdir()} - own == {
        "c4forge-tmp-12345678", "c4forge-tmp-abcdefgh", "c4forge-tmp-abcdefghi",
    }  # fmt: skip
    assert (foreign / "mine").exists()
    working.kill()
    working.wait()


def test_a_process_that_ends_leaves_nothing(folder, tmp_path):
    assert start(folder, tmp_path / "sleeper.py", 0).wait() == 0
    assert list(folder.iterdir()) == []


def test_a_command_that_a_command_starts_has_its_folder_beside(folder):
    code = (
        "import subprocess, sys, tempfile\n"
        "from runtime.workers.temporaries import own_temporaries\n"
        "own_temporaries(), own_temporaries()\n"
        "print(tempfile.gettempdir(), flush=True)\n"
        "if sys.argv[1:]: subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    )
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code, code]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    first, second = map(Path, told.stdout.splitlines())
    assert first != second and {first.parent, second.parent} == {folder}
    assert list(folder.iterdir()) == []


def test_where_no_folder_can_be_made_the_command_goes_on(tmp_path):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    run(long)
    assert list(long.iterdir()) == []
