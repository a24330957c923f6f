"""Which position may look at which: masks of attention, [batch, 1, queries, keys], 1 where it may.

Ids of 0 are padding; segments number the examples that are packed into one row.
"""

import jax
import jax.numpy as jnp

Array = jax.Array


def padding_mask(queries: Array, keys: Array) -> Array:
    """Both are tokens: int32[batch, queries], int32[batch, keys]."""
    return ((queries > 0)[:, None, :, None] & (keys > 0)[:, None, None, :]).astype(jnp.float32)


def segment_mask(queries: Array, keys: Array) -> Array:
    """Both are of the same packed example: int32[batch, queries], int32[batch, keys]."""
    return (queries[:, None, :, None] == keys[:, None, None, :]).astype(jnp.float32)


def causal_mask(length: int) -> Array:
    """The key is not after the query: [1, 1, length, length]."""
    return jnp.tril(jnp.ones((length, length)))[None, None]


def encoder_mask(tokens: Array, segments: Array | None) -> Array:
    """Of an encoder's self-attention."""
    mask = padding_mask(tokens, tokens)
    return mask if segments is None else mask * segment_mask(segments, segments)


def decoder_mask(targets: Array, segments: Array | None, prefix: Array | None) -> Array:
    """Of a decoder's self-attention.

    Args:
      targets: int32[batch, length].
      prefix: int32[batch, length], 1 where positions see each other from both sides (prefix LM).
    """
    mask = causal_mask(targets.shape[1])
    if prefix is not None:
        both = prefix[:, None, :, None] * prefix[:, None, None, :]
        mask = jnp.maximum(mask, (both > 0).astype(jnp.float32))
    mask = mask * padding_mask(targets, targets)
    return mask if segments is None else mask * segment_mask(segments, segments)


def cross_mask(
    targets: Array, inputs: Array, target_segments: Array | None, input_segments: Array | None
) -> Array:
    """Of the attention from decoder to encoder."""
    mask = padding_mask(targets, inputs)
    if target_segments is None or input_segments is None:
        return mask
    return mask * segment_mask(target_segments, input_segments)
