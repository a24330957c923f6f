"""Secrets of options and of the environment are in no file and in no line of output."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO, cast

import pytest

from pipelines import status
from runtime.redaction import RedactedStream, redact, redact_arguments, unredacted
from runtime.storage.files import json_file
from tests.conftest import COMMAND, REPOSITORY
from tests.runs.crawls import CRAWL

ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": "PLANTED-aws-secret",
    "AWS_SESSION_TOKEN": "PLANTED-aws-session",
    "HF_TOKEN": "PLANTED-hf-token",
}


def start(base: str, output: Path, *more: str) -> subprocess.Popen:
    """A build of a crawl with a secret in each option that can hold one."""
    options = [
        f"--crawl={CRAWL}", f"--commoncrawl_url={base}", f"--output={output}", "--num_workers=2",
        "--s3_secret_access_key=PLANTED-beam-key", "--s3_session_token=PLANTED-beam-token",
        *more,
    ]  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.Popen([*COMMAND, "build", *options], env=environment, **pipes)


def planted_in(folder: Path) -> list[str]:
    """Files under a folder that hold a planted secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if b"PLANTED" in path.read_bytes()]


def test_a_run_and_what_is_said_of_it_hold_no_secret(tmp_path, crawl_server, capsys):
    login = crawl_server.url("plain").replace("://", "://me:PLANTED-password@")
    running = start(f"{login}?sig=PLANTED-signature", tmp_path, "--keep_work")
    state = tmp_path / "runs/en/work/run.json"
    while running.poll() is None and not state.exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGSTOP)
    refused = start(login, tmp_path)
    told = refused.communicate()[0]
    assert refused.returncode == 2 and f"process {running.pid}" in told and "PLANTED" not in told
    assert status.main([str(tmp_path / "runs/en/work")]) == 0
    assert "PLANTED" not in "".join(capsys.readouterr())
    assert planted_in(tmp_path) == []
    running.kill()
    assert "PLANTED" not in running.communicate()[0]
    refused = start(login, tmp_path, "--s3_session_token", "PLANTED-token")
    assert "PLANTED" not in refused.communicate()[0] and refused.returncode == 2
    done = start(f"{login}?sig=PLANTED-signature", tmp_path, "--keep_work")
    told = done.communicate()[0]
    assert done.returncode == 0 and "PLANTED" not in told, told
    assert planted_in(tmp_path) == []


def test_errors_of_a_crawl_hold_no_secret(tmp_path, crawl_server):
    denied = crawl_server.url("denied").replace("://", "://me:PLANTED-password@")
    for base in (f"{denied}?sig=PLANTED-signature", "http://me:PLANTED-pw@[::1/?k=PLANTED-k"):
        run = start(base, tmp_path / "out")
        told = run.communicate()[0]
        assert run.returncode == 2 and "PLANTED" not in told, told


CASES = {
    "hdfs://me:pw@host/a and s3://bucket/a@b": "hdfs://...@host/a and s3://bucket/a@b",
    "https://h/a?Signature=ab%2F&Date=1 b": "https://h/a?Signature=...&Date=... b",
    "'--s3_session_token', 'abc'": "'--s3_session_token', '...'",
    "--azure_connection_string 'A=b;c' --data_tokens=1": (
        "--azure_connection_string '...' --data_tokens=1"
    ),
    "s3://b/a?.gz keys: hot-key lookups --shards=3": (
        "s3://b/a?.gz keys: hot-key lookups --shards=3"
    ),
    '"--s3_secret_access_key=a", "b"': '"--s3_secret_access_key=...", "b"',
    "the flag --monkey banana is": "the flag --monkey banana is",
    "https://me:it's-P@W@host/a": "https://...@host/a",
    "https://host/?SECRET and s3://b/a?b/*.gz": "https://host/?... and s3://b/a?b/*.gz",
    "--extra_env=AWS_SECRET_ACCESS_KEY=x": "--extra_env=AWS_SECRET_ACCESS_KEY=...",
    "{'s3_secret_access_key': 'x', 'tokens': 3}": "{'s3_secret_access_key': '...', 'tokens': 3}",
    '"pad_token": 1, tokens: 1, "shards_digests"': '"pad_token": 1, tokens: 1, "shards_digests"',
}


@pytest.mark.parametrize("text", CASES)
def test_secrets_are_hidden_and_nothing_else_is(text):
    assert redact(text) == CASES[text]


def test_values_of_the_environment_are_hidden_wherever_they_are(monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "abcdef123")
    monkeypatch.setenv("https_proxy", "http://me:p%40ssword@proxy:3128")
    monkeypatch.setenv("SSH_KEY", os.devnull)  # a path
    assert redact("x abcdef123 p%40ssword p@ssword /dev/null") == "x ... ... ... /dev/null"


def test_words_are_no_secrets_whatever_their_variable_is_called(monkeypatch):
    monkeypatch.setenv("SORT_KEY", "timestamp")
    monkeypatch.setenv("SHARD_TOKEN", "digest")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    text = "timestamp shards_digests --s3_secret_access_key=REAL"
    assert redact(text) == "timestamp shards_digests --s3_secret_access_key=..."


def test_arguments_are_hidden_whole():
    given = ["build", "--s3_secret_access_key=it's a", "--s3_session_token", "b c",
             "--commoncrawl_url=http://me:p@S@h/?QU", "--input=a b"]  # fmt: skip
    assert redact_arguments(given) == [
        "build", "--s3_secret_access_key=...", "--s3_session_token", "...",
        "--commoncrawl_url=http://...@h/?...", "--input=a b",
    ]  # fmt: skip


def test_the_traceback_of_a_defect_has_no_secret():
    code = (
        "from runtime.command import run_command\n"
        "def work(): raise ValueError('https://me:S3CR3T@host/?token=S3CR3T')\n"
        "run_command('c4forge build', work)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True)
    assert ended.returncode == 1 and b"Traceback" in ended.stderr
    assert b"...@host/?token=..." in ended.stderr and b"S3CR3T@" not in ended.stderr


def test_a_stream_hides_secrets_and_is_else_what_it_was(tmp_path):
    with (tmp_path / "a").open("w") as file:
        stream = RedactedStream(file)
        assert stream.write("http://a:b@c\n") == 13
        stream.writelines(["http://a:b@c\n"])
        assert not stream.isatty() and stream.encoding == file.encoding
    assert (tmp_path / "a").read_text() == "http://...@c\n" * 2


CONTROLS = {
    "\x1b[2K\x1b[1A\r\x07x\x9b0m": r"\x1b[2K\x1b[1A\r\x07x\x9b0m",
    "a\u202eb\u2028c\x85": r"a\u202eb\u2028c\x85",
    "\ttab\nline é 東\u3000京 \u200d": "\ttab\nline é 東\u3000京 \u200d",
}


@pytest.mark.parametrize(("text", "shown"), CONTROLS.items())
def test_a_stream_shows_controls_and_obeys_none(text, shown):
    file = io.StringIO()
    assert RedactedStream(file).write(text) == len(text)
    assert file.getvalue() == shown
    RedactedStream(file).with_controls().write("\x1b[1A")
    assert file.getvalue() == f"{shown}\x1b[1A"


def test_json_for_people_has_no_controls_and_means_the_same():
    value = {"a\x1b\x9b": "\x7f\u202e\u2028é\n"}
    written = json_file(value).decode()
    assert json.loads(written) == value
    assert not set(written) & set("\x1b\x9b\x7f\u202e\u2028") and "é" in written


def test_a_stream_for_pages_shows_their_queries_and_no_controls():
    """Also within another one, as of a command that a command runs; ours may style it."""
    shown = io.StringIO()
    twice = RedactedStream(cast(TextIO, RedactedStream(shown)))
    print("https://a.example/?t=1\x1b[2J", file=unredacted(cast(TextIO, twice)))
    assert shown.getvalue() == "https://a.example/?t=1\\x1b[2J\n"
    twice.with_controls().write("\x1b[1mhttps://a.example/?t=1")
    assert shown.getvalue().endswith("\n\x1b[1mhttps://a.example/?t=...")
