"""Scores a model on a split of its corpora and tasks: loss, metrics, averages, predictions."""

import os
from collections.abc import Mapping, Sequence

import jax

from runtime.cli.console import doing, say
from runtime.redaction import plain
from runtime.storage.ownership import claim
from trainer.config import TrainConfig
from trainer.data.tasks import has_split
from trainer.downstream.task import DownstreamError
from trainer.evaluation.members import chosen_examples, evaluated_members
from trainer.evaluation.predictor import make_predictor
from trainer.evaluation.report import ScoreRow, average_rows, predictions_name, write_predictions
from trainer.evaluation.scores import OPTIONS, TaskScores, averages, score_task
from trainer.input.batches import batch_spec, open_members, register_tasks
from trainer.input.downstream import load_tasks_of
from trainer.input.lengths import fit_to_data
from trainer.training.evaluation import Evaluator, Scores
from trainer.training.run import Run, load_params, prepare_run, this_host


def score_split(
    config: TrainConfig,
    checkpoint: str | Sequence[str],
    split: str = "",
    max_examples: int = 0,
    predictions: str = "",
) -> list[ScoreRow]:
    """A row for each corpus and task with the split, one for all together, and averages.

    The loss counts every example with a target once. Metrics count every example once, or those of
    `chosen_examples`. Without labels there are predictions only.

    Args:
      checkpoint: a checkpoint_N; "" for the newest in --model_dir; several for an ensemble.
      split: "" for the one of `default_split`.
      max_examples: examples of each task that are predicted; 0: all.
      predictions: folder of a file for each task; "" for none.
    Raises:
      DataError: no corpus or task has the split.
    """
    with doing("opening the data"):
        config, notes = fit_to_data(config)
        for note in notes if this_host().index == 0 else ():
            say(note)
        split = split or default_split(config)
        opened = open_members(config, split)
        run = prepare_run(config, batch_spec(next(iter(opened[0].values())), config.batch_size))
    if predictions and this_host().index == 0:
        named = [task.name for task in evaluated_members(config) if split in task.splits()]
        claim(predictions, [*map(predictions_name, named)], "--predictions")
    with doing("reading the checkpoint"):
        params = load_params(config, checkpoint)
    with doing("computing the loss"):
        evaluator = Evaluator(config, run, split, whole=True, opened=opened)
        losses = evaluator.evaluate_members(params)
    scores = _score_members(config, run, params, split, max_examples, predictions)
    return _rows(config, split, losses, scores)


def _score_members(
    config: TrainConfig, run: Run, params: object, split: str, most: int, folder: str
) -> list[TaskScores]:
    """The scores of the pairs and tasks with the split; their predictions are written."""
    predict = make_predictor(config, run.network, jax.device_put(params))
    found = []
    for task in evaluated_members(config):
        if split not in task.splits():
            continue
        if config.scoring == OPTIONS and not task.labels and run.host.index == 0:
            say(f"note: --scoring=options: {task.name} has no labels; its texts are generated")
        examples = chosen_examples(task, split, most)
        with doing(f"predicting {plain(task.name)}"):
            scores = score_task(config, task, split, predict, run.host, examples)
        if not scores.rows:
            raise DownstreamError(f"{task.name}: no examples in its split {split!r}")
        found.append(scores)
        if run.host.index == 0:
            _report(scores, folder)
    return found


def _report(scores: TaskScores, folder: str) -> None:
    """Writes the predictions of a task, and says what is cut or has no label."""
    counts = scores.counts()
    for key in ("inputs", "targets"):
        if cut := counts[f"{key}_cut"]:
            say(
                f"note: {scores.task.name}, {scores.split}: {cut:,} of {counts['examples']:,} "
                f"{key} are cut at --{key}_length"
            )
    if counts["labelled"] < counts["examples"]:
        without = counts["examples"] - counts["labelled"]
        say(f"note: {scores.task.name}, {scores.split}: {without:,} examples without a label")
    if folder:
        say(f"{counts['examples']:,} predictions: {write_predictions(folder, scores)}")


def _rows(
    config: TrainConfig, split: str, losses: Mapping[str, Scores], scores: Sequence[TaskScores]
) -> list[ScoreRow]:
    by_name = {each.task.name: each for each in scores}
    rows = []
    for name in [*losses, *(name for name in by_name if name not in losses)]:
        loss, each = losses.get(name, {}), by_name.get(name)
        if name == "total" and name not in by_name:
            continue
        row = each.task.row if each else None
        rows.append(
            ScoreRow(
                name=name, split=split, loss=loss, counts=each.counts() if each else {},
                metrics=each.metrics if each else {}, paper=row.paper if row else {},
            )
        )  # fmt: skip
    if len(rows) > 1:
        rows.append(ScoreRow(name="total", split=split, loss=losses["total"]))
    metrics = {each.task.name: each.metrics for each in scores if each.metrics}
    found = averages(metrics, config.task)
    if len(metrics) < 2:
        found.pop("", None)
    return [*rows, *average_rows(found)]


def default_split(config: TrainConfig) -> str:
    """`validation` if a corpus or task has it, else `test`; `train` if there is nothing else."""
    names = register_tasks(config)
    for split in ("validation", "test"):
        if any(has_split(name, split) for name in names):
            return split
    own = [task.splits() for task in load_tasks_of(config).tasks]
    only_train = all(map(os.path.isfile, config.corpus)) and all(s == ("train",) for s in own)
    return "train" if only_train else "validation"
