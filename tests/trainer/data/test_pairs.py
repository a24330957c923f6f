import pytest
import tensorflow as tf

from trainer.data.pairs import (
    PairFormat,
    PairsError,
    count_pairs,
    measure_pairs,
    parse_pairs,
    read_pairs,
)

TSV, JSONL = PairFormat.TSV, PairFormat.JSONL
READ = {
    "plain": (TSV, b"a\tb\nc\td\n", [("a", "b"), ("c", "d")]),
    "no last line end": (TSV, b"a\tb", [("a", "b")]),
    "byte order mark and Windows": (TSV, b"\xef\xbb\xbfa\tb\r\nc\td\r\n", [("a", "b"), ("c", "d")]),
    "header": (TSV, b"\xef\xbb\xbfinputs\ttargets\r\na\tb\r\n", [("a", "b")]),
    "quotes are text": (TSV, b'"Yes."\tno\n"a" b "c"\t"\n', [('"Yes."', "no"), ('"a" b "c"', '"')]),
    "empty cells": (TSV, b"\tb\na\t\n", [("", "b"), ("a", "")]),
    "other line ends of Unicode": (TSV, "a\u2028b\u0085c\fd\te\n".encode(),
                                   [("a\u2028b\u0085c\fd", "e")]),
    "JSON": (JSONL, b'\xef\xbb\xbf{"inputs": "a\\tb", "targets": "\\ud83d\\ude00", "n": 1}\r\n',
             [("a\tb", "\U0001f600")]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_pairs_are_read_the_same_by_the_check_and_the_pipeline(case, tmp_path):
    form, data, pairs = READ[case]
    file = tmp_path / f"pairs.{form}"
    file.write_bytes(data)
    assert list(read_pairs(str(file), form)) == pairs
    assert count_pairs(str(file), form) == len(pairs)
    rows = parse_pairs(tf.data.TextLineDataset(str(file)), form, "").as_numpy_iterator()
    assert [(row["inputs"].decode(), row["targets"].decode()) for row in rows] == pairs


REFUSED = [
    (TSV, b"a\tb\na\tb\tc\n", r"pairs.tsv:2: expected inputs, one tab, targets; got 2 tabs"),
    (TSV, b"a\tb\n\n", r"pairs.tsv:2: expected inputs, one tab, targets; got 0 tabs"),
    (TSV, b"", r"pairs.tsv: the file is empty"),
    (TSV, b"inputs\ttargets\n", r"pairs.tsv: the file is empty"),
    (TSV, b"a\tb\ncaf\xe9\tb\n", "pairs.tsv:2: expected UTF-8, got byte 0xe9 .*iconv"),
    (TSV, "a\tb\n".encode("utf-16"), r"pairs.tsv:1: expected UTF-8, got UTF-16"),
    (TSV, b"a\tb\rc\r", r"pairs.tsv:1: .* a carriage return"),
    (TSV, b'a\tb\n"a ""b"""\tc\n', r"pairs.tsv:2: .* a quoted cell with doubled quotes"),
    (TSV, b'"a"\t"b"\n"c"\t"d"\n', r"pairs.tsv:1: each cell stands in quotes"),
    (TSV, b"Targets\tInputs\na\tb\n", r"pairs.tsv:1: the header has targets first"),
    (JSONL, b"text\n", r"pairs.jsonl:1: expected .*; Expecting value at column 1"),
    (JSONL, b"[]\n", r"pairs.jsonl:1: expected .*; got no object"),
    (JSONL, b'{"inputs": "a"}\n', r"pairs.jsonl:1: expected .*; got no targets"),
    (JSONL, b'{"inputs": 1, "targets": ""}\n', "pairs.jsonl:1: expected .*; got no text for"),
    (JSONL, b'{"inputs": "\\ud83d", "targets": "b"}\n', "pairs.jsonl:1: inputs has half a surr"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "data", "message"), REFUSED)
def test_files_that_are_refused_in_one_line(form, data, message, tmp_path):
    file = tmp_path / f"pairs.{form}"
    file.write_bytes(data)
    with pytest.raises(PairsError, match=message) as error:
        count_pairs(str(file), form)
    assert "\n" not in str(error.value)


def test_lengths_have_the_prefix_and_the_end(tmp_path, small_vocabulary, monkeypatch):
    file = tmp_path / "pairs.tsv"
    file.write_text("sea\ta\nsea\ta b\n" * 3)
    plain = measure_pairs(str(file), TSV, "", small_vocabulary)
    longer = measure_pairs(str(file), TSV, "sea ", small_vocabulary)
    assert plain.targets.shape == (6,) and plain.targets[1] > plain.targets[0] >= 2
    assert (longer.inputs > plain.inputs).all()
    monkeypatch.setattr("trainer.data.pairs._MEASURED", 3)
    sample = measure_pairs(str(file), TSV, "a ", small_vocabulary)
    assert sample.targets.tolist() == plain.targets[::2].tolist()


def test_a_file_that_was_written_again_is_counted_again(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("a\tb\n")
    assert count_pairs(str(file), TSV) == count_pairs(str(file), TSV) == 1
    file.write_text("a\tb\nc\td\n")
    assert count_pairs(str(file), TSV) == 2
