"""`build` of the API: the bytes, counts and errors of the command, from scripts and notebooks."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import c4forge
from c4forge import builds
from cleaning.specs import SPECS
from tests.conftest import REPOSITORY
from tests.runs.runs import build, shard_bytes


@pytest.fixture(scope="module")
def by_command(tmp_path_factory, sample) -> Path:
    output = tmp_path_factory.mktemp("command")
    assert build(output, f"--input={sample}", "--variant=en,en.noclean", "--format=jsonl") == 0
    return output


def test_a_build_gives_the_bytes_and_the_report_of_the_command(tmp_path, sample, by_command):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    main = sys.modules["__main__"]
    result = c4forge.build(
        ["en", "en.noclean"], input=sample, output=tmp_path, format="jsonl", num_workers=1
    )
    assert shard_bytes(tmp_path) == shard_bytes(by_command)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert sys.modules["__main__"] is main
    report = json.loads((tmp_path / "runs" / "en+en.noclean" / "report.json").read_text())
    assert list(result.variants) == list(report["variants"]) == ["en", "en.noclean"]
    for name, found in result.variants.items():
        told = report["variants"][name]
        assert (found.name, found.folder, found.unmodified) == (name, told["dataset"], True)
        assert list(found.counts.items()) == list(told["counts"].items())
        assert {s: builds.SplitResult(**n) for s, n in told["splits"].items()} == found.splits
        assert found.documents() == len(list(found.read(None)))
    assert result.spec == "tfds-3.1.0"
    assert Path(result.folder) == tmp_path / "runs" / "en+en.noclean"
    assert "en: 44 documents" in str(result)


def test_a_finished_build_is_not_built_again(tmp_path, sample, capsys):
    options = {"input": sample, "output": tmp_path, "num_workers": 1}
    first, second = c4forge.build(**options), c4forge.build(**options)
    assert second.variants == first.variants
    assert second.summary.startswith("Complete already")
    assert capsys.readouterr().out == ""


def test_settings_give_a_custom_dataset(tmp_path, sample):
    settings = c4forge.SpecSettings(min_words=3)
    result = c4forge.build(input=sample, output=tmp_path, spec=settings, num_workers=1)
    assert not result.variants["en"].unmodified
    assert result.variants["en"].folder.endswith("c4_custom/en/1.0.0")
    assert result.variants["en"].documents() == len(list(result.variants["en"].read(None)))


@pytest.mark.parametrize("spec", SPECS)
def test_options_become_the_arguments_of_the_command(spec):
    options = {
        "variant": ["en", "realnews"], "input": Path("a b"), "overwrite": True, "keep_work": False,
        "shards": 3, "work_dir": None, "min_words": 4,
    }  # fmt: skip
    given = builds._arguments(spec, options)
    assert given == [
        f"--spec={spec}", "--variant=en", "--variant=realnews", "--input=a b", "--overwrite",
        "--shards=3", "--min_words=4",
    ]  # fmt: skip
    parsed = builds.parse_options(
        [*builds._arguments(SPECS[spec].settings, {"input": "x"}), "--output=y"]
    )
    assert parsed.settings == SPECS[spec].settings


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "give WET files with --input"),
        ({"input": "x"}, "--output is required"),
        ({"input": "x", "output": "y", "min_wordz": 3}, "did you mean --min_words"),
        ({"input": "x", "output": "y", "variant": "english"}, "unknown variant 'english'"),
        ({"input": "x", "output": "y", "spec": "papers"}, "unknown spec 'papers'"),
        ({"input": "x", "output": "y", "estimate": True}, "run `c4forge build`"),
        ({"crawl": "list"}, "run `c4forge build`"),
        ({"help": True}, "c4forge build --help"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_wrong_options_are_told_as_by_the_command(options, told):
    with pytest.raises(c4forge.UsageError, match=told):
        c4forge.build(**options)


def test_input_that_is_not_there_is_told_and_leaves_no_workers(tmp_path):
    with pytest.raises(c4forge.UsageError, match="matches no file"):
        c4forge.build(input=tmp_path / "none.gz", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert builds.pool._pool is None


def test_damaged_input_is_refused(tmp_path):
    wet = tmp_path / "a.warc.wet"
    wet.write_bytes(b"no WET file\n" * 100)
    with pytest.raises(c4forge.InputRefused, match=r"1 of 1 files .* no WET files"):
        c4forge.build(input=wet, output=tmp_path / "out", num_workers=1)
    assert builds.pool._pool is None


def test_one_build_at_a_time(tmp_path, sample):
    with builds._one_at_a_time(), pytest.raises(c4forge.UsageError, match="another build runs"):
        c4forge.build(input=sample, output=tmp_path)


def test_a_thread_of_a_notebook_can_build(tmp_path, sample):
    results = []
    options = {"input": sample, "output": tmp_path, "num_workers": 1}
    thread = threading.Thread(target=lambda: results.append(c4forge.build(**options)))
    thread.start()
    thread.join()
    assert results[0].variants["en"].documents() == 44


def test_in_a_notebook_beam_is_as_elsewhere(tmp_path, sample, monkeypatch):
    """Seeing IPython, Beam imports a module that fails beside pandas 3, and leaves its folder."""
    shell = SimpleNamespace(config={"IPKernelApp": {}}, execution_count=1)
    notebook = ModuleType("IPython")
    notebook.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    assert c4forge.build(input=sample, output=tmp_path, num_workers=1).variants["en"].documents()
    assert not list((tmp_path / "tmp").glob("beam-pipeline-temp*"))
    seen = [vars(sys.modules[name])["is_in_ipython"] for name in builds._SEES_NOTEBOOK]
    assert [function() for function in seen] == [True, True]


SLOW = """\
import time


def slow(document):
    time.sleep(0.05)
"""


@pytest.fixture
def default_sigint():
    """Python's own handler, which it lacks where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_build_can_be_called_again_in_the_same_process(
    tmp_path, sample, default_sigint
):
    filters = tmp_path / "filters.py"
    filters.write_text(SLOW)
    finish = tmp_path / "out" / "runs" / "c4_custom.en" / "work"
    options = {"input": sample, "output": tmp_path / "out", "num_workers": 1}
    options["filter"] = f"{filters}:slow"

    def interrupt():
        while not list(finish.glob("**/duplicates/**/*.receipt.json")):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        c4forge.build(**options)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert builds.pool._pool is None
    assert c4forge.build(**options).variants["en"].documents() == 44


SCRIPT = """\
import c4forge

print("started", flush=True)
result = c4forge.build(input={input!r}, output={output!r}, num_workers=2, shards=2)
print(result.variants["en"].documents())
"""


def write_script(tmp_path, sample) -> tuple[Path, dict[str, str]]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(input=sample, output=str(tmp_path / "out")))
    return script, os.environ | {"PYTHONPATH": str(REPOSITORY)}


def test_a_script_needs_no_main_guard(tmp_path, sample):
    script, environment = write_script(tmp_path, sample)
    ended = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (ended.stdout, ended.returncode) == ("started\n44\n", 0), ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_interrupted_script_leaves_no_process_and_can_go_on(tmp_path, sample):
    script, environment = write_script(tmp_path, sample)
    started = subprocess.Popen(
        [sys.executable, script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    work = tmp_path / "out" / "runs"
    while started.poll() is None and not work.exists():
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    _, told = started.communicate(timeout=60)
    if started.returncode:  # it may have ended before
        assert told.rstrip().endswith("KeyboardInterrupt"), told
        assert started.returncode in (-signal.SIGINT, 130)
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(started.pid, 0)
            time.sleep(0.1)
    test_a_script_needs_no_main_guard(tmp_path, sample)
