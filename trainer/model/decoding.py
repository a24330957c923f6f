"""Decoding with a cache of keys and values: greedy, sampling and beam search, one token a step.

Raffel et al. 2020 decode greedily (section 3.1.3), and with 4 beams and a length penalty of 0.6
(section 3.7). Id 1 ends a text. Id 0 is padding and the decoder's first input.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from trainer.model.beams import EOS, NEVER, DecodeStep, search_beams

Array = jax.Array


def _start(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, DecodeStep]:
    """Log-probabilities of the first id, float32[batch, vocab], the cache, and the decode step.

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
    """
    models = params if isinstance(params, tuple) else (params,)
    begin = _start_after_encoder if hasattr(network, "encode") else _start_after_prompt
    begun = [begin(network, p, inputs, length, prefix) for p in models]
    first, caches, steps = zip(*begun, strict=True)

    def mean(logits: Sequence[Array]) -> Array:
        return jax.nn.log_softmax(sum(logits[1:], start=logits[0]) / len(logits))

    def advance(caches: Any, ids: Array, position: Array | int) -> tuple[Array, Any]:
        found = [step(cache, ids, position) for step, cache in zip(steps, caches, strict=True)]
        return mean([logits for logits, _ in found]), tuple(cache for _, cache in found)

    return mean(first), caches, advance


def _start_after_encoder(
    network: nn.Module, params: Any, inputs: Array, length: int, prefix: bool
) -> tuple[Array, Any, DecodeStep]:
    """Logits of the first id, the cache, and the step, which has logits too."""
    del prefix  # all inputs are encoded with bidirectional attention
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
        return logits[:, 0], variables["cache"]

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
        return logits[:, 0], changed["cache"]

    logits, changed = run({"params": params, "cache": cache}, prompt, mask_from(0, width))
    return logits[:, -1], changed["cache"], advance


@functools.partial(
    jax.jit, static_argnames=("network", "length", "temperature", "top_k", "top_p", "prefix")
)
def sample(
    network: nn.Module, params: Any, inputs: Array, length: int, key: Array,
    temperature: float = 0.0, top_k: int = 0, top_p: float = 0.0, prefix: bool = False,
) -> Array:  # fmt: skip
    """Sampled or greedy targets of the inputs: int32[batch, length], padded after EOS.

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
      inputs: int32[batch, inputs]; without an encoder, the prompts.
      temperature: divides the log-probabilities; 0 takes the most probable id (greedy).
      top_k: sample from this many most probable ids; 0: from all.
      top_p: sample from the fewest most probable ids whose probabilities have this sum or more;
        0: from all.
      prefix: True for bidirectional attention in the prompts (prefix LM).
    """
    scores, cache, advance = _start(network, params, inputs, length, prefix)

    def step(carry: Any, given: tuple[Array, Array]) -> tuple[Any, Array]:
        cache, scores, ended = carry
        key, number = given
        drawn = (
            draw(key, scores / temperature, top_k, top_p)
            if temperature
            else jnp.argmax(scores, axis=-1).astype(jnp.int32)
        )
        ids = jnp.where(ended, 0, drawn)
        scores, cache = advance(cache, ids, number)
        return (cache, scores, ended | (ids == EOS)), ids

    carry = (cache, scores, jnp.zeros(inputs.shape[0], bool))
    ids = jax.lax.scan(step, carry, (jax.random.split(key, length), jnp.arange(length)))[1]
    return ids.T  # [length, batch] -> [batch, length]


def draw(key: Array, scores: Array, top_k: int = 0, top_p: float = 0.0) -> Array:
    """An id for each row, drawn from the most probable ones: int32[batch].

    Of equally probable ids the smaller one comes first, so that exactly `top_k` are left.

    Args:
      scores: float32[batch, vocab], log-probabilities, up to a constant.
      top_k: number of ids to draw from; 0: all.
      top_p: draw from the fewest ids whose probabilities have this sum or more; 0: from all.
    """
    if not top_k and not top_p:
        return jax.random.categorical(key, scores).astype(jnp.int32)
    vocab = scores.shape[-1]
    ranked, ids = jax.lax.top_k(scores, min(top_k, vocab) or vocab)
    shares = jax.nn.softmax(ranked, axis=-1)
    before = jnp.cumsum(shares, axis=-1) - shares  # sum of the shares of more probable ids
    place = jax.random.categorical(key, jnp.where(before < (top_p or 2.0), ranked, NEVER))
    return jnp.take_along_axis(ids, place[:, None], axis=1)[:, 0].astype(jnp.int32)


@functools.partial(jax.jit, static_argnames=("network", "length", "beams", "prefix"))
def beam_search(
    network: nn.Module, params: Any, inputs: Array, length: int, beams: int = 4,
    alpha: float = 0.6, prefix: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    """The targets of the inputs with the best scores that beam search finds, and their scores.

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
      inputs: int32[batch, inputs]; without an encoder, the prompts.
      alpha: of the length penalty.
      prefix: True for bidirectional attention in the prompts (prefix LM).
    Returns:
      int32[batch, beams, length] and float32[batch, beams], best first, as of `search_beams`.
    """
    repeated = jnp.repeat(inputs, beams, axis=0)  # [batch, inputs] -> [batch * beams, inputs]
    logs, cache, advance = _start(network, params, repeated, length, prefix)
    return search_beams(logs, cache, advance, length, beams, alpha)
