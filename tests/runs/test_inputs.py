"""Inputs as people bring them, through the whole command: nothing is lost, and nothing silently."""

import bz2
import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest
import zstandard

import pipelines.stages.publish
from tests.cleaning.wet.wet_files import member, record
from tests.conftest import COMMAND
from tests.runs.runs import build, plan, read_jsonl, read_report, run_stages, shard_bytes
from tests.runs.test_damage import page
from tests.runtime.storage.content.test_kinds import HTML, LFS, XML, tar

RECORDS = list(map(page, range(6)))
GOOD = b"".join(map(member, RECORDS))
INFO = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
ANSWERS = b"".join(member(page(number, kind="response")) for number in range(3))
OTHERS = {
    "answers.warc.wet.gz": (member(INFO) + ANSWERS, "gzip of a WARC file of 'response' records"),
    "empty.warc.wet.gz": (b"", "an empty file"),
    "error.warc.wet": (XML, "an XML file"),
    "html.warc.wet.gz": (gzip.compress(HTML), "gzip of an HTML page"),
    "pointer.warc.wet.gz": (LFS, "a git-lfs pointer file"),
    "tar.warc.wet.zst": (zstandard.compress(tar()), "zstd of a tar archive"),
    "old.WET.GZ": (gzip.compress(b"filedesc://x.arc 0.0.0.0"), "gzip of an ARC file"),
}


@pytest.fixture
def wet(tmp_path: Path) -> Path:
    folder = tmp_path / "crawl [2019]"
    folder.mkdir()
    (folder / "good.warc.wet.gz").write_bytes(GOOD)
    return folder


def said(capfd: pytest.CaptureFixture[str]) -> str:
    return "".join(capfd.readouterr())


def test_every_packing_is_read_whatever_the_name(tmp_path):
    packed = {
        "a.warc.wet.gz": member,
        "b.warc.wet.zst": zstandard.compress,
        "c.warc.wet.bz2": bz2.compress,
        "d.warc.wet.gz": zstandard.compress,
        "e.warc.wet": bz2.compress,
        "f.WARC.WET": bytes,
    }
    for folder in ("packed", "gzip"):
        (tmp_path / folder).mkdir()
    for record_of, (name, pack) in zip(RECORDS, packed.items(), strict=True):
        (tmp_path / "packed" / name).write_bytes(pack(record_of))
        (tmp_path / "gzip" / f"{name[0]}.warc.wet.gz").write_bytes(member(record_of))
    found = []
    for folder in ("packed", "gzip"):
        run_stages(plan(tmp_path / f"{folder} out", f"--input={tmp_path / folder}"))
        found.append(shard_bytes(tmp_path / f"{folder} out"))
    assert read_report(tmp_path / "packed out")["splits"]["train"]["documents"] == 6
    assert found[0] == found[1]


def test_files_that_are_no_wet_files_are_named_and_count_as_files(tmp_path, wet, capfd):
    for name, (data, _) in OTHERS.items():
        (wet / name).write_bytes(data)
    (wet / "left.arc.gz").write_bytes(b"")
    assert build(tmp_path / "out", f"--input={wet}") == 3
    refused = said(capfd)
    assert "7 of 8 files (87.50%) are no WET files, more than --max_unreachable_" in refused
    assert refused.count(f"{wet}/") == 3 and "; 4 more." in refused
    assert "note: not named like WET files, so not read: left.arc.gz" in refused
    assert build(tmp_path / "out", f"--input={wet}", "--max_unreachable_fraction=0.9") == 0
    table = said(capfd)
    rows = (tmp_path / "out" / "runs" / "en" / "unreadable.jsonl").read_text().splitlines()
    listed = {row["path"]: row["is"] for row in map(json.loads, rows)}
    assert listed.keys() == {f"{wet}/{name}" for name in OTHERS}
    for name, (_, kind) in OTHERS.items():
        assert listed[f"{wet}/{name}"].startswith(kind)
        assert f"{name} is {kind}" in table
    report = read_report(tmp_path / "out")
    assert report["splits"]["train"]["documents"] == 6
    assert report["counts"]["split-wet-file/filtered:unreadable"] == 7
    assert report["counts"]["split-wet-file/wet-file"] == 1


def test_a_damaged_wet_file_is_one(tmp_path, wet):
    damaged = b"".join([*map(member, RECORDS[:1]), b"damage" * 99, gzip.compress(XML)])
    (wet / "damaged.warc.wet.gz").write_bytes(damaged)
    assert build(tmp_path / "out", f"--input={wet}", "--max_malformed_fraction=1") == 0
    assert "split-wet-file/filtered:unreadable" in read_report(tmp_path / "out")["counts"]
    assert read_report(tmp_path / "out")["counts"]["split-wet-file/filtered:unreadable"] == 0


SHORT = member(record("http://site.example/short", "short page"))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (member(INFO) + SHORT, "clean-page/filtered:too_few_sentences (1 page: fewer than 3"),
        (
            member(b"".join(RECORDS).replace(b"WARC-Target-URI", b"warc-target-uri")),
            "split-wet-file/filtered:no_url (6 records: no WARC-Target-URI)",
        ),
    ],
    ids=["short", "lower case"],
)
def test_a_run_without_documents_fails_and_names_the_rule(tmp_path, data, rule, capfd):
    (tmp_path / "a.warc.wet.gz").write_bytes(data)
    assert build(tmp_path / "out", f"--input={tmp_path}") == 3
    assert f"most dropped by {rule}" in said(capfd)
    assert not (tmp_path / "out" / "c4").exists()
    assert "0 documents of" in (tmp_path / "out/runs/en/report/index.html").read_text()


def test_an_empty_variant_among_others_gets_a_line_and_no_dataset(tmp_path, wet, capfd):
    (tmp_path / "urls.txt").write_text("http://site.example/1,5\n")
    lists = f"--webtext_urls={tmp_path / 'urls.txt'}"
    for _ in range(2):
        assert build(tmp_path / "out", "--variant=en,webtext", lists, f"--input={wet}") == 0
        table = said(capfd)
        assert (
            "webtextlike: no document is left of 6 pages; most dropped by webtextlike-filter/"
            "filtered (6 pages: URL not listed).\n  No dataset is written."
        ) in table
    assert "Complete already" in table
    assert sorted(os.listdir(tmp_path / "out" / "c4")) == ["README.md", "en"]


def test_a_run_that_fails_at_publish_leaves_no_dataset_in_the_way(tmp_path, wet, monkeypatch):
    moved = []
    move = pipelines.stages.publish.move_folder

    def fail_at_second(source: str, target: str) -> None:
        moved.append(target)
        if len(moved) == 2:
            raise OSError(28, "No space left on device", target)
        move(source, target)

    variants = ("--variant=en,en.noblocklist", f"--input={wet}")
    with monkeypatch.context() as patch:
        patch.setattr(pipelines.stages.publish, "move_folder", fail_at_second)
        assert build(tmp_path / "out", *variants) == 1
    assert not (tmp_path / "out" / "c4" / "en" / "3.1.0").exists()
    assert build(tmp_path / "out", *variants, "--shards=2") == 0


def test_an_estimate_fails_in_a_line(wet, capfd):
    (wet / "error.warc.wet.gz").write_bytes(XML)
    assert build(wet, "--estimate", f"--input={wet}/error.warc.wet.gz") == 3
    *_, line = capfd.readouterr().err.splitlines()
    assert line.startswith("Failed: 1 of 1 files") and line.endswith("there is no estimate.")
    assert "c4forge-estimate" not in line


def test_paths_with_odd_characters_are_read(tmp_path, wet):
    (wet / os.fsdecode(b"caf\xe9 100%.warc.wet.gz")).write_bytes(member(page(7)))
    (wet / ("long" * 58 + ".warc.wet.gz")).write_bytes(member(page(8)) + b"damage")
    out = tmp_path / os.fsdecode(b"out \xe9")
    given = f"--input={wet.as_uri()}"
    assert build(out, given, "--format=jsonl", "--max_malformed_fraction=1") == 0
    assert len(read_jsonl(out)) == 8


def test_lists_are_read_as_editors_leave_them(tmp_path, wet, capfd):
    text = b"\xef\xbb\xbf" + f"{wet}/good.warc.wet.gz\r\n# mine\r\n".encode()
    (tmp_path / "wet.paths.gz").write_bytes(gzip.compress(text))
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "en").write_bytes(b"\xef\xbb\xbfwindmill\r\nnothing-else\r\n")
    urls = b"\xef\xbb\xbfhttp://site.example/0\r\nhttp://site.example/1\r\n"
    (tmp_path / "urls.txt").write_bytes(urls)
    arguments = (
        f"--input=@{tmp_path / 'wet.paths.gz'}",
        f"--badwords_dir={tmp_path / 'words'}",
        f"--webtext_urls={tmp_path / 'urls.txt'}",
    )
    assert build(tmp_path / "out", "--variant=en,webtext", *arguments) == 0
    run = "c4_custom.en+webtextlike"
    assert read_report(tmp_path / "out", "en", run)["counts"]["badwords-filter/filtered"] == 1
    listed = read_report(tmp_path / "out", "webtextlike", run)["counts"]
    assert listed["webtextlike-filter/passed"] == 2
    assert "urls.txt begins with a byte order mark" in said(capfd)


@pytest.mark.parametrize(
    ("option", "data", "message"),
    [
        ("--input=@{}", "a\n".encode("utf-16"), "it is UTF-16 text"),
        ("--input=@{}", tar(), "it is a tar archive"),
        ("--input=@{}", b"crawl-data/CC-MAIN-2019-18/x.wet.gz\n", "--crawl=CC-MAIN-2019-18"),
        ("--webtext_urls={}", gzip.compress(tar()), "it is a tar archive; unpack it first"),
        ("--webtext_urls={}", "http://a/\n".encode("utf-16-le"), "it is UTF-16 text"),
        ("--realnews_domains={}", "{}".encode("utf-16"), "it is UTF-16 text"),
        ("--config={}", "input = 'a'\n".encode("utf-16"), "it is UTF-16 text"),
    ],
)
def test_lists_that_cannot_be_read_are_told_by_what_they_are(
    tmp_path, wet, option, data, message, capfd
):
    (tmp_path / "list").write_bytes(data)
    given = [option.format(tmp_path / "list"), "--variant=webtext,realnews"]
    given += [] if "--input" in option else [f"--input={wet}"]
    (tmp_path / "urls").write_text("http://a.example/\n")
    given += [] if "--webtext" in option else [f"--webtext_urls={tmp_path / 'urls'}"]
    (tmp_path / "domains").write_text('{"a.example": true}')
    given += [] if "--realnews" in option else [f"--realnews_domains={tmp_path / 'domains'}"]
    assert build(tmp_path / "out", *given) == 2
    assert message in said(capfd)


def test_a_current_folder_that_was_removed_is_told(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd '{gone}' && rmdir '{gone}' && exec \"$@\""
    command = ["bash", "-c", script, "bash", *COMMAND, "status", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "c4forge status: error: the current folder was removed" in ran.stderr
