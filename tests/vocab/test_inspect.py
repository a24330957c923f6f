"""The measures of a vocabulary, as values, as tables and as a picture."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from tests.corpora.written import documents, write_english, write_multilingual
from tests.vocab.small import small_model, small_processor
from vocab.inspect import main
from vocab.inspection.measures import Measure, measure_batch
from vocab.inspection.tables import printable


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "vocab"
    folder.mkdir()
    (folder / "spiece.model").write_bytes(small_model("t5"))
    return folder


def measured(*texts: str, preset="t5") -> Measure:
    processor = small_processor(preset)
    ids = range(processor.get_piece_size())
    byte_ids = np.array([i for i in ids if processor.is_byte(i)], np.int64)
    return measure_batch([(b"", text.encode()) for text in texts], processor, byte_ids)


def test_measures_are_what_sentencepiece_says():
    texts = [row[0].decode() for row in documents("en", 20)] + ["中 🙂", "", "one\ntwo"]
    found = measured(*texts)
    ids = [small_processor("t5").encode(text) for text in texts]
    assert found.documents == 23
    assert found.tokens == sum(map(len, ids))
    assert found.unknown == sum(row.count(2) for row in ids) == 2
    assert found.characters == sum(map(len, texts))
    assert found.words == sum(len(text.split()) for text in texts)
    assert Counter(dict(enumerate(found.pieces.tolist()))) == Counter(i for row in ids for i in row)
    assert found.octaves() == Counter((1 << (len(row) + 1).bit_length() - 1) - 1 for row in ids)


def test_bytes_are_not_counted_as_unknown():
    found = measured("中", preset="mt5")
    assert (found.unknown, found.fallback) == (0, 3)


def test_measures_add_up():
    first, second = "one line", "another, and {"
    total = measured(first) + measured(second)
    both = measured(first, second)
    for name in ("documents", "characters", "words", "tokens", "unknown", "fallback"):
        assert getattr(total, name) == getattr(both, name)
    assert (total.lengths == both.lengths).all() and (total.pieces == both.pieces).all()


@pytest.mark.parametrize(
    "string",
    ["<extra_id_0>", "<extra_id_99>", "</s>", "<s>", "<pad>", "<unk>", "<mask>", "[MASK]",
     "<0x0A>", "<|endoftext|>", "▁", "⁇", "▅"],
)  # fmt: skip
def test_strings_like_special_tokens_are_counted(string):
    assert measured(f"a {string} b{string}").sentinels == {string: 2}


@pytest.mark.parametrize("string", ["<extra_id>", "<b>", "s>", "<pad", "_", "??"])
def test_other_strings_are_not(string):
    assert not measured(f"a {string} b").sentinels


def test_tables_values_and_picture(model, tmp_path, capsys):
    corpora = [
        write_english(tmp_path, 40),
        write_multilingual(tmp_path, {"de": 20, "ru": 10}),
    ]
    assert main([str(model), *map(str, corpora)]) == 0
    said = capsys.readouterr().out
    for part in ("/token", "/word", "unknown", "frequent piece", "longest piece"):
        assert part in said
    assert re.search(r"^ru +10 .* \d\d\.\d+% ", said, re.MULTILINE)  # hardly covered
    values = json.loads((model / "inspect.json").read_text())
    assert set(values["languages"]) == {"en", "de", "ru"}
    assert values["total"]["documents"] == 73
    assert values["languages"]["en"]["unknown_rate"] < 0.001
    assert sum(values["documents_by_tokens"].values()) == 73
    assert values["pieces"] == 400
    assert (model / "inspect.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_measures_give_the_same_picture(model, tmp_path):
    corpus = write_english(tmp_path, 20)
    for name in ("a", "b"):
        assert main([str(model), str(corpus), f"--output={tmp_path / name}"]) == 0
    for file in ("inspect.png", "inspect.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_sample_of_a_large_corpus_is_read(model, tmp_path):
    corpus = write_english(tmp_path, 400)
    assert main([str(model), str(corpus), "--sample_bytes=60kB"]) == 0
    values = json.loads((model / "inspect.json").read_text())
    assert 0 < values["share_of_documents"] < 1
    assert values["total"]["text_bytes"] == pytest.approx(60_000, rel=0.35)


def test_without_matplotlib_there_is_no_plot_but_a_note(model, tmp_path, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main([str(model), str(write_english(tmp_path, 10))]) == 0
    assert "pip install 'c4forge[plot]'" in capsys.readouterr().err
    assert (model / "inspect.json").exists() and not (model / "inspect.png").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/nowhere", "CORPUS"], 2, "/nowhere: cannot be read"),
        (["MODEL", "/nowhere"], 2, "CORPUS=/nowhere: matches no file"),
        (["CORPUS", "CORPUS"], 2, "no spiece.model in this folder"),
        (["MODEL"], 2, "CORPUS"),
        (["/nowhere", "/neither"], 2, "CORPUS=/neither: matches no file"),
        (["MODEL", "CORPUS", "--output=MODEL/spiece.model"], 2, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_reported(model, tmp_path, capsys, arguments, code, said):
    places = {"MODEL": str(model), "CORPUS": str(write_english(tmp_path, 5))}
    given = [
        argument.replace("MODEL", places["MODEL"]).replace("CORPUS", places["CORPUS"])
        for argument in arguments
    ]
    assert main(given) == code
    assert said in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told_before_the_work(model, tmp_path, capsys):
    corpus = write_english(tmp_path, 5)
    assert main([str(model), str(corpus), f"--output={model / 'spiece.model' / 'x'}"]) == 2
    told = capsys.readouterr()
    assert not told.out and "spiece.model/x: cannot be written" in told.err


def test_what_a_terminal_would_obey_is_escaped():
    assert printable("\x1b[31m\n") == "\\x1b[31m\\n"
    assert printable("▁") == "▁ (U+2581)"
