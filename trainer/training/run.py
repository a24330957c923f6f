"""A run made ready: network, compiled steps, devices, and the parameters that it starts from."""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
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
    """The network of a run, with rows of the embedding for its vocabulary."""
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
    """What does not change in a run: network, compiled steps, devices.

    Attributes:
      shapes: of each array of the state.
      shardings: where each array of the state is.
      start: () -> the first state.
      step: (state, batch) -> (state, sums, norm of the gradient); the state given is used up.
      evaluate: (params, batch) -> sums.
    """

    config: TrainConfig
    network: nn.Module
    hosts: HostInfo
    mesh: jax.sharding.Mesh
    shapes: State
    shardings: State
    start: Callable[[], State]
    step: Step
    evaluate: Any


def prepare_run(config: TrainConfig, spec: BatchSpec, devices: Sequence[jax.Device] = ()) -> Run:
    """The run of a configuration; nothing is compiled or computed yet.

    Args:
      form: of its batches.
      devices: default: all of all hosts.
    Raises:
      MeshError: the batch does not divide over the devices.
    """
    mesh = make_mesh(config.model_parallel, devices)
    check_batch(config.batch_size, config.microbatches, mesh)
    network = build_network(configure_network(config))
    schedule = inverse_square_root(config.learning_rate, config.warmup_steps)
    optimizer = adafactor(schedule, config.decay_rate, config.clip_norm)
    start = functools.partial(initial_state, network, optimizer, spec, config.seed)
    shapes = jax.eval_shape(start)
    shardings = state_sharding(mesh, network, shapes, spec, config.shard_parameters)
    update = functools.partial(
        train_step,
        network,
        optimizer,
        seed=config.seed,
        z_loss=config.z_loss,
        dropout=config.dropout > 0,
        parts=config.microbatches,
    )
    rows = batch_sharding(mesh)
    return Run(
        config=config,
        network=network,
        hosts=this_host(),
        mesh=mesh,
        shapes=shapes,
        shardings=shardings,
        start=jax.jit(start, out_shardings=shardings),
        step=jax.jit(
            update,
            in_shardings=(shardings, rows),
            out_shardings=(shardings, None, None),
            donate_argnums=0,
        ),
        evaluate=jax.jit(
            functools.partial(eval_step, network), in_shardings=(shardings.params, rows)
        ),
    )


def join_hosts(config: TrainConfig) -> None:
    """Makes one run of the processes that --coordinator names. Before anything else of jax."""
    if config.coordinator == "auto":  # TPU pods, Slurm and others say who is who
        jax.distributed.initialize()
    elif config.coordinator:
        jax.distributed.initialize(config.coordinator, config.host_count, config.host_index)


def this_host() -> HostInfo:
    """Which host this is, and of how many, as jax says."""
    return HostInfo(index=jax.process_index(), count=jax.process_count())


def load_initial_state(run: Run, path: str) -> State:
    """The state that another run or a published checkpoint left.

    Args:
      path: a checkpoint_N of either loop or as published in t5x's layout, a folder of such, or a
        model folder of Hugging Face, which begins at step 0 with fresh moments.
    Raises:
      CheckpointError: it is of another model.
    """
    if not os.path.exists(os.path.join(path, "config.json")) or holds_checkpoint(path):
        return read_state(newest_checkpoint(path), run.shapes, run.shardings)
    params, _ = read_hugging_face(path)
    check_shapes(path, shapes_of(params), run.shapes.params)
    return run.start()._replace(params=jax.device_put(params, run.shardings.params))


def load_params(config: TrainConfig, path: str) -> Any:
    """Parameters to evaluate, decode or export: of a checkpoint_N or of the newest in a folder."""
    return read_params(newest_checkpoint(path or config.model_dir))
