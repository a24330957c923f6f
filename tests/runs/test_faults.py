"""Runs that meet what long ones meet: a second run, SIGTERM, a full disk, a clock set back."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import status
from pipelines.run.progress import WeightedProgress
from runtime.storage.checked import read_checked, write_checked
from runtime.storage.locks import WorkFolderInUse, hold_folder, holder
from tests.conftest import REPOSITORY
from tests.limits import with_files_of_at_most
from tests.runs.runs import build, shard_bytes, split_wet

FILES = 8


@pytest.fixture(scope="module")
def wet(tmp_path_factory, sample) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "wet"
    split_wet(sorted(Path(sample).parent.glob("*.gz")), folder, FILES)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, wet) -> dict[str, str]:
    output = tmp_path_factory.mktemp("undisturbed")
    assert build(output, f"--input={wet}") == 0
    return shard_bytes(output)


def start(output: Path, wet: Path, largest_file: int = 1 << 50) -> subprocess.Popen:
    """The command in a process of its own, with one worker."""
    command = [sys.executable, "beam_runner.py", f"--input={wet}", f"--output={output}"]
    return subprocess.Popen(
        with_files_of_at_most(largest_file, [*command, "--num_workers=1"]),
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_receipts(process: subprocess.Popen, output: Path, count: int) -> None:
    while len(list(output.glob("runs/en/work/*/clean/*.receipt.json"))) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def status_of(folder: Path, capsys) -> str:
    capsys.readouterr()
    assert status.main([str(folder)]) == 0
    return capsys.readouterr().out


def test_a_second_run_is_refused_and_told_of_the_first(tmp_path, wet, undisturbed, capsys):
    process = start(tmp_path, wet)
    wait_for_receipts(process, tmp_path, 1)
    process.send_signal(signal.SIGSTOP)
    try:
        assert build(tmp_path, f"--input={wet}") == 2
        said = capsys.readouterr().err
        assert f"process {process.pid} on " in said and "--num_workers=1" in said
        assert "running: process" in status_of(tmp_path, capsys)
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert shard_bytes(tmp_path) == undisturbed


def test_sigterm_ends_after_the_task_under_way_and_the_run_goes_on(
    tmp_path, wet, undisturbed, capsys
):
    process = start(tmp_path, wet)
    wait_for_receipts(process, tmp_path, 2)
    process.terminate()
    said = process.communicate()[1]
    assert process.returncode == 143
    assert "ending after the running tasks" in said and "the same command goes on" in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("**/*.tmp-*"))
    assert holder(str(tmp_path / "runs/en/work")) is None
    told = status_of(tmp_path, capsys)
    assert "not running: it was stopped or died" in told
    assert "the same command goes on" in told
    assert build(tmp_path, f"--input={wet}") == 0
    assert "done by an earlier run" in capsys.readouterr().err
    assert shard_bytes(tmp_path) == undisturbed
    assert "en: done" in status_of(tmp_path, capsys)


def test_a_run_that_was_killed_is_told_from_one_that_goes_on(tmp_path, wet, capsys):
    process = start(tmp_path, wet)
    wait_for_receipts(process, tmp_path, 1)
    process.kill()
    process.communicate()
    for folder in (tmp_path, tmp_path / "runs/en", tmp_path / "runs/en/work"):
        told = status_of(folder, capsys)
        assert f"en (tfds-3.1.0), {FILES} WET files" in told
        assert "not running" in told and f"  {FILES}  parts    reading and cleaning" in told


def test_a_full_disk_ends_the_run_in_a_line_and_costs_nothing(tmp_path, wet, undisturbed):
    """Files that may not grow stand for a disk that is full: the same writes fail."""
    process = start(tmp_path, wet, largest_file=6_000)
    said = process.communicate()[1]
    assert process.returncode == 1, said
    assert "Failed: OSError: [Errno 27] File too large" in said
    assert "the same command goes on from here" in said and "Traceback" not in said
    assert not list(tmp_path.glob("c4*/en/3.1.0")) and not list(tmp_path.glob("**/*.tmp-*"))
    assert build(tmp_path, f"--input={wet}") == 0
    assert shard_bytes(tmp_path) == undisturbed


def test_a_dataset_of_another_configuration_is_kept_unless_told(tmp_path, wet, capsys):
    assert build(tmp_path, f"--input={wet}") == 0
    before = shard_bytes(tmp_path)
    one_file = f"--input={sorted(wet.iterdir())[0]}"
    assert build(tmp_path, one_file) == 2
    assert "c4/en/3.1.0 holds a dataset of another input" in capsys.readouterr().err
    assert shard_bytes(tmp_path) == before
    assert build(tmp_path, one_file, "--overwrite") == 0
    assert shard_bytes(tmp_path) != before


def test_a_folder_that_is_no_dataset_of_ours_is_kept(tmp_path, wet, capsys):
    (tmp_path / "c4/en/3.1.0").mkdir(parents=True)
    (tmp_path / "c4/en/3.1.0/precious").write_text("")
    assert build(tmp_path, f"--input={wet}") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert build(tmp_path, f"--input={wet}", "--overwrite") == 2
    assert "did not make: " in capsys.readouterr().err
    assert (tmp_path / "c4/en/3.1.0/precious").exists()


def test_a_folder_is_held_until_its_holder_ends_however_it_ends(tmp_path):
    code = (
        "import sys, time; from runtime.storage.locks import hold_folder\n"
        f"with hold_folder({str(tmp_path)!r}): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with (
        pytest.raises(WorkFolderInUse, match=f"process {process.pid} on "),
        hold_folder(str(tmp_path)),
    ):
        pass
    process.kill()
    process.communicate()
    assert holder(str(tmp_path)) is None
    with hold_folder(str(tmp_path)):
        assert holder(str(tmp_path)).pid == os.getpid()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folder", ["", "empty"])
def test_a_folder_without_a_run_is_named(tmp_path, folder, capsys):
    (tmp_path / "empty").mkdir()
    assert status.main([str(tmp_path / folder)]) == 2
    assert "no run there" in capsys.readouterr().err


def test_a_state_that_is_not_whole_is_said_to_be_so(tmp_path, capsys):
    (tmp_path / "run.json").write_text('{"started":')
    assert "cannot be read" in status_of(tmp_path, capsys)


def test_a_clock_that_was_set_back_gives_no_time_left(tmp_path, wet, capsys):
    advance = WeightedProgress({"clean": 2}, {0: 5, 1: 5})
    advance.add("clean", 0)
    assert advance.seconds_left(10.0, 0.0) == 10.0
    assert advance.seconds_left(-3600.0, 0.0) is None
    process = start(tmp_path, wet)
    wait_for_receipts(process, tmp_path, 1)
    process.send_signal(signal.SIGSTOP)
    state = tmp_path / "runs/en/work/run.json"
    values = json.loads(read_checked(str(state)))
    later = json.dumps(values | {"started": time.time() + 3600})
    write_checked(str(state), later.encode())
    told = status_of(tmp_path, capsys)
    process.send_signal(signal.SIGCONT)
    assert "time left not known yet" in told and "pages/s" not in told
    assert process.wait() == 0
