"""Reports scores: a table in 80 columns, rows of JSON, a file of predictions for each task."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.redaction import plain
from runtime.storage.files import atomic_write
from trainer.downstream.groups import GROUPS
from trainer.evaluation.scores import TaskScores

_NAME, _METRIC = 24, 19  # columns
_LOSS = "eval_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A row of the table.

    Attributes:
      name: of a task, corpus or group; total or average for all.
      split: "" for an average.
      loss: eval_loss, eval_accuracy, …; {} without a loss.
      counts: numbers of examples; {} if none was predicted.
      metrics: scores in percent.
      paper: the scores of the paper by metric.
    """

    name: str
    split: str = ""
    loss: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        """The row as a line of JSON; a score that is no number is null."""
        values: dict[str, object] = {"task" if self.split else "average_of": self.name}
        values |= {"split": self.split} if self.split else {}
        for name, value in {**self.loss, **self.counts, **self.metrics}.items():
            values[name] = value if math.isfinite(value) else None
        values |= {"paper": dict(self.paper)} if self.paper else {}
        return json.dumps(values)


def average_rows(averages: Mapping[str, Mapping[str, float]]) -> Iterator[ScoreRow]:
    """A row for each group, and one for all tasks if they are several (`scores.averages`)."""
    for name, metrics in averages.items():
        paper = GROUPS[name].paper if name in GROUPS else {}
        yield ScoreRow(name=name or "all tasks", metrics=metrics, paper=paper)


def table(rows: Sequence[ScoreRow]) -> list[str]:
    """The lines of the table: a line for each metric of a task.

    A name that is too long for its column stands in a line of its own, so that 80 columns keep all
    numbers.
    """
    head = ("task", "examples", "loss", "metric", "score", "paper")
    lines = [_line(*head).rstrip()]
    for row in rows:
        examples = f"{row.counts['examples']:,}" if row.counts else ""
        loss = f"{row.loss[_LOSS]:.4f}" if _LOSS in row.loss else ""
        name = plain(row.name)
        if len(name) > _NAME:
            lines.append(name)
            name = ""
        for metric, score in (row.metrics or {"": math.inf}).items():
            paper = f"{row.paper[metric]:.2f}" if metric in row.paper else ""
            shown = f"{score:.2f}" if metric else ""
            lines.append(_line(name, examples, loss, metric, shown, paper).rstrip())
            name = examples = loss = ""
    if any(row.paper.keys() & row.metrics.keys() for row in rows):
        lines.append("paper: T5-Base or mT5-Base; docs/trainer.md says on which split")
    return lines


def _line(name: str, examples: str, loss: str, metric: str, score: str, paper: str) -> str:
    return f"{name:{_NAME}} {examples:>9} {loss:>8}  {metric:{_METRIC}} {score:>6} {paper:>6}"


def write_predictions(folder: str, scores: TaskScores) -> str:
    """Writes NAME.jsonl, a line for each example in order; returns its path.

    A line has input, target (null without a label), prediction, score, all answers if there are
    several, and for --scoring=options the log-likelihood of each label. The file is complete or
    absent.
    """
    path = os.path.join(folder, predictions_name(scores.task.name))
    with atomic_write(path) as stream:
        for row in scores.rows:
            labelled = scores.task.is_labelled(row.example)
            values: dict[str, object] = {
                "input": row.example["inputs"],
                "target": row.example["targets"] if labelled else None,
                "prediction": row.prediction.text,
                "score": row.prediction.score,
            }
            answers = row.example.get("answers", [])
            values |= {"answers": list(answers)} if labelled and len(answers) > 1 else {}
            values |= {"options": dict(row.prediction.options)} if row.prediction.options else {}
            stream.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
    return path


def predictions_name(task: str) -> str:
    """The name of the file of a task: its own without separators of folders, and .jsonl."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in task) + ".jsonl"
