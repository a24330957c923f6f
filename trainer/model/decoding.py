"""Decoding with a cache: greedy, sampling and beam search, one token a step.

Raffel et al. 2020, section 3.1.3 decodes greedily, section 3.7 by beams of 4 with a length penalty
of 0.6 (Wu et al. 2016). Ids of 1 end a text, 0 is padding and what a decoder starts from.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

Array = jax.Array
WeightedProgress = Callable[[Any, Array, Array | int], tuple[Array, Any]]
"""(cache, ids int32[batch], how many were written before) -> scores of the next id, cache."""
_EOS = 1
_NEVER = -1e9


def _begin(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, WeightedProgress]:
    """Log-probabilities of the first id, float32[batch, vocab], the cache, and how to go on."""
    if hasattr(network, "encode"):
        return _begin_after_encoder(network, params, inputs, length)
    return _begin_after_prompt(network, params, inputs, length, prefix)


def _begin_after_encoder(
    network: nn.Module, params: Any, inputs: Array, length: int
) -> tuple[Array, Any, WeightedProgress]:
    encoded = network.apply({"params": params}, inputs, enable_dropout=False, method="encode")
    decode = functools.partial(
        network.apply, enable_dropout=False, decode=True, method="decode", mutable=["cache"]
    )
    blank = jnp.zeros((inputs.shape[0], length), jnp.int32)
    cache = decode({"params": params}, encoded, inputs, blank, blank)[1]["cache"]

    def advance(cache: Any, ids: Array, written: Array | int) -> tuple[Array, Any]:
        del written  # the cache knows
        logits, variables = decode(
            {"params": params, "cache": cache}, encoded, inputs, ids[:, None], ids[:, None],
            max_decode_length=length,
        )  # fmt: skip
        return jax.nn.log_softmax(logits[:, 0]), variables["cache"]

    scores, cache = advance(cache, blank[:, 0], 0)
    return scores, cache, advance


def _begin_after_prompt(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, WeightedProgress]:
    """Of a decoder alone: the prompts, each after the start id, end at the same position.

    Positions are relative, so that padding before a prompt, which nothing looks at, moves nothing.
    """
    batch, width = inputs.shape[0], inputs.shape[1] + 1
    whole = width + length
    counts = jnp.sum(inputs > 0, axis=1)  # [batch]
    place = jnp.arange(width) - (width - 1 - counts)[:, None]  # [batch, width], 0 is the start id
    shifted = jnp.pad(inputs, ((0, 0), (1, 0)))
    prompt = jnp.where(place > 0, jnp.take_along_axis(shifted, jnp.maximum(place, 0), axis=1), 0)
    there = jnp.pad(place >= 0, ((0, 0), (0, length)), constant_values=True)  # [batch, whole]
    run = functools.partial(network.apply, length=whole, method="advance", mutable=["cache"])
    cache = run({"params": params}, jnp.zeros((batch, whole), jnp.int32), None)[1]["cache"]

    def look(start: Array | int, count: int) -> Array:
        """[batch, 1, count, whole]: what positions from `start` on may look at."""
        query, key = start + jnp.arange(count)[:, None], jnp.arange(whole)
        seen = (key <= query) | (prefix & (key < width) & (query < width))
        return (seen & there[:, None])[:, None]

    def advance(cache: Any, ids: Array, written: Array | int) -> tuple[Array, Any]:
        variables = {"params": params, "cache": cache}
        logits, changed = run(variables, ids[:, None], look(width + written, 1))
        return jax.nn.log_softmax(logits[:, 0]), changed["cache"]

    logits, changed = run({"params": params, "cache": cache}, prompt, look(0, width))
    return jax.nn.log_softmax(logits[:, -1]), changed["cache"], advance


@functools.partial(jax.jit, static_argnames=("network", "length", "temperature", "top_k", "prefix"))
def sample(
    network: nn.Module, params: Any, inputs: Array, length: int, key: Array,
    temperature: float = 0.0, top_k: int = 0, prefix: bool = False,
) -> Array:  # fmt: skip
    """Targets of the inputs: int32[batch, length], padded after EOS.

    Args:
      inputs: int32[batch, inputs]; of a decoder alone, what it goes on from.
      temperature: 0 takes the most probable id each time (greedy).
      top_k: draw from so many most probable ids only; 0: from all.
      prefix: a decoder alone sees its inputs from both sides (prefix LM).
    """
    scores, cache, advance = _begin(network, params, inputs, length, prefix)

    def step(carry: Any, given: tuple[Array, Array]) -> tuple[Any, Array]:
        cache, scores, ended = carry
        key, number = given
        if top_k:
            lowest = jax.lax.top_k(scores, top_k)[0][:, -1:]
            scores = jnp.where(scores < lowest, _NEVER, scores)
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
    """The best targets of each of the inputs, and their scores.

    A text of n ids scores its log-probability divided by ((5 + n) / 6)^alpha.

    Args:
      inputs: int32[batch, inputs]; of a decoder alone, what it goes on from.
      prefix: a decoder alone sees its inputs from both sides (prefix LM).
    Returns:
      int32[batch, beams, length] and float32[batch, beams], best first.
    """
    batch = inputs.shape[0]
    wide = jnp.repeat(inputs, beams, axis=0)  # [batch, inputs] -> [batch * beams, inputs]
    logs, cache, advance = _begin(network, params, wide, length, prefix)
    vocab = logs.shape[-1]

    def step(carry: Any, number: Array) -> tuple[Any, None]:
        cache, logs, texts, scores, ended = carry
        # A text that has ended goes on with padding, at no cost.
        pad_only = jnp.where(jnp.arange(vocab) == 0, 0.0, _NEVER)
        # [batch * beams, vocab] -> [batch, beams, vocab]
        more = jnp.where(ended[..., None], pad_only, logs.reshape(batch, beams, vocab))
        total = scores[..., None] + more
        normal = total / _penalty(number + 1, texts, ended, alpha)[..., None]
        # Of all continuations of all beams the best: [batch, beams * vocab] -> [batch, beams]
        _, chosen = jax.lax.top_k(normal.reshape(batch, -1), beams)
        beam, ids = chosen // vocab, (chosen % vocab).astype(jnp.int32)
        scores = jnp.take_along_axis(total.reshape(batch, -1), chosen, axis=1)
        texts = jnp.take_along_axis(texts, beam[..., None], axis=1).at[:, :, number].set(ids)
        ended = jnp.take_along_axis(ended, beam, axis=1) | (ids == _EOS)
        row = (jnp.arange(batch)[:, None] * beams + beam).reshape(-1)
        cache = jax.tree.map(lambda x: x[row] if x.ndim else x, cache)
        logs, cache = advance(cache, ids.reshape(-1), number)
        return (cache, logs, texts, scores, ended), None

    first = jnp.where(jnp.arange(beams) == 0, 0.0, _NEVER)  # all beams start alike: keep one
    carry = (
        cache,
        logs,
        jnp.zeros((batch, beams, length), jnp.int32),
        jnp.broadcast_to(first, (batch, beams)),
        jnp.zeros((batch, beams), bool),
    )
    _, _, texts, scores, ended = jax.lax.scan(step, carry, jnp.arange(length))[0]
    return texts, scores / _penalty(jnp.array(length), texts, ended, alpha)


def _penalty(steps: Array, texts: Array, ended: Array, alpha: float) -> Array:
    """((5 + n) / 6)^alpha of each beam: float32[batch, beams]; n is without padding."""
    count = jnp.where(ended, jnp.sum(texts > 0, axis=-1), steps)
    return ((5.0 + count) / 6.0) ** alpha
