"""Damaged files through the whole command: each damage is listed, everything else comes through."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cleaning.wet.wet_files import member, record
from tests.conftest import REPOSITORY
from tests.runs.runs import build, read_jsonl, read_malformed, read_report, shard_bytes

TOLERANT = (
    "--format=tfrecord,jsonl",
    "--max_malformed_fraction=1",
    "--max_unreachable_fraction=1",
)
PLACES = ("ferry", "harbour", "orchard", "windmill", "library", "quarry", "market", "chapel")


def page(number: int, **options: object) -> bytes:
    """A page of English that every rule keeps, unlike that of any other number."""
    place, other = PLACES[number % 8], PLACES[number // 8 % 8]
    text = (
        f"The {place} near the {other} was opened again in the spring of {1900 + number}.\n"
        f"People beside the {place} say that the {other} has been quiet for {number} years.\n"
        f"Nobody remembers why the {other} was ever closed, but the {place} kept letter {number}.\n"
    )
    return record(f"http://site.example/{number}", text, **options)  # type: ignore[arg-type]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


GOOD = [member(page(number)) for number in range(6)]
BIG = record("http://site.example/big", b"x" * (200 << 20))
BOMB = member(bytes(1 << 28), level=9)

DAMAGE = {
    "an undecodable byte": (member(record("http://site.example/bad", b"A b\xffd.\n")), "not UTF-8"),
    "a Content-Length too small": (member(page(90, length=17)), "Content-Length 17"),
    "a Content-Length too large": (member(page(91, length=9999)), "Content-Length 9999"),
    "no Content-Length": (member(page(92, length="")), "Content-Length"),
    "a corrupt member": (flipped(member(page(93)), 200), "gzip member"),
    "bytes between members": (b"no gzip here at all", "gzip member"),
    "a record of 200 MB": (member(BIG, level=1), "16 MiB"),
    "a gzip bomb": (BOMB, "200-fold"),
    "a record of a WARC file": (member(page(94, kind="response")), "'response'"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_listed_and_the_rest_of_the_file_comes_through(tmp_path, name):
    data, reason = DAMAGE[name]
    path = tmp_path / "wet" / "a.warc.wet.gz"
    path.parent.mkdir()
    path.write_bytes(b"".join([*GOOD[:3], data, *GOOD[3:]]))
    assert build(tmp_path / "out", f"--input={path}", *TOLERANT) == 0
    urls = {document["url"] for document in read_jsonl(tmp_path / "out")}
    assert urls == {f"http://site.example/{number}" for number in range(6)}
    malformed = read_malformed(tmp_path / "out")
    counts = read_report(tmp_path / "out")["counts"]
    assert counts["split-wet-file/filtered:malformed"] == len(malformed) == 1
    (row,) = malformed
    assert (row["file"], row["offset"]) == (str(path), sum(map(len, GOOD[:3])))
    assert reason in row["reason"]


@pytest.mark.parametrize(
    ("data", "documents", "reason"),
    [
        (b"", 0, "empty file"),
        (b"hello, this is no WET file\n", 0, "outside any record"),
        (b"".join(GOOD)[:-40], 5, "truncated gzip member"),
        (gzip.compress(b"".join(map(page, range(6))))[:-40], 5, "truncated gzip member"),
        (b"".join(map(page, range(6)))[:-40], 5, "cut off by the end of the file"),
    ],
    ids=["empty", "text", "cut gzip", "cut gzip of one member", "cut plain"],
)
def test_a_file_that_ends_too_soon_or_is_none_is_listed(tmp_path, data, documents, reason):
    path = tmp_path / "a.warc.wet"
    path.write_bytes(data)
    whole = tmp_path / "b.warc.wet.gz"
    whole.write_bytes(member(page(50)))
    inputs = (f"--input={path}", f"--input={whole}")
    assert build(tmp_path / "out", *inputs, *TOLERANT) == 0
    assert len(read_jsonl(tmp_path / "out")) == documents + 1
    (row,) = read_malformed(tmp_path / "out")
    assert row["file"] == str(path) and reason in row["reason"]


def test_the_same_damage_fails_a_run_that_allows_none(tmp_path, capfd):
    path = tmp_path / "a.warc.wet.gz"
    path.write_bytes(b"".join(GOOD[:5]) + flipped(GOOD[5], 150))
    strict = ("--format=jsonl", "--max_malformed_fraction=0")
    assert build(tmp_path / "out", f"--input={path}", *strict) == 3
    assert "1 of 6 records (16.67%)" in capfd.readouterr().err


def test_plain_and_gzip_of_the_same_records_give_the_same_bytes(tmp_path):
    records = list(map(page, range(40)))
    layouts = {
        "plain.warc.wet": b"".join(records),
        "each.warc.wet.gz": b"".join(map(member, records)),
        "one.warc.wet.gz": gzip.compress(b"".join(records)),
    }
    found = []
    for name, data in layouts.items():
        (tmp_path / name).write_bytes(data)
        assert build(tmp_path / f"out-{name}", f"--input={tmp_path / name}", *TOLERANT) == 0
        found.append(shard_bytes(tmp_path / f"out-{name}"))
    assert found[0] == found[1] == found[2] and len(found[0]) >= 2


def test_no_network_is_used(tmp_path, sample):
    """The command in a network namespace of its own, where there is not even loopback."""
    isolated = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*isolated, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs unshare(1) and the right to make network namespaces")
    command = [sys.executable, "beam_runner.py", "--variant=en", f"--input={sample}"]
    ran = subprocess.run(
        [*isolated, *command, f"--output={tmp_path}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert Path(tmp_path / "runs/en/report.json").exists()
