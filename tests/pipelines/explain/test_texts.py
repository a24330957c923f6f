"""`c4forge why --text`: what the rules do with a text, as a build would do it."""

import io
import sys

import pytest

import c4forge
from pipelines import why
from pipelines.explain.texts import explain_text
from runtime.errors import UsageError
from tests.pipelines.explain.explained import path_of

TEXT = """Home | About
Beavers build dams in rivers and streams.[3]
The dams are made of wood, stones and mud.
Short line.
Beavers build dams in rivers and streams.
The animals live in lodges behind the dams."""
GERMAN = "Der Fluss entspringt nördlich der Stadt.\nSein Wasser ist sehr kalt und klar.\n" * 3


def explain(text: str, *arguments: str, url: str = ""):
    return explain_text(text.encode(), "page.txt", url, ["--variant=en", *arguments])


def test_the_rules_are_those_that_the_api_tells():
    told, page = explain(TEXT), c4forge.clean_page(TEXT)
    assert [(line.text, line.rule) for line in told.lines] == [
        (line.text, line.rule) for line in page.lines
    ]
    path = path_of(told, "en")
    assert path.kept and [span.text for span in path.duplicates] == [page.lines[1].cleaned]
    rules = [step.rule for step in path.steps]
    assert rules[-3:] == list(c4forge.filter_text(page.text).rules)
    assert path.split == "" and told.url == ""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "split-wet-file/filtered:no_content"),
        ("x" * 190_001, "too-long-filter/filtered"),
    ],
)
def test_a_text_that_is_no_page_says_why(text, rule):
    told = explain(text)
    assert told.found() and not told.variants and [record.rule for record in told.records] == [rule]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "clean-page/filtered:squigglybracket"),
        (["--spec=paper"], "clean-page/filtered:squigglybracket"),
        (["--variant=en.noclean"], ""),
    ],
)
def test_variant_and_spec_are_as_build_has_them(arguments, rule):
    told = explain(TEXT.replace("mud.", "{mud}."), *arguments, url="https://a.example/1")
    path = told.variants[-1]
    assert path.rule == rule and path.kept is not bool(rule)
    assert path.split == ("" if rule else "train") and told.normalized == "a.example/1"


def test_a_word_and_a_language_are_named():
    bad = path_of(explain("Nobody ever says fuck in this text.\n" * 1 + TEXT), "en")
    assert bad.rule == "badwords-filter/filtered" and bad.steps[-1].detail == '"fuck"'
    german = path_of(explain(GERMAN.replace("\n", "\nUnd noch ein Satz, der hier steht.\n")), "en")
    assert german.rule == "english-filter/filtered:ignored_language"
    assert german.steps[-2].detail.startswith("langdetect: de 0.99")


@pytest.mark.parametrize("text", [b"\xff\xfe", b"x" * ((16 << 20) + 1)], ids=["bytes", "long"])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(UsageError, match="--text: "):
        explain_text(text, "page.txt", "", ["--variant=en"])


def test_the_command_reads_standard_input_or_a_file(tmp_path, capsys, monkeypatch):
    (tmp_path / "page.txt").write_text(TEXT)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert why.main(["--text=-"]) == why.main([f"--text={tmp_path / 'page.txt'}"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("standard input\n  spec: tfds-3.1.0\n")
    first, second = said.split(f"\n{tmp_path / 'page.txt'}\n")
    assert first.partition("\n")[2].strip() == second.strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--text=-", "--output=out"], "--text is asked of no run"),
        (["--text=/none/page.txt"], "--text=/none/page.txt: No such file"),
        (["--text=-", "--variant=webtext"], "--variant=webtextlike needs --webtext_urls"),
        (["a.example/", "--output=out", "--spec=paper"], "--spec is for --text"),
        ([], "URL is required"),
    ],
)
def test_what_cannot_be_asked_is_told(arguments, said, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert why.main(arguments) == 2
    assert said in capsys.readouterr().err
