"""Keeps the checkpoint with the best validation score; stops early."""

import math
import os
from collections.abc import Collection, Mapping

from runtime.cli.options import closest
from trainer.config import TrainConfig
from trainer.input.batches import HostInfo
from trainer.task_options import TrainConfigError
from trainer.training.checkpoints import Checkpoints
from trainer.training.progress import evaluations
from trainer.training.run_folder import BEST_NAME
from trainer.training.step import State

_SMALLER = ("eval_loss",)
_NO_SCORES = ("eval_targets", "eval_unigram_entropy")  # of the data, not of the model


def is_better(name: str, score: float, than: float) -> bool:
    """True if a score is better: losses are better if smaller, others if larger.

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
    known = [score for score in scores if score not in _NO_SCORES]
    if scores and name not in known:
        raise TrainConfigError(f"--keep_best={name}: no such score; {closest(name, known)}")


class BestCheckpoint:
    """Keeps the best state of a run in `best/checkpoint_N`, by the score --keep_best.

    Attributes:
      step: of the best state; None without one.
      score: its score.
      worse: number of evaluations since then.
    """

    def __init__(self, config: TrainConfig, host: HostInfo, start: int) -> None:
        """Goes on from the best state that the run has; without --keep_best it keeps none.

        Args:
          start: the step from which the run goes on. A best state of a later one is removed: these
            steps are made again, maybe with other data or options.
        """
        self._name, self._patience, self._host = config.keep_best, config.patience, host
        self.step: int | None = None
        self.score, self.worse = 0.0, 0
        self._folder = os.path.join(config.model_dir, BEST_NAME)
        self._checkpoints: Checkpoints | None = None
        if not self._name:
            return
        self._checkpoints = Checkpoints(self._folder, keep=1)
        found = evaluations(config.model_dir, start)
        self._scored = {step: row[self._name] for step, row in found.items() if self._name in row}
        kept = self._checkpoints.latest()
        if kept in self._scored:
            self.step, self.score = kept, self._scored[kept]
            self.worse = sum(step > kept for step in self._scored)
        elif kept is not None:
            self._checkpoints.forget(kept)

    def resume(self, state: State) -> None:
        """Keeps the state from which the run goes on, if it is the best one and was not kept."""
        if self._checkpoints is None or self.step is not None:
            return
        score = self._scored.get(int(state.step))
        if score is None or any(is_better(self._name, s, score) for s in self._scored.values()):
            return
        self.add({self._name: score}, state)

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
        """The best step, its score and its folder; "" without --keep_best."""
        if self.step is None and not self._name:
            return ""
        if self.step is None:
            return f"note: no evaluation gave {self._name}, so no checkpoint is kept as the best"
        early = f"; {self.worse} evaluations without a better one" if self.exhausted() else ""
        return f"best: step {self.step:,}, {self._name} {self.score:.4f}{early}: {self._folder}"

    def close(self) -> None:
        """Waits until the best checkpoint is written."""
        if self._checkpoints is not None:
            self._checkpoints.close()
