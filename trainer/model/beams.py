"""Beam search with any step of a decoder, as t5x's `decoding.beam_search` does it.

Texts that have ended and those that go on are kept apart, `beams` of each. At each position the
2 * beams most probable continuations are taken, so that `beams` of them go on even if the others
end. The score of a text of n ids, EOS included, is its log-probability divided by
((5 + n) / 6)^alpha (Wu et al. 2016). The search stops when no text that goes on can become better
than the worst that has ended.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array
DecodeStep = Callable[[Any, Array, Array | int], tuple[Array, Any]]
"""(cache, ids int32[batch], position of the ids) -> (float32[batch, vocab], cache).

The first is the log-probability of each next id.
"""
EOS = 1
NEVER = -1e7  # score of a text that does not exist; t5x's NEG_INF


class _Search(NamedTuple):
    """A beam search so far.

    Attributes:
      number: int32 scalar, ids of each text that goes on.
      logs: float32[batch * beams, vocab], log-probability of their next id.
      cache: of the decoder, for the texts that go on.
      live: int32[batch, beams, length], texts that go on, best first.
      live_scores: float32[batch, beams], their log-probabilities.
      ended: int32[batch, beams, length], texts that have ended, best first.
      ended_scores: float32[batch, beams], divided by their penalty.
    """

    number: Array
    logs: Array
    cache: Any
    live: Array
    live_scores: Array
    ended: Array
    ended_scores: Array


def search_beams(
    logs: Array, cache: Any, advance: DecodeStep, length: int, beams: int, alpha: float
) -> tuple[Array, Array]:
    """The best texts that a beam search finds, and their scores.

    Args:
      logs: float32[batch * beams, vocab], log-probability of the first id; equal for all beams.
      cache: of the decoder before that id; arrays have batch * beams rows, or are scalars.
      length: most ids of a text.
      alpha: of the length penalty.
    Returns:
      int32[batch, beams, length] and float32[batch, beams], best first. Where no text has ended,
      they are those that go on, with their log-probabilities. Texts that do not exist have scores
      near -1e7.
    """
    batch = logs.shape[0] // beams
    texts = jnp.zeros((batch, beams, length), jnp.int32)
    never = jnp.full((batch, beams), NEVER)
    first = never.at[:, 0].set(0.0)  # all beams start equal: keep one
    start = _Search(jnp.array(0), logs, cache, texts, first, texts, never)

    def goes_on(found: _Search) -> Array:
        best = found.live_scores[:, 0] / _penalty(length, alpha)
        return (found.number < length) & ~jnp.all(found.ended_scores[:, -1] > best)

    found = jax.lax.while_loop(goes_on, lambda found: _extend(found, advance, alpha), start)
    any_ended = (found.ended_scores[:, 0] > NEVER / 2)[:, None]
    return (
        jnp.where(any_ended[..., None], found.ended, found.live),
        jnp.where(any_ended, found.ended_scores, found.live_scores),
    )


def _extend(found: _Search, advance: DecodeStep, alpha: float) -> _Search:
    """The search with one more id in each text that goes on."""
    batch, beams, _ = found.live.shape
    vocab = found.logs.shape[-1]
    # [batch * beams, vocab] -> [batch, beams * vocab]
    total = (found.live_scores[..., None] + found.logs.reshape(batch, beams, -1)).reshape(batch, -1)
    scores, chosen = jax.lax.top_k(total, min(2 * beams, beams * vocab))  # [batch, 2 * beams]
    beam, ids = chosen // vocab, (chosen % vocab).astype(jnp.int32)
    texts = _rows(found.live, beam).at[:, :, found.number].set(ids)
    ends = ids == EOS
    live_scores, live = jax.lax.top_k(jnp.where(ends, scores + NEVER, scores), beams)
    new = jnp.where(ends, scores / _penalty(found.number + 1, alpha), 2 * NEVER)
    all_ended = jnp.concatenate([found.ended_scores, new], axis=1)  # [batch, 3 * beams]
    ended_scores, ended = jax.lax.top_k(all_ended, beams)
    # [batch, beams] -> [batch * beams]
    row = (jnp.arange(batch)[:, None] * beams + _rows(beam, live)).reshape(-1)
    cache = jax.tree.map(lambda x: x[row] if x.ndim else x, found.cache)
    logs, cache = advance(cache, _rows(ids, live).reshape(-1), found.number)
    return _Search(
        number=found.number + 1,
        logs=logs,
        cache=cache,
        live=_rows(texts, live),
        live_scores=live_scores,
        ended=_rows(jnp.concatenate([found.ended, texts], axis=1), ended),
        ended_scores=ended_scores,
    )


def _rows(x: Array, places: Array) -> Array:
    """The rows at `places`, int32[batch, m], of an array [batch, n, ...]: [batch, m, ...]."""
    return jnp.take_along_axis(x, places.reshape(*places.shape, *[1] * (x.ndim - 2)), axis=1)


def _penalty(count: Array | int, alpha: float) -> Array:
    """((5 + n) / 6)^alpha for a text of n ids."""
    return ((5.0 + jnp.asarray(count)) / 6.0) ** alpha
