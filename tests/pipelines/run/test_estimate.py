"""Estimates from a few files, held against the whole."""

import itertools

import pytest

from pipelines.main import main
from pipelines.run.estimate import Range, run_sample, scaled
from pipelines.run.prices import PRICES
from pipelines.sources.commoncrawl import choose_files
from runtime.workers import pool as workers
from tests.conftest import REPOSITORY
from tests.runs.runs import plan

DOCUMENTS = {
    "en": 3885, "en.noclean": 4766, "en.noblocklist": 4150, "realnewslike": 641,
    "webtextlike": 851, "multilingual": 4238,
}  # fmt: skip


def test_two_of_five_files_foretell_all_five(shared_data, tmp_path):
    """Documents of every variant within a fifth; --estimate prints the same figures."""
    refs = shared_data / "refs"
    lists = [
        f"--badwords_dir={refs / 'badwords'}",
        f"--realnews_domains={refs / 'domain_to_allowed_subdomains.json'}",
        f"--webtext_urls={refs / 'webtext'}",
    ]
    files = sorted(map(str, (shared_data / "wet").glob("*.gz")))
    total = sum(
        part.stored_bytes() for part in plan(tmp_path, *[f"--input={f}" for f in files]).parts
    )
    chosen = [f"--input={path}" for path in choose_files(files, sample_files=2)]
    workers.open_pool(2, "pipelines.stages.preload")
    sample = run_sample(plan(tmp_path, "--variant=all", *chosen, *lists))
    found = {
        variant: scaled(documents, sample.stored_bytes, total).value
        for variant, documents in sample.documents.items()
    }
    assert found.keys() == DOCUMENTS.keys()
    for variant, documents in DOCUMENTS.items():
        assert found[variant] == pytest.approx(documents, rel=0.2), variant
    assert sample.shuffled_bytes and sample.work_bytes and sample.written_bytes
    assert min(sample.cpu_seconds.values()) > 0


def test_the_estimate_keeps_nothing_and_prints_what_it_would_take(tmp_path, sample, capsys):
    arguments = ["--variant=en,realnews", f"--input={sample}", "--price_vcpu_hour=100"]
    assert main([*arguments, f"--output={tmp_path / 'out'}", "--estimate", "--num_workers=2"]) == 0
    said = capsys.readouterr()
    assert not (tmp_path / "out").exists()
    assert "Estimate for 2 WET files" in said.out
    for word in ("CPU-hours", "GB read", "GB shuffled", "GB written", "realnewslike", "x 100 ="):
        assert word in said.out, word
    assert "trying 2 of 2 WET files" in said.err


@pytest.mark.parametrize("price", PRICES.values(), ids=list(PRICES))
def test_every_price_is_used_and_documented(price, tmp_path, sample, capsys):
    page = (REPOSITORY / "docs" / "crawl.md").read_text()
    assert f"| `--price_{price.name}` | {price.usd:g} | {price.meaning} |" in page


@pytest.mark.parametrize("value", ["-1", "much", "inf", "nan"])
def test_a_price_that_is_none_is_refused(tmp_path, value, capsys):
    assert main(["--input=x", f"--output={tmp_path}", f"--price_shuffle_gb={value}"]) == 2
    assert f"={value}: expected a finite number of 0 or more" in capsys.readouterr().err


def test_a_larger_choice_of_files_holds_a_smaller_one():
    paths = [f"crawl/{number:05d}.warc.wet.gz" for number in range(100)]
    choices = [choose_files(paths, sample_files=count) for count in range(10, 101, 10)]
    for smaller, larger in itertools.pairwise(choices):
        assert set(smaller) < set(larger)
    chosen = choose_files(paths, sample_files=7)
    assert choose_files(paths[::-1], sample_files=7) == chosen[::-1]
    assert chosen != tuple(paths[:7])
    moved = [path.replace("crawl/", "/elsewhere/") for path in paths]
    assert choose_files(moved, sample_files=7) == tuple(
        path.replace("crawl/", "/elsewhere/") for path in chosen
    )


def test_sums_are_scaled_by_stored_bytes():
    found = scaled({"a": 10, "b": 90}, {"a": 100, "b": 300}, 1000)
    assert found == Range(250.0, 100.0, 300.0)
