"""Adapters and norms of a model without its other parameters, in a file.

A folder has them in adapters.safetensors, under their names in our tree. On the parameters that
they were trained with they give the model again, bit for bit; a digest refuses all others.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from flax import traverse_util
from safetensors import safe_open
from safetensors.numpy import save_file

from runtime.errors import UsageError
from runtime.storage.files import temporary_path
from trainer.compat.hugging_face import read_arrays
from trainer.strategies import is_adapter, is_norm, merge, select

FILE_NAME = "adapters.safetensors"
_DIGEST = "base_sha256"
Params = Mapping[str, Any]
"""Nested dicts of arrays, as in Flax."""


class AdapterError(UsageError):
    """Adapters that do not fit. The message says which parameters they need."""


def holds_adapters(folder: str) -> bool:
    """True if the folder has adapters alone."""
    return os.path.isfile(os.path.join(folder, FILE_NAME))


def write_adapters(folder: str, params: Params) -> int:
    """Writes the adapters and norms of a model, as float32; returns the bytes of the file.

    Raises:
      AdapterError: the model has no adapters.
    """
    arrays = {
        name: np.ascontiguousarray(array, np.float32)
        for name, array in _flatten(select(params, _is_tuned)).items()
    }
    if not any(map(is_adapter, arrays)):
        raise AdapterError(
            "--to=adapters: the model has no adapters; train them with --strategy=adapters"
        )
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, FILE_NAME)
    with temporary_path(path) as temporary:
        save_file(arrays, temporary, metadata={_DIGEST: base_digest(params)})
    return os.path.getsize(path)


def put_adapters(folder: str, base: Params, path: str) -> dict[str, Any]:
    """The parameters of a model with the adapters and norms of a folder.

    Args:
      base: of the model that the adapters were trained on.
      path: where it is, for the message.
    Raises:
      AdapterError: they were trained on another model.
    """
    file = os.path.join(folder, FILE_NAME)
    arrays = read_arrays(file)
    with safe_open(file, framework="numpy") as stream:
        wanted = (stream.metadata() or {}).get(_DIGEST)
    if base_digest(base) != wanted:
        raise AdapterError(
            f"{folder}: its adapters were trained on other parameters than those of {path}; give "
            "--initial_checkpoint=…/checkpoint_N, from which their run started"
        )
    return merge(base, traverse_util.unflatten_dict(arrays, sep="/"))


def base_digest(params: Params) -> str:
    """sha256 of names, shapes and float32 values of all arrays but adapters and norms."""
    digest = hashlib.sha256()
    for name, array in sorted(_flatten(params).items()):
        if not _is_tuned(name):
            plain = np.ascontiguousarray(array, np.float32)
            digest.update(f"{name}{plain.shape}".encode())
            digest.update(plain.data)
    return digest.hexdigest()


def _is_tuned(name: str) -> bool:
    return is_adapter(name) or is_norm(name)


def _flatten(params: Params) -> dict[str, Any]:
    flat: dict[str, Any] = traverse_util.flatten_dict(dict(params), sep="/")
    return flat
