"""Crawls through the whole command, from a server on loopback that misbehaves on purpose."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import status
from tests.conftest import REPOSITORY
from tests.runs.crawls import CRAWL, FILES, FOLDER, path_list, path_of
from tests.runs.runs import build, read_dropped, read_report, shard_bytes
from tests.runtime.http.proxy import proxy_to
from tests.runtime.http.server import Server


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, crawled) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    for number, data in enumerate(crawled):
        (folder / f"{number}.warc.wet.gz").write_bytes(data)
    assert build(folder / "out", f"--input={folder}") == 0
    return shard_bytes(folder / "out")


def crawl(server: Server, output: Path, *arguments: str, behaviour: str = "plain") -> int:
    base = server.url(behaviour)
    return build(output, f"--crawl={CRAWL}", f"--commoncrawl_url={base}", *arguments)


@pytest.mark.parametrize(
    "behaviour",
    [
        *("plain", "resets", "moved"),
        # Each waits for ten seconds; in tests/runtime/http requests meet them all at once.
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("truncates", "chunked", "blocked")
        ),
    ],
)
def test_every_page_arrives_once_whatever_the_server_does(
    tmp_path, crawl_server, undisturbed, behaviour
):
    said = told(crawl_server, tmp_path, behaviour)
    assert shard_bytes(tmp_path) == undisturbed
    assert "Traceback" not in said
    for number in range(FILES):
        lines = [line for line in said.splitlines() if path_of(number) in line]
        assert len(lines) == 1, lines
        assert (" waited " in lines[0]) is (behaviour not in ("plain", "moved"))


def test_dropped_pages_of_a_streamed_crawl_say_why_they_have_no_text(tmp_path, crawl_server):
    assert crawl(crawl_server, tmp_path / "streamed", "--keep_dropped=1") == 0
    assert crawl(crawl_server, tmp_path / "kept", "--keep_dropped=1", f"--keep_wet={tmp_path}") == 0
    streamed, kept = (read_dropped(tmp_path / name, "en") for name in ("streamed", "kept"))
    assert [(row["rule"], row["url"]) for row in streamed] == [
        (row["rule"], row["url"]) for row in kept
    ]
    for without, row in zip(streamed, kept, strict=True):
        assert row["text"] is not None and "unread" not in row
        assert without == row or (without["text"] is None and "--keep_wet" in without["unread"])
    assert {row["text"] is None for row in streamed} == {True, False}


def told(server: Server, output: Path, behaviour: str) -> str:
    """What a run in a process of its own says; workers here keep the streams of an earlier test."""
    command = [sys.executable, "beam_runner.py", f"--crawl={CRAWL}", f"--output={output}"]
    base = f"--commoncrawl_url={server.url(behaviour)}"
    ran = subprocess.run([*command, base], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def test_workers_use_the_proxy_of_the_environment(tmp_path, crawl_server, undisturbed):
    """The host of the crawl has no address: nothing comes but through the proxy."""
    command = [sys.executable, "beam_runner.py", f"--crawl={CRAWL}", f"--output={tmp_path}"]
    base = "--commoncrawl_url=http://crawl.invalid/plain"
    with proxy_to(crawl_server.port) as proxy:
        environment = os.environ | {"http_proxy": proxy.url("me:s3cret")}
        ran = subprocess.run(
            [*command, base], cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
    assert ran.returncode == 0, ran.stderr
    assert len(proxy.requests) == 1 + FILES and len(set(proxy.logins)) == 1
    assert shard_bytes(tmp_path) == undisturbed
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in data for data in [*written, (ran.stdout + ran.stderr).encode()])


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:1"])
def test_a_host_that_cannot_be_reached_is_told_in_seconds(tmp_path, host):
    command = [sys.executable, "beam_runner.py", f"--crawl={CRAWL}", f"--output={tmp_path / 'out'}"]
    base = f"--commoncrawl_url=http://{host}/"
    start = time.monotonic()
    ran = subprocess.run([*command, base], cwd=REPOSITORY, capture_output=True, text=True)
    assert (
        time.monotonic() - start < 60
    )  # Beam's import included; 260 s with the backoff of workers
    assert ran.returncode == 2 and "Traceback" not in ran.stderr
    assert "next request in" in ran.stderr
    for part in (host, "online", "https_proxy", "Nothing was done."):
        assert part in ran.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_had_is_listed_and_tried_again(
    tmp_path, crawl_server, crawled, undisturbed, capfd
):
    missing = crawl_server.site.files.pop(path_of(1))
    assert crawl(crawl_server, tmp_path) == 3
    said = capfd.readouterr().err
    assert "1 of 3 files (33.33%) could not be fetched" in said and "unreachable.jsonl" in said
    assert not (tmp_path / "c4").exists()
    assert status.main([str(tmp_path)]) == 0
    told = capfd.readouterr().out
    assert "1 files could not be fetched" in told and f"{path_of(1)}: " in told and "404" in told
    (failed,) = (tmp_path / "runs/en/unreachable.jsonl").read_text().splitlines()
    assert json.loads(failed)["path"] == path_of(1) and "404" in json.loads(failed)["reason"]

    assert crawl(crawl_server, tmp_path, "--max_unreachable_fraction=0.5") == 0
    said = capfd.readouterr()
    assert "the same command tries them again" in said.out
    assert read_report(tmp_path)["counts"]["split-wet-file/filtered:unreachable"] == 1
    assert shard_bytes(tmp_path) != undisturbed

    crawl_server.site.files[path_of(1)] = missing
    before = len(crawl_server.site.requests)
    assert crawl(crawl_server, tmp_path) == 0
    assert "trying 1 file" in capfd.readouterr().err
    asked = [path for path, _ in crawl_server.site.requests[before:]]
    assert [path for path in asked if path.endswith(".wet.gz")] == [f"/plain/{path_of(1)}"]
    assert shard_bytes(tmp_path) == undisturbed
    assert not (tmp_path / "runs/en/unreachable.jsonl").exists()
    assert not (tmp_path / "runs/en/work").exists()


def test_a_damaged_file_costs_its_damaged_records_only(tmp_path, crawl_server):
    data = bytearray(crawl_server.site.files[path_of(1)])
    data[len(data) // 2] ^= 0xFF
    crawl_server.site.files[path_of(1)] = bytes(data)
    assert crawl(crawl_server, tmp_path) == 0
    counts = read_report(tmp_path)["counts"]
    assert counts["split-wet-file/filtered:malformed"] == 2  # one of them the sample's own
    assert counts["split-wet-file/filtered:unreachable"] == 0
    assert counts["split-wet-file/passed"] == 88


def test_several_crawls_are_deduplicated_together(tmp_path, crawl_server, crawled, undisturbed):
    other = "CC-MAIN-2019-22"
    copies = {path_of(number, other): data for number, data in enumerate(crawled)}
    crawl_server.site.files |= copies
    crawl_server.site.files[f"crawl-data/{other}/wet.paths.gz"] = path_list(*copies)
    base = f"--commoncrawl_url={crawl_server.url('plain')}"
    assert build(tmp_path, f"--crawl={CRAWL},{other}", base) == 0
    assert read_report(tmp_path)["counts"]["split-wet-file/passed"] == 2 * 89
    assert shard_bytes(tmp_path) == undisturbed


def test_samples_are_the_same_again(tmp_path, crawl_server):
    for run in ("a", "b"):
        assert crawl(crawl_server, tmp_path / run, "--sample_files=2") == 0
    assert shard_bytes(tmp_path / "a") == shard_bytes(tmp_path / "b")
    config = json.loads((tmp_path / "a/runs/en/config.json").read_text())
    assert len(config["input"]) == 2
    assert crawl(crawl_server, tmp_path / "c", "--max_files=1") == 0
    assert json.loads((tmp_path / "c/runs/en/config.json").read_text())["input"] == [path_of(0)]


def test_what_is_kept_is_not_asked_for_again_and_is_a_mirror_itself(
    tmp_path, crawl_server, undisturbed
):
    kept = tmp_path / "kept"
    assert crawl(crawl_server, tmp_path / "a", f"--keep_wet={kept}") == 0
    before = len(crawl_server.site.requests)
    assert crawl(crawl_server, tmp_path / "b", f"--keep_wet={kept}") == 0
    assert len(crawl_server.site.requests) == before
    assert build(tmp_path / "c", f"--crawl={CRAWL}", f"--commoncrawl_url={kept}") == 0
    for run in ("a", "b", "c"):
        assert shard_bytes(tmp_path / run) == undisturbed


def test_an_estimate_of_a_crawl_needs_no_sizes(tmp_path, crawl_server, capfd):
    code = crawl(crawl_server, tmp_path, "--estimate")
    said = capfd.readouterr()
    assert code == 0, said.err
    assert f"Estimate for {FILES} WET files" in said.out and "from 2 of them" in said.out


def test_secrets_of_an_address_are_shown_nowhere(tmp_path, crawl_server, capfd):
    base = crawl_server.url("plain").replace("http://", "http://someone:pa55word@")
    crawl_server.site.files.pop(path_of(1))
    arguments = [f"--crawl={CRAWL}", f"--commoncrawl_url={base}", "--max_unreachable_fraction=1"]
    assert build(tmp_path, *arguments, "--keep_work") == 0
    said = capfd.readouterr()
    assert "pa55word" not in said.out + said.err
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"pa55word" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "line",
    ["../../etc/passwd", f"{FOLDER}/../../x.warc.wet.gz", "http://evil.example/x.warc.wet.gz",
     "/etc/x.warc.wet.gz", path_of(0).replace(CRAWL, "CC-MAIN-2020-05"), "x\x1b[31m.warc.wet.gz"],
)  # fmt: skip
def test_a_list_that_leads_elsewhere_is_refused_whole(tmp_path, crawl_server, line, capfd):
    crawl_server.site.files[f"crawl-data/{CRAWL}/wet.paths.gz"] = path_list(path_of(0), line)
    assert crawl(crawl_server, tmp_path / "out") == 2
    said = capfd.readouterr().err
    assert "no path of a WET file" in said and "\x1b" not in said
    assert not (tmp_path / "out").exists()
    assert len(crawl_server.site.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--crawl=2019-18"], "did you mean CC-MAIN-2019-18?"),
        (["--crawl=CC-MAIN-2012"], "has no WET files"),
        (["--crawl=CC-MAIN-2019-18", "--input=x"], "one of the two"),
        ([], "one of the two"),
        (["--crawl=list,CC-MAIN-2019-18"], "'list'"),
        (["--crawl=CC-MAIN-2019-18", "--max_connections=0"], "1 or more"),
        (["--crawl=CC-MAIN-2019-18", "--commoncrawl_url=ftp://x/"], "ftp"),
    ],
)
def test_wrong_options_are_named(tmp_path, arguments, said, capfd):
    assert build(tmp_path / "out", *arguments) == 2
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_crawls_are_listed(tmp_path, crawl_server, capfd):
    assert build(tmp_path, "--crawl=list", f"--commoncrawl_url={crawl_server.url('plain')}") == 0
    assert capfd.readouterr().out == f"{CRAWL}\n"


def test_a_crawl_that_is_not_there_is_named(tmp_path, crawl_server, capfd):
    base = f"--commoncrawl_url={crawl_server.url('plain')}"
    assert build(tmp_path / "out", "--crawl=CC-MAIN-2019-22", base) == 2
    assert "--crawl=list shows the crawls there are" in capfd.readouterr().err
