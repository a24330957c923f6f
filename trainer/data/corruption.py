"""The functions of the objectives' axes: noise masks, what is read, what is written.

Tokens are int32[n] tensors, masks bool[n]; seeds are int32[2, 2], one pair for each draw. All
follow t5 0.9.4 `preprocessors.py` draw for draw, so that the same seeds give the same examples;
`tests/reference/test_objectives.py` holds them against it.
"""

from collections.abc import Callable
from functools import partial

import seqio
import tensorflow as tf

from trainer.data.objectives import Noise, Objective, Reads, Writes

_RANDOM_SHARE = 0.1  # of BERT-style noise tokens (section 3.3.1)
_FIRST_WORD = 3  # ids below are padding, EOS and unknown


def noise_mask(objective: Objective, length: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """True where a token is noise: bool[length].

    Args:
      length: int32 scalar.
      seeds: int32[2, 2].
    """
    if objective.noise is Noise.IID:
        return tf.random.stateless_uniform([length], seed=seeds[0]) < objective.density
    if objective.noise is Noise.SPANS:
        return _span_mask(length, objective.density, objective.mean_span, seeds)
    if objective.noise is Noise.PREFIX:
        return _prefix_mask(length, objective.density, seeds[0])
    return tf.zeros([length], tf.bool)


def _prefix_mask(length: tf.Tensor, density: float, seed: tf.Tensor) -> tf.Tensor:
    """The prefix is of a length in [1, length) if density is 0.5, of the last part if less."""
    longest = length - 1
    shortest = tf.round((1 - 2 * density) * tf.cast(longest, tf.float32))
    shortest = tf.minimum(longest, tf.maximum(1, tf.cast(shortest, tf.int32)))
    prefix = tf.random.stateless_uniform(
        [], minval=shortest, maxval=longest + 1, dtype=tf.int32, seed=seed
    )
    return tf.range(length, dtype=tf.int32) < prefix


def _span_mask(length: tf.Tensor, density: float, mean_span: float, seeds: tf.Tensor) -> tf.Tensor:
    """Spans of the rest and of noise in turn, the rest first; their numbers are fixed."""
    total = tf.maximum(length, 2)
    noise = tf.cast(tf.round(tf.cast(total, tf.float32) * density), tf.int32)
    noise = tf.minimum(tf.maximum(noise, 1), total - 1)
    spans = tf.cast(tf.round(tf.cast(noise, tf.float32) / mean_span), tf.int32)
    spans = tf.maximum(spans, 1)
    noise_lengths = _random_parts(noise, spans, seeds[0])
    rest_lengths = _random_parts(total - noise, spans, seeds[1])
    # int32[spans, 2] -> int32[spans * 2]: rest, noise, rest, noise, ...
    in_turn = tf.reshape(tf.stack([rest_lengths, noise_lengths], axis=1), [-1])
    is_noise = tf.range(tf.size(in_turn)) % 2 == 1
    return tf.repeat(is_noise, in_turn)[:length]


def _random_parts(count: tf.Tensor, parts: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Lengths of non-empty parts that make up `count`, every way as likely: int32[parts]."""
    begins = seqio.stateless_shuffle(tf.cast(tf.range(count - 1) < parts - 1, tf.int32), seed)
    part = tf.cumsum(tf.pad(begins, [[1, 0]]))
    return tf.math.segment_sum(tf.ones_like(part), part)


Representation = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def representation(form: Reads | Writes, vocab_size: int) -> Representation:
    """The function (tokens, mask, seeds) -> tokens of one form.

    Args:
      vocab_size: of all ids; sentinels are the last ones, counted down.
    """
    last = vocab_size - 1
    forms: dict[str, Representation] = {
        Reads.MASKS: partial(_masks, last),
        Reads.MASKS_OR_RANDOM: partial(_masks_or_random, last),
        Reads.REST: lambda tokens, mask, seeds: tf.boolean_mask(tokens, ~mask),
        Reads.NOISE: lambda tokens, mask, seeds: tf.boolean_mask(tokens, mask),
        Reads.SHUFFLED: _shuffled,
        Writes.ALL: lambda tokens, mask, seeds: tokens,
    }
    if form is Reads.SENTINELS:
        return lambda tokens, mask, seeds: _sentinels(tokens, mask, last)
    if form is Writes.SENTINELS:
        return lambda tokens, mask, seeds: _sentinels(tokens, ~mask, last)
    return forms[form]


def _sentinels(tokens: tf.Tensor, hidden: tf.Tensor, last: int) -> tf.Tensor:
    """Each run of hidden tokens becomes one sentinel: `last`, `last - 1`, ..."""
    after_hidden = tf.pad(hidden[:-1], [[1, 0]])
    begins = hidden & ~after_hidden
    sentinels = last + 1 - tf.cumsum(tf.cast(begins, tokens.dtype))
    return tf.boolean_mask(tf.where(begins, sentinels, tokens), ~hidden | begins)


def _masks(last: int, tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    return tf.where(mask, tf.cast(last, tokens.dtype), tokens)


def _masks_or_random(last: int, tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    random = tf.random.stateless_uniform(tf.shape(tokens), seed=seeds[0]) < _RANDOM_SHARE
    words = tf.random.stateless_uniform(
        tf.shape(tokens), minval=_FIRST_WORD, maxval=last + 1, dtype=tokens.dtype, seed=seeds[1]
    )
    return tf.where(mask & random, words, _masks(last, tokens, mask & ~random, seeds))


def _shuffled(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    shuffled = seqio.stateless_shuffle(tf.boolean_mask(tokens, mask), seeds[0])
    return tf.tensor_scatter_nd_update(tokens, tf.where(mask), shuffled)


def corrupt(
    objective: Objective, tokens: tf.Tensor, seed: tf.Tensor, vocab_size: int
) -> dict[str, tf.Tensor]:
    """One example of a text: `inputs` (unless nothing is read) and `targets`, without EOS.

    Args:
      tokens: int32[n].
      seed: int32[2].
    """
    if objective.noise is Noise.NONE:
        return {"targets": tokens}
    seeds = tf.random.experimental.stateless_split(seed, 6)  # int32[6, 2], a pair for each axis
    mask = noise_mask(objective, tf.size(tokens), seeds[:2])
    reads = representation(objective.reads, vocab_size)
    writes = representation(objective.writes, vocab_size)
    return {
        "inputs": reads(tokens, mask, seeds[2:4]),
        "targets": writes(tokens, mask, seeds[4:6]),
    }
