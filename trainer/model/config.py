"""What a network is made of, and the configuration of a published size."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from trainer.model.sizes import ARCHITECTURES, VERSIONS, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """What the network is made of; the first fields are t5x's T5Config.

    Attributes:
      vocab_size: rows of the embedding.
      dtype: of the computation; parameters, norms' statistics and logits are float32.
      shared_layers: True if encoder and decoder have one set of layers.
      remat: True to compute activations again in the backward pass instead of keeping them.
      scan_layers: True to compile one layer for all. Parameters keep their names: they are stacked
        within the step, which costs one more copy of them in `dtype`.
    """

    vocab_size: int
    dtype: Any = jnp.float32
    emb_dim: int = 512
    num_heads: int = 8
    num_encoder_layers: int = 6
    num_decoder_layers: int = 6
    head_dim: int = 64
    mlp_dim: int = 2048
    mlp_activations: tuple[str, ...] = ("relu",)
    dropout_rate: float = 0.1
    logits_via_embedding: bool = False
    shared_layers: bool = False
    remat: bool = False
    scan_layers: bool = False


def network_config(
    size: Size, architecture: str, vocab_size: int, version: str = "", **fields: Any
) -> NetworkConfig:
    """The configuration of a size, of its own version unless another is given."""
    arranged, published = ARCHITECTURES[architecture], VERSIONS[version or size.version]
    layers = max(round(size.layers * arranged.depth), 1)
    return NetworkConfig(
        vocab_size=vocab_size,
        emb_dim=size.emb_dim,
        num_heads=size.heads,
        num_encoder_layers=layers if arranged.encoder else 0,
        num_decoder_layers=layers,
        head_dim=size.head_dim,
        mlp_dim=size.mlp_dim,
        mlp_activations=published.activations,
        logits_via_embedding=published.tied,
        shared_layers=arranged.shared,
        **fields,
    )
