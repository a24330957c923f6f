"""Decoding with a cache of keys and values: greedy, sampling and beam search, one token a step.

Raffel et al. 2020 decode greedily (section 3.1.3), and with 4 beams and a length penalty of 0.6
(section 3.7; Wu et al. 2016). Id 1 ends a text. Id 0 is padding and the decoder's first input.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

Array = jax.Array
DecodeStep = Callable[[Any, Array, Array | int], tuple[Array, Any]]
"""(cache, ids int32[batch], position of the ids) -> (float32[batch, vocab], cache).

The first is the log-probability of each next id.
"""
_EOS = 1
_IMPOSSIBLE = -1e9  # log-probability of ids that are never chosen


def _start(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, DecodeStep]:
    """Log-probabilities of the first id, float32[batch, vocab], the cache, and the decode step."""
    if hasattr(network, "encode"):
        return _start_after_encoder(network, params, inputs, length)
    return _start_after_prompt(network, params, inputs, length, prefix)


def _start_after_encoder(
    network: nn.Module, params: Any, inputs: Array, length: int
) -> tuple[Array, Any, DecodeStep]:
    encoded = network.apply({"params": params}, inputs, enable_dropout=False, method="encode")
    decode = functools.partial(
        network.apply, enable_dropout=False, decode=True, method="decode", mutable=["cache"]
    )
    blank = jnp.zeros((inputs.shape[0], length), jnp.int32)
    cache = decode({"params": params}, encoded, inputs, blank, blank)[1]["cache"]

    def advance(cache: Any, ids: Array, position: Array | int) -> tuple[Array, Any]:
        del position  # the cache has it
        logits, variables = decode(
            {"params": params, "cache": cache}, encoded, inputs, ids[:, None], ids[:, None],
            max_decode_length=length,
        )  # fmt: skip
        return jax.nn.log_softmax(logits[:, 0]), variables["cache"]

    scores, cache = advance(cache, blank[:, 0], 0)
    return scores, cache, advance


def _start_after_prompt(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, DecodeStep]:
    """The same for a decoder without encoder: the inputs are its prompts.

    Prompts are aligned at their ends, each after the start id. The padding in front is masked, and
    changes no score because positions are relative.
    """
    batch, width = inputs.shape[0], inputs.shape[1] + 1
    total = width + length
    counts = jnp.sum(inputs > 0, axis=1)  # [batch]
    offset = jnp.arange(width) - (width - 1 - counts)[:, None]  # [batch, width], 0: the start id
    shifted = jnp.pad(inputs, ((0, 0), (1, 0)))
    prompt = jnp.where(offset > 0, jnp.take_along_axis(shifted, jnp.maximum(offset, 0), axis=1), 0)
    real = jnp.pad(offset >= 0, ((0, 0), (0, length)), constant_values=True)  # [batch, total]
    run = functools.partial(network.apply, length=total, method="advance", mutable=["cache"])
    cache = run({"params": params}, jnp.zeros((batch, total), jnp.int32), None)[1]["cache"]

    def mask_from(start: Array | int, count: int) -> Array:
        """The mask of `count` positions from `start` on: [batch, 1, count, total]."""
        query, key = start + jnp.arange(count)[:, None], jnp.arange(total)
        visible = (key <= query) | (prefix & (key < width) & (query < width))
        return (visible & real[:, None])[:, None]

    def advance(cache: Any, ids: Array, position: Array | int) -> tuple[Array, Any]:
        variables = {"params": params, "cache": cache}
        logits, changed = run(variables, ids[:, None], mask_from(width + position, 1))
        return jax.nn.log_softmax(logits[:, 0]), changed["cache"]

    logits, changed = run({"params": params, "cache": cache}, prompt, mask_from(0, width))
    return jax.nn.log_softmax(logits[:, -1]), changed["cache"], advance


@functools.partial(jax.jit, static_argnames=("network", "length", "temperature", "top_k", "prefix"))
def sample(
    network: nn.Module, params: Any, inputs: Array, length: int, key: Array,
    temperature: float = 0.0, top_k: int = 0, prefix: bool = False,
) -> Array:  # fmt: skip
    """Sampled or greedy targets of the inputs: int32[batch, length], padded after EOS.

    Args:
      inputs: int32[batch, inputs]; without an encoder, the prompts.
      temperature: divides the log-probabilities; 0 takes the most probable id (greedy).
      top_k: sample from this many most probable ids; 0: from all.
      prefix: True for bidirectional attention in the prompts (prefix LM).
    """
    scores, cache, advance = _start(network, params, inputs, length, prefix)

    def step(carry: Any, given: tuple[Array, Array]) -> tuple[Any, Array]:
        cache, scores, ended = carry
        key, number = given
        if top_k:
            lowest = jax.lax.top_k(scores, top_k)[0][:, -1:]
            scores = jnp.where(scores < lowest, _IMPOSSIBLE, scores)
        drawn = (
            jax.random.categorical(key, scores / temperature)
            if temperature
            else jnp.argmax(scores, axis=-1)
        )
        ids = jnp.where(ended, 0, drawn.astype(jnp.int32))
        scores, cache = advance(cache, ids, number)
        return (cache, scores, ended | (ids == _EOS)), ids

    carry = (cache, scores, jnp.zeros(inputs.shape[0], bool))
    ids = jax.lax.scan(step, carry, (jax.random.split(key, length), jnp.arange(length)))[1]
    return ids.T  # [length, batch] -> [batch, length]


@functools.partial(jax.jit, static_argnames=("network", "length", "beams", "alpha", "prefix"))
def beam_search(
    network: nn.Module, params: Any, inputs: Array, length: int, beams: int = 4,
    alpha: float = 0.6, prefix: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    """The targets of the inputs with the best scores that beam search finds, and their scores.

    The score of n ids is their log-probability divided by ((5 + n) / 6)^alpha.

    Args:
      inputs: int32[batch, inputs]; without an encoder, the prompts.
      prefix: True for bidirectional attention in the prompts (prefix LM).
    Returns:
      int32[batch, beams, length] and float32[batch, beams], best first.
    """
    batch = inputs.shape[0]
    repeated = jnp.repeat(inputs, beams, axis=0)  # [batch, inputs] -> [batch * beams, inputs]
    logs, cache, advance = _start(network, params, repeated, length, prefix)

    def step(carry: Any, number: Array) -> tuple[Any, None]:
        cache, logs, found = carry
        # [batch * beams, vocab] -> [batch, beams, vocab]
        found, beam, ids = _extend(found, logs.reshape(batch, beams, -1), number, alpha)
        row = (jnp.arange(batch)[:, None] * beams + beam).reshape(-1)
        cache = jax.tree.map(lambda x: x[row] if x.ndim else x, cache)
        logs, cache = advance(cache, ids.reshape(-1), number)
        return (cache, logs, found), None

    first = jnp.where(jnp.arange(beams) == 0, 0.0, _IMPOSSIBLE)  # all beams start equal: keep one
    start = _Beams(
        jnp.zeros((batch, beams, length), jnp.int32),
        jnp.broadcast_to(first, (batch, beams)),
        jnp.zeros((batch, beams), bool),
    )
    found = jax.lax.scan(step, (cache, logs, start), jnp.arange(length))[0][2]
    return found.ids, found.scores / _penalty(jnp.array(length), found, alpha)


class _Beams(NamedTuple):
    """The texts of a beam search so far.

    Attributes:
      ids: int32[batch, beams, length].
      scores: float32[batch, beams], log-probabilities.
      ended: bool[batch, beams], True after EOS.
    """

    ids: Array
    scores: Array
    ended: Array


def _extend(found: _Beams, logs: Array, number: Array, alpha: float) -> tuple[_Beams, Array, Array]:
    """The best continuations of all beams by one id.

    Args:
      logs: float32[batch, beams, vocab], log-probabilities of the id.
      number: position of the id.
    Returns:
      The new beams, the number of the beam each of them continues, and its id: int32[batch, beams].
    """
    batch, beams, vocab = logs.shape
    # A text that has ended is continued with padding, without cost.
    pad_only = jnp.where(jnp.arange(vocab) == 0, 0.0, _IMPOSSIBLE)
    total = found.scores[..., None] + jnp.where(found.ended[..., None], pad_only, logs)
    normalized = total / _penalty(number + 1, found, alpha)[..., None]
    # [batch, beams, vocab] -> [batch, beams * vocab], of which the best: [batch, beams]
    _, chosen = jax.lax.top_k(normalized.reshape(batch, -1), beams)
    beam, ids = chosen // vocab, (chosen % vocab).astype(jnp.int32)
    return (
        _Beams(
            jnp.take_along_axis(found.ids, beam[..., None], axis=1).at[:, :, number].set(ids),
            jnp.take_along_axis(total.reshape(batch, -1), chosen, axis=1),
            jnp.take_along_axis(found.ended, beam, axis=1) | (ids == _EOS),
        ),
        beam,
        ids,
    )


def _penalty(length: Array, found: _Beams, alpha: float) -> Array:
    """((5 + n) / 6)^alpha of each text, of `length` or, if it has ended, n ids: [batch, beams]."""
    count = jnp.where(found.ended, jnp.sum(found.ids > 0, axis=-1), length)
    return ((5.0 + count) / 6.0) ** alpha
