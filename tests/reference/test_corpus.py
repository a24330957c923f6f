"""The whole corpus beside TFDS's own: the same documents, the same sound counters."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cleaning.variants import VARIANTS
from tests.conftest import REPOSITORY, read_gzip
from tests.reference.corpus import CONFIGS, build_reference
from tests.runs.runs import build, language_of, read_jsonl, read_report, split_wet

UNSOUND = "duplicate-url-filter/"  # counted inside a CombineFn, so once an accumulator


def sound(counters: dict[str, int]) -> dict[str, int]:
    """The reference's counters that mean what they say."""
    return {name: count for name, count in counters.items() if not name.startswith(UNSOUND)}


def documents_of(
    output: Path, variant: str, run: str = "all"
) -> Iterator[tuple[str, dict[str, str]]]:
    """Every document of a variant, as the reference has it."""
    dataset = read_report(output, variant, run)["dataset"]
    for split, document in read_jsonl(output, dataset, with_split=True):
        yield (
            document["url"],
            {
                "text": document["text"],
                "language": language_of(split),
                "timestamp": document["timestamp"],
                "content_type": document["content-type"],
                "content_length": document["content-length"],
            },
        )


def list_arguments(references: Path) -> list[str]:
    """Our options for the lists of a folder laid out as `tests.reference.corpus` wants it."""
    return [
        f"--badwords_dir={references / 'badwords'}",
        f"--realnews_domains={references / 'domain_to_allowed_subdomains.json'}",
        f"--webtext_urls={references / 'webtext'}",
    ]


def assert_equal_to_reference(files: list[Path], references: Path, folder: Path) -> None:
    """One run of ours for all variants; a run of TFDS for each of its configurations."""
    output = folder / "out"
    arguments = [*list_arguments(references), *(f"--input={path}" for path in files)]
    arguments += ["--variant=all", "--format=jsonl", "--max_malformed_fraction=1"]
    assert build(output, *arguments) == 0
    (run,) = [path.name for path in (output / "runs").iterdir()]
    for config in CONFIGS:
        expected = build_reference(files, config, references)
        assert dict(documents_of(output, config, run)) == expected["documents"], config
        counts = read_report(output, config, run)["counts"]
        counters = sound(expected["counters"])
        assert {name: counts.get(name, 0) for name in counters} == counters, config


@pytest.fixture(scope="module")
def sample_references(tmp_path_factory, all_variants) -> Path:
    """The sample's own lists, and bad words of every language."""
    folder = tmp_path_factory.mktemp("references")
    (folder / "badwords").symlink_to(all_variants[1].partition("=")[2])
    domains = (REPOSITORY / "sample" / "realnews_domains.json").read_text()
    (folder / "domain_to_allowed_subdomains.json").write_text(domains)
    (folder / "webtext").mkdir()
    urls = (REPOSITORY / "sample" / "webtext_urls.txt").read_text()
    (folder / "webtext" / "urls.txt").write_text(urls)
    return folder


def test_the_sample_gives_the_documents_of_tfds(sample, sample_references, tmp_path):
    """Without the record that is malformed on purpose: TFDS has no idea of one."""
    files = split_wet(sorted(Path(sample).parent.glob("*.gz")), tmp_path / "wet", files=2)
    for path in files:
        records = read_gzip(path).split(b"WARC/1.0\r\nWARC-Type: ")[1:]
        sound_ones = [record for record in records if b"/ports/gull-island\r\n" not in record]
        path.write_bytes(
            gzip.compress(b"".join(b"WARC/1.0\r\nWARC-Type: " + r for r in sound_ones))
        )
    assert_equal_to_reference(files, sample_references, tmp_path)


def test_real_pages_give_the_documents_of_tfds(shared_data, tmp_path):
    """A fast part of the data; `make test-full` takes all of it."""
    parts = split_wet(sorted((shared_data / "wet").glob("*.gz"))[:2], tmp_path / "wet", files=12)
    assert_equal_to_reference(parts[:2], shared_data / "refs", tmp_path)


@pytest.mark.slow
def test_all_real_pages_give_the_documents_of_tfds(shared_data, tmp_path):
    files = sorted((shared_data / "wet").glob("*.gz"))
    assert_equal_to_reference(files, shared_data / "refs", tmp_path)


@pytest.fixture(scope="module")
def every_variant(shared_data, tmp_path_factory) -> Path:
    """All variants of all real pages, from one run."""
    output = tmp_path_factory.mktemp("every-variant")
    arguments = [f"--input={shared_data / 'wet'}", *list_arguments(shared_data / "refs")]
    assert build(output, "--variant=all", "--format=jsonl", *arguments) == 0
    return output


@pytest.mark.parametrize(
    ("variant", "documents"),
    [
        ("en", 3885),
        ("en.noclean", 4766),
        ("realnewslike", 641),
        ("webtextlike", 851),
        ("multilingual", 4238),
    ],
)
def test_one_run_gives_what_tfds_gave_for_each_variant(
    shared_data, every_variant, variant, documents
):
    """Against what TFDS wrote once for these files, so all of them fit into a short test."""
    with gzip.open(shared_data / "expected" / f"{variant}.tsv.gz", "rt") as lines:
        expected = {tuple(line.rstrip("\n").split("\t")) for line in lines}
    found = {
        (url, hashlib.sha1(document["text"].encode()).hexdigest(), document["language"])
        for url, document in documents_of(every_variant, variant)
    }
    assert len(found) == documents
    assert found == expected
    counters = json.loads((shared_data / "expected" / f"{variant}.counters.json").read_text())
    counts = read_report(every_variant, variant, "all")["counts"]
    assert {name: counts.get(name, 0) for name in sound(counters)} == sound(counters)


def test_every_configuration_of_tfds_is_a_variant():
    assert [name for name in VARIANTS if name != "en.noblocklist"] == list(CONFIGS)


def test_pages_with_bad_words_are_what_noblocklist_adds(every_variant):
    counts = read_report(every_variant, "en", "all")["counts"]
    without = dict(documents_of(every_variant, "en"))
    with_them = dict(documents_of(every_variant, "en.noblocklist"))
    assert len(with_them) == counts["english-filter/passed"] == 4150
    assert without.items() < with_them.items()


def test_one_language_of_mc4_is_a_split_of_multilingual(shared_data, every_variant, tmp_path):
    arguments = [f"--input={shared_data / 'wet'}", *list_arguments(shared_data / "refs")]
    assert build(tmp_path, "--variant=mc4.de", "--format=jsonl", *arguments) == 0
    alone = read_jsonl(tmp_path, "c4_extra/mc4.de/3.1.0")
    of_all = [
        document
        for split, document in read_jsonl(every_variant, "c4/multilingual/3.1.0", with_split=True)
        if language_of(split) == "de"
    ]
    by_url = {document["url"]: document for document in alone}
    assert len(by_url) == len(alone) == 729
    assert by_url == {document["url"]: document for document in of_all}


def test_a_genuine_common_crawl_file_is_read(shared_data, tmp_path):
    """Its one page is not English: no data set comes of it, and the counts say why."""
    assert build(tmp_path, f"--input={shared_data / 'wet_cc'}", "--format=jsonl") == 3
    counts = read_report(tmp_path)["counts"]
    assert counts["split-wet-file/passed"] == 1
    assert counts["split-wet-file/filtered:malformed"] == 0
    assert counts["english-filter/filtered:ignored_language"] == 1
