"""--filter from the command line: in the pool and on Beam's shuffle, counted, named, refused."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.corpus import BuildCorpus
from pipelines.stages.transform import Transport
from runtime.command import Exit
from tests.runs.runs import build, plan, read_jsonl, read_report, run_stages, shard_bytes

SOURCE = """
def short(document):
    return "under 400 characters" if len(document.text) < 400 else None

def of_2019(document):
    return None if document.timestamp.startswith("20") and document.language == "en" else "old"

def fail(document):
    raise ValueError("no " + document.url[:4])
"""
CUSTOM = "c4_custom/en/1.0.0"


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(SOURCE)
    return str(path)


@pytest.fixture(scope="module")
def filtered(tmp_path_factory, sample, own) -> Path:
    output = tmp_path_factory.mktemp("filtered")
    options = [f"--filter={own}:short", f"--filter={own}:of_2019", "--format=tfrecord,jsonl"]
    assert build(output, "--variant=en", f"--input={sample}", *options) == Exit.DONE
    return output


@pytest.fixture(scope="module")
def whole(tmp_path_factory, sample) -> Path:
    output = tmp_path_factory.mktemp("whole")
    assert build(output, "--variant=en", f"--input={sample}", "--format=jsonl") == Exit.DONE
    return output


def test_documents_are_those_that_the_function_keeps(filtered, whole):
    long = [d for d in read_jsonl(whole) if len(d["text"]) >= 400]
    assert 0 < len(long) < len(read_jsonl(whole))
    assert read_jsonl(filtered, CUSTOM) == long


def test_reasons_are_counted_after_the_filters_of_the_variant(filtered, whole):
    counts = read_report(filtered, run="c4_custom.en")["counts"]
    own = {name: count for name, count in counts.items() if name.startswith("own-filter:")}
    kept = len(read_jsonl(filtered, CUSTOM))
    assert own == {
        "own-filter:short/filtered:under 400 characters": len(read_jsonl(whole)) - kept,
        "own-filter:short/passed": kept,
        "own-filter:of_2019/passed": kept,
    }
    names = list(counts)
    first = names.index("own-filter:short/filtered:under 400 characters")
    assert names[first - 1] == "badwords-filter-en/passed"
    assert names[first + 2] == "own-filter:of_2019/passed"


def test_the_configuration_names_the_filters(filtered, own):
    config = json.loads((filtered / CUSTOM / "config.json").read_text())
    assert config["own_filters"] == [f"{own}:short", f"{own}:of_2019"]
    assert config["own_filters_sha256"]
    assert config["unmodified"] == {"en": False}


def test_a_shuffle_gives_the_same_shards(tmp_path, filtered, sample, own):
    todo = plan(
        tmp_path, "--variant=en", f"--input={sample}", f"--filter={own}:short",
        f"--filter={own}:of_2019", "--format=tfrecord,jsonl",
    )  # fmt: skip
    todo.write()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as pipeline:
        pipeline | BuildCorpus(todo.job, Transport.SHUFFLE)
    assert shard_bytes(tmp_path) == shard_bytes(filtered)


def test_a_changed_function_is_another_configuration(tmp_path, sample):
    path = tmp_path / "changing.py"
    path.write_text(SOURCE)
    arguments = ("--variant=en", f"--input={sample}", f"--filter={path}:short")
    before = plan(tmp_path, *arguments).job
    copy = tmp_path / "changed.py"
    copy.write_text(SOURCE.replace("400", "500"))
    after = plan(tmp_path, *arguments[:2], f"--filter={copy}:short").job
    (variant,) = before.variants
    assert before.clean_digest() == after.clean_digest()
    assert before.documents_digest() != after.documents_digest()
    assert before.shards_digest(variant) != after.shards_digest(variant)


def test_a_function_that_raises_ends_the_run_with_its_page(tmp_path, sample, own, capfd):
    code = build(tmp_path, "--variant=en", f"--input={sample}", f"--filter={own}:fail")
    said = capfd.readouterr().err
    assert code == Exit.FAILED
    assert f"--filter={own}:fail raised ValueError: no http, on the page http" in said
    assert "Traceback" not in said
    assert not (tmp_path / "c4_custom").exists()


def test_stages_run_without_beam_too(tmp_path, sample, own):
    counts = run_stages(
        plan(tmp_path, "--variant=en", f"--input={sample}", f"--filter={own}:short")
    )
    assert counts["en|own-filter:short/passed"]
