"""The mesh of devices, data x model, and the sharding of batches and state over it.

The rules are those of t5x's `standard_logical_axis_rules`: heads and feed-forward dimensions are
sharded over `model`, batches over `data`; with --shard_parameters the embedding dimension over
`data` too.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from flax.linen import partitioning
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from runtime.errors import UsageError
from trainer.training.step import BatchSpec, State, arguments

Tree = Any
_RULES: dict[str, str | None] = {
    "vocab": "model",
    "mlp": "model",
    "heads": "model",
    "joined_kv": "model",
    "embed": None,
    "relpos_buckets": None,
}


class MeshError(UsageError):
    """Devices or batch size that do not divide evenly. The message has both numbers."""


def make_mesh(model_parallel: int, devices: Sequence[jax.Device] = ()) -> Mesh:
    """The mesh of data x model.

    Args:
      model_parallel: devices along the model axis.
      devices: default: all devices of all hosts.
    Raises:
      MeshError: the number of devices is not a multiple of model_parallel.
    """
    devices = devices or jax.devices()
    if len(devices) % model_parallel:
        raise MeshError(
            f"--model_parallel={model_parallel}: expected a divisor of the number of devices, "
            f"which is {len(devices)}"
        )
    return Mesh(np.array(devices).reshape(-1, model_parallel), ("data", "model"))


def check_batch(batch_size: int, microbatches: int, mesh: Mesh) -> None:
    """Checks that each microbatch divides evenly over the data axis.

    Raises:
      MeshError: it does not; with the nearest batch size that does.
    """
    rows, data = batch_size // microbatches, mesh.shape["data"]
    if rows % data:
        nearest = max(round(batch_size / (data * microbatches)), 1) * data * microbatches
        raise MeshError(
            f"--batch_size={batch_size}: {rows} rows a microbatch are not divisible by the {data} "
            f"devices of the mesh's data axis; try --batch_size={nearest}"
        )


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """The sharding of batches: rows over the data axis."""
    return NamedSharding(mesh, PartitionSpec("data"))


def state_sharding(
    mesh: Mesh, network: nn.Module, state: State, spec: BatchSpec, shard_parameters: bool
) -> State:
    """The sharding of each array of a state. Moments of a parameter's shape are sharded like it."""
    positional, named = arguments(spec)
    init = functools.partial(network.init, enable_dropout=False)
    shapes = jax.eval_shape(init, {"params": jax.random.key(0)}, *positional, **named)
    axes = partitioning.get_axis_names(shapes["params_axes"])
    rules = _RULES | ({"embed": "data"} if shard_parameters else {})
    shard = lambda leaf, names: _sharding(mesh, leaf.shape, tuple(names), rules)  # noqa: E731
    params = jax.tree.map(shard, state.params, _as_tree(axes))
    replicated = NamedSharding(mesh, PartitionSpec())
    param_at = dict(jax.tree_util.tree_leaves_with_path(state.params))
    sharding_at = dict(jax.tree_util.tree_leaves_with_path(params))

    def moment(path: Any, leaf: Any) -> NamedSharding:
        for start in range(len(path)):
            param = param_at.get(path[start:])
            if param is not None and param.shape == leaf.shape:
                found: NamedSharding = sharding_at[path[start:]]
                return found
        return replicated

    moments = jax.tree_util.tree_map_with_path(moment, state.moments)
    return State(replicated, params, moments)  # type: ignore[arg-type]  # shardings, not arrays


def _as_tree(axes: Any) -> Any:
    """Axis names as nested dicts."""
    return {k: _as_tree(v) for k, v in axes.items()} if hasattr(axes, "items") else axes


def _sharding(
    mesh: Mesh, shape: tuple[int, ...], names: tuple[str, ...], rules: dict[str, str | None]
) -> NamedSharding:
    """The sharding of an array by its axis names; axes that do not divide evenly are replicated."""
    parts = [
        axis if axis and size % mesh.shape[axis] == 0 else None
        for size, axis in zip(shape, (rules.get(name) for name in names), strict=True)
    ]
    return NamedSharding(mesh, PartitionSpec(*parts))


def put_batch(batch: dict[str, np.ndarray[Any, Any]], mesh: Mesh) -> dict[str, jax.Array]:
    """The batch of all hosts, from the rows that this host has read."""
    sharding = batch_sharding(mesh)
    return {
        name: jax.make_array_from_process_local_data(sharding, rows) for name, rows in batch.items()
    }
