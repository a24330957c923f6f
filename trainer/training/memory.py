"""Memory of a training step by its parts, from shapes alone: nothing is compiled."""

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from trainer.config import TrainConfig
from trainer.model.config import network_config
from trainer.model.network import build_network
from trainer.model.sizes import ARCHITECTURES, SIZES
from trainer.strategies import merge
from trainer.training.optimizer import adafactor, inverse_square_root
from trainer.training.run import first_updates_of, param_shapes
from trainer.training.step import BatchSpec, sum_losses, trained_arrays

Tree = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMemory:
    """Bytes of all devices together.

    Attributes:
      parameters: float32.
      gradients: float32, of the parameters that are ever updated.
      moments: of the optimizer for the same parameters, which keeps means over rows and columns of
        large matrices.
      activations: what the forward pass of a microbatch keeps for the backward pass. XLA fuses
        operations and often needs less; its own buffers come on top.
    """

    parameters: int
    gradients: int
    moments: int
    activations: int

    def total(self) -> int:
        """All of them together."""
        return self.parameters + self.gradients + self.moments + self.activations


def network_of(config: TrainConfig, rows: int, architecture: str) -> nn.Module:
    """The network of a configuration with an architecture and `rows` of the embedding."""
    scans = config.scan_layers and not ARCHITECTURES[architecture].shared
    return build_network(
        network_config(
            SIZES[config.size], architecture, rows, config.version,
            dtype=jnp.dtype(config.dtype), dropout_rate=config.dropout, remat=config.remat,
            scan_layers=scans, adapter_width=config.adapter_width,
        )
    )  # fmt: skip


def count_parameters(network: nn.Module, config: TrainConfig | None = None) -> int:
    """Number of parameters of a network of ours; with a configuration, of those it ever updates."""
    begins = first_updates_of(config, network) if config else None
    trained, _ = trained_arrays(param_shapes(network), begins)
    return sum(leaf.size for leaf in jax.tree.leaves(trained))


def count_bytes(tree: Tree) -> int:
    """Bytes of the arrays of a tree, or of their shapes."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def step_memory(config: TrainConfig, network: nn.Module) -> StepMemory:
    """The memory of a step of a configuration, for a network of ours."""
    params = param_shapes(network)
    trained, _ = trained_arrays(params, first_updates_of(config, network))
    optimizer = adafactor(inverse_square_root(1.0, 1), config.decay_rate, config.clip_norm)
    moments = jax.eval_shape(optimizer.init, trained)
    kept = jax.eval_shape(
        functools.partial(_kept, network, config.dropout), trained, params, microbatch(config)
    )
    # The parameters are among what is kept, and take no further memory.
    activations = max(count_bytes(kept) - count_bytes(params), 0)
    return StepMemory(
        parameters=count_bytes(params),
        gradients=count_bytes(trained),
        moments=count_bytes(moments),
        activations=activations,
    )


def _kept(
    network: nn.Module, dropout: float, trained: Tree, params: Tree, batch: BatchSpec
) -> Tree:
    """What the forward pass keeps for the backward pass: a tree of arrays."""
    key = jax.random.key(0) if dropout else None

    def loss(trained: Tree) -> jax.Array:
        return sum_losses(network, merge(params, trained), batch, 1e-4, key).loss

    return jax.vjp(loss, trained)[1]


def microbatch(config: TrainConfig) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each feature of a microbatch."""
    rows, lengths = config.batch_size // config.microbatches, config.lengths()
    encoder = ARCHITECTURES[config.architecture].encoder
    targets = lengths["targets"] if encoder else sum(lengths.values())
    names = {
        "decoder_input_tokens": targets,
        "decoder_target_tokens": targets,
        "decoder_loss_weights": targets,
    }
    if encoder:
        names = {"encoder_input_tokens": lengths["inputs"]} | names
    return {name: jax.ShapeDtypeStruct((rows, length), jnp.int32) for name, length in names.items()}
