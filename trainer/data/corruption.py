"""The functions of the objectives' axes: noise masks, inputs, targets. A table for each axis.

A new value of an axis is a row in its table here and a member of its enum in
`trainer/data/objectives.py`. Tokens are int32[n] tensors, masks are bool[n]. Seeds are int32[2, 2]:
one pair for each of two draws. All functions draw in the order of t5 0.9.4 `preprocessors.py`, so
that the same seeds give the same examples (`tests/reference/test_objectives.py`).
"""

from collections.abc import Callable

import seqio
import tensorflow as tf

from trainer.data.objectives import Inputs, Noise, Objective, Targets

_RANDOM_SHARE = 0.1  # of BERT-style noise tokens (section 3.3.1)
_FIRST_WORD = 3  # ids below are padding, EOS and unknown


def _iid_mask(objective: Objective, length: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform([length], seed=seeds[0]) < objective.density


def _prefix_mask(objective: Objective, length: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """The prefix is noise, of uniform length from max(1, (1 - 2 density) (n - 1)) to n - 1."""
    longest = length - 1
    shortest = tf.round((1 - 2 * objective.density) * tf.cast(longest, tf.float32))
    shortest = tf.minimum(longest, tf.maximum(1, tf.cast(shortest, tf.int32)))
    prefix = tf.random.stateless_uniform(
        [], minval=shortest, maxval=longest + 1, dtype=tf.int32, seed=seeds[0]
    )
    return tf.range(length, dtype=tf.int32) < prefix


def _span_mask(objective: Objective, length: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Kept spans and noise spans alternate, a kept one first; their number follows from length."""
    total = tf.maximum(length, 2)
    noise = tf.cast(tf.round(tf.cast(total, tf.float32) * objective.density), tf.int32)
    noise = tf.minimum(tf.maximum(noise, 1), total - 1)
    spans = tf.cast(tf.round(tf.cast(noise, tf.float32) / objective.mean_span), tf.int32)
    spans = tf.maximum(spans, 1)
    noise_lengths = _random_lengths(noise, spans, seeds[0])
    kept_lengths = _random_lengths(total - noise, spans, seeds[1])
    # int32[spans, 2] -> int32[spans * 2]: kept, noise, kept, noise, ...
    alternating = tf.reshape(tf.stack([kept_lengths, noise_lengths], axis=1), [-1])
    is_noise = tf.range(tf.size(alternating)) % 2 == 1
    return tf.repeat(is_noise, alternating)[:length]


def _random_lengths(count: tf.Tensor, parts: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Lengths of `parts` non-empty parts that add up to `count`, uniform: int32[parts]."""
    begins = seqio.stateless_shuffle(tf.cast(tf.range(count - 1) < parts - 1, tf.int32), seed)
    part = tf.cumsum(tf.pad(begins, [[1, 0]]))
    return tf.math.segment_sum(tf.ones_like(part), part)


def _keep_all(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    return tokens


def _keep_noise(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    return tf.boolean_mask(tokens, mask)


def _drop_noise(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    return tf.boolean_mask(tokens, ~mask)


def _replace_noise(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    """Each run of noise tokens becomes one sentinel: `last_id`, `last_id - 1`, ..."""
    after_noise = tf.pad(mask[:-1], [[1, 0]])
    begins = mask & ~after_noise
    sentinels = last_id + 1 - tf.cumsum(tf.cast(begins, tokens.dtype))
    return tf.boolean_mask(tf.where(begins, sentinels, tokens), ~mask | begins)


def _replace_rest(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    return _replace_noise(tokens, ~mask, seeds, last_id)


def _mask_noise(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    return tf.where(mask, tf.cast(last_id, tokens.dtype), tokens)


def _mask_or_draw_noise(
    tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int
) -> tf.Tensor:
    random = tf.random.stateless_uniform(tf.shape(tokens), seed=seeds[0]) < _RANDOM_SHARE
    words = tf.random.stateless_uniform(
        tf.shape(tokens), minval=_FIRST_WORD, maxval=last_id + 1, dtype=tokens.dtype, seed=seeds[1]
    )
    return tf.where(mask & random, words, _mask_noise(tokens, mask & ~random, seeds, last_id))


def _shuffle_noise(tokens: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, last_id: int) -> tf.Tensor:
    shuffled = seqio.stateless_shuffle(tf.boolean_mask(tokens, mask), seeds[0])
    return tf.tensor_scatter_nd_update(tokens, tf.where(mask), shuffled)


NoiseMask = Callable[[Objective, tf.Tensor, tf.Tensor], tf.Tensor]
"""(objective, length int32 scalar, seeds) -> True where a token is noise: bool[length]."""
Transform = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, int], tf.Tensor]
"""(tokens, noise mask, seeds, last id) -> int32[m]. Sentinels count down from the last id."""

NOISE_MASKS: dict[Noise, NoiseMask] = {
    Noise.IID: _iid_mask,
    Noise.PREFIX: _prefix_mask,
    Noise.SPANS: _span_mask,
}
"""Without Noise.NONE: there the text itself is the target."""
INPUT_TRANSFORMS: dict[Inputs, Transform] = {
    Inputs.SENTINELS: _replace_noise,
    Inputs.MASKS: _mask_noise,
    Inputs.MASKS_OR_RANDOM: _mask_or_draw_noise,
    Inputs.REST: _drop_noise,
    Inputs.NOISE: _keep_noise,
    Inputs.SHUFFLED: _shuffle_noise,
}
"""Without Inputs.NOTHING: there is no encoder."""
TARGET_TRANSFORMS: dict[Targets, Transform] = {
    Targets.SENTINELS: _replace_rest,
    Targets.NOISE: _keep_noise,
    Targets.REST: _drop_noise,
    Targets.ALL: _keep_all,
}


def corrupt(
    objective: Objective, tokens: tf.Tensor, seed: tf.Tensor, vocab_size: int
) -> dict[str, tf.Tensor]:
    """One example from a text: `inputs` (unless the objective has none) and `targets`, without EOS.

    Args:
      tokens: int32[n].
      seed: int32[2].
      vocab_size: number of ids; the last ones are the sentinels.
    """
    if objective.noise is Noise.NONE:
        return {"targets": tokens}
    seeds = tf.random.experimental.stateless_split(seed, 6)  # int32[6, 2]: two draws for each axis
    mask = NOISE_MASKS[objective.noise](objective, tf.size(tokens), seeds[:2])
    make_inputs = INPUT_TRANSFORMS[objective.inputs]
    make_targets = TARGET_TRANSFORMS[objective.targets]
    return {
        "inputs": make_inputs(tokens, mask, seeds[2:4], vocab_size - 1),
        "targets": make_targets(tokens, mask, seeds[4:6], vocab_size - 1),
    }
