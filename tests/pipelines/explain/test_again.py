"""A run whose work is gone is asked all the same: its input is read again, and it says so."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines import why
from pipelines.explain.again import explain_again
from pipelines.explain.question import explain_page
from runtime.errors import UsageError
from tests.pipelines.explain.explained import one_run, path_of

PAGES = (
    "blog.slowbread.example/rye-sourdough",
    "https://shelfnotes.example/2025/ghost-trains",
    "https://plainscience.example/answers/154/where-does-a-rainbow-end",
)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> str:
    """A folder in which what is read again is kept."""
    return str(tmp_path_factory.mktemp("read") / "work")


@pytest.fixture
def finished(tmp_path, output) -> Path:
    """The run as it is without its work."""
    shutil.copytree(output, tmp_path / "out", ignore=shutil.ignore_patterns("work"))
    return tmp_path / "out"


def change(finished: Path, **values: object) -> None:
    """Other values in the run's config.json."""
    (path,) = finished.glob("runs/*/config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("url", PAGES)
def test_the_answer_is_that_of_the_work(output, finished, work, url):
    with_work, without = one_run(output), one_run(finished)
    assert with_work.has_work and not without.has_work
    expected, told = explain_page(with_work, url), explain_again(without, url, (), (), work)
    assert told.notes == ("The work of the run is gone: its input, 2 WET files, was read again.",)
    assert told.variants == expected.variants and told.lines == expected.lines
    assert (told.records, told.run) == (expected.records, expected.run)


def test_what_is_read_again_is_removed_and_the_datasets_stay(finished, capsys):
    before = sorted(finished.rglob("*"))
    assert why.main([PAGES[0], f"--output={finished}", "--num_workers=1", "--variant=en"]) == 0
    assert sorted(finished.rglob("*")) == before
    said = capsys.readouterr()
    assert "was read again." in said.out and "will be read again." in said.err


def test_files_that_are_missing_are_named(finished, sample, work):
    files = sorted(Path(sample).parent.glob("*.gz"))
    change(finished, input=[str(files[0]), "/gone/x.warc.wet.gz"])
    told = explain_again(one_run(finished), PAGES[0], (), (), work)
    _, missing, changed = told.notes
    assert missing.startswith("1 of the 2 WET files are no longer there: /gone/x.warc.wet.gz.")
    assert changed.startswith("The WET files are not those that the run read")
    assert len(told.records) == 1  # the newest capture was in the other file


def test_without_any_input_nothing_is_guessed(finished, work):
    change(finished, input=["/gone/x.warc.wet.gz"])
    with pytest.raises(UsageError, match="and so is its input, as /gone/x"):
        explain_again(one_run(finished), PAGES[0], (), (), work)


def test_lists_that_are_not_known_or_not_the_same_are_told(finished, tmp_path, work, all_variants):
    change(finished, again=[text for text in all_variants if "badwords" in text])
    domains = tmp_path / "domains.json"
    domains.write_text('{"slowbread.example": true}')
    given = [f"--realnews_domains={domains}"]
    told = explain_again(one_run(finished), PAGES[0], (), given, work)
    assert told.notes[1:] == (
        "webtextlike is left out: --webtext_urls is needed",
        "Lists are not those of the run: realnews.",
    )
    assert path_of(told, "en").kept and "webtextlike" not in [p.variant for p in told.variants]


def test_a_folder_of_others_is_not_written_to(finished, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.json").write_text("{}")
    arguments = [PAGES[0], f"--output={finished}", f"--work_dir={tmp_path / 'mine'}"]
    assert why.main(arguments) == 2
    assert (tmp_path / "mine" / "run.json").read_text() == "{}"


def test_the_work_of_a_distributed_runner_has_no_blocks_and_is_read_again(tmp_path, output, work):
    shutil.copytree(output, tmp_path / "out", ignore=shutil.ignore_patterns("*.blocks"))
    run = one_run(tmp_path / "out")
    assert not run.has_work and len(run.input) == 2
    told = explain_again(run, PAGES[0], ("en",), (), work)
    (path,) = explain_page(one_run(output), PAGES[0], ("en",)).variants
    assert told.variants == (path,)


def test_the_files_of_a_crawl_are_not_downloaded_again(finished, work):
    change(finished, commoncrawl_url="https://data.commoncrawl.org/", input=["crawl-data/x.gz"])
    with pytest.raises(UsageError, match="--keep_wet the files of a crawl"):
        explain_again(one_run(finished), PAGES[0], (), (), work)
