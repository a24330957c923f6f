"""The whole run: documents, determinism, layouts."""

import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cleaning.counts import Unit
from cleaning.filters.clean import clean_line
from cleaning.rules import RULES
from cleaning.variants import VARIANTS
from pipelines.corpus import BuildCorpus
from pipelines.report import main as report_main
from pipelines.reporting.markup import isolated
from pipelines.run.finished import lacks_dropped
from pipelines.stages.clean import MALFORMED
from pipelines.stages.table import STAGES
from pipelines.stages.transform import Transport
from tests.runs.runs import (
    build,
    plan,
    read_dropped,
    read_jsonl,
    read_malformed,
    read_report,
    shard_bytes,
    split_wet,
)

ALL_FORMATS = "--format=tfrecord,jsonl,parquet"
CUSTOM_RUN = "c4_custom.all"  # its lists are not those of C4


@pytest.fixture(scope="module")
def built(tmp_path_factory, sample) -> Path:
    output = tmp_path_factory.mktemp("built")
    assert build(output, f"--input={sample}", ALL_FORMATS, "--shards=3", "--num_workers=2") == 0
    return output


@pytest.fixture(scope="module")
def all_built(tmp_path_factory, sample, all_variants) -> Path:
    output = tmp_path_factory.mktemp("all-built")
    options = (ALL_FORMATS, "--shards=3", "--keep_dropped=2", *all_variants)
    assert build(output, f"--input={sample}", *options) == 0
    return output


def test_the_sample_gives_the_documents_its_readme_promises(built):
    counts = read_report(built)["counts"]
    assert counts["split-wet-file/passed"] == 89
    assert counts["split-wet-file/filtered:malformed"] == 1
    assert counts["duplicate-url-filter/filtered"] == 6
    assert counts["badwords-filter/filtered"] == 1
    assert counts["badwords-filter/passed"] == len(read_jsonl(built)) == 44


def test_documents_are_spread_over_shards_and_shuffled(built):
    urls = [document["url"] for document in read_jsonl(built)]
    info = json.loads((built / "c4/en/3.1.0/dataset_info.json").read_text())
    lengths = {split["name"]: list(map(int, split["shardLengths"])) for split in info["splits"]}
    assert sum(lengths["train"]) + sum(lengths["validation"]) == len(urls) == len(set(urls))
    assert len(lengths["train"]) == 3 and min(lengths["train"]) > 5
    hosts = [url.split("/")[2] for url in urls]
    neighbours = sum(a == b for a, b in itertools.pairwise(hosts))
    assert neighbours < len(urls) / 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("--num_workers=1",),
        ("--num_workers=2", "--keep_work"),
    ],
    ids=["one worker", "two workers"],
)
def test_workers_do_not_change_a_byte(tmp_path, built, sample, arguments):
    assert build(tmp_path, f"--input={sample}", ALL_FORMATS, "--shards=3", *arguments) == 0
    assert shard_bytes(tmp_path) == shard_bytes(built)


def test_order_and_place_of_input_files_do_not_change_a_byte(tmp_path, built, sample):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    names = []
    for path in Path(sample).parent.glob("*.gz"):
        (moved / path.name).write_bytes(path.read_bytes())
        names.append(str(moved / path.name))
    arguments = [f"--input={name}" for name in sorted(names, reverse=True)]
    assert build(tmp_path / "out", *arguments, ALL_FORMATS, "--shards=3") == 0
    assert shard_bytes(tmp_path / "out") == shard_bytes(built)


def test_shuffling_through_beam_gives_the_same_bytes_as_spilling(
    tmp_path, all_built, sample, all_variants
):
    options = (ALL_FORMATS, "--shards=3", "--keep_dropped=2", *all_variants)
    todo = plan(tmp_path, f"--input={sample}", *options)
    job = replace(todo.job, buckets=7)
    replace(todo, job=job).write()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as pipeline:
        pipeline | BuildCorpus(job, Transport.SHUFFLE)
    assert shard_bytes(tmp_path) == shard_bytes(all_built)
    for variant in VARIANTS:
        found = read_report(tmp_path, variant, CUSTOM_RUN)
        assert found == read_report(all_built, variant, CUSTOM_RUN) | {"dataset": found["dataset"]}


def test_a_local_run_through_beam_gives_the_same_bytes(tmp_path, built, sample):
    """Through it go runs with options of Beam."""
    through_beam = (f"--input={sample}", ALL_FORMATS, "--shards=3", "--job_name=beam")
    assert build(tmp_path, *through_beam) == 0
    assert shard_bytes(tmp_path) == shard_bytes(built)
    assert read_report(tmp_path, "en")["counts"] == read_report(built, "en")["counts"]


def test_how_records_are_dealt_to_files_decides_nothing(tmp_path, built, sample):
    """Also: a file whose pages all fall, and more files than the machine has cores."""
    source = sorted(Path(sample).parent.glob("*.gz"))
    split_wet(source, tmp_path / "wet", files=9)
    assert build(tmp_path / "out", f"--input={tmp_path / 'wet'}", ALL_FORMATS, "--shards=3") == 0
    assert shard_bytes(tmp_path / "out") == shard_bytes(built)


def test_a_finished_run_is_not_done_again(built, sample, capsys):
    before = {path: path.stat().st_mtime_ns for path in built.glob("c4/**/*")}
    assert build(built, f"--input={sample}", ALL_FORMATS, "--shards=3") == 0
    assert "Complete already" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in built.glob("c4/**/*")}


def test_a_dataset_that_lost_a_shard_is_built_again(tmp_path, sample):
    assert build(tmp_path, f"--input={sample}") == 0
    whole = shard_bytes(tmp_path)
    (tmp_path / "c4/en/3.1.0/c4-train.tfrecord-00000-of-00001").unlink()
    assert build(tmp_path, f"--input={sample}") == 0
    assert shard_bytes(tmp_path) == whole


def test_what_a_killed_writer_left_is_not_published(tmp_path, sample):
    assert build(tmp_path, f"--input={sample}") == 0
    whole = shard_bytes(tmp_path)
    job = plan(tmp_path, f"--input={sample}").job
    staging = Path(job.staging_folder(*job.variants))
    staging.mkdir()
    (staging / "c4-train.tfrecord-00000-of-00001.tmp-0123456789ab").write_bytes(b"half")
    assert build(tmp_path, f"--input={sample}") == 0
    assert shard_bytes(tmp_path) == whole


def test_another_configuration_replaces_the_dataset_and_leaves_no_stale_shard(tmp_path, sample):
    assert build(tmp_path, f"--input={sample}", "--shards=3") == 0
    assert build(tmp_path, f"--input={sample}", "--shards=2", "--overwrite") == 0
    names = [path.name for path in (tmp_path / "c4/en/3.1.0").glob("*-of-*")]
    assert sorted(names) == [
        "c4-train.tfrecord-00000-of-00002",
        "c4-train.tfrecord-00001-of-00002",
        "c4-validation.tfrecord-00000-of-00001",
    ]


def test_another_word_list_makes_another_dataset(tmp_path, sample):
    words = tmp_path / "words"
    words.mkdir()
    (words / "en").write_text("slates\n")
    assert build(tmp_path, f"--input={sample}", f"--badwords_dir={words}") == 0
    assert not (tmp_path / "c4").exists()
    assert (tmp_path / "c4_custom/en/1.0.0/c4_custom-train.tfrecord-00000-of-00001").exists()
    assert read_report(tmp_path, run="c4_custom.en")["counts"]["badwords-filter/filtered"] >= 1


def test_work_is_removed_when_the_run_is_done(built):
    assert not (built / "runs/en/work").exists()
    assert sorted(path.name for path in (built / "runs/en").iterdir()) == [
        ".c4forge.json",
        "config.json",
        "malformed",
        "report",
        "report.json",
        "resources.json",
        "versions.json",
    ]


def test_report_lists_every_rule_in_data_path_order(built):
    counts = list(read_report(built)["counts"])
    steps = VARIANTS["en"].steps()
    assert [name for name in counts if name in {rule.name for rule in RULES}] == [
        rule.name for rule in RULES if rule.step() in steps
    ]


def test_configuration_and_versions_stand_beside_the_report(built, sample):
    config = json.loads((built / "runs/en/config.json").read_text())
    assert config["variants"] == ["en"] and config["formats"] == ["tfrecord", "jsonl", "parquet"]
    assert len(config["input"]) == 2
    versions = json.loads((built / "runs/en/versions.json").read_text())
    assert versions["cld3-py"] == "3.1.0" and "apache-beam" in versions


def test_the_malformed_record_is_listed_with_file_offset_and_reason(built):
    (record,) = read_malformed(built)
    assert record["file"].endswith("sample-00001.warc.wet.gz")
    assert record["offset"] > 0 and "Content-Length" in record["reason"]


def test_too_much_damage_fails_the_run_and_says_where(tmp_path, sample, capfd):
    code = build(tmp_path, f"--input={sample}", "--max_malformed_fraction=0.001")
    said = capfd.readouterr().err
    assert code == 3
    assert "1 of 92 records" in said and "--max_malformed_fraction=0.001" in said
    assert len(read_malformed(tmp_path)) == 1
    assert not (tmp_path / "c4").exists()
    # What is cleaned is kept, and a higher threshold goes on from there.
    assert build(tmp_path, f"--input={sample}", "--max_malformed_fraction=0.5") == 0
    assert "done by an earlier run" in capfd.readouterr().err


def test_an_input_without_any_page_gives_a_report_and_no_dataset(tmp_path, capfd):
    header = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\nx: y\r\n\r\n"
    (tmp_path / "empty.warc.wet").write_bytes(header)
    assert build(tmp_path / "out", f"--input={tmp_path / 'empty.warc.wet'}") == 3
    assert "en: no document is left of 0 pages" in capfd.readouterr().err
    assert read_report(tmp_path / "out")["splits"]["train"]["documents"] == 0
    assert not (tmp_path / "out" / "c4").exists()


def test_dropped_pages_are_those_that_the_report_counts(all_built):
    """Two of each rule, or all there are; a page may lose many lines by one rule."""
    for variant in VARIANTS:
        counts = read_report(all_built, variant, CUSTOM_RUN)["counts"]
        rows = read_dropped(all_built, variant)
        found = Counter(row["rule"] for row in rows)
        assert list(found) == [rule.name for rule in RULES if rule.name in found]
        for rule in RULES:
            count = counts.get(rule.name, 0)
            if rule.keeps or rule.unit not in (Unit.PAGE, Unit.LINE, Unit.RECORD):
                assert rule.name not in found
            elif rule.name not in ("split-wet-file/filtered:no_url", MALFORMED):
                least = min(count, 1 if rule.unit is Unit.LINE else 2)
                assert least <= found[rule.name] <= min(count, 2), rule.name


def test_dropped_pages_have_the_text_and_the_line_that_the_rule_saw(all_built):
    rows = read_dropped(all_built, "en")
    by_rule = {rule.name: rule for rule in RULES}
    for row in rows:
        lines = row["text"].split("\n")
        assert all(int(number) < len(lines) for number in row["dropped"])
        if by_rule[row["rule"]].unit is Unit.LINE:
            number = next(n for n, rule in row["dropped"].items() if rule == row["rule"])
            assert row["line"] == lines[int(number)]
            if row["rule"].startswith("clean-page/"):
                assert clean_line(row["line"])[1] == row["rule"]
        if row["rule"] == "too-long-filter/filtered":
            assert len(row["text"]) > 190_000
    languages = {row["rule"]: row["language"] for row in rows if row["language"]}
    assert languages["english-filter/filtered:ignored_language"] != "en"
    assert {r["probability"] is None for r in rows if r["language"] is None} == {True}


def test_statistics_add_up_to_the_documents(all_built):
    for variant in VARIANTS:
        report = read_report(all_built, variant, CUSTOM_RUN)
        documents = sum(split["documents"] for split in report["splits"].values())
        statistics = report["statistics"]
        assert sum(count for _, count in statistics["lengths"]) == documents
        assert sum(statistics["days"].values()) == statistics["host_documents"] == documents
    (folder,) = all_built.glob("c4*/en/*")
    urls = [row["url"] for row in read_jsonl(all_built, str(folder.relative_to(all_built)))]
    hosts = Counter(url.split("/")[2].removeprefix("www.") for url in urls)
    assert read_report(all_built, "en", CUSTOM_RUN)["statistics"]["hosts"] == hosts


def test_a_run_ends_with_its_page_and_report_writes_the_same_again(all_built, capsys):
    (page,) = all_built.glob("runs/*/report/index.html")
    before = page.read_text()
    page.unlink()
    assert report_main([str(all_built)]) == report_main([str(page.parent.parent)]) == 0
    assert capsys.readouterr().out == f"{page}\n" * 2
    assert page.read_text() == before
    for variant in VARIANTS:
        splits = read_report(all_built, variant, CUSTOM_RUN)["splits"].values()
        documents = sum(split["documents"] for split in splits)
        assert f"{documents:,} documents of 89 pages" in before
        for row in read_dropped(all_built, variant):
            assert isolated(row["url"], 300) in before
    assert "<th" in before and "<script" not in before
    assert all(f">{stage.name}<" in before for stage in STAGES.values())


def test_report_names_a_folder_without_a_finished_run(tmp_path, capsys):
    assert report_main([str(tmp_path)]) == 2
    assert "no finished run there" in capsys.readouterr().err
    (tmp_path / "report.json").write_text('{"variants": {"../x": []}, "spec": "", "parts": 1}')
    assert report_main([str(tmp_path)]) == 2
    assert "expected the report of a run" in capsys.readouterr().err
    (tmp_path / "a" / "report").mkdir(parents=True)
    (tmp_path / "a" / "report.json").write_text("{}")
    assert report_main([str(tmp_path / "a")]) == 2
    assert "did not make" in capsys.readouterr().err


def test_a_finished_run_is_done_again_for_dropped_pages_that_it_lacks(
    all_built, sample, all_variants
):
    for kept, lacks in ((0, False), (2, False), (3, True)):
        todo = plan(all_built, f"--input={sample}", f"--keep_dropped={kept}", *all_variants)
        assert lacks_dropped(todo.job) is lacks
