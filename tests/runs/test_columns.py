"""Columns of documents beside those of C4: where each came from."""

import shutil
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import c4forge
from corpora.features import COLUMNS, FEATURES
from pipelines.convert import main as convert
from pipelines.sources.wet_files import listed_name
from tests.conftest import REPOSITORY
from tests.runs.runs import build, plan, read_jsonl, shard_bytes

WET = REPOSITORY / "sample" / "wet"
VARIANTS = "--variant=en,en.noclean,mc4.fr"
ALL = f"--columns={','.join(COLUMNS)}"


@pytest.fixture(scope="module")
def arguments(all_variants) -> list[str]:
    return [VARIANTS, all_variants[1], "--shards=2"]


@pytest.fixture(scope="module")
def built(tmp_path_factory, arguments) -> Path:
    """The sample, from a folder that is laid out as a crawl."""
    folder = tmp_path_factory.mktemp("columns")
    shutil.copytree(WET, folder / "crawl-data/CC-MAIN-2025-18/wet")
    wet = f"--input={folder / 'crawl-data'}"
    assert build(folder / "out", *arguments, wet, "--format=jsonl,parquet", ALL) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def plain(tmp_path_factory, arguments, sample) -> Path:
    output = tmp_path_factory.mktemp("plain")
    assert build(output, *arguments, f"--input={sample}", "--format=jsonl") == 0
    return output


def documents(output: Path, variant: str) -> list[dict[str, str]]:
    (folder,) = output.glob(f"c4*/{variant}/*")
    return read_jsonl(output, str(folder.relative_to(output)))


@pytest.mark.parametrize("variant", ["en", "en.noclean", "mc4.fr"])
def test_the_documents_are_the_same_with_columns(built, plain, variant):
    found, without = documents(built, variant), documents(plain, variant)
    assert [{name: row[name] for name in FEATURES} for row in found] == without
    assert all(list(row) == [*FEATURES, *COLUMNS] for row in found) and found
    assert {row["language"] for row in found} == {variant.removeprefix("mc4.")[:2]}
    assert all(0.95 <= float(row["language_probability"]) <= 1 for row in found)


@pytest.mark.parametrize("variant", ["en", "en.noclean", "mc4.fr"])
def test_a_document_leads_to_its_record(built, variant):
    for row in documents(built, variant):
        assert row["wet_file"].startswith("crawl-data/CC-MAIN-2025-18/wet/sample-0000")
        data = (WET / Path(row["wet_file"]).name).read_bytes()
        member = zlib.decompressobj(31).decompress(data[int(row["record_offset"]) :])
        header = member.partition(b"\r\n\r\n")[0].decode()
        assert f"WARC-Target-URI: {row['url']}\r\n" in header
        assert f"WARC-Block-Digest: {row['digest']}" in header or "Block-Digest" not in header


def test_it_is_not_called_what_tfds_would_write(built, plain):
    assert (plain / "c4/en.noclean/3.1.0").is_dir()
    assert (built / "c4_extra/en.noclean/3.1.0").is_dir() and not (built / "c4").exists()
    assert "c4_extra" in next((built / "runs").iterdir()).name


def test_parquet_has_types_and_makes_all_other_formats(built, tmp_path, capsys):
    folder = built / "c4_extra/en.noclean/3.1.0"
    schema = pq.read_schema(folder / "parquet/c4_extra-train-00000-of-00002.parquet")
    types = {name: str(schema.field(name).type) for name in COLUMNS}
    assert types == {
        "language": "string", "language_probability": "double", "wet_file": "string",
        "record_offset": "int64", "digest": "string",
    }  # fmt: skip
    shutil.copytree(folder, tmp_path / "c4_extra/en.noclean/3.1.0")
    shutil.rmtree(tmp_path / "c4_extra/en.noclean/3.1.0/jsonl")
    (tmp_path / "a").mkdir()
    shutil.copytree(tmp_path / "c4_extra", tmp_path / "a/c4_extra")
    contents = tmp_path / "a/c4_extra/en.noclean/3.1.0/contents.json"
    contents.write_text(contents.read_text().replace('"jsonl"', '"other"'))
    arguments = [str(contents.parent), "--format=jsonl,tfrecord", "--num_workers=1"]
    assert convert(arguments) == 0
    expected = {n: d for n, d in shard_bytes(built).items() if "/en.noclean/3.1.0/jsonl" in n}
    found = {n: d for n, d in shard_bytes(tmp_path / "a").items() if "jsonl" in n}
    assert found == expected
    table = c4forge.read_corpus(contents.parent).to_arrow(["url", *COLUMNS])
    assert table.column_names == ["url", *COLUMNS] and None not in table["digest"].to_pylist()


def test_columns_are_part_of_what_a_run_is(tmp_path, sample):
    jobs = [plan(tmp_path, f"--input={sample}", *more).job for more in ([], [ALL], [ALL[:18]])]
    digests = [(job.clean_digest(), job.shards_digest(*job.variants)) for job in jobs]
    assert jobs[2].columns == ("language",)
    assert len({shards for _, shards in digests}) == 3
    assert digests[0][0] == digests[2][0] != digests[1][0]  # the language needs nothing of cleaning


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/x.warc.wet.gz", "x.warc.wet.gz"),
        ("x.warc.wet.gz", "x.warc.wet.gz"),
        ("gs://b/crawl-data/CC-MAIN-2019-18/wet/x.gz", "crawl-data/CC-MAIN-2019-18/wet/x.gz"),
        ("crawl-data/CC-MAIN-2019-18/x.gz", "crawl-data/CC-MAIN-2019-18/x.gz"),
    ],
)
def test_a_wet_file_is_called_the_same_wherever_it_lies(path, name):
    assert listed_name(path) == name
