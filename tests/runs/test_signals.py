"""Ctrl-C in a terminal goes to the whole process group: one line, exit 130, and the run goes on."""

import gzip
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import COMMAND, T5X
from tests.corpora.written import write_english
from tests.runs.runs import build, shard_bytes, split_wet
from tests.vocab.small import small_model

FILES = 8


def start(*command: str) -> subprocess.Popen[str]:
    """A command that leads a process group."""
    return subprocess.Popen(
        command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def interrupt(
    process: subprocess.Popen[str], when: Callable[[], object], number: int = signal.SIGINT
) -> None:
    """Sends the signal to the group once it is time; checks the code and what everybody says."""
    while not when():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    os.killpg(process.pid, number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said and "Error" not in said
    assert said.count("Stopped.") == 1 and said.rstrip().splitlines()[-1].startswith("Stopped. ")


def after(seconds: float) -> Callable[[], bool]:
    began = time.monotonic()
    return lambda: time.monotonic() - began > seconds


def has_loaded(process: subprocess.Popen[str], library: str) -> Callable[[], bool]:
    """True once the process has a compiled module of the library in its memory."""
    return lambda: f"/{library}/" in Path(f"/proc/{process.pid}/maps").read_text()


def workers(process: subprocess.Popen[str]) -> Callable[[], bool]:
    """True once the fork server of the process has a child."""

    def found() -> bool:
        return any(_children(child) for child in _children(process.pid))

    return found


def _children(pid: int) -> Sequence[int]:
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@pytest.fixture(scope="module")
def wet(tmp_path_factory, sample) -> Path:
    folder = tmp_path_factory.mktemp("signals") / "wet"
    split_wet(sorted(Path(sample).parent.glob("*.gz")), folder, FILES)
    return folder


def test_a_build_that_is_interrupted_at_any_moment_goes_on(tmp_path, wet):
    output = tmp_path / "out"
    command = [*COMMAND, "build", f"--input={wet}", f"--output={output}", "--num_workers=2"]

    def receipts(stage: str, count: int) -> Callable[[], bool]:
        return lambda: len([*output.glob(f"runs/en/work/*/{stage}/*.receipt.json")]) >= count

    process = start(*command)
    interrupt(process, has_loaded(process, "numpy"))
    interrupt(start(*command), after(1))
    process = start(*command)
    interrupt(process, workers(process))
    for stage, count in (("clean", 1), ("lines", 1)):
        interrupt(start(*command), receipts(stage, count))
    assert build(output, f"--input={wet}") == 0
    assert not [path for path in output.glob("**/*") if ".tmp-" in path.name]
    assert build(tmp_path / "undisturbed", f"--input={wet}") == 0
    assert shard_bytes(output) == shard_bytes(tmp_path / "undisturbed")


def test_making_a_vocabulary_and_tokens_is_interrupted(tmp_path):
    corpus = write_english(tmp_path, 3000, shards=4)
    train = [*COMMAND, "vocab", "train", f"--corpus={corpus}", f"--output={tmp_path / 'v'}",
             "--size=700", "--num_workers=1"]  # fmt: skip
    process = start(*train)
    interrupt(process, has_loaded(process, "numpy"))
    interrupt(start(*train), lambda: (tmp_path / "v/c4forge-work").exists())
    process = start(*train)
    interrupt(process, workers(process))
    (tmp_path / "spiece.model").write_bytes(small_model("t5"))
    tokenize = [*COMMAND, "tokenize", f"--corpus={corpus}", f"--vocab={tmp_path}",
                f"--output={tmp_path / 't'}", "--num_workers=1"]  # fmt: skip
    process = start(*tokenize)
    interrupt(process, has_loaded(process, "numpy"))
    interrupt(start(*tokenize), lambda: [*tmp_path.glob("t/**/*.receipt.json")])
    ended = subprocess.run(tokenize, capture_output=True, text=True, cwd="/")
    assert ended.returncode == 0 and "done by an earlier run" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_url_list_is_stopped_at_once_and_leaves_nothing(tmp_path, number):
    row = json.dumps({"is_self": False, "score": 3, "url": "http://a.example/page"}) + "\n"
    (tmp_path / "RS_1").write_text(row)
    minutes = gzip.compress(row.encode() * 100_000) * 200
    (tmp_path / "RS_2").write_bytes(minutes)
    process = start(*COMMAND, "webtext-urls", f"--output={tmp_path / 'out' / 'urls.txt'}",
                    *map(str, (tmp_path / "RS_1", tmp_path / "RS_2")))  # fmt: skip
    time.sleep(0.1)
    while not [*tmp_path.glob("out/urls.txt.tmp-*/*.links")]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    if number == signal.SIGINT:
        interrupt(process, after(0))
    else:
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 143 and said.endswith("Stopped. Nothing was written.\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == []


def test_training_is_interrupted_while_it_starts_and_while_it_compiles(
    tmp_path, small_corpus, small_vocabulary
):
    pytest.importorskip("jax")
    starts = ("numpy", signal.SIGINT), ("jaxlib", signal.SIGINT), ("jaxlib", signal.SIGTERM)
    command = [*T5X, "train", "--size=tiny", "--backend=ours", f"--corpus={small_corpus}",
               f"--vocab={small_vocabulary}", f"--model_dir={tmp_path / 'run'}", "--batch_size=4",
               "--inputs_length=64"]  # fmt: skip
    for library, number in starts:
        process = start(*command)
        interrupt(process, has_loaded(process, library), number)
    interrupt(start(*command), lambda: (tmp_path / "run" / "config.json").exists())


@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_a_run_goes_on_when_nobody_reads_what_it_says(tmp_path, sample, gone):
    process = start(*COMMAND, "build", f"--input={sample}", f"--output={tmp_path}", "--max_files=1")
    getattr(process, gone).close()  # as after `| head`
    setattr(process, gone, None)
    said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in str(said) and "Error" not in str(said)
    assert (tmp_path / "runs/en/report.json").exists() and not (tmp_path / "runs/en/work").exists()
