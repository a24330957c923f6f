"""T5's networks in Flax linen: encoder-decoders, also with shared layers, and decoder-only.

Call signatures, parameter names and shapes are those of t5x's `examples/t5/network.py` and
`examples/decoder_only/network.py`. So t5x can train these networks, as `@network.Transformer()` in
its gin file, and each loop reads the checkpoints of the other.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from trainer.model import masks
from trainer.model.config import NetworkConfig
from trainer.model.layers import (
    Adapter,
    Array,
    Attention,
    Dense,
    Embedding,
    FeedForward,
    RelativePositions,
    RMSNorm,
)


def build_network(config: NetworkConfig) -> nn.Module:
    """The network of a configuration: decoder-only if it has no encoder layers."""
    return Transformer(config) if config.num_encoder_layers else LanguageModel(config)


def _norm(config: NetworkConfig, name: str | None = None) -> RMSNorm:
    return RMSNorm(config.dtype, name=name)


def _attention(config: NetworkConfig, name: str | None = None) -> Attention:
    return Attention(
        config.num_heads, config.head_dim, config.dropout_rate, config.dtype, name=name
    )


def _feed_forward(config: NetworkConfig, name: str | None = None) -> FeedForward:
    return FeedForward(
        config.mlp_dim, tuple(config.mlp_activations), config.dropout_rate, config.dtype, name=name
    )


def _adapter(config: NetworkConfig, name: str | None = None) -> Adapter | None:
    return Adapter(config.adapter_width, config.dtype, name=name) if config.adapter_width else None


_Parts = tuple[RMSNorm, Attention, RMSNorm, FeedForward, Adapter | None]


class SharedLayer(nn.Module):
    """Attention and feed-forward parameters shared by a layer of the encoder and of the decoder."""

    config: NetworkConfig

    def setup(self) -> None:  # noqa: D102  # Flax says what it is
        self.pre_attention_layer_norm = _norm(self.config)
        self.attention = _attention(self.config)
        self.pre_mlp_layer_norm = _norm(self.config)
        self.mlp = _feed_forward(self.config)
        self.adapter = _adapter(self.config)

    def parts(self) -> _Parts:
        """Norm and attention, norm and feed-forward, and the adapter if there is one."""
        norms = self.pre_attention_layer_norm, self.pre_mlp_layer_norm
        return norms[0], self.attention, norms[1], self.mlp, self.adapter


class Layer(nn.Module):
    """A layer of the encoder or decoder: self-attention, attention to the encoder, feed-forward.

    Attributes:
      kind: name of its self-attention: attention in the encoder, self_attention in the decoder.
      shared: the parameters that it shares with a layer of the other stack; None for its own.
    """

    config: NetworkConfig
    kind: str
    deterministic: bool = True
    decode: bool = False
    shared: SharedLayer | None = None

    @nn.compact
    def __call__(
        self,
        x: Array,
        bias: Array,
        mask: Array | None,
        encoded: Array | None = None,
        cross_mask: Array | None = None,
    ) -> Array:
        """[batch, length, features] -> the same.

        Args:
          bias: [1, heads, length, length], relative positions.
          mask: [batch, 1, length, length].
          encoded: [batch, inputs, features], output of the encoder; None for no attention to it.
          cross_mask: [batch, 1, length, inputs], mask of the attention to the encoder.
        """
        cfg, deterministic = self.config, self.deterministic
        drop = nn.Dropout(cfg.dropout_rate, broadcast_dims=(-2,), deterministic=deterministic)
        norm, attention, mlp_norm, mlp, adapter = (self.shared or self).parts()
        y = norm(x)
        x = x + drop(attention(y, y, mask, bias, deterministic=deterministic, decode=self.decode))
        if encoded is not None:
            y = _norm(cfg, "pre_cross_attention_layer_norm")(x)
            attend = _attention(cfg, "encoder_decoder_attention")
            x = x + drop(attend(y, encoded, cross_mask, None, deterministic=deterministic))
        x = x + drop(mlp(mlp_norm(x), deterministic=deterministic))
        return x + drop(adapter(x)) if adapter else x

    def parts(self) -> _Parts:
        """Those of its own, as a SharedLayer has them."""
        return (
            _norm(self.config, f"pre_{self.kind}_layer_norm"),
            _attention(self.config, self.kind),
            _norm(self.config, "pre_mlp_layer_norm"),
            _feed_forward(self.config, "mlp"),
            _adapter(self.config, "adapter"),
        )


def _run_layers(stack: nn.Module, layers: list[Layer], x: Array, *context: Array | None) -> Array:
    """The output of the last layer. With scan_layers, scans over the stacked parameters."""
    cfg: NetworkConfig = layers[0].config
    scanned = cfg.scan_layers and not layers[0].decode and not stack.is_initializing()
    if not scanned:
        for layer in layers:
            x = layer(x, *context)
        return x
    trees = [stack.variables["params"][layer.name] for layer in layers]
    # n times [...] -> [n, ...], in the dtype of the computation but for the norms' scales
    stacked = jax.tree.map(
        lambda *rows: jnp.stack([r.astype(cfg.dtype) if r.ndim > 1 else r for r in rows]), *trees
    )
    first = layers[0]
    single = Layer(cfg, first.kind, first.deterministic, parent=None)
    keys = None if first.deterministic else jax.random.split(stack.make_rng("dropout"), len(layers))

    def step(x: Array, row: tuple[Any, Array | None]) -> tuple[Array, None]:
        params, key = row
        rngs = None if key is None else {"dropout": key}
        return single.apply({"params": params}, x, *context, rngs=rngs), None

    return jax.lax.scan(jax.checkpoint(step) if cfg.remat else step, x, (stacked, keys))[0]


def _layers(
    cfg: NetworkConfig, count: int, kind: str, deterministic: bool, decode: bool, shared: Any
) -> list[Layer]:
    """The layers of a stack, named layers_0 and so on."""
    made = nn.remat(Layer) if cfg.remat and not cfg.scan_layers and not decode else Layer
    return [
        made(cfg, kind, deterministic, decode, shared[i] if shared else None, name=f"layers_{i}")
        for i in range(count)
    ]


class Encoder(nn.Module):
    """The encoder: token ids to vectors."""

    config: NetworkConfig
    embedding: Embedding
    shared: tuple[SharedLayer, ...] = ()

    @nn.compact
    def __call__(self, tokens: Array, mask: Array, deterministic: bool) -> Array:
        """int32[batch, length] -> [batch, length, features]."""
        cfg = self.config
        drop = nn.Dropout(cfg.dropout_rate, broadcast_dims=(-2,), deterministic=deterministic)
        positions = RelativePositions(cfg.num_heads, cfg.dtype, name="relpos_bias")
        bias = positions(tokens.shape[1], tokens.shape[1], True)
        x = drop(self.embedding(tokens)).astype(cfg.dtype)
        layers = _layers(
            cfg, cfg.num_encoder_layers, "attention", deterministic, False, self.shared
        )
        x = _norm(cfg, "encoder_norm")(_run_layers(self, layers, x, bias, mask))
        return nn.Dropout(cfg.dropout_rate, deterministic=deterministic)(x)


class Decoder(nn.Module):
    """The decoder: token ids, and the vectors of an encoder if there is one, to logits.

    Attributes:
      embedding: the one it shares with the encoder; None for its own.
    """

    config: NetworkConfig
    embedding: Embedding | None = None
    shared: tuple[SharedLayer, ...] = ()

    @nn.compact
    def __call__(
        self,
        tokens: Array,
        mask: Array | None,
        encoded: Array | None,
        cross_mask: Array | None,
        deterministic: bool,
        decode: bool,
        max_decode_length: int | None,
    ) -> Array:
        """int32[batch, length] -> float32[batch, length, vocab]."""
        cfg = self.config
        drop = nn.Dropout(cfg.dropout_rate, broadcast_dims=(-2,), deterministic=deterministic)
        length = max_decode_length if decode and max_decode_length else tokens.shape[1]
        positions = RelativePositions(cfg.num_heads, cfg.dtype, name="relpos_bias")
        bias = positions(length, length, False)
        own = cfg.vocab_size, cfg.emb_dim, cfg.dtype
        embedding = self.embedding or Embedding(*own, name="token_embedder")
        x = drop(embedding(tokens)).astype(cfg.dtype)
        layers = _layers(
            cfg, cfg.num_decoder_layers, "self_attention", deterministic, decode, self.shared
        )
        x = _run_layers(self, layers, x, bias, mask, encoded, cross_mask)
        x = drop(_norm(cfg, "decoder_norm")(x))
        if cfg.logits_via_embedding:
            return embedding.logits(x)
        return Dense(cfg.vocab_size, ("embed", "vocab"), jnp.float32, name="logits_dense")(x)


class Transformer(nn.Module):
    """The encoder-decoder of T5."""

    config: NetworkConfig

    def setup(self) -> None:  # noqa: D102  # Flax says what it is
        cfg = self.config
        self.token_embedder = Embedding(cfg.vocab_size, cfg.emb_dim, cfg.dtype)
        count = cfg.num_encoder_layers if cfg.shared_layers else 0
        self.shared_layers = [SharedLayer(cfg) for _ in range(count)]
        shared = tuple(self.shared_layers)
        self.encoder = Encoder(cfg, self.token_embedder, shared)
        self.decoder = Decoder(cfg, self.token_embedder, shared)

    def encode(
        self,
        encoder_input_tokens: Array,
        encoder_segment_ids: Array | None = None,
        enable_dropout: bool = True,
    ) -> Array:
        """int32[batch, inputs] -> [batch, inputs, features]."""
        mask = masks.encoder_mask(encoder_input_tokens, encoder_segment_ids)
        encoded: Array = self.encoder(encoder_input_tokens, mask, not enable_dropout)
        return encoded

    def decode(
        self,
        encoded: Array,
        encoder_input_tokens: Array,
        decoder_input_tokens: Array,
        decoder_target_tokens: Array,
        encoder_segment_ids: Array | None = None,
        decoder_segment_ids: Array | None = None,
        decoder_positions: Array | None = None,
        enable_dropout: bool = True,
        decode: bool = False,
        max_decode_length: int | None = None,
    ) -> Array:
        """Logits of each target: float32[batch, targets, vocab].

        Args:
          decode: True for one step, which reads earlier ones from the collection `cache`.
          max_decode_length: length of the cache.
        """
        del decoder_positions  # positions are relative
        targets = jnp.ones_like(decoder_target_tokens) if decode else decoder_target_tokens
        cross_mask = masks.cross_mask(
            targets, encoder_input_tokens, decoder_segment_ids, encoder_segment_ids
        )
        mask = None if decode else masks.decoder_mask(targets, decoder_segment_ids, None)
        logits: Array = self.decoder(
            decoder_input_tokens, mask, encoded, cross_mask, not enable_dropout, decode,
            max_decode_length,
        )  # fmt: skip
        return logits

    def __call__(
        self,
        encoder_input_tokens: Array,
        decoder_input_tokens: Array,
        decoder_target_tokens: Array,
        encoder_segment_ids: Array | None = None,
        decoder_segment_ids: Array | None = None,
        encoder_positions: Array | None = None,
        decoder_positions: Array | None = None,
        *,
        enable_dropout: bool = True,
        decode: bool = False,
    ) -> Array:
        """Logits of each target, given those before it: float32[batch, targets, vocab]."""
        del encoder_positions
        encoded = self.encode(encoder_input_tokens, encoder_segment_ids, enable_dropout)
        return self.decode(
            encoded, encoder_input_tokens, decoder_input_tokens, decoder_target_tokens,
            encoder_segment_ids, decoder_segment_ids, decoder_positions, enable_dropout, decode,
        )  # fmt: skip


class LanguageModel(nn.Module):
    """A decoder without encoder: causal, or with bidirectional attention in a prefix."""

    config: NetworkConfig

    def setup(self) -> None:  # noqa: D102  # Flax says what it is
        self.decoder = Decoder(self.config)

    def __call__(
        self,
        decoder_input_tokens: Array,
        decoder_target_tokens: Array,
        decoder_segment_ids: Array | None = None,
        decoder_positions: Array | None = None,
        decoder_causal_attention: Array | None = None,
        *,
        enable_dropout: bool = True,
        decode: bool = False,
        max_decode_length: int | None = None,
    ) -> Array:
        """Logits of each target: float32[batch, length, vocab].

        Args:
          decoder_causal_attention: int32[batch, length], 1 in the prefix (the name is seqio's).
        """
        del decoder_positions
        mask = None
        if not decode:
            mask = masks.decoder_mask(
                decoder_target_tokens, decoder_segment_ids, decoder_causal_attention
            )
        logits: Array = self.decoder(
            decoder_input_tokens, mask, None, None, not enable_dropout, decode, max_decode_length
        )
        return logits

    def advance(self, tokens: Array, mask: Array | None, length: int) -> Array:
        """Logits after further positions, given those before in the collection `cache`.

        Args:
          tokens: int32[batch, positions]; in the first call all positions, which makes the cache.
          mask: [batch, 1, positions, length], 1 where the query attends to a cached position.
          length: of the cache.
        """
        logits: Array = self.decoder(tokens, mask, None, None, True, True, length)
        return logits
