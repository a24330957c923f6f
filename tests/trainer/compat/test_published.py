"""A checkpoint written by hand; tests/reference/test_t5x.py reads one that t5x wrote."""

import numpy as np
import pytest
import tensorstore
from flax import serialization

from trainer.compat.published import is_published, read_published

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def folder(tmp_path):
    """A checkpoint with one small array in the tree and one in a zarr folder."""
    path = tmp_path / "checkpoint_5"
    store = {"driver": "zarr", "kvstore": {"driver": "file", "path": str(path / "target.kernel")}}
    metadata = {"shape": KERNEL.shape, "chunks": KERNEL.shape, "dtype": "<f4"}
    tensorstore.open(store | {"metadata": metadata}, create=True).result().write(KERNEL).result()
    moved = {"driver": "zarr", "kvstore": {"driver": "gfile", "path": "gs://t5/target.kernel/"}}
    tree = {
        "target": {"kernel": moved, "scale": np.ones(3, np.float16)},
        "state": {"step": np.int32(5), "param_states": {}},
    }
    (path / "checkpoint").write_bytes(serialization.msgpack_serialize({"optimizer": tree}))
    return path


def test_arrays_are_read_from_the_tree_and_from_the_folders_beside_it(folder):
    assert is_published(str(folder)) and not is_published(str(folder.parent))
    tree = read_published(str(folder))
    np.testing.assert_array_equal(tree["target"]["kernel"], KERNEL)
    assert tree["target"]["scale"].dtype == np.float32
    assert tree["state"]["step"] == 5 and tree["state"]["step"].dtype == np.int32


def test_a_missing_array_is_refused(folder):
    (folder / "target.kernel" / ".zarray").unlink()
    with pytest.raises(ValueError, match=r"target\.kernel"):
        read_published(str(folder))
