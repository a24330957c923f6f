"""Layers of T5 in Flax linen: attention, positions, feed-forward, adapter, norm, embedding.

No layer has a bias (Raffel et al. 2020, section 2.1). Parameters have the names, shapes and logical
axes of t5x's, so that t5x's partitioner and checkpoints fit. Parameters are float32; `dtype` is the
type of the computation.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.linen import partitioning

Array = jax.Array
_BUCKETS, _FARTHEST = 32, 128
_MASKED = -1e10  # added to the logits of masked keys, as in t5x


def _fan_in(distribution: str) -> Any:
    return nn.initializers.variance_scaling(1.0, "fan_in", distribution)


class Dense(nn.Module):
    """Multiplies the last axis with a float32[inputs, outputs] kernel."""

    features: int
    axes: tuple[str, str]
    dtype: Any = jnp.float32
    init: Any = _fan_in("truncated_normal")

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """[..., inputs] -> [..., outputs]."""
        shape = (x.shape[-1], self.features)
        kernel = partitioning.param_with_axes(
            "kernel", self.init, shape, jnp.float32, axes=self.axes
        )
        return jnp.asarray(x, self.dtype) @ jnp.asarray(kernel, self.dtype)


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + 1e-6) * scale, in float32 (section 2.1: no mean, no bias)."""

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """[..., features] -> [..., features]."""
        scale = partitioning.param_with_axes(
            "scale", nn.initializers.ones, (x.shape[-1],), jnp.float32, axes=("embed",)
        )
        x = jnp.asarray(x, jnp.float32)
        x = x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-6)
        return jnp.asarray(x, self.dtype) * jnp.asarray(scale, self.dtype)


class Embedding(nn.Module):
    """A float32[vocab, features] table: rows for token ids, and logits as a product with it."""

    vocab_size: int
    features: int
    dtype: Any = jnp.float32

    def setup(self) -> None:  # noqa: D102  # Flax says what it is
        self.embedding = partitioning.param_with_axes(
            "embedding",
            nn.initializers.normal(stddev=1.0),
            (self.vocab_size, self.features),
            jnp.float32,
            axes=("vocab", "embed"),
        )

    def __call__(self, ids: Array) -> Array:
        """int32[...] -> [..., features].

        On TPU a product with one-hot rows, as in t5x: its gradient is a product too. Elsewhere the
        rows are looked up, which gives the same numbers with less work.
        """

        def multiply(ids: Array, table: Array) -> Array:
            return jax.nn.one_hot(ids, self.vocab_size, dtype=table.dtype) @ table

        def take(ids: Array, table: Array) -> Array:
            return jnp.take(table, ids, axis=0)

        table = jnp.asarray(self.embedding, self.dtype)
        ids = ids.astype(jnp.int32)  # t5x.eval finds the shapes with inputs of float32
        return jax.lax.platform_dependent(ids, table, tpu=multiply, default=take)

    def logits(self, x: Array) -> Array:
        """[..., features] -> float32[..., vocab], scaled by 1/sqrt(features) (as Mesh T5)."""
        table = jnp.asarray(self.embedding, jnp.float32)
        return jnp.asarray(x, jnp.float32) @ table.T / math.sqrt(self.features)


def position_buckets(queries: int, keys: int, bidirectional: bool) -> np.ndarray[Any, Any]:
    """Bucket of each distance from query to key: int32[queries, keys] in [0, 32) (section 2.1).

    Bidirectional attention has 16 buckets for each direction, causal attention 32 for the keys
    before. In the first half of them a bucket is one distance; in the second half their width
    grows logarithmically up to a distance of 128. Farther keys share the last bucket.
    """
    behind = np.arange(queries)[:, None] - np.arange(keys)[None, :]
    buckets = _BUCKETS // 2 if bidirectional else _BUCKETS
    offset = buckets * (behind < 0) if bidirectional else 0
    distance = np.abs(behind) if bidirectional else np.maximum(behind, 0)
    exact = buckets // 2
    ratio = distance.astype(np.float32) / exact + np.finfo(np.float32).eps
    grown = (np.log(ratio) / np.log(_FARTHEST / exact) * (buckets - exact)).astype(np.int32)
    far = np.minimum(exact + grown, buckets - 1)
    return (np.where(distance < exact, distance, far) + offset).astype(np.int32)


class RelativePositions(nn.Module):
    """Attention bias of each head and distance bucket; one table for all layers of a stack."""

    heads: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, queries: int, keys: int, bidirectional: bool) -> Array:
        """The bias of attention logits: [1, heads, queries, keys]."""
        table = partitioning.param_with_axes(
            "rel_embedding",
            nn.initializers.variance_scaling(1.0, "fan_avg", "uniform"),
            (self.heads, _BUCKETS),
            jnp.float32,
            axes=("heads", "relpos_buckets"),
        )
        one_hot = jax.nn.one_hot(
            position_buckets(queries, keys, bidirectional), _BUCKETS, dtype=self.dtype
        )
        # [heads, buckets] x [queries, keys, buckets] -> [heads, queries, keys]
        return jnp.einsum("hb,qkb->hqk", jnp.asarray(table, self.dtype), one_hot)[None]


class Attention(nn.Module):
    """Multi-head attention; the query's initializer scales, not the logits (as in Mesh T5)."""

    heads: int
    head_dim: int
    dropout: float
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(
        self,
        x: Array,
        context: Array,
        mask: Array | None,
        bias: Array | None,
        *,
        deterministic: bool,
        decode: bool = False,
    ) -> Array:
        """Values of the context for each position of x, weighted by attention.

        Args:
          x: [batch, queries, features].
          context: [batch, keys, features]; x itself for self-attention.
          mask: [batch, 1, queries, keys], above 0 where the query attends to the key.
          bias: [1, heads, queries, keys]; when decoding, for all positions of the cache.
          decode: True to keep keys and values of earlier steps in the collection `cache`.
        Returns:
          [batch, queries, features].
        """
        query = self._project("query", x, self.head_dim**-0.5)
        key = self._project("key", context, 1.0)
        value = self._project("value", context, 1.0)
        if decode:
            key, value, mask, bias = self._cached(key, value, mask, bias)
        weights = self._weigh(query, key, mask, bias)
        weights = nn.Dropout(self.dropout, broadcast_dims=(-2,))(
            weights, deterministic=deterministic
        )
        mixed = jnp.einsum("bhqk,bkhd->bqhd", weights, value)
        # [batch, queries, heads, head_dim] -> [batch, queries, heads * head_dim]
        mixed = mixed.reshape(*x.shape[:2], self.heads * self.head_dim)
        return Dense(
            x.shape[-1], ("joined_kv", "embed"), self.dtype, _fan_in("normal"), name="out"
        )(mixed)

    def _weigh(self, query: Array, key: Array, mask: Array | None, bias: Array | None) -> Array:
        """Attention weights of each query, which add up to 1: [batch, heads, queries, keys].

        Args:
          query: [batch, queries, heads, head_dim].
          key: [batch, keys, heads, head_dim].
        """
        # [batch, queries, heads, head_dim] x [batch, keys, heads, head_dim]
        logits = jnp.einsum("bqhd,bkhd->bhqk", query, key)
        if mask is not None:
            masked = jnp.where(mask > 0, 0.0, _MASKED).astype(self.dtype)
            bias = masked if bias is None else bias + masked
        if bias is not None:
            logits = logits + bias.astype(logits.dtype)
        return jax.nn.softmax(logits).astype(self.dtype)

    def _project(self, name: str, x: Array, scale: float) -> Array:
        """[batch, length, features] -> [batch, length, heads, head_dim]."""

        def init(*args: Any) -> Array:
            return _fan_in("normal")(*args) * scale

        width = self.heads * self.head_dim
        y = Dense(width, ("embed", "joined_kv"), self.dtype, init, name=name)(x)
        y = y.reshape(*x.shape[:2], self.heads, self.head_dim)
        return partitioning.with_sharding_constraint(y, ("batch", "length", "heads", "kv"))

    def _cached(
        self, key: Array, value: Array, mask: Array | None, bias: Array | None
    ) -> tuple[Array, Array, Array | None, Array | None]:
        """Keys and values of all positions so far, with mask and bias of the new queries.

        The first call gets all positions and makes the cache: [batch, heads, head_dim, length], as
        t5x's decoding expects. Later calls append their positions to it.

        Args:
          mask: [batch, 1, queries, length], over the cache; None for causal attention.
        """
        started = self.has_variable("cache", "cached_key")
        batch, count = key.shape[:2]
        shape = (batch, self.heads, self.head_dim, count)
        keys = self.variable("cache", "cached_key", jnp.zeros, shape, key.dtype)
        values = self.variable("cache", "cached_value", jnp.zeros, shape, value.dtype)
        index = self.variable("cache", "cache_index", lambda: jnp.array(0, jnp.int32))
        if not started:
            return key, value, None, bias
        step, length = jnp.reshape(index.value, ()), keys.value.shape[-1]
        # [batch, count, heads, head_dim] -> [batch, heads, head_dim, count], from `step` on
        keys.value, values.value = (
            jax.lax.dynamic_update_slice_in_dim(old.value, jnp.moveaxis(new, 1, -1), step, axis=-1)
            for old, new in ((keys, key), (values, value))
        )
        index.value = index.value + count
        past = jnp.arange(length) <= step + jnp.arange(count)[:, None]  # [count, length]
        past = jnp.broadcast_to(past, (batch, 1, count, length))
        if bias is not None:
            bias = jax.lax.dynamic_slice_in_dim(bias, step, count, axis=-2)
        # [batch, heads, head_dim, length] -> [batch, length, heads, head_dim]
        all_keys, all_values = jnp.moveaxis(keys.value, -1, 1), jnp.moveaxis(values.value, -1, 1)
        return all_keys, all_values, past if mask is None else mask, bias


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": nn.relu,
    "gelu": nn.gelu,  # the tanh approximation, as in Shazeer 2020
    "linear": lambda x: x,
}


class Adapter(nn.Module):
    """relu(norm(x) wi) wo, after each feed-forward block (Raffel et al. 2020, section 3.5.1).

    Its form is that of Bapna & Firat 2019, but for biases, which T5 has not. wo is drawn from a
    normal distribution with standard deviation 0.01, cut off at two of them: near zero, so that a
    network begins as it was (Houlsby et al. 2019, section 2.1).
    """

    width: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """[batch, length, features] -> the same."""
        y = RMSNorm(self.dtype, name="layer_norm")(x)
        hidden = nn.relu(Dense(self.width, ("embed", "mlp"), self.dtype, name="wi")(y))
        hidden = partitioning.with_sharding_constraint(hidden, ("batch", "length", "mlp"))
        small = nn.initializers.truncated_normal(0.01)
        return Dense(x.shape[-1], ("mlp", "embed"), self.dtype, small, name="wo")(hidden)


class FeedForward(nn.Module):
    """relu(x wi) wo, or gated: (gelu(x wi_0) * x wi_1) wo."""

    mlp_dim: int
    activations: tuple[str, ...]
    dropout: float
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool) -> Array:
        """[batch, length, features] -> the same."""
        hidden = jnp.ones([], self.dtype)
        for number, activation in enumerate(self.activations):
            name = "wi" if len(self.activations) == 1 else f"wi_{number}"
            wide = Dense(self.mlp_dim, ("embed", "mlp"), self.dtype, name=name)(x)
            hidden = hidden * _ACTIVATIONS[activation](wide)
        hidden = nn.Dropout(self.dropout, broadcast_dims=(-2,))(hidden, deterministic=deterministic)
        hidden = partitioning.with_sharding_constraint(hidden, ("batch", "length", "mlp"))
        return Dense(x.shape[-1], ("mlp", "embed"), self.dtype, name="wo")(hidden)
