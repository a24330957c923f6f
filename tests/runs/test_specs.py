"""Specs through the whole run: each fixed defect on a page of its own, names, overrides."""

import json
from pathlib import Path

import pytest

from cleaning.specs import FIXES, SETTINGS, SPECS
from tests.cleaning.wet.wet import DATE, header_lines, record_bytes
from tests.runs.runs import build, plan, read_jsonl, read_report, run_stages

TEXT = "The ferry {0} leaves at ten.\nIt does not {0} sail on Sundays.\nNobody was {0} left here.\n"
LATER = "2026-01-01T00:00:00Z"
PAGES: dict[str, list[tuple[str, str, str]]] = {
    "body_headers": [
        ("http://a.example/", DATE, TEXT.format("always") + "Content-ment is what we sell.\n")
    ],
    "url_scheme_case": [
        ("http://b.example/", DATE, TEXT.format("often")),
        ("HTTP://b.example/", LATER, TEXT.format("rarely")),
    ],
    "url_scheme_place": [
        ("http://c.example/?to=http://x.example", DATE, TEXT.format("still")),
        ("http://c.example/?to=x.example", LATER, TEXT.format("simply")),
    ],
    "url_tracking": [
        ("http://d.example/?reference=1", DATE, TEXT.format("really")),
        ("http://d.example/?reference=2", LATER, TEXT.format("perhaps")),
    ],
    "citations": [("http://e.example/", DATE, TEXT.format("mostly[]"))],
    "end_marks": [
        ("http://f.example/", DATE, TEXT.format("usually") + "She said: “All was well in here”\n")
    ],
    "bad_words_case": [
        ("http://g.example/", DATE, TEXT.format("surely") + "He saw an Übel in the harbour.\n")
    ],
}  # fmt: skip
"""Pages on which the switch, and it alone, makes a difference: URL, date, text."""


def write_pages(folder: Path, switch: str) -> Path:
    path = folder / f"{switch}.warc.wet"
    records = [
        record_bytes(header_lines(url, date), text.encode()) for url, date, text in PAGES[switch]
    ]
    path.write_bytes(b"".join(records))
    return path


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> str:
    """A list with a word that has a capital."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "en").write_text("Übel\n")
    return f"--badwords_dir={folder}"


def texts(output: Path, *arguments: str) -> dict[str, str]:
    """What a run gives, by URL."""
    todo = plan(output, "--format=jsonl", *arguments)
    run_stages(todo)
    variant = todo.job.variants[0]
    return {d["url"]: d["text"] for d in read_jsonl(output, todo.job.dataset_folder(variant))}


def test_every_switch_has_its_pages():
    assert set(PAGES) == set(FIXES)


@pytest.mark.parametrize("switch", FIXES)
def test_a_switch_changes_its_pages_and_no_others(tmp_path, switch, words):
    corrected = getattr(SPECS["fixed"].settings, switch)
    others = [str(write_pages(tmp_path, name)) for name in PAGES if name != switch]
    own = write_pages(tmp_path, switch)
    option = f"--{switch}={corrected}"
    assert texts(tmp_path / "1", f"--input={own}", words) != texts(
        tmp_path / "2", f"--input={own}", option, words
    )
    inputs = [f"--input={path}" for path in others]
    assert texts(tmp_path / "3", *inputs, words) == texts(tmp_path / "4", *inputs, option, words)


def test_the_spec_fixed_mends_all_and_counts_each(tmp_path, words):
    inputs = [f"--input={write_pages(tmp_path, switch)}" for switch in PAGES]
    todo = plan(tmp_path / "out", "--spec=fixed", "--format=jsonl", *inputs, words)
    counts = run_stages(todo)
    for switch in FIXES:
        found = counts.get(f"fixed/{switch}", counts.get(f"en|fixed/{switch}"))
        assert found == (2 if switch == "url_tracking" else 1), switch
    report = json.loads((Path(todo.job.run_folder()) / "report.json").read_text())
    rows = report["variants"]["en"]["counts"]
    assert {name for name in rows if name.startswith("fixed/")} == {
        f"fixed/{switch}" for switch in FIXES
    }
    left = {
        d["url"]: d["text"]
        for d in read_jsonl(tmp_path / "out", report["variants"]["en"]["dataset"])
    }
    assert set(left) == {
        "http://a.example/", "HTTP://b.example/", "http://c.example/?to=http://x.example",
        "http://c.example/?to=x.example", "http://d.example/?reference=1",
        "http://d.example/?reference=2", "http://e.example/", "http://f.example/",
    }  # fmt: skip
    assert "Content-ment" in left["http://a.example/"]
    assert "[]" in left["http://e.example/"]
    assert "She said:" in left["http://f.example/"]


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_gives_its_own_name_and_version(tmp_path, sample, spec):
    assert build(tmp_path, f"--input={sample}", f"--spec={spec}") == 0
    row = SPECS[spec]
    dataset = tmp_path / row.dataset / "en" / row.version
    info = json.loads((dataset / "dataset_info.json").read_text())
    assert (info["name"], info["version"]) == (row.dataset, row.version)
    assert (row.dataset == "c4") is (spec == "tfds-3.1.0")
    run = "en" if row.dataset == "c4" else f"{row.dataset}.en"
    assert read_report(tmp_path, run=run)["unmodified"] is True


def test_an_overridden_choice_takes_the_name_away_and_is_written_down(tmp_path, sample):
    (tmp_path / "run.toml").write_text('min_words = 3\nformat = ["jsonl"]\n')
    output = tmp_path / "out"
    assert build(output, f"--input={sample}", f"--config={tmp_path / 'run.toml'}") == 0
    assert [path.name for path in output.iterdir() if path.name != "runs"] == ["c4_custom"]
    config = json.loads((output / "c4_custom/en/1.0.0/config.json").read_text())
    assert config["settings"]["min_words"] == 3
    assert set(config["settings"]) == set(SETTINGS)
    assert config["unmodified"] == {"en": False}
    assert config["spec"] == "tfds-3.1.0"


def test_an_override_that_says_what_the_spec_says_changes_nothing(tmp_path, sample):
    assert build(tmp_path, f"--input={sample}", "--min_words=5") == 0
    assert (tmp_path / "c4/en/3.1.0/config.json").exists()


@pytest.mark.parametrize("identifier", ["langdetect", "cld3", "fasttext"])
def test_any_identifier_serves_any_variant(tmp_path, sample, identifier):
    options = [f"--english_identifier={identifier}", "--english_probability=0.9"]
    found = texts(tmp_path / "en", f"--input={sample}", *options)
    assert len(found) > 35
    options = [f"--languages_identifier={identifier}", "--languages_probability=0.9"]
    found = texts(tmp_path / "de", f"--input={sample}", "--variant=mc4.de", *options)
    assert len(found) == 1


def test_a_list_that_decides_one_variant_renames_that_one_alone(tmp_path, sample):
    assert build(tmp_path, f"--input={sample}", "--variant=en,realnews", "--format=jsonl") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c4", "c4_custom", "runs"]
    assert (tmp_path / "c4/en/3.1.0").is_dir()
    assert (tmp_path / "c4_custom/realnewslike/1.0.0").is_dir()
