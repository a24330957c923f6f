"""Attention masks: float32[batch, 1, queries, keys], 1 where the query attends to the key.

Ids of 0 are padding. Segments number the examples that are packed into one row.
"""

import jax
import jax.numpy as jnp

Array = jax.Array


def padding_mask(queries: Array, keys: Array) -> Array:
    """1 where both ids are tokens: int32[batch, queries], int32[batch, keys]."""
    return ((queries > 0)[:, None, :, None] & (keys > 0)[:, None, None, :]).astype(jnp.float32)


def segment_mask(queries: Array, keys: Array) -> Array:
    """1 where both are in the same segment: int32[batch, queries], int32[batch, keys]."""
    return (queries[:, None, :, None] == keys[:, None, None, :]).astype(jnp.float32)


def causal_mask(length: int) -> Array:
    """1 where the key is not after the query: float32[1, 1, length, length]."""
    return jnp.tril(jnp.ones((length, length)))[None, None]


def encoder_mask(tokens: Array, segments: Array | None) -> Array:
    """The mask of an encoder's self-attention: int32[batch, length] each."""
    mask = padding_mask(tokens, tokens)
    return mask if segments is None else mask * segment_mask(segments, segments)


def decoder_mask(targets: Array, segments: Array | None, prefix: Array | None) -> Array:
    """The mask of a decoder's self-attention.

    Args:
      targets: int32[batch, length].
      segments: int32[batch, length]; None for one example a row.
      prefix: int32[batch, length], 1 at positions that attend to each other both ways (prefix LM).
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
    """The mask of the decoder's attention to the encoder: int32[batch, targets or inputs] each."""
    mask = padding_mask(targets, inputs)
    if target_segments is None or input_segments is None:
        return mask
    return mask * segment_mask(target_segments, input_segments)
