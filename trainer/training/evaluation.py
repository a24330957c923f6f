"""Loss and task metrics on a held-out split, and the unigram entropy of its targets."""

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import tensorflow as tf

from runtime.cli.console import say
from trainer.config import TrainConfig
from trainer.evaluation.predictor import Predict, make_predictor
from trainer.evaluation.scores import TaskEvaluator
from trainer.input.batches import Batches, DataError, host_rows, open_members
from trainer.training.partitioning import batch_sharding, put_batch
from trainer.training.run import Run
from trainer.training.step import Metrics

Scores = Mapping[str, float]
_OF_MEMBERS = ("eval_loss", "eval_accuracy")  # of each corpus and task, beside those of all


class Evaluator:
    """Evaluates parameters on a split of each corpus and task; reads it again each time.

    Every example of a split counts once in the loss. The last batch is padded with rows of weight
    0. If not whole, --eval_examples of each task and corpus of pairs are predicted too.

    Attributes:
      missing: the reason why there is no such split; "" if there is one.
      skipped: names of the corpora without the split, if another has it.
    """

    def __init__(
        self,
        config: TrainConfig,
        run: Run,
        split: str = "validation",
        *,
        whole: bool = False,
        opened: tuple[dict[str, tf.data.Dataset], tuple[str, ...]] | None = None,
    ) -> None:
        """Opens the split.

        Args:
          whole: True for the loss on all batches of each corpus; False for that on the first
            --eval_batches of each, and for predictions.
          opened: what `open_members` returned for the split, if it is open.
        """
        self._run, self._rows = run, config.batch_size
        self._most = None if whole else config.eval_batches
        self._members: dict[str, tf.data.Dataset] = {}
        self.missing = ""
        self.skipped: tuple[str, ...] = ()
        try:
            self._members, self.skipped = opened or open_members(config, split)
        except DataError as error:
            self.missing = str(error)
        self._tasks = None if whole or self.missing else TaskEvaluator(config, run.host, split)
        if self.skipped and run.host.index == 0:
            say(f"note: no split {split!r}, not evaluated: {', '.join(self.skipped)}")

    def evaluate(self, params: Any) -> Scores:
        """Loss, accuracy, number and unigram entropy of the targets; {} without targets.

        With several corpora they are those of all targets together, and `eval_loss/NAME` and
        `eval_accuracy/NAME` are those of a corpus. `TASK/METRIC` are the scores of a task.
        """
        rows = self.evaluate_members(params)
        total = dict(rows.pop("total", {}))
        if len(rows) > 1:
            total |= {
                f"{key}/{name}": scores[key]
                for name, scores in rows.items()
                for key in _OF_MEMBERS
                if scores
            }
        if self._tasks is not None and self._tasks.names:
            total |= self._tasks.evaluate(predictor_of(self._run, params))
        return total

    def score_names(self) -> list[str]:
        """The names that `evaluate` gives; none if there is no such split."""
        if self.missing:
            return []
        names = [*_scores(np.ones(len(Metrics._fields)), np.ones(1))]
        if len(self._members) > 1:
            names += [f"{key}/{name}" for name in self._members for key in _OF_MEMBERS]
        return names + (self._tasks.score_names() if self._tasks else [])

    def evaluate_members(self, params: Any) -> dict[str, Scores]:
        """The scores of each corpus by the name of its task, and of all as `total`."""
        sums = {name: self._sum(params, dataset) for name, dataset in self._members.items()}
        if not sums:
            return {}
        metrics, counts = (np.sum(parts, axis=0) for parts in zip(*sums.values(), strict=True))
        return {name: _scores(*found) for name, found in sums.items()} | {
            "total": _scores(metrics, counts)
        }

    def _sum(
        self, params: Any, dataset: tf.data.Dataset
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Metrics and number of occurrences of each target of a dataset: float64[4] and [vocab]."""
        run = self._run
        totals, counts = np.zeros(len(Metrics._fields)), np.zeros(run.network.config.vocab_size)
        for batch in itertools.islice(Batches(dataset), self._most):
            written = batch["decoder_target_tokens"][batch["decoder_loss_weights"] > 0]
            counts += np.bincount(written, minlength=len(counts))
            own = host_rows(batch, self._rows, run.host)
            totals += np.array(run.evaluate(params, put_batch(own, run.mesh)), np.float64)
        return totals, counts


def predictor_of(run: Run, params: Any) -> Predict:
    """The function that predicts with the parameters of a run.

    On one host batches are sharded over its mesh. On several hosts each predicts with one of its
    devices, which has all parameters.
    """
    if run.host.count == 1:
        place = functools.partial(jax.device_put, device=batch_sharding(run.mesh))
        return make_predictor(run.config, run.network, params, place)
    everywhere = jax.sharding.NamedSharding(run.mesh, jax.sharding.PartitionSpec())
    replicated = jax.jit(lambda tree: tree, out_shardings=everywhere)(params)
    local = jax.tree.map(lambda leaf: leaf.addressable_data(0), replicated)
    return make_predictor(run.config, run.network, local)


def _scores(metrics: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> Scores:
    total = Metrics(*metrics)
    if not total.targets:
        return {}
    return {
        "eval_loss": float(total.cross_entropy / total.targets),
        "eval_accuracy": float(total.correct / total.targets),
        "eval_targets": float(total.targets),
        "eval_unigram_entropy": unigram_entropy(counts),
    }


def unigram_entropy(counts: np.ndarray[Any, Any]) -> float:
    """Entropy of the token frequencies, in nats: the loss of a model without context.

    Args:
      counts: float64[vocab], occurrences of each token.
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
