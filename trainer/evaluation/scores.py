"""Scores of tasks: predictions on all hosts, metrics, and averages as the papers average."""

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jax.experimental import multihost_utils

from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.downstream.groups import GROUPS, group_average
from trainer.downstream.task import DownstreamTask, TextExample
from trainer.evaluation.decoder import batches_of
from trainer.evaluation.members import chosen_examples, evaluated_members, exact_match
from trainer.evaluation.predictor import Predict, Prediction
from trainer.input.batches import HostInfo

OPTIONS = "options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """An example and its prediction.

    Attributes:
      inputs_cut, targets_cut: True if they have more tokens than the model reads; a target that is
        cut cannot be predicted.
    """

    example: TextExample
    prediction: Prediction
    inputs_cut: bool
    targets_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScores:
    """The scores of a task on a split.

    Attributes:
      task: with its row of the table.
      split: of its examples.
      rows: the examples in order, each once, with their predictions.
      metrics: scores in percent, of the examples with a label; {} if there are none.
    """

    task: DownstreamTask
    split: str
    rows: tuple[Predicted, ...]
    metrics: Mapping[str, float]

    def labelled(self) -> int:
        """Number of examples with a label."""
        return sum(self.task.is_labelled(row.example) for row in self.rows)

    def counts(self) -> dict[str, int]:
        """Numbers of examples: all, those with a label, those that are cut."""
        return {
            "examples": len(self.rows),
            "labelled": self.labelled(),
            "inputs_cut": sum(row.inputs_cut for row in self.rows),
            "targets_cut": sum(row.targets_cut for row in self.rows),
        }


def score_task(
    config: TrainConfig,
    task: DownstreamTask,
    split: str,
    predict: Predict,
    host: HostInfo,
    examples: Iterable[TextExample],
) -> TaskScores:
    """Predicts the examples of a task, and scores those with a label.

    Batches are dealt out to the hosts, so that each example is predicted once. All hosts get all
    predictions.

    Args:
      examples: of the split, on all hosts the same.
    """
    labels = task.labels if config.scoring == OPTIONS else ()
    kept: list[list[TextExample]] = []
    own: list[list[dict[str, Any]]] = []
    for number, batch in enumerate(batches_of(examples, config.batch_size)):
        kept.append(batch)
        if number % host.count == host.index:
            own.append([asdict(each) for each in predict(batch, labels)])
    predictions = _in_order(_from_all_hosts(own, host), len(kept))
    rows = tuple(
        _predicted(config, example, Prediction(**found))
        for batch, answers in zip(kept, predictions, strict=True)
        for example, found in zip(batch, answers, strict=True)
    )
    return TaskScores(task=task, split=split, rows=rows, metrics=_metrics(task, rows))


def _in_order(by_host: Sequence[Sequence[Any]], count: int) -> list[Any]:
    """The batches of all hosts, dealt out in turn, in their order."""
    return [by_host[number % len(by_host)][number // len(by_host)] for number in range(count)]


def _from_all_hosts(own: list[Any], host: HostInfo) -> list[list[Any]]:
    """What each host has, in the order of the hosts, as JSON keeps it."""
    if host.count == 1:
        return [own]
    data = np.frombuffer(json.dumps(own).encode(), np.uint8)
    sizes = np.asarray(multihost_utils.process_allgather(np.array(len(data)))).reshape(-1)
    filled = np.zeros(int(sizes.max()), np.uint8)
    filled[: len(data)] = data
    gathered = np.asarray(multihost_utils.process_allgather(filled))  # [hosts, bytes]
    return [json.loads(row[:size].tobytes()) for row, size in zip(gathered, sizes, strict=True)]


def _predicted(config: TrainConfig, example: TextExample, prediction: Prediction) -> Predicted:
    vocabulary = load_vocabulary(config.vocab)
    limits = {"inputs": config.input_tokens(), "targets": config.lengths()["targets"]}
    cut = {
        f"{key}_cut": len(vocabulary.encode(example[key])) >= limit  # EOS comes after
        for key, limit in limits.items()
    }
    return Predicted(example=example, prediction=prediction, **cut)


def _metrics(task: DownstreamTask, rows: Sequence[Predicted]) -> dict[str, float]:
    """Scores of the rows with a label; {} without such rows, or without metrics."""
    labelled = [row for row in rows if task.is_labelled(row.example)]
    if not labelled or not task.row.metrics:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # correlations of equal predictions are no number
        return task.metrics(
            [task.target(row.example) for row in labelled],
            [task.postprocess(row.prediction.text, row.example) for row in labelled],
        )


def averages(
    scores: Mapping[str, Mapping[str, float]], groups: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Averages by the name of a group, and that of all tasks by "".

    Those of a group are the paper's, where all tasks that count are there. That of all tasks is the
    mean over tasks of the mean of a task's metrics.

    Args:
      scores: task -> metric -> score.
      groups: names of groups, and others, which are left out.
    """
    found = {name: group_average(name, scores) for name in groups if name in GROUPS}
    means = [float(np.mean(list(metrics.values()))) for metrics in scores.values() if metrics]
    if means:
        found[""] = {"average": float(np.mean(means))}
    return {name: average for name, average in found.items() if average}


class TaskEvaluator:
    """Scores of a run's tasks and pairs on a part of a split, always the same, during training.

    Attributes:
      names: of the tasks with such a split.
    """

    def __init__(self, config: TrainConfig, host: HostInfo, split: str = "validation") -> None:
        """Reads --eval_examples examples of each."""
        self._config, self._host, self._split = config, host, split
        members = evaluated_members(config) if config.eval_examples else []
        self._examples = [
            (task, [*filter(task.is_labelled, chosen_examples(task, split, config.eval_examples))])
            for task in members
            if split in task.splits() and task.row.metrics
        ]
        self.names = tuple(task.name for task, _ in self._examples)

    def score_names(self) -> list[str]:
        """The names that `evaluate` gives, found with the targets as predictions."""

        def repeat(examples: Sequence[TextExample], _: Sequence[str]) -> list[Prediction]:
            return [Prediction(text=example["targets"], score=0.0) for example in examples]

        return [*self.evaluate(repeat)]

    def evaluate(self, predict: Predict) -> dict[str, float]:
        """TASK/METRIC of each task, GROUP/average and average; exact_match of all pairs."""
        found = [
            score_task(self._config, task, self._split, predict, self._host, examples)
            for task, examples in self._examples
        ]
        scores = {each.task.name: each.metrics for each in found if each.metrics}
        means = averages(scores, self._config.task)
        flat = {
            f"{name}/{metric}": value
            for name, metrics in (scores | {n: m for n, m in means.items() if n}).items()
            for metric, value in metrics.items()
        }
        counted = [
            (len(each.rows), each.metrics["exact_match"])
            for each in found
            if each.task.row.metrics == (exact_match,) and each.metrics
        ]
        if counted:
            total = sum(count for count, _ in counted)
            flat["exact_match"] = sum(count * score for count, score in counted) / total
        return flat | means.get("", {})
