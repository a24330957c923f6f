"""Checkpoints in t5x's layout through Orbax: `checkpoint_N/state` with `target/…`, `state/…`.

A checkpoint takes its name only when all of it is written, so that whatever stops a run, those with
a name are whole. Beside them, `data_N-HHH-of-HHH` says where host HHH goes on reading.
"""

import glob
import os
import re
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import optax
import orbax.checkpoint as ocp
import tensorflow as tf
from flax import traverse_util

from runtime.errors import RunFailed
from trainer.compat.published import is_published, read_published
from trainer.training.input_pipeline import Batches, HostInfo
from trainer.training.optimizer import moments_from_t5x, moments_to_t5x
from trainer.training.step import State

_NAME = re.compile(r"checkpoint_(\d+)")
Tree = Any


class CheckpointError(RunFailed):
    """A checkpoint that cannot be used or written; the message says what to do."""


def to_t5x(state: State) -> dict[str, Tree]:
    """The tree that t5x writes: target, state/step, state/param_states."""
    return {
        "target": state.params,
        "state": {"step": state.step, "param_states": moments_to_t5x(state.moments)},
    }


def _on_all_hosts(state: State) -> dict[str, Tree]:
    """The tree that t5x writes, with no array that one host alone has."""
    everywhere = state.step.sharding

    def place(leaf: jax.Array) -> jax.Array:
        if leaf.sharding.device_set == everywhere.device_set:
            return leaf
        return jax.device_put(np.asarray(leaf), everywhere)

    return jax.tree.map(place, to_t5x(state))


def from_t5x(tree: Mapping[str, Tree], state: State) -> State:
    """The state of a tree that t5x wrote, in the form of `state`."""
    inner = tree["state"]
    step = jax.numpy.asarray(inner["step"], jax.numpy.int32)
    moments = moments_from_t5x(state.moments, inner["param_states"], step)
    return State(step, tree["target"], moments)


class Checkpoints:
    """The checkpoints of a run: written in the background, the newest kept."""

    def __init__(self, folder: str, keep: int) -> None:
        self._folder = os.path.abspath(folder)
        self._keep = keep
        os.makedirs(self._folder, exist_ok=True)
        self._manager = ocp.CheckpointManager(
            self._folder,
            item_names=("state",),
            options=ocp.CheckpointManagerOptions(
                max_to_keep=keep or None,
                step_prefix="checkpoint",
                cleanup_tmp_directories=True,
                enable_async_checkpointing=True,
            ),
        )

    def latest(self) -> int | None:
        """Step of the newest whole checkpoint; None if there is none."""
        step: int | None = self._manager.latest_step()
        return step

    def save(self, state: State, batches: Batches | None, hosts: HostInfo) -> None:
        """Starts to write a checkpoint; the run goes on meanwhile.

        Raises:
          CheckpointError: one could not be written. Those before are as they were.
        """
        step = int(state.step)
        if step == self.latest():
            return
        try:
            if batches is not None:
                batches.save(self._position(step, hosts))
            self._manager.save(
                step, args=ocp.args.Composite(state=ocp.args.PyTreeSave(_on_all_hosts(state)))
            )
        except (OSError, ValueError, tf.errors.OpError) as error:  # of storage, of tensorstore
            raise self._failed(step, error) from error
        self._forget_positions()

    def wait(self) -> None:
        """Returns when the last checkpoint is whole.

        Raises:
          CheckpointError: it could not be written.
        """
        try:
            self._manager.wait_until_finished()
        except Exception as error:  # Orbax's threads raise many kinds
            raise self._failed(None, error) from error

    def close(self) -> None:
        """Waits and lets go of the folder."""
        self.wait()
        self._manager.close()

    def restore(self, shapes: State, shardings: State, step: int) -> State:
        """The state at a step, each array where `shardings` says.

        Raises:
          CheckpointError: it is of another model.
        """
        path = os.path.join(self._folder, f"checkpoint_{step}")
        return read_state(path, shapes, shardings)

    def restore_position(self, batches: Batches, step: int, hosts: HostInfo) -> None:
        """Goes to the data after a step; by reading past them if no position was saved."""
        if not batches.restore(self._position(step, hosts)):
            batches.skip(step)

    def _position(self, step: int, hosts: HostInfo) -> str:
        return os.path.join(self._folder, f"data_{step}-{hosts.index:03d}-of-{hosts.count:03d}")

    def _forget_positions(self) -> None:
        """Removes positions without a checkpoint, but for the newest, which is being written."""
        if not self._keep:
            return
        files = glob.glob(os.path.join(self._folder, "data_*-of-*"))
        step_of = {path: int(os.path.basename(path).split("-")[0][5:]) for path in files}
        kept = sorted(set(step_of.values()))[-self._keep - 1 :]
        for path, step in step_of.items():
            if step not in kept:
                os.unlink(path)

    def _failed(self, step: int | None, error: Exception) -> CheckpointError:
        last = self._manager.latest_step()
        whole = f"checkpoint_{last} is whole" if last is not None else "none was written before"
        what = "a checkpoint" if step is None else f"checkpoint_{step}"
        return CheckpointError(
            f"--model_dir={self._folder}: {what} could not be written: {error}; {whole}; make "
            "room, and the same command goes on from there"
        )


def read_state(path: str, shapes: State, shardings: State) -> State:
    """The state in a folder `…/checkpoint_N`, of either loop.

    Args:
      shapes: of each array; arrays or jax.ShapeDtypeStruct.
    Raises:
      CheckpointError: it is of another model, or there is none.
    """
    expected = to_t5x(shapes)
    if is_published(path):
        return _placed(path, read_published(path), shapes, shardings)
    folder = _state_folder(path)
    check_shapes(path, stored_shapes(path), expected["target"])
    args = jax.tree.map(
        lambda leaf, place: ocp.ArrayRestoreArgs(
            sharding=place, global_shape=leaf.shape, dtype=leaf.dtype
        ),
        expected,
        _places(expected, shardings),
    )
    with ocp.PyTreeCheckpointer() as reader:
        tree = reader.restore(folder, item=expected, restore_args=args)
    return from_t5x(tree, shapes)


def _placed(path: str, tree: Mapping[str, Tree], shapes: State, shardings: State) -> State:
    """The state of a published checkpoint, each array where `shardings` says."""
    check_shapes(path, shapes_of(tree["target"]), shapes.params)
    # Their reader fills what a parameter has no use for with other shapes than the writer.
    wanted = to_t5x(shapes)["state"]["param_states"]
    told = tree["state"]["param_states"]
    fitted = jax.tree.map(
        lambda leaf, stored: (
            np.reshape(stored, leaf.shape)
            if np.size(stored) == np.prod(leaf.shape, dtype=int)
            else np.zeros(leaf.shape, leaf.dtype)
        ),
        wanted,
        told,
    )
    step = np.asarray(tree["state"]["step"], np.int32)
    fields = {"target": tree["target"], "state": {"step": step, "param_states": fitted}}
    return jax.device_put(from_t5x(fields, shapes), shardings)


def _state_folder(path: str) -> str:
    folder = os.path.join(os.path.abspath(path), "state")
    if not os.path.isdir(folder):
        raise CheckpointError(f"{path}: expected a folder checkpoint_N with a folder state in it")
    return folder


def _places(tree: dict[str, Tree], shardings: State) -> dict[str, Tree]:
    """The sharding of each array of the tree; moments' as in the state."""
    everywhere = shardings.step
    factored = next(p for p in shardings.moments if isinstance(p, optax.FactoredState))
    moments = jax.tree.map(
        lambda row, col, full: {"v_row": row, "v_col": col, "v": full, "m": everywhere},
        factored.v_row, factored.v_col, factored.v,
    )  # fmt: skip
    return {"target": shardings.params, "state": {"step": everywhere, "param_states": moments}}


def stored_shapes(path: str) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter in a checkpoint, by path."""
    folder = _state_folder(path)
    with ocp.PyTreeCheckpointer() as reader:
        return shapes_of(_stored_tree(reader, folder)["target"])


def _stored_tree(reader: ocp.PyTreeCheckpointer, folder: str) -> dict[str, Tree]:
    """What is known of each array of a checkpoint, without reading it."""
    metadata = reader.metadata(folder)
    tree = getattr(metadata, "item_metadata", metadata)
    return dict(getattr(tree, "tree", tree))


def shapes_of(params: Tree) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter of a tree, by path."""
    flat = traverse_util.flatten_dict(params, sep="/")
    return {name: tuple(leaf.shape) for name, leaf in flat.items()}


def check_shapes(path: str, stored: Mapping[str, tuple[int, ...]], params: Tree) -> None:
    """Refuses a checkpoint whose parameters are not those of the network.

    Raises:
      CheckpointError: with the first difference; for the embedding, about the vocabulary.
    """
    wanted = shapes_of(params)
    for name in sorted(wanted, key=lambda name: "token_embedder" not in name):
        if stored.get(name) == wanted[name]:
            continue
        if name in stored and "token_embedder" in name:
            raise CheckpointError(
                f"{path}: its embedding has {stored[name][0]} rows, the vocabulary needs "
                f"{wanted[name][0]}; train on with the --vocab it was trained with"
            )
        raise CheckpointError(
            f"{path}: {name} is {stored.get(name, 'absent')}, expected {wanted[name]}; "
            "--size, --version or --architecture is not that of the checkpoint"
        )
    extra = sorted(stored.keys() - wanted.keys())
    if extra:
        raise CheckpointError(
            f"{path}: holds {extra[0]}, which this network lacks; --size, --version or "
            "--architecture is not that of the checkpoint"
        )


def read_params(path: str) -> dict[str, Tree]:
    """The parameters alone of a folder `…/checkpoint_N`, as NumPy arrays."""
    if is_published(path):
        published: dict[str, Tree] = read_published(path)["target"]
        return published
    folder = _state_folder(path)
    with ocp.PyTreeCheckpointer() as reader:
        as_numpy = jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray), _stored_tree(reader, folder)
        )
        tree = reader.restore(folder, restore_args=as_numpy)
    target: dict[str, Tree] = jax.tree.map(np.asarray, tree["target"])
    return target


def holds_checkpoint(folder: str) -> bool:
    """True if there is a checkpoint_N in the folder, or it is one."""
    names = [os.path.basename(os.path.normpath(folder)), *_names(folder)]
    return any(_NAME.fullmatch(name) for name in names)


def newest_checkpoint(folder: str) -> str:
    """Path of the newest checkpoint_N in a folder, or the folder if it is one itself.

    Raises:
      CheckpointError: there is none.
    """
    if _NAME.fullmatch(os.path.basename(os.path.normpath(folder))):
        return folder
    steps = [int(m[1]) for name in _names(folder) if (m := _NAME.fullmatch(name))]
    if not steps:
        raise CheckpointError(f"{folder}: no checkpoint_N in it; expected a --model_dir of a run")
    return os.path.join(folder, f"checkpoint_{max(steps)}")


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []
