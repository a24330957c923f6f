"""Decoding with a cache: greedy, sampling and beam search, one token a step.

Raffel et al. 2020, section 3.1.3 decodes greedily, section 3.7 by beams of 4 with a length penalty
of 0.6 (Wu et al. 2016). Ids of 1 end a text, 0 is padding and what a decoder starts from.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

Array = jax.Array
_EOS = 1
_NEVER = -1e9


def _start(network: nn.Module, params: Any, inputs: Array, length: int) -> tuple[Array, Any]:
    """What the encoder makes of the inputs, and an empty cache for `length` steps."""
    encoded = network.apply({"params": params}, inputs, enable_dropout=False, method="encode")
    blank = jnp.zeros((inputs.shape[0], length), jnp.int32)
    _, variables = network.apply(
        {"params": params}, encoded, inputs, blank, blank, enable_dropout=False, decode=True,
        method="decode", mutable=["cache"],
    )  # fmt: skip
    return encoded, variables["cache"]


def _advance(
    network: nn.Module,
    params: Any,
    cache: Any,
    encoded: Array,
    inputs: Array,
    ids: Array,
    length: int,
) -> tuple[Array, Any]:
    """Log-probabilities of the next id, float32[batch, vocab], after ids int32[batch]."""
    logits, variables = network.apply(
        {"params": params, "cache": cache}, encoded, inputs, ids[:, None], ids[:, None],
        enable_dropout=False, decode=True, max_decode_length=length, method="decode",
        mutable=["cache"],
    )  # fmt: skip
    return jax.nn.log_softmax(logits[:, 0]), variables["cache"]


@functools.partial(jax.jit, static_argnames=("network", "length", "temperature", "top_k"))
def sample(
    network: nn.Module, params: Any, inputs: Array, length: int, key: Array,
    temperature: float = 0.0, top_k: int = 0,
) -> Array:  # fmt: skip
    """Targets of the inputs: int32[batch, length], padded after EOS.

    Args:
      inputs: int32[batch, inputs].
      temperature: 0 takes the most probable id each time (greedy).
      top_k: draw from so many most probable ids only; 0: from all.
    """
    encoded, cache = _start(network, params, inputs, length)

    def step(carry: Any, key: Array) -> tuple[Any, Array]:
        cache, ids, ended = carry
        scores, cache = _advance(network, params, cache, encoded, inputs, ids, length)
        if top_k:
            lowest = jax.lax.top_k(scores, top_k)[0][:, -1:]
            scores = jnp.where(scores < lowest, _NEVER, scores)
        drawn = (
            jax.random.categorical(key, scores / temperature)
            if temperature
            else jnp.argmax(scores, axis=-1)
        )
        ids = jnp.where(ended, 0, drawn.astype(jnp.int32))
        return (cache, ids, ended | (ids == _EOS)), ids

    batch = inputs.shape[0]
    carry = (cache, jnp.zeros(batch, jnp.int32), jnp.zeros(batch, bool))
    ids = jax.lax.scan(step, carry, jax.random.split(key, length))[1]
    return ids.T  # [length, batch] -> [batch, length]


@functools.partial(jax.jit, static_argnames=("network", "length", "beams", "alpha"))
def beam_search(
    network: nn.Module, params: Any, inputs: Array, length: int, beams: int = 4, alpha: float = 0.6
) -> tuple[Array, Array]:
    """The best targets of each of the inputs, and their scores.

    A text of n ids scores its log-probability divided by ((5 + n) / 6)^alpha.

    Args:
      inputs: int32[batch, inputs].
    Returns:
      int32[batch, beams, length] and float32[batch, beams], best first.
    """
    batch = inputs.shape[0]
    wide = jnp.repeat(inputs, beams, axis=0)  # [batch, inputs] -> [batch * beams, inputs]
    encoded, cache = _start(network, params, wide, length)

    def step(carry: Any, number: Array) -> tuple[Any, None]:
        cache, texts, scores, ended, last = carry
        # [batch * beams, vocab] -> [batch, beams, vocab]
        logs, cache = _advance(network, params, cache, encoded, wide, last.reshape(-1), length)
        logs = logs.reshape(batch, beams, -1)
        vocab = logs.shape[-1]
        # A text that has ended goes on with padding, at no cost.
        pad_only = jnp.where(jnp.arange(vocab) == 0, 0.0, _NEVER)
        total = scores[..., None] + jnp.where(ended[..., None], pad_only, logs)
        normal = total / _penalty(number + 1, texts, ended, alpha)[..., None]
        # Of all continuations of all beams the best: [batch, beams * vocab] -> [batch, beams]
        _, chosen = jax.lax.top_k(normal.reshape(batch, -1), beams)
        beam, ids = chosen // vocab, (chosen % vocab).astype(jnp.int32)
        scores = jnp.take_along_axis(total.reshape(batch, -1), chosen, axis=1)
        texts = jnp.take_along_axis(texts, beam[..., None], axis=1).at[:, :, number].set(ids)
        ended = jnp.take_along_axis(ended, beam, axis=1) | (ids == _EOS)
        row = (jnp.arange(batch)[:, None] * beams + beam).reshape(-1)
        cache = jax.tree.map(lambda x: x[row] if x.ndim else x, cache)
        return (cache, texts, scores, ended, ids), None

    first = jnp.where(jnp.arange(beams) == 0, 0.0, _NEVER)  # all beams start alike: keep one
    carry = (
        cache,
        jnp.zeros((batch, beams, length), jnp.int32),
        jnp.broadcast_to(first, (batch, beams)),
        jnp.zeros((batch, beams), bool),
        jnp.zeros((batch, beams), jnp.int32),
    )
    _, texts, scores, ended, _ = jax.lax.scan(step, carry, jnp.arange(length))[0]
    return texts, scores / _penalty(jnp.array(length), texts, ended, alpha)


def _penalty(steps: Array, texts: Array, ended: Array, alpha: float) -> Array:
    """((5 + n) / 6)^alpha of each beam: float32[batch, beams]; n is without padding."""
    count = jnp.where(ended, jnp.sum(texts > 0, axis=-1), steps)
    return ((5.0 + count) / 6.0) ** alpha
