"""The whole corpus beside TFDS's own: the same documents, the same sound counters."""

import gzip
import json
from pathlib import Path

import pytest

from tests.pipelines.runs import build, read_jsonl, read_report, split_wet, text_digests
from tests.reference.corpus import build_reference

UNSOUND = "duplicate-url-filter/"  # counted inside a CombineFn, so once an accumulator


def sound(counters: dict[str, int]) -> dict[str, int]:
    """The reference's counters that mean what they say."""
    return {name: count for name, count in counters.items() if not name.startswith(UNSOUND)}


def assert_equal_to_reference(files: list[Path], output: Path) -> None:
    expected = build_reference(files)
    arguments = [f"--input={path}" for path in files]
    assert build(output, *arguments, "--format=jsonl", "--max_malformed_fraction=1") == 0
    found = {
        document["url"]: {
            "text": document["text"],
            "timestamp": document["timestamp"],
            "content_type": document["content-type"],
            "content_length": document["content-length"],
        }
        for document in read_jsonl(output)
    }
    assert found == expected["documents"]
    counts = read_report(output)["counts"]
    assert {name: counts[name] for name in sound(expected["counters"])} == sound(
        expected["counters"]
    )


def test_the_sample_gives_the_documents_of_tfds(sample, tmp_path):
    """Without the record that is malformed on purpose: TFDS has no idea of one."""
    files = split_wet(sorted(Path(sample).parent.glob("*.gz")), tmp_path / "wet", files=2)
    for path in files:
        records = gzip.decompress(path.read_bytes()).split(b"WARC/1.0\r\nWARC-Type: ")[1:]
        sound_ones = [record for record in records if b"/ports/gull-island\r\n" not in record]
        path.write_bytes(
            gzip.compress(b"".join(b"WARC/1.0\r\nWARC-Type: " + r for r in sound_ones))
        )
    assert_equal_to_reference(files, tmp_path / "out")


def test_real_pages_give_the_documents_of_tfds(shared_data, tmp_path):
    """A fast part of the data; `make test-full` takes all of it."""
    parts = split_wet(sorted((shared_data / "wet").glob("*.gz"))[:2], tmp_path / "wet", files=8)
    assert_equal_to_reference(parts[:2], tmp_path / "out")


@pytest.mark.slow
def test_all_real_pages_give_the_documents_of_tfds(shared_data, tmp_path):
    assert_equal_to_reference(sorted((shared_data / "wet").glob("*.gz")), tmp_path / "out")


def test_all_real_pages_give_the_documents_that_tfds_gave(shared_data, tmp_path):
    """Against what TFDS wrote once for these files, so all of them fit into a short test."""
    assert build(tmp_path, f"--input={shared_data / 'wet'}", "--format=jsonl") == 0
    with gzip.open(shared_data / "expected" / "en.tsv.gz", "rt") as lines:
        expected = {tuple(line.rstrip("\n").split("\t")[:2]) for line in lines}
    found = text_digests(tmp_path)
    assert len(found) == 3885
    assert found == expected
    counters = sound(json.loads((shared_data / "expected" / "en.counters.json").read_text()))
    counts = read_report(tmp_path)["counts"]
    assert {name: counts[name] for name in counters} == counters


def test_a_genuine_common_crawl_file_is_read(shared_data, tmp_path):
    assert build(tmp_path, f"--input={shared_data / 'wet_cc'}", "--format=jsonl") == 0
    counts = read_report(tmp_path)["counts"]
    assert counts["split-wet-file/passed"] == 1
    assert counts["split-wet-file/filtered:malformed"] == 0
