"""`c4forge why` says of every page what the run did, in every variant."""

import json
import random
from pathlib import Path

import pytest

from pipelines import why
from pipelines.explain.explanation import Explanation
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run
from tests.cleaning.wet.wet import header_lines, record_bytes
from tests.pipelines.explain.explained import (
    check_counts,
    check_documents,
    explain_all,
    one_run,
    path_of,
    urls_of,
)
from tests.runs.runs import plan, run_stages

REAL_PAGES = 200
RYE = "blog.slowbread.example/rye-sourdough"


@pytest.fixture(scope="module")
def run(output) -> Run:
    """The sample in all variants, with its work."""
    return one_run(output)


@pytest.fixture(scope="module")
def told(run) -> dict[str, Explanation]:
    """Every page of the run explained."""
    return explain_all(run, urls_of(run))


def test_every_page_is_told_as_the_run_decided(run, told):
    assert check_documents(run, told) == sum(
        split["documents"]
        for variant in run.report()["variants"].values()
        for split in variant["splits"].values()
    )


def test_all_pages_together_meet_each_rule_as_the_report_counts(run, told):
    check_counts(run, told)


def test_who_keeps_a_line_keeps_it(told):
    """Its page is one that competes there, and has not lost the line itself."""
    named = 0
    for one in told.values():
        for path in one.variants:
            for span in path.duplicates:
                (keeper,) = [o for o in told.values() if span.kept_by in [r.url for r in o.records]]
                its = path_of(keeper, path.variant)
                lost = [s.text.lower() for s in its.duplicates if "global" in s.rule]
                assert its.spans and span.text.lower() not in lost
                named += keeper is not one
    assert named > 100


def test_captures_are_told_the_newest_first(told):
    newest, older = told[RYE].records
    assert newest.newest and not older.newest and newest.captured > older.captured
    assert path_of(told[RYE], "en").steps[2].detail == "the newest of 2 captures"


@pytest.mark.parametrize(
    "url", [f"https://www.{RYE}/?utm_source=x", f"http://{RYE}", RYE], ids=["www", "http", "bare"]
)
def test_a_page_is_found_by_any_url_of_it(run, told, url):
    assert explain_page(run, url).variants == told[RYE].variants


def test_the_word_and_the_language_are_named(told):
    bad = [one for one in told.values() if path_of(one, "en").rule == "badwords-filter/filtered"]
    (path,) = [path_of(one, "en") for one in bad]
    assert path.steps[-1].detail.strip('"') and path.language == "en"
    others = [path_of(one, "en.noclean") for one in told.values()]
    german = next(p for p in others if p.language == "de")
    assert german.rule == "english-filter/filtered:ignored_language"
    assert german.steps[-2].detail.startswith("langdetect: de 0.9")


@pytest.mark.parametrize("spec", ["paper", "fixed"])
def test_other_specs_are_told_as_decided_too(tmp_path, sample, spec):
    run_stages(plan(tmp_path, f"--input={sample}", f"--spec={spec}", "--variant=en,en.noblocklist"))
    run = one_run(tmp_path)
    told = explain_all(run, urls_of(run))
    assert check_documents(run, told) > 80
    check_counts(run, told)


@pytest.mark.slow
def test_real_pages_are_told_as_decided(tmp_path, shared_data, all_variants):
    refs = shared_data / "refs"
    lists = [
        all_variants[0], all_variants[1], f"--webtext_urls={refs / 'webtext'}",
        f"--realnews_domains={refs / 'domain_to_allowed_subdomains.json'}",
    ]  # fmt: skip
    run_stages(plan(tmp_path, f"--input={shared_data / 'wet' / '*.gz'}", *lists))
    run = one_run(tmp_path)
    chosen = random.Random(17).sample(urls_of(run), REAL_PAGES)
    assert check_documents(run, explain_all(run, chosen)) > REAL_PAGES


def ask(capsys, *arguments: str) -> tuple[int, str]:
    code = why.main(list(arguments))
    return code, capsys.readouterr().out


def test_the_command_prints_lines_of_80_columns(run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, said = ask(capsys, f"http://{RYE}", f"--output={run.folder}")
    long = [line for line in said.splitlines() if len(line) > 80]
    assert code == 0 and all("/" in line.split()[-1] for line in long)
    assert "\n  en              kept     in train, c4_custom-train.tfrecord-0000" in said


def test_the_same_as_json(run, told, capsys):
    code, said = ask(capsys, RYE, f"--work_dir={run.job.work}", "--json", "--variant=en,mc4")
    found = json.loads(said)
    assert code == 0 and found["found"] and found["line_counts"] == told[RYE].line_counts
    assert [path["variant"] for path in found["variants"]] == ["en", "multilingual"]


def test_a_url_that_was_never_there_is_told_with_the_nearest(run, capsys):
    output = f"--output={run.folder}"
    code, said = ask(capsys, "https://blog.slowbraed.example/rye-sourdough", output)
    assert code == 3 and "No record of this URL was read." in said
    assert f"\n  http://{RYE}" in said
    code, said = ask(capsys, "https://\x1b[2J.example/\u202e?token=secret", output)
    assert code == 3 and "\\x1b[2J" in said and "\x1b" not in said and "\u202e" not in said


def test_the_folder_of_a_dataset_leads_to_its_run(run):
    found = one_run(run.report()["variants"]["en"]["dataset"])
    assert found == run and found.has_work


def test_queries_of_pages_are_no_secrets(run, capsys):
    url = "https://forum.oldradios.example/viewtopic.php?t=1042"
    assert f"  {url}\n" in ask(capsys, url, f"--output={run.folder}")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.example/"], "give --output of a run, or its --work_dir"),
        (["a.example/", "--output=/none"], "--output=/none: no runs here"),
        (["a.example/", "--work_dir=/none"], "--work_dir=/none: no work of a run here"),
        (["a.example/", "--output={run}", "--variant=mc4.de"], "not of this run, which has en, "),
    ],
)
def test_what_cannot_be_asked_is_told(run, arguments, said, capsys):
    given = [text.replace("{run}", run.folder) for text in arguments]
    assert why.main(given) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_another_by_now_is_not_taken_for_the_page(tmp_path, sample, capsys):
    """What the run counted is told all the same."""
    wet = tmp_path / "a.warc.wet.gz"
    wet.write_bytes(sorted(Path(sample).parent.glob("*.gz"))[0].read_bytes())
    run_stages(plan(tmp_path, f"--input={wet}"))
    url = "garden.greenacreplot.example/tomato-blight"
    before = explain_page(one_run(tmp_path), url)
    wet.write_bytes(wet.read_bytes() + b" ")
    after = explain_page(one_run(tmp_path), url)
    assert before.lines and not after.lines and "is another file by now" in after.notes[0]
    assert before.variants == after.variants and before.line_counts == after.line_counts
    wet.unlink()
    assert "is no longer there" in explain_page(one_run(tmp_path), url).notes[0]
    assert why.main([url, f"--output={tmp_path}"]) == 0
    assert "clean-page/line-filtered:no_endmark" in capsys.readouterr().out


def test_a_run_that_was_stopped_says_how_far_it_is(tmp_path, sample):
    """Before the lines are compared, only variants that compare none are decided."""
    todo = plan(tmp_path, f"--input={sample}", "--variant=en,en.noclean")

    def stop(receipt):
        if receipt.stage == "lines":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stages(todo, on_receipt=stop)
    one = explain_page(one_run(tmp_path), RYE)
    assert path_of(one, "en").unknown == "lines are not compared yet"
    assert path_of(one, "en.noclean").kept and not path_of(one, "en.noclean").file


def test_records_that_are_no_captures_say_why(tmp_path):
    """A damaged page, one without text, one that is too long: none has a way through a variant."""
    blocks = {"bad": b"\xff\xfe text", "empty": b" \n", "long": b"x" * 190_001}
    records = [
        record_bytes(header_lines(url=f"http://a.example/{name}"), block)
        for name, block in blocks.items()
    ]
    (tmp_path / "a.warc.wet").write_bytes(b"".join(records))
    run_stages(plan(tmp_path, f"--input={tmp_path / 'a.warc.wet'}"))
    rules = {}
    for name in blocks:
        told = explain_page(one_run(tmp_path), f"a.example/{name}")
        (record,) = told.records
        assert told.found() and not told.variants
        rules[name] = record.rule, record.reason
    assert rules == {
        "bad": ("split-wet-file/filtered:malformed", "not UTF-8: invalid start byte at byte 0"),
        "empty": ("split-wet-file/filtered:no_content", ""),
        "long": ("too-long-filter/filtered", ""),
    }


def test_fixes_of_the_spec_are_told(tmp_path):
    text = "A first line stands here.\nContent-Type stands in this line.\nA third line is here []."
    lines = header_lines(url="https://a.example/")
    (tmp_path / "a.warc.wet").write_bytes(record_bytes(lines, text.encode()))
    run_stages(plan(tmp_path, f"--input={tmp_path / 'a.warc.wet'}", "--spec=fixed"))
    told = explain_page(one_run(tmp_path), "a.example")
    assert told.fixes == ("fixed/body_headers", "fixed/citations") and len(told.lines) == 3


@pytest.mark.parametrize("text", ["", "[]", '{"variants": ["en"]}', '{"variants": 5, "input": 1}'])
def test_a_configuration_of_others_is_no_run(tmp_path, text, capsys):
    (tmp_path / "config.json").write_text(text)
    assert why.main(["a.example/", f"--output={tmp_path}"]) == 2
    assert "config.json: " in capsys.readouterr().err
