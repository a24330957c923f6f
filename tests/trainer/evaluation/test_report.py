import dataclasses
import json
from pathlib import Path

import pytest

from trainer.downstream.table import DOWNSTREAM_TASKS
from trainer.downstream.task import DownstreamTask
from trainer.evaluation.predictor import Prediction
from trainer.evaluation.report import ScoreRow, average_rows, table, write_predictions
from trainer.evaluation.scores import Predicted, TaskScores

COUNTS = {"examples": 1_043, "labelled": 1_043, "inputs_cut": 0, "targets_cut": 0}
MRPC = ScoreRow(
    name="glue_mrpc", split="validation", loss={"eval_loss": 0.12345}, counts=COUNTS,
    metrics={"f1": 88.128, "accuracy": 84.0}, paper={"f1": 90.7, "accuracy": 87.5},
)  # fmt: skip


def test_the_table_has_scores_beside_those_of_the_paper():
    rows = [MRPC, *average_rows({"glue": {"average": 80.0}, "": {"average": 3.0}})]
    assert table(rows) == [
        "task                      examples     loss  metric               score  paper",
        "glue_mrpc                    1,043   0.1235  f1                   88.13  90.70",
        "                                             accuracy             84.00  87.50",
        "glue                                         average              80.00  82.70",
        "all tasks                                    average               3.00",
        "paper: T5-Base or mT5-Base; docs/trainer.md says on which split",
    ]


def test_80_columns_keep_all_numbers():
    long = ScoreRow(
        name="a_corpus_with_a_name_that_is_much_too_long_for_its_column", split="test",
        loss={"eval_loss": 12.5}, counts=COUNTS | {"examples": 40_853_298},
        metrics={"spearman_corrcoef": 100.0, "x": float("nan")},
    )  # fmt: skip
    lines = table([long])
    assert max(map(len, lines)) <= 80
    assert lines[1] == long.name
    assert lines[2].split() == ["40,853,298", "12.5000", "spearman_corrcoef", "100.00"]
    assert lines[3].split() == ["x", "nan"]
    assert json.loads(long.as_json())["x"] is None
    assert json.loads(MRPC.as_json())["f1"] == 88.128


@pytest.mark.parametrize(("name", "file"), [("xnli.de", "xnli.de"), ("a/../b", "a_.._b")])
def test_predictions_are_lines_of_json(name, file, tmp_path):
    row = dataclasses.replace(DOWNSTREAM_TASKS["glue_cola"], name=name)
    task = DownstreamTask(row=row, readers={})
    options = {"no": -1.5, "yes": -0.5}
    rows = (
        Predicted(
            example={"inputs": "cola: é\u2028", "targets": "yes"},
            prediction=Prediction(text="yes", score=-0.5, options=options),
            inputs_cut=False,
            targets_cut=False,
        ),
        Predicted(
            example={"inputs": "b", "targets": "<unk>"},
            prediction=Prediction(text="no", score=-2.0),
            inputs_cut=False,
            targets_cut=False,
        ),
    )
    found = TaskScores(task=task, split="test", rows=rows, metrics={})
    path = write_predictions(str(tmp_path / "out"), found)
    assert path == str(tmp_path / "out" / f"{file}.jsonl")
    lines = [json.loads(line) for line in Path(path).read_bytes().split(b"\n")[:-1]]
    assert lines == [
        {"input": "cola: é\u2028", "target": "yes", "prediction": "yes", "score": -0.5,
         "options": options},
        {"input": "b", "target": None, "prediction": "no", "score": -2.0},
    ]  # fmt: skip
    assert [each.name for each in (tmp_path / "out").iterdir()] == [f"{file}.jsonl"]
