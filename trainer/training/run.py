"""Sets up a run: hosts, network, jitted steps, sharding, and the initial state."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import optax
from flax import linen as nn

from trainer.compat.adapters import AdapterError, holds_adapters, put_adapters
from trainer.compat.hugging_face import read_hugging_face
from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary, padded_size
from trainer.input.batches import HostInfo
from trainer.model.config import NetworkConfig, network_config
from trainer.model.network import build_network
from trainer.model.sizes import SIZES
from trainer.strategies import STRATEGIES, first_updates, is_adapter, merge, select
from trainer.task_options import TrainConfigError
from trainer.training.checkpoints import (
    checkpoint_step,
    holds_checkpoint,
    newest_checkpoint,
    read_params,
    read_state,
    read_target,
    stored_shapes,
)
from trainer.training.optimizer import adafactor, learning_rate
from trainer.training.partitioning import batch_sharding, check_batch, make_mesh, state_sharding
from trainer.training.run_folder import check_folder, read_first_step, read_settings, run_folder
from trainer.training.shapes import check_shapes, shapes_of
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

    Adapters that the other one has not are new.

    Args:
      path: a checkpoint_N of either loop or as published in t5x's layout; a folder of such;
        adapters alone; or a model folder of Hugging Face.
      with_optimizer: True to carry on the step and the moments of the checkpoint, too.
    Raises:
      RunFolderError: it is of another vocabulary, size, version or architecture.
      CheckpointError: the checkpoint has the parameters of another network.
      TrainConfigError: the path has no optimizer; or no step is left of --steps.
    """
    check_folder(run.config, run_folder(path))
    if with_optimizer:
        return _carry_on(run, _with_optimizer(path))
    params = _initial_params(run, path)
    start = run.start()
    return start._replace(params=merge(start.params, params))


def _initial_params(run: Run, path: str) -> Any:
    """The parameters in a path, sharded: all of the network, or all but its adapters."""
    one_tree = holds_adapters(path) or _is_hugging_face(path)
    read = read_model(path) if one_tree else None
    checkpoint = path if one_tree else newest_checkpoint(path)
    stored = shapes_of(read) if one_tree else stored_shapes(checkpoint)
    tuned = any(map(is_adapter, stored))

    def keep(name: str) -> bool:
        return tuned or not is_adapter(name)

    shapes, shardings = select(run.shapes.params, keep), select(run.shardings.params, keep)
    if read is None:
        return read_target(checkpoint, shapes, shardings)
    check_shapes(path, stored, shapes)
    return jax.device_put(read, shardings)


def _is_hugging_face(path: str) -> bool:
    return os.path.exists(os.path.join(path, "config.json")) and not holds_checkpoint(path)


def _with_optimizer(path: str) -> str:
    """The checkpoint in a path, which has an optimizer.

    Raises:
      TrainConfigError: there is none.
    """
    if holds_adapters(path):
        raise TrainConfigError(f"--initial_optimizer: {path} has adapters alone, no optimizer")
    if _is_hugging_face(path):
        raise TrainConfigError(
            f"--initial_optimizer: {path} is a model of Hugging Face, which has no optimizer"
        )
    return newest_checkpoint(path)


def _carry_on(run: Run, checkpoint: str) -> State:
    """Parameters, step and moments of a checkpoint, if the run has a step left after it."""
    if run.config.adapter_width and not any(map(is_adapter, stored_shapes(checkpoint))):
        raise TrainConfigError(
            f"--initial_optimizer: {checkpoint} has no moments of adapters; leave it out"
        )
    state = read_state(checkpoint, run.shapes, run.shardings)
    if int(state.step) >= run.config.steps:
        raise TrainConfigError(
            f"--steps={run.config.steps}: {checkpoint} is at step {int(state.step)}, from which "
            "--initial_optimizer counts; give a larger number, or leave --initial_optimizer out"
        )
    return state


def first_step(config: TrainConfig, started: bool) -> int:
    """The step at which a run begins: 0, or that of the checkpoint whose optimizer it carries on.

    Args:
      started: True if the run has a checkpoint of its own; its folder says where it began.
    Raises:
      TrainConfigError: fewer steps are left than --strategy has episodes.
    """
    if not config.initial_optimizer:
        return 0
    if started:
        return read_first_step(config.model_dir)
    step = checkpoint_step(_with_optimizer(config.initial_checkpoint))
    episodes = STRATEGIES[config.strategy].episodes(config.layers())
    if step < config.steps < step + episodes:
        raise TrainConfigError(
            f"--steps={config.steps}: expected {step + episodes} or more for "
            f"--strategy={config.strategy} from step {step} on, a step for each layer"
        )
    return step


def load_params(config: TrainConfig, path: str | Sequence[str]) -> Any:
    """The parameters of a checkpoint_N, or of the newest one in a folder; "" for --model_dir.

    Adapters alone are put on the parameters of --initial_checkpoint.

    Args:
      path: several for an ensemble, whose parameters are a tuple of trees.
    Raises:
      RunFolderError: they are of another vocabulary, size, version or architecture.
      CheckpointError: there are none, or they are of another network.
      AdapterError: the adapters were trained on other parameters.
    """
    if not isinstance(path, str):
        models = tuple(load_params(config, one) for one in path or ("",))
        return models if len(models) > 1 else models[0]
    found = path or config.model_dir
    if not holds_adapters(found):
        found = newest_checkpoint(found)
    check_folder(config, run_folder(found))
    params = read_model(found, config.initial_checkpoint)
    shapes = param_shapes(build_network(configure_network(config)))
    check_shapes(found, shapes_of(params), shapes)
    return params


def read_model(path: str, base: str = "") -> Any:
    """All parameters in a path of any kind, as NumPy arrays.

    Args:
      base: for adapters alone, the path of the model that they were trained on; "": as their folder
        says.
    """
    if holds_adapters(path):
        base = base or read_settings(path).get("initial_checkpoint", "")
        if not os.path.isdir(base):
            raise AdapterError(
                f"{path} has adapters alone, of the model {base}, which is not there; "
                "--initial_checkpoint says where it is now"
            )
        return put_adapters(path, read_model(base), base)
    if _is_hugging_face(path):
        return read_hugging_face(path)[0]
    return read_params(newest_checkpoint(path))


def param_shapes(network: nn.Module) -> Any:
    """Shape and type of each parameter of a network of ours, without computing any."""
    count = 3 if network.config.num_encoder_layers else 2
    ids = (jax.numpy.ones((1, 1), jax.numpy.int32),) * count
    init = functools.partial(network.init, enable_dropout=False)
    return jax.eval_shape(init, {"params": jax.random.key(0)}, *ids)["params"]
