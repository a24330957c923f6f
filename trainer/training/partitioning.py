"""Devices as a mesh of data x model, and which part of each array a device holds.

Rules of t5x's `standard_logical_axis_rules`: heads and feed-forward dimensions over `model`,
batches over `data`; with --shard_parameters the embedding dimension over `data` too.
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
    """Devices and sizes that do not fit; the message has both numbers."""


def make_mesh(model_parallel: int, devices: Sequence[jax.Device] = ()) -> Mesh:
    """Devices, all of all hosts unless some are given, `model_parallel` of them to a layer.

    Raises:
      MeshError: their number is not divisible.
    """
    devices = devices or jax.devices()
    if len(devices) % model_parallel:
        raise MeshError(
            f"--model_parallel={model_parallel}: {len(devices)} devices are not divisible by it"
        )
    return Mesh(np.array(devices).reshape(-1, model_parallel), ("data", "model"))


def check_batch(batch_size: int, microbatches: int, mesh: Mesh) -> None:
    """Refuses a batch that does not divide over the mesh.

    Raises:
      MeshError: it does not.
    """
    rows, data = batch_size // microbatches, mesh.shape["data"]
    if rows % data:
        nearest = max(round(batch_size / (data * microbatches)), 1) * data * microbatches
        raise MeshError(
            f"--batch_size={batch_size}: {rows} rows a microbatch are not divisible by the {data} "
            f"devices of the mesh's data axis; try --batch_size={nearest}"
        )


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows over the data axis."""
    return NamedSharding(mesh, PartitionSpec("data"))


def state_sharding(
    mesh: Mesh, network: nn.Module, state: State, spec: BatchSpec, shard_parameters: bool
) -> State:
    """The sharding of each array of a state; moments of a parameter's own shape follow it."""
    positional, named = arguments(spec)
    init = functools.partial(network.init, enable_dropout=False)
    shapes = jax.eval_shape(init, {"params": jax.random.key(0)}, *positional, **named)
    axes = partitioning.get_axis_names(shapes["params_axes"])
    rules = _RULES | ({"embed": "data"} if shard_parameters else {})
    place = lambda leaf, names: _place(mesh, leaf.shape, tuple(names), rules)  # noqa: E731
    params = jax.tree.map(place, state.params, _as_tree(axes))
    everywhere = NamedSharding(mesh, PartitionSpec())
    of_path = dict(jax.tree_util.tree_leaves_with_path(state.params))
    places = dict(jax.tree_util.tree_leaves_with_path(params))

    def moment(path: Any, leaf: Any) -> NamedSharding:
        for start in range(len(path)):
            param = of_path.get(path[start:])
            if param is not None and param.shape == leaf.shape:
                found: NamedSharding = places[path[start:]]
                return found
        return everywhere

    moments = jax.tree_util.tree_map_with_path(moment, state.moments)
    return State(everywhere, params, moments)  # type: ignore[arg-type]  # shardings in the form of a state


def _as_tree(axes: Any) -> Any:
    """Plain nested dicts of axis names."""
    return {k: _as_tree(v) for k, v in axes.items()} if hasattr(axes, "items") else axes


def _place(
    mesh: Mesh, shape: tuple[int, ...], names: tuple[str, ...], rules: dict[str, str | None]
) -> NamedSharding:
    """An axis that does not divide stays whole."""
    parts = [
        axis if axis and size % mesh.shape[axis] == 0 else None
        for size, axis in zip(shape, (rules.get(name) for name in names), strict=True)
    ]
    return NamedSharding(mesh, PartitionSpec(*parts))


def put_batch(batch: dict[str, np.ndarray[Any, Any]], mesh: Mesh) -> dict[str, jax.Array]:
    """Rows of this host as part of the batch of all hosts."""
    sharding = batch_sharding(mesh)
    return {
        name: jax.make_array_from_process_local_data(sharding, rows) for name, rows in batch.items()
    }
