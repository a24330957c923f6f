"""One training step: loss, gradients, update. Pure functions of parameters, state and batch."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

from trainer.strategies import merge, select
from trainer.training.optimizer import keep_frozen, keep_frozen_moments

Array = jax.Array
Batch = Mapping[str, Array]
BatchSpec = Mapping[str, Any]
"""Shape and type of each feature of a batch; a batch will do."""
Tree = Any


class State(NamedTuple):
    """Parameters and optimizer state, which a step updates.

    Attributes:
      step: int32 scalar, number of updates.
      params: tree of float32 arrays.
      moments: the state of the optimizer, for the parameters that are ever updated.
    """

    step: Array
    params: Tree
    moments: Any


class Metrics(NamedTuple):
    """Sums over the targets of a batch, padding excluded: float32 scalars.

    Attributes:
      loss: cross entropy and z-loss.
      cross_entropy: in nats.
      targets: their number.
      correct: the number of targets with the largest logit.
    """

    loss: Array
    cross_entropy: Array
    targets: Array
    correct: Array


_ENCODER = ("encoder_input_tokens", "decoder_input_tokens", "decoder_target_tokens")
_DECODER = ("decoder_input_tokens", "decoder_target_tokens")
_OPTIONAL = ("encoder_segment_ids", "decoder_segment_ids", "decoder_causal_attention")


def arguments(batch: BatchSpec) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the network for a batch, positional and by name: int32[batch, length]."""
    names = _ENCODER if "encoder_input_tokens" in batch else _DECODER
    given = {name: batch[name] for name in _OPTIONAL if name in batch}
    return tuple(batch[name] for name in names), given


def sum_losses(
    network: nn.Module, params: Tree, batch: Batch, z_loss: float, key: Array | None
) -> Metrics:
    """The metrics of a batch (section 2.1; z-loss as in t5x).

    Args:
      key: of dropout; None for no dropout.
    """
    logits = _logits(network, params, batch, key)
    targets = batch["decoder_target_tokens"]
    weights = batch["decoder_loss_weights"].astype(jnp.float32)
    normalizer = jax.nn.logsumexp(logits, axis=-1)  # [batch, length, vocab] -> [batch, length]
    # A masked sum: the gradient of indexing with the target would be a slow scatter on CPU.
    is_target = jnp.arange(logits.shape[-1]) == targets[..., None]  # [batch, length, vocab]
    chosen = jnp.sum(jnp.where(is_target, logits, 0.0), axis=-1)
    entropy = (normalizer - chosen) * weights
    penalty = z_loss * jnp.square(normalizer) * weights
    correct = (jnp.argmax(logits, axis=-1) == targets) * weights
    return Metrics(jnp.sum(entropy + penalty), jnp.sum(entropy), jnp.sum(weights), jnp.sum(correct))


def _logits(network: nn.Module, params: Tree, batch: Batch, key: Array | None) -> Array:
    """Logits of a model, or the mean of those of an ensemble: float32[batch, length, vocab]."""
    if isinstance(params, tuple):
        each = [_logits(network, model, batch, key) for model in params]
        return sum(each[1:], start=each[0]) / len(each)
    positional, named = arguments(batch)
    rngs = None if key is None else {"dropout": key}
    logits: Array = network.apply(
        {"params": params}, *positional, **named, enable_dropout=key is not None, rngs=rngs
    )
    return logits


def sum_gradients(
    network: nn.Module, params: Tree, batch: Batch, z_loss: float, key: Array | None, parts: int,
    frozen: Tree | None = None,
) -> tuple[Tree, Metrics]:  # fmt: skip
    """Gradients of the summed loss, and the metrics; from `parts` equal parts of the batch.

    Args:
      frozen: all parameters, where `params` are only those whose gradients are wanted.
    """

    def loss(params: Tree, part: Batch, key: Array | None) -> tuple[Array, Metrics]:
        complete = params if frozen is None else merge(frozen, params)
        metrics = sum_losses(network, complete, part, z_loss, key)
        return metrics.loss, metrics

    gradients = jax.grad(loss, has_aux=True)
    if parts == 1:
        result: tuple[Tree, Metrics] = gradients(params, batch, key)
        return result
    # [batch, ...] -> [parts, batch / parts, ...]
    split = {name: x.reshape(parts, -1, *x.shape[1:]) for name, x in batch.items()}
    keys = None if key is None else jax.random.split(key, parts)

    def add(total: Any, part: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, gradients(params, *part)), None

    zeros = (
        jax.tree.map(jnp.zeros_like, params),
        Metrics(*(jnp.zeros(()) for _ in Metrics._fields)),
    )
    total: tuple[Tree, Metrics] = jax.lax.scan(add, zeros, (split, keys))[0]
    return total


def train_step(
    network: nn.Module,
    optimizer: optax.GradientTransformation,
    state: State,
    batch: Batch,
    seed: int,
    *,
    z_loss: float,
    dropout: bool,
    parts: int,
    begins: Mapping[str, int] | None = None,
) -> tuple[State, Metrics, Array]:
    """The state after one update, the metrics of the batch and the norm of the mean gradient.

    A frozen array and its moments stay as they are, bit for bit. Its gradient counts as 0.

    Args:
      begins: the first step that updates an array, by its name; None: every step updates all.
    """
    key = jax.random.fold_in(jax.random.key(seed), state.step) if dropout else None
    trained, frozen = trained_arrays(state.params, begins)
    gradients, metrics = sum_gradients(network, trained, batch, z_loss, key, parts, frozen)
    # The update of Adafactor does not depend on the scale of gradients; clipping and the norm do.
    gradients = jax.tree.map(lambda g: g / jnp.maximum(metrics.targets, 1.0), gradients)
    active = _active(trained, begins, state.step)
    gradients = keep_frozen(active, gradients, jax.tree.map(jnp.zeros_like, gradients))
    updates, moments = optimizer.update(gradients, state.moments, trained)
    params = keep_frozen(active, optax.apply_updates(trained, updates), trained)
    moments = keep_frozen_moments(active, moments, state.moments)
    complete = params if frozen is None else merge(frozen, params)
    return State(state.step + 1, complete, moments), metrics, optax.global_norm(gradients)


def trained_arrays(params: Tree, begins: Mapping[str, int] | None) -> tuple[Tree, Tree | None]:
    """The parameters that are ever updated; and all of them, None if these are all."""
    if begins is None:
        return params, None
    trained = select(params, begins.__contains__)
    complete = len(jax.tree.leaves(trained)) == len(jax.tree.leaves(params))
    return (params, None) if complete else (trained, params)


def _active(trained: Tree, begins: Mapping[str, int] | None, step: Array) -> Tree:
    """True for each array that every step updates; else a bool scalar."""
    start = min(begins.values()) if begins else 0

    def active(path: Any, _: Array) -> Any:
        begin = begins["/".join(key.key for key in path)] if begins else start
        return begin <= start or step >= begin

    return jax.tree_util.tree_map_with_path(active, trained)


def eval_step(network: nn.Module, params: Tree, batch: Batch) -> Metrics:
    """The metrics of a batch without dropout and z-loss; of an ensemble, if params are a tuple."""
    return sum_losses(network, params, batch, 0.0, None)


def initial_state(
    network: nn.Module, optimizer: optax.GradientTransformation, spec: BatchSpec, seed: int,
    begins: Mapping[str, int] | None = None,
) -> State:  # fmt: skip
    """New parameters and moments, for batches of that shape; `begins` as of `train_step`."""
    positional, named = arguments(spec)
    init = functools.partial(network.init, enable_dropout=False)
    ones = jax.tree.map(lambda x: jnp.ones((1, *x.shape[1:]), jnp.int32), (positional, named))
    params = init({"params": jax.random.key(seed)}, *ones[0], **ones[1])["params"]
    moments = optimizer.init(trained_arrays(params, begins)[0])
    return State(jnp.zeros((), jnp.int32), params, moments)


Step = Callable[[State, Batch], tuple[State, Metrics, Array]]
