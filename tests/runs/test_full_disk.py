"""A full disk, a real one of some kilobytes: a line says where and how much, nothing is lost."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import COMMAND, T5X
from tests.corpora.written import write_english
from tests.runs.runs import build, shard_bytes
from tests.vocab.small import small_model

UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec")


@pytest.fixture
def disk(tmp_path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = f"mount -t tmpfs none {shlex.quote(str(folder))}"
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, mount]).returncode:
        pytest.skip("needs a system that lets users mount a file system of their own")
    return folder


def run_twice(disk: Path, command: list[str]) -> tuple[str, str]:
    """What a command says on a disk of 48 kB, then on one that has become large, and the digests
    of its shards.
    """
    where, told = shlex.quote(str(disk)), shlex.quote(str(disk.parent / "told"))
    ended = subprocess.run(
        [*UNSHARE, f"mount -t tmpfs -o size=48k none {where}\n"
         f"if {shlex.join(command)} 2>{told}; then exit 9; else test $? = 1; fi\n"
         f"mount -o remount,size=64m {where}\n{shlex.join(command)} >/dev/null\n"
         f"cd {where}; find . -name '*-of-*' | LC_ALL=C sort | xargs sha256sum"],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    said = (disk.parent / "told").read_text()
    assert ended.returncode == 0, said + ended.stderr
    return said, ended.stdout


def check_line(said: str, folder: Path) -> None:
    *_, failed, kept = said.splitlines()
    assert re.match(
        rf"Failed: too little space on the disk of {re.escape(str(folder))}\S*: \S+ k?B free of "
        r"49\.2 kB\. The work still needs about \S+ [kM]?B there\. ",
        failed,
    ), said
    assert kept == "What is done is kept: the same command goes on from here."
    assert "Traceback" not in said


def test_a_build_says_where_and_how_much_and_goes_on(disk, sample, tmp_path):
    command = [*COMMAND, "build", f"--input={sample}", f"--output={disk}", "--num_workers=1"]
    said, digests = run_twice(disk, command)
    check_line(said, disk / "runs/en/work")
    assert build(tmp_path / "undisturbed", f"--input={sample}") == 0
    expected = shard_bytes(tmp_path / "undisturbed")
    assert digests.split() == [word for path, digest in sorted(expected.items())
                               for word in (digest, f"./{path}")]  # fmt: skip


@pytest.mark.slow
def test_tokens_say_where_and_how_much_and_go_on(disk, tmp_path):
    corpus = write_english(tmp_path, 400, shards=4)
    (tmp_path / "spiece.model").write_bytes(small_model("t5"))
    command = [*COMMAND, "tokenize", f"--corpus={corpus}", f"--vocab={tmp_path}",
               f"--output={disk}", "--num_workers=1"]  # fmt: skip
    said, digests = run_twice(disk, command)
    check_line(said, disk)
    assert len(digests.splitlines()) == 5  # one of validation


@pytest.mark.slow
def test_training_says_where_and_how_much(disk, small_corpus, small_vocabulary):
    pytest.importorskip("jax")
    command = [*T5X, "train", "--size=tiny", "--backend=ours", f"--corpus={small_corpus}",
               f"--vocab={small_vocabulary}", f"--model_dir={disk}", "--batch_size=4",
               "--inputs_length=32", "--steps=1", "--eval_period=0"]  # fmt: skip
    ended = subprocess.run(
        [*UNSHARE, f"mount -t tmpfs -o size=400k none {disk}\nexec {shlex.join(command)}"],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    *_, failed, kept = ended.stderr.splitlines()
    assert ended.returncode == 1, ended.stderr
    told = (
        f"could not be written, there is none before it: too little space on the disk of {disk}: "
    )
    assert failed.startswith(f"Failed: a checkpoint {told}")
    assert re.search(r"The work still needs about \S+ MB there\.", failed)
    assert kept.startswith("A run continues from its newest checkpoint")
