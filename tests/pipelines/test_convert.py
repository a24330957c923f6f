"""Other formats of a finished corpus have the bytes that a run would have written."""

import dataclasses
import json
from pathlib import Path

import pytest

from corpora import conversion
from corpora.contents import read_contents
from corpora.formats import OUTPUT_FORMATS
from pipelines.convert import main
from tests.corpora.written import write_dataset
from tests.runs.runs import build, shard_bytes

ALL = ",".join(OUTPUT_FORMATS)
COUNTS = {"train": 40, "validation": 3}


def convert(folder: Path, *arguments: str) -> int:
    return main([str(folder), "--num_workers=1", *arguments])


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict[str, str]:
    """The shards of the dataset, written at once in every format."""
    root = tmp_path_factory.mktemp("expected")
    write_dataset(root, "en", COUNTS, *OUTPUT_FORMATS)
    return shard_bytes(root)


@pytest.mark.parametrize("source", OUTPUT_FORMATS)
def test_any_format_gives_the_bytes_of_all_others(tmp_path, expected, source):
    folder = write_dataset(tmp_path, "en", COUNTS, source)
    assert convert(folder, f"--format={ALL}") == 0
    assert shard_bytes(tmp_path) == expected
    assert read_contents(str(folder)).formats() == list(OUTPUT_FORMATS)
    info = json.loads((folder / "dataset_info.json").read_text())
    assert (info["fileFormat"], info["alternativeFileFormats"]) == ("tfrecord", ["array_record"])


def test_another_output_has_only_what_was_asked_for(tmp_path, expected):
    folder = write_dataset(tmp_path / "a", "en", COUNTS, "jsonl", "tfrecord")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert convert(folder, "--format=parquet", f"--output={tmp_path / 'b'}") == 0
    assert shard_bytes(tmp_path / "b") == {n: d for n, d in expected.items() if "parquet" in n}
    assert "`c4/en/3.1.0`" not in (tmp_path / "b/c4/README.md").read_text()
    assert 'config_name: "en"' in (tmp_path / "b/c4/README.md").read_text()
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_conversion_that_was_stopped_goes_on(tmp_path, expected, monkeypatch):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    monkeypatch.setattr(conversion, "_BATCH_DOCUMENTS", 7)
    (folder / "c4-validation.tfrecord-00000-of-00001").rename(tmp_path / "aside")
    contents = read_contents(str(folder))
    tasks = conversion.shard_tasks(
        contents, str(folder), "tfrecord", str(folder), ["jsonl"], contents
    )
    (folder / ".c4forge-converting.json").write_text(conversion.identity(contents, {}))
    conversion.convert_shard(tasks[0])
    first = folder / "jsonl/c4-train.00000-of-00002.json.gz"
    before = first.stat().st_mtime_ns
    with pytest.raises(conversion.DamagedShard):
        conversion.convert_shard(tasks[2])
    assert [path.name for path in (folder / "jsonl").iterdir()] == [first.name]
    assert read_contents(str(folder)).formats() == ["tfrecord"]
    (tmp_path / "aside").rename(folder / "c4-validation.tfrecord-00000-of-00001")
    assert convert(folder, "--format=jsonl") == 0
    assert first.stat().st_mtime_ns == before
    assert not (folder / ".c4forge-converting.json").exists()
    shards = {n: d for n, d in expected.items() if "jsonl" in n or "tfrecord" in n}
    assert shard_bytes(tmp_path) == shards


def test_files_that_another_conversion_left_are_not_taken(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    (folder / "jsonl").mkdir()
    (folder / "jsonl/c4-train.00000-of-00002.json.gz").write_bytes(b"of another corpus")
    (folder / ".c4forge-converting.json").write_text("0123456789abcdef")
    assert convert(folder, "--format=jsonl") == 2
    assert "is of another conversion, or of others" in capsys.readouterr().err


def test_a_shard_with_fewer_documents_than_stated_is_damage(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "jsonl")
    one, other = (folder / f"jsonl/c4-train.0000{n}-of-00002.json.gz" for n in (0, 1))
    write_dataset(tmp_path / "b", "en", {"train": 5}, "jsonl")
    one.write_bytes((tmp_path / "b/c4/en/3.1.0/jsonl" / other.name).read_bytes())
    assert convert(folder, "--format=parquet") == 3
    assert "expected 20 documents, as its dataset states; it has 2" in capsys.readouterr().err
    assert read_contents(str(folder)).formats() == ["jsonl"]


def test_what_is_there_already_is_not_written_again(tmp_path):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord", "parquet")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert convert(folder, "--format=parquet") == 0
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_folder_without_a_finished_dataset_is_refused(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    (folder / "c4-validation.tfrecord-00000-of-00001").unlink()
    for wrong in (tmp_path, folder):
        assert convert(wrong, "--format=jsonl") == 2
        assert "expected the folder of a finished dataset" in capsys.readouterr().err
    other = write_dataset(tmp_path / "b", "en", {"train": 5}, "tfrecord")
    assert convert(other, "--format=jsonl", f"--output={tmp_path}") == 2
    assert "holds a dataset of other documents" in capsys.readouterr().err


def test_files_that_no_command_made_are_left(tmp_path, capsys):
    folder = write_dataset(tmp_path / "a", "en", COUNTS, "tfrecord")
    theirs = tmp_path / "b/c4/en/3.1.0"
    theirs.mkdir(parents=True)
    for name in ("c4-train.tfrecord-00000-of-00002", "dataset_info.json", "contents.json"):
        (theirs / name).write_text("{")
    before = {path.name: path.read_bytes() for path in theirs.iterdir()}
    assert convert(folder, "--format=tfrecord", f"--output={tmp_path / 'b'}") == 2
    assert "holds files, but no contents.json of a finished dataset" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == before


def test_a_shard_that_lost_bytes_is_written_again(tmp_path, expected):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord", "jsonl")
    shard = folder / "jsonl/c4-train.00001-of-00002.json.gz"
    shard.write_bytes(b"")
    assert convert(folder, "--format=jsonl") == 0
    assert shard_bytes(tmp_path).items() <= expected.items() and shard.stat().st_size
    shard.write_bytes(b"")
    assert convert(folder, "--format=parquet") == 0  # read from TFRecord, which is whole


def test_a_shard_that_lost_bytes_is_written_again_by_a_conversion_that_goes_on(tmp_path, expected):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord", "jsonl")
    contents = read_contents(str(folder))
    (folder / ".c4forge-converting.json").write_text(conversion.identity(contents, {}))
    (folder / "jsonl/c4-train.00001-of-00002.json.gz").write_bytes(b"")
    assert convert(folder, "--format=jsonl,parquet") == 0
    assert shard_bytes(tmp_path).items() <= expected.items()


def test_a_damaged_shard_is_left_if_no_format_is_whole(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "jsonl")
    shard = folder / "jsonl/c4-train.00001-of-00002.json.gz"
    shard.write_bytes(half := shard.read_bytes()[:60])
    assert convert(folder, "--format=jsonl") == 3
    assert "no other format is complete" in capsys.readouterr().err
    assert shard.read_bytes() == half


def test_columns_of_other_input_are_other_documents(tmp_path):
    contents = read_contents(str(write_dataset(tmp_path, "en", COUNTS, "jsonl")))
    one, other = ({"input": [f"{name}.warc.wet.gz"]} for name in "ab")
    assert conversion.identity(contents, one) == conversion.identity(contents, other)
    placed = dataclasses.replace(contents, features=(*contents.features, "wet_file"))
    assert conversion.identity(placed, one) != conversion.identity(placed, other)


def test_a_bucket_without_a_name_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_dataset(tmp_path, "en", COUNTS, "jsonl")
    assert convert(folder, "--format=parquet", "--output=s3://") != 0
    assert "expected s3://bucket/name" in capsys.readouterr().err
    assert not (tmp_path / "s3:").exists()


def test_a_run_makes_another_format_from_its_datasets(tmp_path, sample, capsys, monkeypatch):
    wanted = ["--variant=en,en.noclean", f"--input={sample}", "--shards=2"]
    assert build(tmp_path / "a", *wanted, "--format=tfrecord,parquet,jsonl") == 0
    assert build(tmp_path / "b", *wanted) == 0
    monkeypatch.setattr("pipelines.main.run_plan", None)  # no page is read again
    assert build(tmp_path / "b", *wanted, "--format=jsonl,tfrecord") == 0
    assert "Built already: same input, same configuration." in capsys.readouterr().out
    assert build(tmp_path / "b", wanted[0].rpartition(",")[0], *wanted[1:], "--format=parquet") == 0
    assert (tmp_path / "b/runs/en/report.json").exists()
    one = {n: d for n, d in shard_bytes(tmp_path / "a").items() if "noclean/3.1.0/parquet" not in n}
    assert shard_bytes(tmp_path / "b") == one
    assert build(tmp_path / "b", *wanted, "--format=tfrecord") == 0
    assert "Complete already" in capsys.readouterr().out


def test_a_run_that_builds_again_keeps_the_formats_that_were_there(tmp_path, sample):
    wanted = [f"--input={sample}", "--format=tfrecord,jsonl"]
    assert build(tmp_path, *wanted) == 0
    before = shard_bytes(tmp_path)
    for path in (tmp_path / "c4/en/3.1.0").rglob("*validation*"):
        path.unlink()
    assert build(tmp_path, *wanted[:1], "--format=tfrecord") == 0
    assert shard_bytes(tmp_path) == before


def test_a_scheme_that_no_filesystem_has_is_named(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "jsonl")
    assert convert(folder, "--format=parquet", "--output=ftp://host/x") == 2
    assert "ftp://: no filesystem has this scheme" in capsys.readouterr().err


def stopped(folder: Path, formats: list[str]) -> list[Path]:
    """As a conversion leaves a folder that is killed after its last shard; the shards."""
    contents = read_contents(str(folder))
    (folder / ".c4forge-converting.json").write_text(conversion.identity(contents, {}))
    given = (contents, str(folder), "tfrecord", str(folder), formats, contents)
    for task in conversion.shard_tasks(*given):
        conversion.convert_shard(task)
    return sorted(path for path in folder.rglob("*-of-*") if path.parent != folder)


def test_a_conversion_that_goes_on_makes_damaged_shards_again(tmp_path, expected):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    one, other, third = stopped(folder, ["jsonl"])
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    one.write_bytes(data)
    other.write_bytes(b"of another")
    (folder / ".c4forge-converting/000002.receipt.json").write_text("{")
    before = third.stat().st_ino
    assert convert(folder, "--format=jsonl") == 0
    assert shard_bytes(tmp_path).items() <= expected.items() and third.stat().st_ino != before
    assert not list(folder.rglob(".*"))


def test_files_of_others_in_place_of_shards_are_not_replaced(tmp_path, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    (folder / "jsonl").mkdir()
    mine = folder / "jsonl/c4-train.00001-of-00002.json.gz"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/c4-train-00000-of-00002.parquet").write_text("mine")
    (folder / "parquet").symlink_to(tmp_path / "elsewhere")
    for make in (lambda: mine.write_text("mine"), lambda: mine.symlink_to(tmp_path / "nowhere")):
        make()
        for name in ("jsonl", "parquet"):
            assert convert(folder, f"--format={name}") == 2
            assert "is not of c4forge, and would be replaced" in capsys.readouterr().err
        mine.unlink()
    assert [path.read_text() for path in (tmp_path / "elsewhere").iterdir()] == ["mine"]
    assert not (folder / ".c4forge-converting.json").exists()


def test_another_whole_format_is_read_if_one_is_damaged(tmp_path, expected, capsys):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord", "jsonl")
    shard = folder / "c4-train.tfrecord-00001-of-00002"
    data = bytearray(shard.read_bytes())
    data[40] ^= 1
    shard.write_bytes(data)
    assert convert(folder, "--format=parquet") == 0
    assert "Read from jsonl instead" in capsys.readouterr().err
    made = {n: d for n, d in shard_bytes(tmp_path).items() if "parquet" in n}
    assert made == {n: d for n, d in expected.items() if "parquet" in n}
