"""Loss on a held-out split, and the unigram entropy of its targets to compare it with."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.config import TrainConfig
from trainer.training.input_pipeline import Batches, DataError, host_rows, open_dataset
from trainer.training.partitioning import put_batch
from trainer.training.run import Run
from trainer.training.step import Metrics


class Evaluator:
    """Evaluates parameters on the first batches of a split; reads it again each time.

    Attributes:
      missing: the reason why there is no such split; "" if there is one.
    """

    def __init__(self, config: TrainConfig, run: Run, split: str = "validation") -> None:
        self._run, self._rows, self._batches = run, config.batch_size, config.eval_batches
        self.missing = ""
        try:
            self._dataset = open_dataset(config, split, run.host)
        except DataError as error:
            self.missing = str(error)

    def evaluate(self, params: Any) -> Mapping[str, float]:
        """Loss, accuracy, number and unigram entropy of the targets; {} without targets."""
        if self.missing:
            return {}
        run = self._run
        totals, counts = np.zeros(len(Metrics._fields)), np.zeros(run.network.config.vocab_size)
        batches = Batches(self._dataset)
        for _, batch in zip(range(self._batches), batches, strict=False):
            written = batch["decoder_target_tokens"][batch["decoder_loss_weights"] > 0]
            counts += np.bincount(written, minlength=len(counts))
            own = host_rows(batch, self._rows, run.host)
            totals += np.array(run.evaluate(params, put_batch(own, run.mesh)), np.float64)
        total = Metrics(*totals)
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
