"""Checkpoints as T5, T5 1.1 and mT5 were published in t5x's layout, before it took to Orbax.

A folder checkpoint_N with a msgpack file `checkpoint`: the tree, in which a large array is a
description of the zarr folder beside it. t5x still reads and writes this layout
(`t5x.checkpoints.Checkpointer`).
"""

import os
from typing import Any

import numpy as np
import tensorstore
from flax import serialization

FILE_NAME = "checkpoint"


def is_published(folder: str) -> bool:
    """True if the folder is in that layout."""
    return os.path.isfile(os.path.join(folder, FILE_NAME))


def read_published(folder: str) -> dict[str, Any]:
    """The tree: `target`, and `state` with `step` and `param_states`; arrays are float32 or ints.

    Raises:
      ValueError: an array that the tree names is missing or damaged.
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
    """An array of the folder, wherever it was when it was written."""
    name = os.path.basename(os.path.normpath(description["kvstore"]["path"]))
    place = {"driver": "file", "path": os.path.join(folder, name)}
    store = tensorstore.open({"driver": "zarr", "kvstore": place}, open=True).result()
    array: np.ndarray[Any, Any] = store.read().result()
    return array


def _as_float32(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array if array.dtype.kind in "iu" else array.astype(np.float32)
