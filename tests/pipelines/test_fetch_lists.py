"""The command that downloads the public lists; the lists have tests of their own."""

from c4forge.main import main
from pipelines.sources import public_lists
from pipelines.sources.public_lists import ListError


def test_the_paths_are_printed(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        public_lists, "fetch_lists", lambda folder: [f"{folder}/a", f"{folder}/b"], raising=False
    )
    assert main(["fetch-lists", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/a\n{tmp_path}/b\n"


def test_lists_that_cannot_be_downloaded_are_named(monkeypatch, capsys):
    def fail(folder: str) -> list[str]:
        raise ListError("no answer from a.example\nno answer from b.example")

    monkeypatch.setattr(public_lists, "fetch_lists", fail, raising=False)
    assert main(["fetch-lists", "lists"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("c4forge fetch-lists: error: no answer from a.example\n")
    assert "error: no answer from b.example\n" in said
