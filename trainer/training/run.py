"""Sets up a run: hosts, network, jitted steps, sharding, and the initial state."""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import optax
from flax import linen as nn

from trainer.compat.hugging_face import read_hugging_face
from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary, padded_size
from trainer.model.config import NetworkConfig, network_config
from trainer.model.network import build_network
from trainer.model.sizes import SIZES
from trainer.training.checkpoints import (
    check_shapes,
    holds_checkpoint,
    newest_checkpoint,
    read_params,
    read_state,
    shapes_of,
)
from trainer.training.input_pipeline import HostInfo
from trainer.training.optimizer import adafactor, inverse_square_root
from trainer.training.partitioning import batch_sharding, check_batch, make_mesh, state_sharding
from trainer.training.step import BatchSpec, State, Step, eval_step, initial_state, train_step


def configure_network(config: TrainConfig) -> NetworkConfig:
    """The network's configuration, with embedding rows for the run's vocabulary."""
    return network_config(
        SIZES[config.size],
        config.architecture,
        padded_size(load_vocabulary(config.vocab).vocab_size),
        config.version,
        dtype=jax.numpy.dtype(config.dtype),
        dropout_rate=config.dropout,
        remat=config.remat,
        scan_layers=config.scan_layers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The constant parts of a run: network, jitted functions, devices.

    Attributes:
      host: this host among all hosts.
      shapes: shape and type of each array of the state.
      shardings: sharding of each array of the state.
      start: () -> the initial state.
      step: (state, batch) -> (state, metrics, gradient norm). Donates the buffers of the state.
      evaluate: (params, batch) -> metrics.
    """

    config: TrainConfig
    network: nn.Module
    host: HostInfo
    mesh: jax.sharding.Mesh
    shapes: State
    shardings: State
    start: Callable[[], State]
    step: Step
    evaluate: Any


def prepare_run(config: TrainConfig, spec: BatchSpec, devices: Sequence[jax.Device] = ()) -> Run:
    """Sets up the run of a configuration, without compiling or computing anything.

    Args:
      spec: shapes and types of its batches.
      devices: default: all devices of all hosts.
    Raises:
      MeshError: the batch does not divide evenly over the devices.
    """
    mesh = make_mesh(config.model_parallel, devices)
    check_batch(config.batch_size, config.microbatches, mesh)
    network = build_network(configure_network(config))
    schedule = inverse_square_root(config.learning_rate, config.warmup_steps)
    optimizer = adafactor(schedule, config.decay_rate, config.clip_norm)
    start = functools.partial(initial_state, network, optimizer, spec, config.seed)
    shapes = jax.eval_shape(start)
    shardings = state_sharding(mesh, network, shapes, spec, config.shard_parameters)
    return Run(
        config=config,
        network=network,
        host=this_host(),
        mesh=mesh,
        shapes=shapes,
        shardings=shardings,
        start=jax.jit(start, out_shardings=shardings),
        step=_jit_step(config, network, optimizer, shardings, mesh),
        evaluate=jax.jit(
            functools.partial(eval_step, network),
            in_shardings=(shardings.params, batch_sharding(mesh)),
        ),
    )


def _jit_step(
    config: TrainConfig,
    network: nn.Module,
    optimizer: optax.GradientTransformation,
    shardings: State,
    mesh: jax.sharding.Mesh,
) -> Step:
    update = functools.partial(
        train_step,
        network,
        optimizer,
        seed=config.seed,
        z_loss=config.z_loss,
        dropout=config.dropout > 0,
        parts=config.microbatches,
    )
    step: Step = jax.jit(
        update,
        in_shardings=(shardings, batch_sharding(mesh)),
        out_shardings=(shardings, None, None),
        donate_argnums=0,
    )
    return step


def join_hosts(config: TrainConfig) -> None:
    """Joins the hosts of --coordinator to one run. Must precede all other calls of JAX."""
    if config.coordinator == "auto":  # TPU pods and Slurm name the hosts
        jax.distributed.initialize()
    elif config.coordinator:
        jax.distributed.initialize(config.coordinator, config.host_count, config.host_index)


def this_host() -> HostInfo:
    """Index of this host and number of hosts, from JAX."""
    return HostInfo(index=jax.process_index(), count=jax.process_count())


def load_initial_state(run: Run, path: str) -> State:
    """The state in the checkpoint of another run, or in a published one.

    Args:
      path: a checkpoint_N of either loop or as published in t5x's layout; a folder of such; or a
        model folder of Hugging Face, which starts at step 0 with new moments.
    Raises:
      CheckpointError: the checkpoint has the parameters of another network.
    """
    if not os.path.exists(os.path.join(path, "config.json")) or holds_checkpoint(path):
        return read_state(newest_checkpoint(path), run.shapes, run.shardings)
    params, _ = read_hugging_face(path)
    check_shapes(path, shapes_of(params), run.shapes.params)
    return run.start()._replace(params=jax.device_put(params, run.shardings.params))


def load_params(config: TrainConfig, path: str) -> Any:
    """The parameters of a checkpoint_N, or of the newest one in a folder; "" for --model_dir."""
    return read_params(newest_checkpoint(path or config.model_dir))
