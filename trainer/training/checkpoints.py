"""Checkpoints in t5x's layout through Orbax: `checkpoint_N/state` with `target/…`, `state/…`.

A checkpoint gets its name only when it is complete, so that one with a name can be read however a
run stopped. Beside it, `data_N-HHH-of-HHH` has the position of host HHH in the data.
"""

import fnmatch
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import jax
import numpy as np
import optax
import orbax.checkpoint as ocp
import tensorflow as tf

from runtime.cli.console import say
from runtime.storage.files import sync_path, sync_tree
from runtime.storage.ownership import note_made, read_manifest
from runtime.storage.space import DiskFull, describe_full, is_full
from trainer.compat.published import is_published, read_published
from trainer.input.batches import Batches, HostInfo
from trainer.training.optimizer import moments_from_t5x, moments_to_t5x
from trainer.training.shapes import CheckpointError, check_shapes, shapes_of, telling_damage
from trainer.training.step import State

_NAME = re.compile(r"checkpoint_(\d+)")
_POSITION = re.compile(r"data_(\d+)-\d{3}-of-\d{3}")
Tree = Any


class CheckpointDiskFull(CheckpointError, DiskFull):
    """A checkpoint for which the disk has too little space."""


def to_t5x(state: State) -> dict[str, Tree]:
    """The state as the tree that t5x writes: target, state/step, state/param_states."""
    return {
        "target": state.params,
        "state": {"step": state.step, "param_states": moments_to_t5x(state.moments)},
    }


def _on_all_hosts(state: State) -> dict[str, Tree]:
    """The same, with arrays that are on one host only replicated to all."""
    replicated = state.step.sharding

    def replicate(leaf: jax.Array) -> jax.Array:
        if leaf.sharding.device_set == replicated.device_set:
            return leaf
        return jax.device_put(np.asarray(leaf), replicated)

    return jax.tree.map(replicate, to_t5x(state))


def from_t5x(tree: Mapping[str, Tree], state: State) -> State:
    """The state from a tree that t5x wrote; `state` gives the structure of the moments."""
    inner = tree["state"]
    step = jax.numpy.asarray(inner["step"], jax.numpy.int32)
    moments = moments_from_t5x(state.moments, inner["param_states"], step)
    return State(step, tree["target"], moments)


def _steps(folder: str) -> list[int]:
    """The steps of the checkpoints in a folder."""
    return [int(found[1]) for name in os.listdir(folder) if (found := _NAME.fullmatch(name))]


def _policy(keep: int, foreign: Sequence[int]) -> ocp.checkpoint_managers.PreservationPolicy | None:
    """Keeps the newest checkpoints, all if `keep` is 0, and those that others made."""
    policies = ocp.checkpoint_managers
    kept = [policies.LatestN(keep), policies.CustomSteps(foreign)]
    return policies.AnyPreservationPolicy(kept) if keep else None


class Checkpoints:
    """Writes the checkpoints of a run in the background, and keeps the newest ones."""

    def __init__(self, folder: str, keep: int) -> None:
        self._folder = os.path.abspath(folder)
        self._keep, self._bytes = keep, 0  # of a checkpoint
        os.makedirs(self._folder, exist_ok=True)
        ours = read_manifest(self._folder)
        self._foreign = [step for step in _steps(self._folder) if f"checkpoint_{step}" not in ours]
        self._manager = ocp.CheckpointManager(
            self._folder,
            item_names=("state",),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=_policy(keep, self._foreign),
                step_prefix="checkpoint",
                cleanup_tmp_directories=True,
                enable_async_checkpointing=True,
                async_options=ocp.options.AsyncOptions(post_finalization_callback=self._sync),
            ),
        )

    def _sync(self) -> None:
        """Waits for the disk before a checkpoint takes its name: Orbax does so for arrays only."""
        for name in fnmatch.filter(os.listdir(self._folder), "*.orbax-checkpoint-tmp"):
            sync_tree(os.path.join(self._folder, name))

    def latest(self) -> int | None:
        """Step of the newest complete checkpoint; None if there is none."""
        return cast(int | None, self._manager.latest_step())

    def save(self, state: State, batches: Batches | None, host: HostInfo) -> None:
        """Starts to write a checkpoint in the background.

        Raises:
          CheckpointError: this or the last one could not be written; earlier ones are unchanged.
        """
        step = int(state.step)
        if step == self.latest():
            return
        self._bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        if host.index == 0:
            note_made(self._folder, [f"checkpoint_{step}"])
        try:
            if batches is not None:
                batches.save(self._position(step, host))
            self._manager.save(
                step, args=ocp.args.Composite(state=ocp.args.PyTreeSave(_on_all_hosts(state)))
            )
        except (OSError, ValueError, tf.errors.OpError) as error:  # from the disk and tensorstore
            raise self._failed(step, error) from error
        self._forget_positions()

    def forget(self, step: int) -> None:
        """Removes a checkpoint."""
        self._manager.delete(step)

    def wait(self) -> None:
        """Waits until the last checkpoint is complete.

        Raises:
          CheckpointError: it could not be written.
        """
        try:
            self._manager.wait_until_finished()
            sync_path(self._folder)
        except Exception as error:  # Orbax's threads raise many kinds
            raise self._failed(None, error) from error

    def close(self) -> None:
        """Waits for the last checkpoint and closes the manager."""
        self.wait()
        self._manager.close()

    def restore(self, shapes: State, shardings: State, step: int) -> State:
        """The state at a step, sharded as `shardings`.

        Raises:
          CheckpointError: the checkpoint has the parameters of another network.
        """
        path = os.path.join(self._folder, f"checkpoint_{step}")
        return read_state(path, shapes, shardings)

    def restore_position(self, batches: Batches, step: int, host: HostInfo) -> None:
        """Goes to the position in the data after a step. Without a saved one, skips the batches."""
        changes = batches.restore(self._position(step, host))
        if changes is None:
            batches.skip(step)
        elif changes and host.index == 0:
            say(
                f"note: the data are not those of checkpoint_{step}: {'; '.join(changes)}. The run "
                "goes on with the new data, from their start"
            )

    def _position(self, step: int, host: HostInfo) -> str:
        return os.path.join(self._folder, f"data_{step}-{host.index:03d}-of-{host.count:03d}")

    def _forget_positions(self) -> None:
        """Removes positions of removed checkpoints; keeps that of the one being written."""
        if not self._keep:
            return
        found = ((name, _POSITION.fullmatch(name)) for name in os.listdir(self._folder))
        step_of = {name: int(match[1]) for name, match in found if match}
        kept = sorted(set(step_of.values()))[-self._keep - 1 :]
        for name, step in step_of.items():
            if step not in kept and step not in self._foreign:
                os.unlink(os.path.join(self._folder, name))

    def _failed(self, step: int | None, error: Exception) -> CheckpointError:
        last = self._manager.latest_step()
        kept = f"checkpoint_{last} is complete" if last is not None else "there is none before it"
        name = "a checkpoint" if step is None else f"checkpoint_{step}"
        if is_full(error):
            told = describe_full(self._folder, self._bytes)
            return CheckpointDiskFull(f"{name} could not be written, {kept}: {told}")
        return CheckpointError(
            f"--model_dir={self._folder}: {name} could not be written: {error}. {kept}. Free some "
            "space and run the same command again; it resumes from the newest checkpoint"
        )


def read_state(path: str, shapes: State, shardings: State) -> State:
    """The state in a folder `…/checkpoint_N`, of either loop.

    Args:
      shapes: shape and type of each array of the state.
      shardings: sharding of each array of the state.
    Raises:
      CheckpointError: there is none, or it has the parameters of another network.
    """
    expected = to_t5x(shapes)
    if is_published(path):
        return _read_published_state(path, read_published(path), shapes, shardings)
    folder = _state_folder(path)
    check_shapes(path, stored_shapes(path), expected["target"])
    args = _restore_args(expected, _t5x_shardings(expected, shardings))
    with telling_damage(path), ocp.PyTreeCheckpointer() as reader:
        tree = reader.restore(folder, item=expected, restore_args=args)
    return from_t5x(tree, shapes)


def read_target(path: str, shapes: Tree, shardings: Tree) -> Tree:
    """The parameters alone in a folder `…/checkpoint_N`, sharded.

    Args:
      shapes: shape and type of each parameter.
      shardings: sharding of each parameter.
    Raises:
      CheckpointError: there is none, or it has the parameters of another network.
    """
    if is_published(path):
        params = read_published(path)["target"]
        check_shapes(path, shapes_of(params), shapes)
        return jax.device_put(params, shardings)
    folder = _state_folder(path)
    check_shapes(path, stored_shapes(path), shapes)
    args = {"target": _restore_args(shapes, shardings)}
    with telling_damage(path), ocp.PyTreeCheckpointer() as reader:
        item = {"target": shapes}
        given = ocp.args.PyTreeRestore(item=item, restore_args=args, partial_restore=True)
        tree = reader.restore(folder, given)
    return tree["target"]


def _restore_args(shapes: Tree, shardings: Tree) -> Tree:
    return jax.tree.map(
        lambda leaf, sharding: ocp.ArrayRestoreArgs(
            sharding=sharding, global_shape=leaf.shape, dtype=leaf.dtype
        ),
        shapes,
        shardings,
    )


def _read_published_state(
    path: str, tree: Mapping[str, Tree], shapes: State, shardings: State
) -> State:
    """The state of a published checkpoint, sharded as `shardings`."""
    check_shapes(path, shapes_of(tree["target"]), shapes.params)
    # Moments that are not used for a parameter have other shapes there than here.
    wanted = to_t5x(shapes)["state"]["param_states"]
    read = tree["state"]["param_states"]
    fitted = jax.tree.map(
        lambda leaf, stored: (
            np.reshape(stored, leaf.shape)
            if np.size(stored) == np.prod(leaf.shape, dtype=int)
            else np.zeros(leaf.shape, leaf.dtype)
        ),
        wanted,
        read,
    )
    step = np.asarray(tree["state"]["step"], np.int32)
    fields = {"target": tree["target"], "state": {"step": step, "param_states": fitted}}
    return jax.device_put(from_t5x(fields, shapes), shardings)


def _state_folder(path: str) -> str:
    folder = os.path.join(os.path.abspath(path), "state")
    if not os.path.isdir(folder):
        raise CheckpointError(f"{path}: expected a folder checkpoint_N with a folder state in it")
    return folder


def _t5x_shardings(tree: dict[str, Tree], shardings: State) -> dict[str, Tree]:
    """The sharding of each array of the tree that t5x writes."""
    replicated = shardings.step
    factored = next(p for p in shardings.moments if isinstance(p, optax.FactoredState))
    moments = jax.tree.map(
        lambda row, col, full: {"v_row": row, "v_col": col, "v": full, "m": replicated},
        factored.v_row, factored.v_col, factored.v,
    )  # fmt: skip
    return {"target": shardings.params, "state": {"step": replicated, "param_states": moments}}


def stored_shapes(path: str) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter in a checkpoint, by its path in the tree."""
    if is_published(path):
        return shapes_of(read_published(path)["target"])
    folder = _state_folder(path)
    with telling_damage(path), ocp.PyTreeCheckpointer() as reader:
        return shapes_of(_stored_tree(reader, folder)["target"])


def _stored_tree(reader: ocp.PyTreeCheckpointer, folder: str) -> dict[str, Tree]:
    """The tree of a checkpoint with metadata in the place of arrays."""
    metadata = reader.metadata(folder)
    tree = getattr(metadata, "item_metadata", metadata)
    return dict(getattr(tree, "tree", tree))


def read_params(path: str) -> dict[str, Tree]:
    """Only the parameters in a folder `…/checkpoint_N`, as NumPy arrays."""
    if is_published(path):
        published: dict[str, Tree] = read_published(path)["target"]
        return published
    folder = _state_folder(path)
    with telling_damage(path), ocp.PyTreeCheckpointer() as reader:
        as_numpy = jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray), _stored_tree(reader, folder)
        )
        tree = reader.restore(folder, restore_args=as_numpy)
    target: dict[str, Tree] = jax.tree.map(np.asarray, tree["target"])
    return target


def holds_checkpoint(folder: str) -> bool:
    """True if the folder has a checkpoint_N or is one."""
    names = [os.path.basename(os.path.normpath(folder)), *_names(folder)]
    return any(_NAME.fullmatch(name) for name in names)


def newest_checkpoint(folder: str) -> str:
    """Path of the newest checkpoint_N in a folder; the folder itself if it is one.

    Raises:
      CheckpointError: there is none.
    """
    if _NAME.fullmatch(os.path.basename(os.path.normpath(folder))):
        return folder
    steps = [int(m[1]) for name in _names(folder) if (m := _NAME.fullmatch(name))]
    if not steps:
        raise CheckpointError(
            f"{folder}: expected the folder of a run, with a folder checkpoint_N; found none"
        )
    return os.path.join(folder, f"checkpoint_{max(steps)}")


def checkpoint_step(path: str) -> int:
    """The step of a folder `…/checkpoint_N`: N."""
    return int(os.path.basename(os.path.normpath(path)).rpartition("_")[2])


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []
