"""Reads checkpoints in the layout in which T5, T5 1.1 and mT5 were published: t5x's before Orbax.

A folder checkpoint_N has the tree in a msgpack file `checkpoint`. For a large array the tree has
the description of a zarr folder beside it. t5x can still write this layout
(`t5x.checkpoints.Checkpointer`).
"""

import os
from typing import Any

import numpy as np
import tensorstore
from flax import serialization

FILE_NAME = "checkpoint"


def is_published(folder: str) -> bool:
    """True if the folder is a checkpoint in this layout."""
    return os.path.isfile(os.path.join(folder, FILE_NAME))


def read_published(folder: str) -> dict[str, Any]:
    """The tree: `target`, and `state` with `step` and `param_states`; float32 or integer arrays.

    Raises:
      ValueError: an array of the tree is missing or damaged.
    """
    with open(os.path.join(folder, FILE_NAME), "rb") as stream:
        content = serialization.msgpack_restore(stream.read())
    tree: dict[str, Any] = _load(folder, content.get("optimizer", content))
    return tree


def _load(folder: str, node: Any) -> Any:
    if isinstance(node, dict) and "kvstore" in node:
        return _as_float32(_read_zarr(folder, node))
    if isinstance(node, dict):
        return {name: _load(folder, inner) for name, inner in node.items()}
    return _as_float32(np.asarray(node))


def _read_zarr(folder: str, description: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The array of a description. Only the last part of its path counts: folders may have moved."""
    name = os.path.basename(os.path.normpath(description["kvstore"]["path"]))
    file = {"driver": "file", "path": os.path.join(folder, name)}
    store = tensorstore.open({"driver": "zarr", "kvstore": file}, open=True).result()
    array: np.ndarray[Any, Any] = store.read().result()
    return array


def _as_float32(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array if array.dtype.kind in "iu" else array.astype(np.float32)
