"""Stops a run whose loss is not finite or has a spike, and saves the batch."""

import math
import os

import jax
import numpy as np

from runtime.errors import RunFailed
from runtime.storage.files import atomic_write
from trainer.input.batches import HostBatch
from trainer.training.step import Metrics


class Diverged(RunFailed):
    """The loss is not finite, or far above its running mean. The message names the saved batch."""


class DivergenceGuard:
    """Checks the losses of a run before a checkpoint or evaluation uses the state.

    Steps are added without waiting for their results, and checked later, in order. A spike is a
    loss above `spike_factor` times the running mean. Means below `spike_floor` count as that: the
    losses of a model that knows its data well are small, and vary by large factors.
    """

    def __init__(
        self, model_dir: str, spike_factor: float, spike_floor: float = 0.0, host_index: int = 0
    ) -> None:
        """Starts without a mean.

        Args:
          spike_factor: 0 for losses that are not finite only.
          spike_floor: nats a target token.
        """
        self._model_dir, self._host_index = model_dir, host_index
        self._spike_factor, self._spike_floor = spike_factor, spike_floor
        self._running_loss = math.inf
        self._unchecked: list[tuple[int, Metrics, jax.Array, HostBatch]] = []

    def add(self, step: int, metrics: Metrics, gradient_norm: jax.Array, batch: HostBatch) -> None:
        """Keeps a step for the next check."""
        self._unchecked.append((step, metrics, gradient_norm, batch))

    def check(self) -> None:
        """Checks the steps added since the last call.

        Raises:
          Diverged: at the first step with a bad loss or gradient norm; its batch is saved.
        """
        for step, metrics, gradient_norm, batch in self._unchecked:
            loss, norm = mean_loss(metrics), float(gradient_norm)
            usual = max(self._running_loss, self._spike_floor)
            limit = self._spike_factor * usual if self._spike_factor else math.inf
            if not (math.isfinite(loss) and math.isfinite(norm)) or loss > limit:
                raise self._diverged(step, loss, norm, batch)
            old = self._running_loss
            self._running_loss = loss if old == math.inf else 0.9 * old + 0.1 * loss
        self._unchecked.clear()

    def _diverged(self, step: int, loss: float, norm: float, batch: HostBatch) -> Diverged:
        path = os.path.join(self._model_dir, f"diverged_{step}-{self._host_index:03d}.npz")
        with atomic_write(path) as stream:
            np.savez(stream, **batch)  # type: ignore[arg-type]  # no array is called allow_pickle
        finite = math.isfinite(loss) and math.isfinite(norm)
        advice = (
            "if a look at the batch shows that this is no fault, go on with --spike_factor=0"
            if finite
            else "if the batch is sound, try --clip_norm=1"
        )
        before = "" if math.isinf(self._running_loss) else (
            f", after a running mean loss of {self._running_loss:.4g}"
        )  # fmt: skip
        return Diverged(
            f"step {step}: loss {loss:.4g} and gradient norm {norm:.4g}{before}. The token ids of "
            f"the batch are in {path}. No checkpoint has this step. The same command meets the "
            f"same batch again: {advice}, or with a lower --learning_rate"
        )


def mean_loss(metrics: Metrics) -> float:
    """Cross entropy in nats a target token."""
    return float(metrics.cross_entropy) / max(float(metrics.targets), 1.0)
