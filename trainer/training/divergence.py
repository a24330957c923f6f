"""Stops a run whose loss is not finite or has a spike, and saves the batch."""

import math
import os

import jax

from runtime.errors import RunFailed
from runtime.storage.arrays import save_arrays
from trainer.training.input_pipeline import HostBatch
from trainer.training.step import Metrics


class Diverged(RunFailed):
    """The loss is not finite, or far above its running mean. The message names the saved batch."""


class DivergenceGuard:
    """Checks the losses of a run before a checkpoint or evaluation uses the state.

    Steps are added without waiting for their results, and checked later, in order.
    """

    def __init__(self, model_dir: str, spike_factor: float, host_index: int = 0) -> None:
        self._model_dir, self._host_index = model_dir, host_index
        self._spike_factor = spike_factor
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
            limit = self._spike_factor * self._running_loss if self._spike_factor else math.inf
            if not (math.isfinite(loss) and math.isfinite(norm)) or loss > limit:
                raise self._diverged(step, loss, norm, batch)
            old = self._running_loss
            self._running_loss = loss if old == math.inf else 0.9 * old + 0.1 * loss
        self._unchecked.clear()

    def _diverged(self, step: int, loss: float, norm: float, batch: HostBatch) -> Diverged:
        path = os.path.join(self._model_dir, f"diverged_{step}-{self._host_index:03d}.npz")
        save_arrays(path, batch)
        return Diverged(
            f"step {step}: loss {loss:.4g} and gradient norm {norm:.4g}, after a running mean loss "
            f"of {self._running_loss:.4g}. The token ids of the batch are in {path}. The newest "
            "checkpoint is from before this step: run the command again with another --seed or a "
            "lower --learning_rate"
        )


def mean_loss(metrics: Metrics) -> float:
    """Cross entropy in nats a target token."""
    return float(metrics.cross_entropy) / max(float(metrics.targets), 1.0)
