"""`c4forge inspect` and `c4forge diff` on small corpora: any format, hostile texts, exit codes."""

import json
from pathlib import Path

import pytest

from corpora.formats import OUTPUT_FORMATS
from pipelines import diff, inspect

EVIL = "A line\x1b[2J with \u202e marks.\nhttps://a.example/?token=secret is a link."
DOCUMENTS = (
    (EVIL, "https://a.example/1?session=abc", "2019-04-18T12:00:00Z", "text/plain", "9"),
    ("One.\nTwo words here.\nThree.", "https://b.example/2", "2019-04-18T12:00:01Z", "", ""),
    ("Only here.", "https://c.example/3", "", "", ""),
)


def write(folder: Path, name: str, documents) -> Path:
    row = OUTPUT_FORMATS[name]
    path = folder / row.shard_path("c4", "train", 0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    features = ("text", "url", "timestamp", "content-type", "content-length")
    with path.open("wb") as stream, row.open_writer(stream, features) as append:
        append([tuple(value.encode() for value in document) for document in documents])
    return folder


@pytest.fixture(scope="module", params=OUTPUT_FORMATS)
def corpus(request, tmp_path_factory) -> str:
    if request.param == "array_record":
        pytest.importorskip("array_record")
    return str(write(tmp_path_factory.mktemp("corpus"), request.param, DOCUMENTS))


def run(capsys, command, *arguments: str) -> tuple[int, str, str]:
    code = command.main(list(arguments))
    return code, *capsys.readouterr()


def test_documents_of_every_format_are_printed_without_controls(corpus, capsys):
    code, said, note = run(capsys, inspect, corpus, "--limit=1")
    assert code == 0 and "https://a.example/1?session=abc\n" in said
    assert "A line\\x1b[2J with \\u202e marks.\n" in said and "token=secret" in said
    assert "\x1b" not in said and "These are the first 1;" in note


def test_json_has_the_whole_document(corpus, capsys):
    code, said, _ = run(capsys, inspect, corpus, "--json", "--regex=Two", "--chars=3")
    row = json.loads(said)
    assert code == 0 and (row["url"], row["text"]) == (DOCUMENTS[1][1], DOCUMENTS[1][0])
    assert (row["split"], row["row"]) == ("train", 1)
    assert (
        json.loads(run(capsys, inspect, corpus, "--json", "--domain=a.example")[1])["text"] == EVIL
    )


def test_what_is_not_there_is_told(corpus, capsys):
    code, said, note = run(capsys, inspect, corpus, "--url=https://d.example/")
    assert (code, said) == (3, "") and "No document meets all conditions." in note


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "CORPUS is required"),
        (["/none"], "CORPUS=/none: "),
        (["{corpus}", "--regex=("], "--regex=(: expected a pattern of RE2"),
        (["{corpus}", "--min_length=9", "--max_length=8"], "--max_length: expected --min_length"),
        (["{corpus}", "--split=test"], "--split=test: no such split is there"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, arguments, said, capsys):
    corpus = write(tmp_path, "jsonl", DOCUMENTS)
    given = [text.replace("{corpus}", str(corpus)) for text in arguments]
    code, _, error = run(capsys, inspect, *given)
    assert code == 2 and said in error


def test_an_excerpt_is_around_what_was_found(tmp_path, capsys):
    text = "x " * 1000 + "the word\nis here" + " y" * 1000
    corpus = write(tmp_path, "jsonl", [(text, "https://a.example/", "", "", "")])
    _, said, _ = run(capsys, inspect, str(corpus), "--regex=the word\\sis", "--chars=300")
    shown = said.partition("document 0\n")[2].rstrip("\n")
    assert shown == "…" + text[1800:2100] + "…"
    assert text in run(capsys, inspect, str(corpus), "--chars=0")[1]


def test_differences_of_two_formats_line_by_line(corpus, tmp_path, capsys):
    changed = ("One.\nTwo other words.\nThree.\nFour.", "http://www.b.example/2", "", "", "")
    added = ("A text\x1b without a URL.", "", "", "", "")
    other = write(tmp_path, "parquet", [added, changed, DOCUMENTS[0]])
    code, said, _ = run(capsys, diff, corpus, str(other))
    assert code == 0 and said.splitlines() == [
        "differs: https://b.example/2",
        "  -   2  Two words here.",
        "  +   2  Two other words.",
        "  +   4  Four.",
        "only in A: https://c.example/3  10 characters",
        "only in B: (no URL) A text\\x1b without a URL.  22 characters",
        "",
        f"3  in A  {corpus}",
        f"3  in B  {other}",
        "1  the same in both",
        "1  with another text",
        "1  only in A",
        "1  only in B",
    ]
    quiet = run(capsys, diff, corpus, str(other), "--quiet")
    assert quiet == (0, said.partition("\n\n")[2], "")
    assert run(capsys, diff, corpus, corpus)[1].splitlines()[2] == "3  the same in both"


def test_a_limit_holds_for_each_kind(tmp_path, capsys):
    rows = [(f"Text {n}.", f"https://a.example/{n}", "", "", "") for n in range(5)]
    first, second = write(tmp_path / "a", "jsonl", rows), write(tmp_path / "b", "jsonl", DOCUMENTS)
    _, said, _ = run(capsys, diff, str(first), str(second), "--limit=2")
    assert said.count("only in A: ") == 2 and said.count("only in B: ") == 2
    assert said.endswith("The first 2 of each kind are shown; --limit=0 shows all.\n")
    assert run(capsys, diff, str(first), str(second), "--limit=0")[1].count("only in A: ") == 5
    assert run(capsys, diff, str(first), "/none")[0] == 2
