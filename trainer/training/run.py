"""Sets up a run: hosts, network, jitted steps, sharding, and the initial state."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import optax
from flax import linen as nn

from trainer.compat.hugging_face import read_hugging_face
from trainer.config import TrainConfig, TrainConfigError
from trainer.data.vocabularies import load_vocabulary, padded_size
from trainer.input.batches import HostInfo
from trainer.model.config import NetworkConfig, network_config
from trainer.model.network import build_network
from trainer.model.sizes import SIZES
from trainer.strategies import first_updates, is_adapter, merge, select
from trainer.training.checkpoints import (
    check_shapes,
    holds_checkpoint,
    newest_checkpoint,
    read_params,
    read_state,
    read_target,
    shapes_of,
)
from trainer.training.optimizer import adafactor, learning_rate
from trainer.training.partitioning import batch_sharding, check_batch, make_mesh, state_sharding
from trainer.training.run_folder import check_folder, run_folder
from trainer.training.step import (
    Batch,
    BatchSpec,
    Metrics,
    State,
    Step,
    eval_step,
    initial_state,
    train_step,
)


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
        adapter_width=config.adapter_width,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The constant parts of a run: network, jitted functions, devices.

    Attributes:
      spec: shapes and types of the batches of a host.
      begins: the first step that updates an array, by its name; None: every step updates all.
      host: this host among all hosts.
      shapes: shape and type of each array of the state.
      shardings: sharding of each array of the state.
      start: () -> the initial state.
      step: (state, batch) -> (state, metrics, gradient norm). Donates the buffers of the state.
      evaluate: (params, batch) -> metrics; a tuple of parameters is an ensemble.
    """

    config: TrainConfig
    spec: BatchSpec
    network: nn.Module
    begins: Mapping[str, int] | None
    host: HostInfo
    mesh: jax.sharding.Mesh
    shapes: State
    shardings: State
    start: Callable[[], State]
    step: Step
    evaluate: Callable[[Any, Batch], Metrics]


def prepare_run(
    config: TrainConfig, spec: BatchSpec, devices: Sequence[jax.Device] = (), first_step: int = 0
) -> Run:
    """Sets up the run of a configuration, without compiling or computing anything.

    Args:
      spec: shapes and types of its batches.
      devices: default: all devices of all hosts.
      first_step: at which it begins, if with the optimizer of another run.
    Raises:
      MeshError: the batch does not divide evenly over the devices.
    """
    mesh = make_mesh(config.model_parallel, devices)
    check_batch(config.batch_size, config.microbatches, mesh)
    network = build_network(configure_network(config))
    optimizer = adafactor(learning_rate(config), config.decay_rate, config.clip_norm)
    begins = first_updates_of(config, network, first_step)
    start = functools.partial(initial_state, network, optimizer, spec, config.seed, begins)
    shapes = jax.eval_shape(start)
    shardings = state_sharding(mesh, network, shapes, spec, config.shard_parameters)
    return Run(
        config=config,
        spec=spec,
        network=network,
        begins=begins,
        host=this_host(),
        mesh=mesh,
        shapes=shapes,
        shardings=shardings,
        start=jax.jit(start, out_shardings=shardings),
        step=_jit_step(config, network, optimizer, shardings, mesh, begins),
        evaluate=_jit_evaluate(network, shardings, mesh),
    )


def first_updates_of(
    config: TrainConfig, network: nn.Module, first_step: int = 0
) -> dict[str, int] | None:
    """The first step that updates an array of a network of ours; None: every step updates all."""
    if config.strategy == "all":
        return None
    names = shapes_of(param_shapes(network))
    return first_updates(config.strategy, names, config.layers(), config.steps, first_step)


def _jit_evaluate(
    network: nn.Module, shardings: State, mesh: jax.sharding.Mesh
) -> Callable[[Any, Batch], Metrics]:
    @functools.cache
    def compiled(models: int) -> Any:
        of_params = (shardings.params,) * models if models else shardings.params
        return jax.jit(
            functools.partial(eval_step, network), in_shardings=(of_params, batch_sharding(mesh))
        )

    def evaluate(params: Any, batch: Batch) -> Metrics:
        found: Metrics = compiled(len(params) if isinstance(params, tuple) else 0)(params, batch)
        return found

    return evaluate


def _jit_step(
    config: TrainConfig,
    network: nn.Module,
    optimizer: optax.GradientTransformation,
    shardings: State,
    mesh: jax.sharding.Mesh,
    begins: Mapping[str, int] | None,
) -> Step:
    update = functools.partial(
        train_step,
        network,
        optimizer,
        seed=config.seed,
        z_loss=config.z_loss,
        dropout=config.dropout > 0,
        parts=config.microbatches,
        begins=begins,
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


def load_initial_state(run: Run, path: str, with_optimizer: bool = False) -> State:
    """A state at step 0 with new moments and the parameters of another run or a published model.

    Args:
      path: a checkpoint_N of either loop or as published in t5x's layout; a folder of such; or a
        model folder of Hugging Face.
      with_optimizer: True to carry on the step and the moments of the checkpoint, too.
    Raises:
      RunFolderError: it is of another vocabulary, size, version or architecture.
      CheckpointError: the checkpoint has the parameters of another network.
      TrainConfigError: Hugging Face's layout has no optimizer; or no step is left of --steps.
    """
    check_folder(run.config, run_folder(path))
    is_hugging_face = os.path.exists(os.path.join(path, "config.json")) and not holds_checkpoint(
        path
    )
    if with_optimizer:
        if is_hugging_face:
            raise TrainConfigError(
                f"--initial_optimizer: {path} is a model of Hugging Face, which has no optimizer"
            )
        return _carry_on(run, newest_checkpoint(path))
    if is_hugging_face:
        params, _ = read_hugging_face(path)
        check_shapes(path, shapes_of(params), run.shapes.params)
        params = jax.device_put(params, run.shardings.params)
    else:
        params = read_target(newest_checkpoint(path), run.shapes, run.shardings)
    return run.start()._replace(params=params)


def _carry_on(run: Run, checkpoint: str) -> State:
    """Parameters, step and moments of a checkpoint, if the run has a step left after it."""
    state = read_state(checkpoint, run.shapes, run.shardings)
    if int(state.step) >= run.config.steps:
        raise TrainConfigError(
            f"--steps={run.config.steps}: {checkpoint} is at step {int(state.step)}, from which "
            "--initial_optimizer counts; give a larger number, or leave --initial_optimizer out"
        )
    return state


def load_params(config: TrainConfig, path: str | Sequence[str]) -> Any:
    """The parameters of a checkpoint_N, or of the newest one in a folder; "" for --model_dir.

    Args:
      path: several for an ensemble, whose parameters are a tuple of trees.
    Raises:
      RunFolderError: they are of another vocabulary, size, version or architecture.
      CheckpointError: there are none, or they are of another network.
    """
    if not isinstance(path, str):
        models = tuple(load_params(config, one) for one in path or ("",))
        return models if len(models) > 1 else models[0]
    checkpoint = newest_checkpoint(path or config.model_dir)
    check_folder(config, run_folder(checkpoint))
    params = read_params(checkpoint)
    shapes = param_shapes(build_network(configure_network(config)))
    check_shapes(checkpoint, shapes_of(params), shapes)
    return params


def param_shapes(network: nn.Module) -> Any:
    """Shape and type of each parameter of a network of ours, without computing any."""
    count = 3 if network.config.num_encoder_layers else 2
    ids = (jax.numpy.ones((1, 1), jax.numpy.int32),) * count
    init = functools.partial(network.init, enable_dropout=False)
    return jax.eval_shape(init, {"params": jax.random.key(0)}, *ids)["params"]
