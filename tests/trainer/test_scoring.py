"""Scores of a split: each corpus of a mixture in full, each example once."""

import json
from pathlib import Path

import pytest
import seqio

from tests.trainer.small import sentences, write_corpus
from trainer.config import TrainConfig
from trainer.evaluation.members import exact_match
from trainer.input.batches import HostInfo, open_dataset
from trainer.main import main

TEXTS = sentences(60, seed=5)


def write_pairs(folder: Path, **splits: list[tuple[str, str]]) -> str:
    folder.mkdir(parents=True)
    for split, pairs in splits.items():
        (folder / f"{split}.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    return str(folder)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory) -> list[str]:
    """Documents and pairs with a validation split, pairs without one, pairs with `test` only."""
    folder = tmp_path_factory.mktemp("mixture")
    pairs = [(text[:20], text[:8]) for text in TEXTS]
    return [
        write_corpus(folder / "books", {"train": TEXTS, "validation": TEXTS[:3]}),
        write_pairs(folder / "cut", train=pairs[:30], validation=pairs[:7]),
        write_pairs(folder / "only_train", train=pairs[:30]),
        write_pairs(folder / "only_test", test=pairs[:5]),
    ]


@pytest.fixture(scope="module")
def flags(mixture, small_vocabulary, tmp_path_factory) -> list[str]:
    """Of a run of two steps on the mixture."""
    run = tmp_path_factory.mktemp("run")
    given = [
        *(f"--corpus={path}" for path in mixture), f"--vocab={small_vocabulary}", "--size=tiny",
        "--dtype=float32", "--architecture=encoder_decoder_half", "--inputs_length=40",
        "--targets_length=16", "--batch_size=4", "--steps=2", "--log_period=1", "--eval_period=2",
        "--eval_batches=1", "--mixing=equal", "--backend=ours", f"--model_dir={run}",
    ]  # fmt: skip
    assert main(["train", *given]) == 0
    return given


def count_targets(name: str, split: str) -> int:
    lengths = {"inputs": 40, "targets": 16}
    dataset = seqio.TaskRegistry.get(name).get_dataset(lengths, split=split, shuffle=False, seed=0)
    return sum(len(row["targets"]) for row in dataset.as_numpy_iterator())


def test_every_corpus_of_a_mixture_is_evaluated_once(flags, capsys):
    assert main(["eval", *flags, "--json"]) == 0
    told = capsys.readouterr()
    rows = {row.pop("task"): row for row in map(json.loads, told.out.splitlines())}
    books, cut = "books_span_corruption", "cut"
    assert list(rows) == [books, cut, "total"]
    assert "no split 'validation', not evaluated: only_train, only_test" in told.err
    expected = {name: count_targets(name, "validation") for name in (books, cut)}
    assert {name: rows[name]["eval_targets"] for name in expected} == expected
    assert rows["total"]["eval_targets"] == sum(expected.values())
    assert rows[cut]["examples"] == 7 and "examples" not in rows[books]
    mean = sum(rows[name]["eval_loss"] * count for name, count in expected.items())
    assert rows["total"]["eval_loss"] == pytest.approx(mean / sum(expected.values()))


def test_a_corpus_without_train_is_named(mixture, small_vocabulary, capsys):
    config = TrainConfig(corpus=tuple(mixture), vocab=small_vocabulary, batch_size=4)
    open_dataset(config, "train", HostInfo())
    assert "note: no split 'train', not trained on: only_test" in capsys.readouterr().err


def test_the_curve_has_the_loss_of_each_corpus(flags):
    folder = Path(flags[-1].partition("=")[2])
    curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    assert {"eval_loss", "eval_loss/books_span_corruption", "eval_loss/cut"} <= curve[-1].keys()
    assert curve[-1]["exact_match"] == curve[-1]["cut/exact_match"] == curve[-1]["average"]


def test_a_split_that_one_corpus_has_is_evaluated_there(flags, capsys):
    assert main(["eval", *flags, "--split=test", "--json"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["task"], row["split"], row["examples"]) == ("only_test", "test", 5)
    assert main(["eval", *flags, "--split=dev"]) == 2
    assert "no split 'dev', but test, train, validation" in capsys.readouterr().err


def test_a_folder_with_test_only_and_a_single_file_are_evaluated(flags, mixture, capsys):
    run = ["--json", *(flag for flag in flags if not flag.startswith("--corpus="))]
    assert main(["eval", *run, f"--corpus={mixture[3]}"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["task"], row["split"], row["examples"]) == ("only_test", "test", 5)
    assert main(["eval", *run, f"--corpus={mixture[3]}/test.tsv"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["task"], row["split"], row["examples"]) == ("test", "train", 5)
    assert main(["eval", *run, f"--corpus={mixture[2]}"]) == 2
    assert "no split 'validation', but train" in capsys.readouterr().err


EXACT = [  # target, predicted text, share that is right
    ("old", "old", 100),
    ("old  roofs ", "old roofs", 100),  # the vocabulary writes spaces as one
    ("old 7", "old ⁇", 0),  # a character that the vocabulary does not have
    ("old and warm people", "old and warm", 0),
]


@pytest.mark.parametrize(("target", "predicted", "share"), EXACT)
def test_exact_match_compares_texts(target, predicted, share):
    assert exact_match([target], [predicted]) == {"exact_match": share}
