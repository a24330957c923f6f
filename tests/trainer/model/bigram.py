"""A network of one table, and its loss, gradients and updates in NumPy, in float64.

They follow the formulas of Shazeer & Stern 2018 and of `trainer/training/step.py`, without JAX.
"""

import jax
import numpy as np
from flax import linen as nn

VOCAB = 8


class Bigram(nn.Module):
    """The logits of a target are the row of its input in a table, float32[8, 8]."""

    @nn.compact
    def __call__(self, inputs: jax.Array, targets: jax.Array, *, enable_dropout: bool) -> jax.Array:
        return self.param("table", nn.initializers.zeros, (VOCAB, VOCAB))[inputs]


def bigram_table() -> np.ndarray:
    """Values of the table: float32[8, 8]."""
    return np.random.default_rng(3).normal(0.3, 1.5, (VOCAB, VOCAB)).astype(np.float32)


def bigram_batch(seed: int, rows: int = 4) -> dict[str, np.ndarray]:
    """Rows of 5 targets, of which some are padding and some, those of a prompt, have no weight."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(1, VOCAB, (rows, 5)).astype(np.int32)
    targets[0, 2:] = 0
    weights = (targets > 0).astype(np.int32)
    weights[-1, :2] = 0
    return {
        "decoder_input_tokens": np.pad(targets[:, :-1], ((0, 0), (1, 0))),
        "decoder_target_tokens": targets,
        "decoder_loss_weights": weights,
    }


def bigram_metrics(table: np.ndarray, batch: dict[str, np.ndarray], z_loss: float) -> list[float]:
    """Loss, cross entropy, targets and right ones of a batch, target by target."""
    return [float(x) for x in _sums(table, batch, z_loss)[0]]


def bigram_gradient(table: np.ndarray, batch: dict[str, np.ndarray], z_loss: float) -> np.ndarray:
    """Gradient of the mean loss of a target: float64[8, 8]."""
    sums, gradient = _sums(table, batch, z_loss)
    return gradient / sums[2]


def _sums(
    table: np.ndarray, batch: dict[str, np.ndarray], z_loss: float
) -> tuple[np.ndarray, np.ndarray]:
    table = table.astype(np.float64)
    sums, gradient = np.zeros(4), np.zeros_like(table)
    weighted = batch["decoder_loss_weights"] > 0
    inputs, targets = (batch[f"decoder_{name}_tokens"][weighted] for name in ("input", "target"))
    for before, target in zip(inputs, targets, strict=True):
        logits = table[before]
        log_sum = np.log(np.exp(logits).sum())
        shares = np.exp(logits - log_sum)
        entropy = log_sum - logits[target]
        sums += [entropy + z_loss * log_sum**2, entropy, 1, logits.argmax() == target]
        gradient[before] += shares * (1 + 2 * z_loss * log_sum) - np.eye(VOCAB)[target]
    return sums, gradient


class NumpyAdafactor:
    """Adafactor for one array, step by step; it is factored if both its sides are 128 or more."""

    def __init__(self, array: np.ndarray, decay_rate: float, clip_norm: float = 0.0) -> None:
        self.array = array.astype(np.float64)
        self._decay_rate, self._clip_norm, self._step = decay_rate, clip_norm, 0
        self._factored = array.ndim == 2 and min(array.shape) >= 128
        self._squares = [np.float64(0.0)] * 2

    def update(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """The array after one more step."""
        gradient = gradient.astype(np.float64)
        if self._clip_norm:
            gradient = gradient * min(1.0, self._clip_norm / np.sqrt((gradient**2).sum()))
        self._step += 1
        keep = 1 - float(self._step) ** -self._decay_rate
        square = gradient**2 + 1e-30
        means = [square.mean(axis=1), square.mean(axis=0)] if self._factored else [square] * 2
        self._squares = [
            keep * old + (1 - keep) * new for old, new in zip(self._squares, means, strict=True)
        ]
        rows, columns = self._squares
        second = np.outer(rows, columns) / rows.mean() if self._factored else rows
        step = gradient / np.sqrt(second)
        step = step / max(1.0, _rms(step))
        self.array = self.array - rate * max(_rms(self.array), 1e-3) * step
        return self.array


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))
