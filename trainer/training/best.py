"""Keeps the checkpoint with the best validation score; stops early."""

import math
import os
from collections.abc import Collection, Mapping

from runtime.cli.options import closest
from trainer.config import TrainConfig, TrainConfigError
from trainer.input.batches import HostInfo
from trainer.training.checkpoints import Checkpoints
from trainer.training.progress import CURVE_NAME, read_curve
from trainer.training.run_folder import BEST_NAME
from trainer.training.step import State

_SMALLER = ("eval_loss", "eval_unigram_entropy")


def is_better(name: str, score: float, than: float) -> bool:
    """True if a score is better: losses and entropies are better if smaller, others if larger.

    A score that is no number, as a correlation with equal predictions, is worse than any other.
    """
    if math.isnan(score) or math.isnan(than):
        return not math.isnan(score)
    return score < than if name.startswith(_SMALLER) else score > than


def check_keep_best(name: str, scores: Collection[str]) -> None:
    """Checks that --keep_best is one of the scores of a run, if it has any.

    Raises:
      TrainConfigError: it is none of them.
    """
    if scores and name not in scores:
        raise TrainConfigError(f"--keep_best={name}: no such score; {closest(name, scores)}")


class BestCheckpoint:
    """Keeps the best state of a run in `best/checkpoint_N`, by the score --keep_best.

    Attributes:
      step: of the best state; None without one.
      score: its score.
      worse: number of evaluations since then.
    """

    def __init__(self, config: TrainConfig, host: HostInfo) -> None:
        """Goes on from the best state that the run has; without --keep_best it keeps none."""
        self._name, self._patience, self._host = config.keep_best, config.patience, host
        self.step: int | None = None
        self.score, self.worse = 0.0, 0
        self._folder = os.path.join(config.model_dir, BEST_NAME)
        self._checkpoints: Checkpoints | None = None
        if not self._name:
            return
        self._checkpoints = Checkpoints(self._folder, keep=1)
        kept = self._checkpoints.latest()
        has_curve = os.path.exists(os.path.join(config.model_dir, CURVE_NAME))
        points = read_curve(config.model_dir) if kept is not None and has_curve else []
        scored = {int(row["step"]): row[self._name] for row in points if self._name in row}
        if kept in scored:
            self.step, self.score = kept, scored[kept]
            self.worse = sum(step > kept for step in scored)

    def add(self, scores: Mapping[str, float], state: State) -> None:
        """Keeps the state if its scores are the best so far.

        Raises:
          TrainConfigError: --keep_best is none of the scores.
        """
        if self._checkpoints is None or not scores:
            return
        check_keep_best(self._name, scores)
        score, step = scores[self._name], int(state.step)
        if self.step is not None and not is_better(self._name, score, self.score):
            self.worse += step > self.step
            return
        self.step, self.score, self.worse = step, score, 0
        self._checkpoints.save(state, None, self._host)

    def exhausted(self) -> bool:
        """True if --patience evaluations in a row were not better."""
        return 0 < self._patience <= self.worse

    def describe(self) -> str:
        """The best step, its score and its folder, in a line; "" without one."""
        if self.step is None:
            return ""
        early = f"; {self.worse} evaluations without a better one" if self.exhausted() else ""
        return f"best: step {self.step:,}, {self._name} {self.score:.4f}{early}: {self._folder}"

    def close(self) -> None:
        """Waits until the best checkpoint is written."""
        if self._checkpoints is not None:
            self._checkpoints.close()
