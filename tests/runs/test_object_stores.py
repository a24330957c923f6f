"""Whole builds from and to object stores on loopback: the same bytes as on disk."""

import gzip
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import status
from runtime.storage.files import read_bytes, write_bytes
from runtime.storage.matching import match_files
from tests.conftest import COMMAND, REPOSITORY
from tests.runs.runs import build, shard_bytes, split_wet
from tests.runtime.storage.servers import Store, serve_gcs, serve_s3

CRAWL = "CC-MAIN-2019-18"
_WET = f"crawl-data/{CRAWL}/segments/1555578517558.8/wet/CC-MAIN-20190418101243-20190418122248"
FORMATS = "--format=tfrecord"


@pytest.fixture(scope="module")
def wet(tmp_path_factory, sample) -> list[Path]:
    folder = tmp_path_factory.mktemp("stores") / "wet"
    return split_wet(sorted(Path(sample).parent.glob("*.gz")), folder, 2)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory, wet) -> dict[str, str]:
    output = tmp_path_factory.mktemp("disk")
    assert build(output, f"--input={wet[0].parent}", "--shards=2", FORMATS, *lists()) == 0
    return shard_bytes(output)


def lists(root: str = str(REPOSITORY / "sample")) -> list[str]:
    return ["--variant=webtextlike", f"--webtext_urls={root}/webtext_urls.txt"]


def upload(root: str, wet: list[Path]) -> None:
    paths = [f"{_WET}-{number:05d}.warc.wet.gz" for number in range(len(wet))]
    for file, path in zip(wet, paths, strict=True):
        write_bytes(f"{root}/wet/{file.name}", file.read_bytes())
        write_bytes(f"{root}/{path}", file.read_bytes())
    urls = REPOSITORY / "sample" / "webtext_urls.txt"
    write_bytes(f"{root}/webtext_urls.txt", urls.read_bytes())
    listed = gzip.compress("".join(f"{path}\n" for path in paths).encode())
    write_bytes(f"{root}/crawl-data/{CRAWL}/wet.paths.gz", listed)


@pytest.fixture(scope="module")
def s3(wet) -> Iterator[Store]:
    with serve_s3() as store:
        upload("s3://bkt/in", wet)
        yield store


def start(*arguments: str) -> subprocess.Popen:
    """A command in a process of its own: only its workers have this environment."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*COMMAND, *arguments], start_new_session=True, **pipes)


def run(*arguments: str) -> str:
    process = start(*arguments)
    said = process.communicate()[0]
    assert process.returncode == 0, said
    return said


def of_build(root: str, output: str) -> list[str]:
    to = [f"--output={output}", "--num_workers=2", "--shards=2", FORMATS]
    return ["build", f"--input={root}/wet/", *to, *lists(root)]


def stored(output: str) -> dict[str, str]:
    """sha256 of every shard of the datasets under an output, as `shard_bytes`."""
    found = match_files("", f"{output}/c4*/**/*-of-*", ())
    assert not [path for path in found if ".incomplete-" in path]
    sums = {path: hashlib.sha256(read_bytes(path)).hexdigest() for path in sorted(found)}
    return {path[len(output) + 1 :]: value for path, value in sums.items()}


def match_files_or_none(pattern: str) -> list[str]:
    try:
        return [*match_files("", pattern, ())]
    except ValueError:
        return []


@pytest.mark.parametrize("receipts", [3, pytest.param(15, marks=pytest.mark.slow)])
def test_a_run_killed_in_a_store_goes_on_though_the_store_is_busy(s3, on_disk, receipts, capsys):
    output = f"s3://bkt/killed-{receipts}"
    process = start(*of_build("s3://bkt/in", output))
    pattern = f"{output}/**/*.receipt.json"
    while process.poll() is None and len(match_files_or_none(pattern)) < receipts:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert status.main([output]) == 0
    assert "not done; a remote folder has no lock" in capsys.readouterr().out
    s3.busy, s3.refused = 12, 0
    said = run(*of_build("s3://bkt/in", output))
    assert "done by an earlier run" in said and "Traceback" not in said
    assert s3.refused == 12
    assert stored(output) == on_disk
    assert status.main([output]) == 0
    assert "webtextlike: done" in capsys.readouterr().out


@pytest.mark.slow
def test_every_command_reads_and_writes_the_store(s3, wet, tmp_path):
    """A crawl, then what reads its dataset: the same bytes as from a crawl's folder on disk."""
    for root, output in (("s3://bkt/in", "s3://bkt/all"), (str(tmp_path), f"{tmp_path}/all")):
        if root == str(tmp_path):
            upload(root, wet)
        run("build", f"--crawl={CRAWL}", f"--commoncrawl_url={root}", f"--output={output}")
        corpus = f"{output}/c4/en/3.1.0"
        run("convert", corpus, "--format=parquet,array_record")
        train = ("vocab", "train", "--preset=tiny", "--size=300", f"--corpus={corpus}")
        run(*train, f"--output={output}/vocab")
        tokens = (f"--corpus={corpus}", f"--vocab={output}/vocab", f"--output={output}")
        run("tokenize", *tokens)
    expected = shard_bytes(tmp_path / "all")
    assert len(expected) > 6 and stored("s3://bkt/all") == expected


@pytest.mark.slow
def test_a_build_in_google_cloud_storage_has_the_bytes_of_one_on_disk(wet, on_disk):
    with serve_gcs():
        upload("gs://bkt/in", wet)
        run(*of_build("gs://bkt/in", "gs://bkt/out"))
        assert stored("gs://bkt/out") == on_disk
