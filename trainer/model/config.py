"""The configuration of a network, and that of a published size."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from trainer.model.sizes import ARCHITECTURES, VERSIONS, Size, stack_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Layers and dimensions of a network. Names and defaults up to logits_via_embedding are t5x's.

    Attributes:
      vocab_size: rows of the embedding.
      dtype: of the computation; parameters, statistics of norms and logits are float32.
      mlp_activations: one, or two whose outputs are multiplied (gated).
      logits_via_embedding: True if the token embedding gives the logits.
      shared_layers: True if encoder and decoder share their layers.
      remat: True to compute activations again in the backward pass instead of storing them.
      scan_layers: True to compile one layer and scan over all. Parameters keep their names: they
        are stacked within the step, which costs one more copy of them in `dtype`.
      adapter_width: inner width of an adapter after each feed-forward block; 0 for none.
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
    adapter_width: int = 0


def network_config(
    size: Size, architecture: str, vocab_size: int, version: str = "", **fields: Any
) -> NetworkConfig:
    """The configuration of a size and architecture.

    Args:
      vocab_size: rows of the embedding.
      version: of VERSIONS; "" for the version of the size.
      fields: further fields of NetworkConfig.
    """
    arrangement, published = ARCHITECTURES[architecture], VERSIONS[version or size.version]
    layers = stack_layers(size, architecture)
    return NetworkConfig(
        vocab_size=vocab_size,
        emb_dim=size.emb_dim,
        num_heads=size.heads,
        num_encoder_layers=layers if arrangement.encoder else 0,
        num_decoder_layers=layers,
        head_dim=size.head_dim,
        mlp_dim=size.mlp_dim,
        mlp_activations=published.activations,
        logits_via_embedding=published.tied,
        shared_layers=arrangement.shared,
        **fields,
    )
