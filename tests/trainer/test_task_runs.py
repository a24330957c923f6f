"""Runs on own downstream tasks beside pairs and a GLUE task, command by command."""

import json
import shutil
from pathlib import Path

import pytest

from tests.trainer.downstream.cases import CASES
from tests.trainer.small import FIRST_WORD, sentences, write_words
from trainer.main import main

TASKS = f"""
[tone]
source = "tone"
inputs = "tone: {{text}}"
labels = ["old", "warm"]
metrics = ["accuracy", "f1"]
{FIRST_WORD}"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Own tasks, a GLUE task and pairs."""
    folder = tmp_path_factory.mktemp("data")
    texts = [text[:24] for text in sentences(12)]
    (folder / "tone").mkdir()
    for split, count in (("train", 8), ("validation", 5), ("test", 3)):
        rows = [{"text": text, "label": n % 2} for n, text in enumerate(texts[:count])]
        if split == "test":
            rows = [{"text": row["text"]} for row in rows]
        (folder / "tone" / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    write_words(folder / "words.jsonl", texts)
    (folder / "tasks.toml").write_text(TASKS)
    (folder / "glue_cola").mkdir()
    lines = "".join(json.dumps(example) + "\n" for example, _ in CASES["glue_cola"])
    for split in ("train", "validation"):
        (folder / "glue_cola" / f"{split}.jsonl").write_text(lines)
    (folder / "cut").mkdir()
    for split in ("train", "validation"):
        (folder / "cut" / f"{split}.tsv").write_text("the sea\told\nrain fell\twarm\n")
    return folder


@pytest.fixture(scope="module")
def flags(data, small_vocabulary, tmp_path_factory) -> list[str]:
    """Of a run of two steps on all of them, stopped after the first."""
    given = [
        f"--task={data}/tasks.toml", "--task=glue_cola", f"--data_dir={data}",
        f"--corpus={data}/cut", f"--vocab={small_vocabulary}", "--size=tiny", "--dtype=float32",
        "--architecture=encoder_decoder_half", "--inputs_length=16", "--targets_length=8",
        "--batch_size=4", "--steps=2", "--log_period=1", "--eval_period=1", "--mixing=equal",
        "--packing=false", "--backend=ours", "--eval_examples=4", "--keep_best=tone/accuracy",
        f"--model_dir={tmp_path_factory.mktemp('run') / 'run'}",
    ]  # fmt: skip
    assert main(["train", *given, "--steps=1"]) == 0
    assert main(["train", *given]) == 0
    return given


@pytest.fixture(scope="module")
def run(flags) -> Path:
    return Path(flags[-1].partition("=")[2])


def rows_of(text: str) -> dict[str, dict[str, object]]:
    rows = map(json.loads, text.splitlines())
    return {row.get("task") or row["average_of"]: row for row in rows}


def test_the_curve_has_the_metrics_and_the_best_by_one_is_kept(run):
    points = [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]
    (first, last) = [point for point in points if "eval_loss" in point]
    names = {"tone/accuracy", "tone/f1", "first/accuracy", "glue_cola/matthews_corrcoef",
             "cut/exact_match", "exact_match", "average", "eval_loss/tone"}  # fmt: skip
    assert names <= last.keys()
    assert [path.name for path in (run / "best").glob("checkpoint_*")] == [
        "checkpoint_2" if last["tone/accuracy"] > first["tone/accuracy"] else "checkpoint_1"
    ]


def test_a_score_to_keep_the_best_by_is_checked_before_the_first_step(
    flags, data, tmp_path, capsys
):
    replaced = ("--keep_best", "--model_dir", "--task", "--corpus")
    given = [flag for flag in flags if not flag.startswith(replaced)]
    given += [f"--task={data}/tasks.toml:tone", "--keep_best=tone/acuracy"]
    given += [f"--model_dir={tmp_path / 'run'}"]
    assert main(["train", *given]) == 2
    told = capsys.readouterr().err
    assert "--keep_best=tone/acuracy: no such score; choose from eval_loss, eval_accuracy" in told
    assert "tone/accuracy, tone/f1, average; did you mean 'tone/accuracy'?" in told
    assert not (tmp_path / "run").exists()


def test_eval_has_a_row_for_each_task_and_predicts_each_example_once(run, data, tmp_path, capsys):
    assert main(["eval", f"--model_dir={run}", f"--predictions={tmp_path / 'out'}", "--json"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows) == ["cut", "tone", "first", "glue_cola", "total", "all tasks"]
    assert {name: row.get("examples") for name, row in rows.items()} == {
        "cut": 2, "tone": 5, "first": 4, "glue_cola": 8, "total": None, "all tasks": None,
    }  # fmt: skip
    assert rows["glue_cola"]["labelled"] == 7
    assert rows["glue_cola"]["paper"] == {"matthews_corrcoef": 51.1}
    losses = {name: row["eval_loss"] for name, row in rows.items() if "eval_loss" in row}
    targets = {name: rows[name]["eval_targets"] for name in losses}
    mean = sum(losses[name] * targets[name] for name in ("cut", "tone", "first", "glue_cola"))
    assert losses["total"] == pytest.approx(mean / targets["total"])
    lines = (tmp_path / "out" / "tone.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in (data / "tone" / "validation.jsonl").open()]
    assert [json.loads(line)["input"] for line in lines] == [f"tone: {text}" for text in texts]
    assert all(json.loads(line)["score"] < 0 for line in lines)
    assert main(["eval", f"--model_dir={run}", "--task=glue_cola"]) == 0
    table = capsys.readouterr().out
    assert "glue_cola" in table and "51.10" in table and "tone" not in table
    assert max(map(len, table.splitlines())) <= 80


def test_a_test_split_has_predictions_without_scores(run, tmp_path, capsys):
    assert main(["eval", f"--model_dir={run}", "--split=test", f"--predictions={tmp_path}"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[1:] == ["tone                             3"]
    assert "tone, test: 3 examples without a label" in told.err
    lines = [json.loads(line) for line in (tmp_path / "tone.jsonl").read_text().splitlines()]
    assert [line["target"] for line in lines] == [None] * 3


def test_options_are_labels_and_other_tasks_are_generated(run, tmp_path, capsys):
    given = ["--scoring=options", "--json", f"--task={run}/tasks/tasks.toml"]
    assert main(["eval", f"--model_dir={run}", *given, f"--predictions={tmp_path}"]) == 0
    told = capsys.readouterr().err
    assert "note: --scoring=options: first has no labels; its texts are generated" in told
    rows = [json.loads(line) for line in (tmp_path / "tone.jsonl").read_text().splitlines()]
    assert len(rows) == 5 and {row["prediction"] for row in rows} <= {"old", "warm"}
    for row in rows:
        assert row["score"] == max(row["options"].values()) == row["options"][row["prediction"]]


def test_a_moved_run_has_its_tasks_and_says_which_data_are_gone(run, data, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "moved")
    moved, gone = f"--model_dir={tmp_path / 'moved'}", data.rename(data.with_name("gone"))
    try:
        assert main(["eval", moved, f"--task={tmp_path}/moved/tasks/tasks.toml"]) == 2
        assert f"[tone]: no data at {data}/tone; give a TOML file" in capsys.readouterr().err
        tasks = [f"--task={gone}/tasks.toml:tone", "--task=glue_cola", f"--data_dir={gone}"]
        assert main(["eval", moved, *tasks, "--max_examples=2", "--json"]) == 0
    finally:
        gone.rename(data)
    rows = rows_of(capsys.readouterr().out)
    assert (rows["tone"]["examples"], rows["glue_cola"]["examples"]) == (2, 2)


def test_a_stopped_run_goes_on_in_the_same_data(run):
    position = json.loads((run / "data_2-000-of-001.json").read_text())
    assert position["rows"] == 8
    assert list(position["corpora"]) == ["cut", "tone", "first", "glue_cola"]
    settings = json.loads((run / "config.json").read_text())
    assert settings["task"][1:] == ["glue_cola"] and Path(settings["task"][0]).is_absolute()
