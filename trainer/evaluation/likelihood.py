"""Log-likelihood of targets, given their inputs: the sum over their ids, EOS included."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from trainer.config import TrainConfig
from trainer.evaluation.decoder import Place, padded
from trainer.model.sizes import ARCHITECTURES

Array = jax.Array
_STEP = 8  # lengths are multiples of it, so that few programs are compiled
Likelihood = Callable[[list[list[int]], list[list[int]]], list[float]]
"""(ids of the inputs, ids of the targets of each) -> log-likelihood of the targets, in nats."""


def make_likelihood(
    config: TrainConfig, network: nn.Module, params: Any, place: Place = np.asarray
) -> Likelihood:
    """The function that scores any number of targets, --batch_size at a time.

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
    """
    rows = config.batch_size

    def score(inputs: list[list[int]], targets: list[list[int]]) -> list[float]:
        found: list[float] = []
        longest = max(map(len, targets), default=0)  # labels are never cut
        length = max(config.lengths()["targets"], -(-longest // _STEP) * _STEP)
        for start in range(0, len(inputs), rows):
            part = slice(start, start + rows)
            batch = target_batch(config, inputs[part], targets[part], length)
            given = {name: place(array) for name, array in batch.items()}
            found += np.asarray(log_likelihood(network, params, given))[
                : len(inputs[part])
            ].tolist()
        return found

    return score


def target_batch(
    config: TrainConfig, inputs: list[list[int]], targets: list[list[int]], length: int
) -> dict[str, np.ndarray[Any, Any]]:
    """The features of seqio's converters for --batch_size rows, one example each, not packed.

    Args:
      length: of the targets.
    """
    rows = config.batch_size
    if ARCHITECTURES[config.architecture].encoder:
        written = padded(targets, rows, length)
        return {
            "encoder_input_tokens": padded(inputs, rows, config.input_tokens()),
            "decoder_input_tokens": _shift(written),
            "decoder_target_tokens": written,
            "decoder_loss_weights": (written > 0).astype(np.int32),
        }
    together = [given + wanted for given, wanted in zip(inputs, targets, strict=True)]
    written = padded(together, rows, config.input_tokens() + length)
    counts = np.array([len(given) for given in inputs] + [0] * (rows - len(inputs)))
    positions = np.arange(written.shape[1])
    batch = {
        "decoder_input_tokens": _shift(written),
        "decoder_target_tokens": written,
        "decoder_loss_weights": ((written > 0) & (positions >= counts[:, None])).astype(np.int32),
    }
    if config.architecture == "prefix_lm":
        batch["decoder_causal_attention"] = (positions <= counts[:, None]).astype(np.int32)
    return batch


def _shift(ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The ids before each id; id 0 before the first."""
    return np.pad(ids, ((0, 0), (1, 0)))[:, :-1]


@functools.partial(jax.jit, static_argnames=("network",))
def log_likelihood(network: nn.Module, params: Any, batch: Mapping[str, Array]) -> Array:
    """Sum of the log-probabilities of the targets with weight 1 in each row: float32[rows].

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
    """
    models = params if isinstance(params, tuple) else (params,)
    each = [_logits(network, model, batch) for model in models]
    logs = jax.nn.log_softmax(sum(each[1:], start=each[0]) / len(each))  # [rows, length, vocab]
    chosen = jnp.take_along_axis(logs, batch["decoder_target_tokens"][..., None], axis=-1)[..., 0]
    return jnp.sum(jnp.where(batch["decoder_loss_weights"] > 0, chosen, 0.0), axis=1)


def _logits(network: nn.Module, params: Any, batch: Mapping[str, Array]) -> Array:
    """Without dropout: float32[rows, length, vocab]."""
    names = ("encoder_input_tokens", "decoder_input_tokens", "decoder_target_tokens")
    given = [batch[name] for name in names if name in batch]
    mask = {name: batch[name] for name in ("decoder_causal_attention",) if name in batch}
    logits: Array = network.apply({"params": params}, *given, **mask, enable_dropout=False)
    return logits
