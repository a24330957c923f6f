"""A run that is killed goes on where it was, and gives the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.runs.runs import build, read_report, shard_bytes, split_wet

FILES = 12


@pytest.fixture(scope="module")
def wet(tmp_path_factory, sample) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "wet"
    split_wet(sorted(Path(sample).parent.glob("*.gz")), folder, FILES)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, wet, all_variants) -> dict[str, str]:
    output = tmp_path_factory.mktemp("undisturbed")
    assert build(output, f"--input={wet}", "--shards=2", "--keep_dropped=2", *all_variants) == 0
    return shard_bytes(output)


def start(output: Path, wet: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "beam_runner.py", f"--input={wet}", f"--output={output}"]
    return subprocess.Popen(
        [*command, "--shards=2", "--num_workers=2", "--keep_dropped=2", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def whole_tasks(output: Path) -> dict[Path, int]:
    """Receipts of tasks that are whole, with the time they were written."""
    found = {}
    for folder, _, names in os.walk(output):  # which takes folders that vanish meanwhile
        for name in names:
            path = Path(folder, name)
            if name.endswith(".receipt.json"):
                with suppress(FileNotFoundError):
                    found[path] = path.stat().st_mtime_ns
    return found


def kill_after(process: subprocess.Popen, output: Path, receipts: int) -> None:
    """SIGKILL to the whole process group once so many tasks are whole (or the run has ended)."""
    while process.poll() is None and len(whole_tasks(output)) < receipts:
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_run_killed_again_and_again_finishes_with_the_same_bytes(
    tmp_path, wet, undisturbed, all_variants
):
    """One output of every variant, killed at ten points; whole tasks are never done again."""
    kept: dict[Path, int] = {}
    for receipts in (0, 1, 4, 8, FILES, FILES + 2, FILES + 5, 2 * FILES, 3 * FILES, 3 * FILES + 8):
        process = start(tmp_path, wet, *all_variants)
        kill_after(process, tmp_path, receipts)
        now = whole_tasks(tmp_path)
        staged = any("receipts" in path.parts for path in kept)
        assert staged or all(now.get(path) == time for path, time in kept.items())
        kept = now
    process = start(tmp_path, wet, *all_variants)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert "done by an earlier run" in said or "Complete already" in said
    assert shard_bytes(tmp_path) == undisturbed
    left = [path.name for path in tmp_path.glob("**/*") if ".tmp-" in path.name]
    assert not left


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_run_killed_at_a_random_moment_finishes_with_the_same_bytes(
    tmp_path, wet, undisturbed, all_variants, seed
):
    moments = random.Random(seed)
    for _ in range(2):
        process = start(tmp_path, wet, *all_variants)
        time.sleep(moments.uniform(0.3, 6.0))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = start(tmp_path, wet, *all_variants)
    assert process.wait() == 0
    assert shard_bytes(tmp_path) == undisturbed


def test_a_changed_configuration_reuses_nothing_stale(tmp_path, wet):
    """Killed with one word list, gone on with another: as if the other had run alone."""
    words = tmp_path / "words"
    words.mkdir()
    (words / "en").write_text("slates\ngarden\n")
    output = tmp_path / "out"
    kill_after(start(output, wet), output, 3 * FILES)
    changed = [f"--input={wet}", f"--badwords_dir={words}", "--shards=2"]
    assert build(output, *changed) == 0
    assert build(tmp_path / "alone", *changed) == 0
    assert shard_bytes(output) == shard_bytes(tmp_path / "alone")
    assert read_report(output, run="c4_custom.en") == {
        **read_report(tmp_path / "alone", run="c4_custom.en"),
        "dataset": str(output / "c4_custom/en/1.0.0"),
    }


def test_a_changed_input_file_is_cleaned_anew(tmp_path, wet):
    folder = tmp_path / "wet"
    folder.mkdir()
    for path in wet.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    output = tmp_path / "out"
    kill_after(start(output, folder), output, FILES)
    first, second = sorted(folder.iterdir())[:2]
    first.write_bytes(second.read_bytes())
    assert build(output, f"--input={folder}", "--shards=2") == 0
    assert build(tmp_path / "alone", f"--input={folder}", "--shards=2") == 0
    assert shard_bytes(output) == shard_bytes(tmp_path / "alone")


def test_a_worker_that_dies_fails_the_run_in_a_line(tmp_path, wet):
    process = start(tmp_path, wet)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("needs /proc to find a worker")
    worker = None
    while process.poll() is None and worker is None:
        for child in children.read_text().split():
            grandchildren = Path(f"/proc/{child}/task/{child}/children")
            if grandchildren.exists():
                worker = next(iter(grandchildren.read_text().split()), None)
        time.sleep(0.002)
    assert worker is not None
    os.kill(int(worker), signal.SIGKILL)
    said = process.communicate()[1]
    assert process.returncode == 1, said
    assert "Failed: " in said and "the same command goes on" in said
    assert "Traceback" not in said
