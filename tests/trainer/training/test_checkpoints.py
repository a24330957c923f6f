"""Damaged checkpoints of Orbax end in one error of ours."""

import numpy as np
import orbax.checkpoint as ocp
import pytest

from trainer.training.checkpoints import read_params
from trainer.training.shapes import CheckpointError


def test_a_damaged_checkpoint_is_named_and_none_ends_otherwise(tmp_path):
    folder = tmp_path / "checkpoint_1"
    folder.mkdir()
    arrays = {"a": np.arange(999, dtype=np.float32)}
    with ocp.PyTreeCheckpointer() as writer:
        writer.save(folder / "state", {"target": arrays})
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    refused = set()
    for path in files:
        whole = path.read_bytes()
        for damage in (whole[: len(whole) // 2], b"", b"[" * 100_000):
            path.write_bytes(damage)
            try:
                np.testing.assert_array_equal(read_params(str(folder))["a"], arrays["a"])
            except CheckpointError as error:
                assert str(error).startswith(f"{folder} cannot be read; it is damaged")
                refused.add(path.name)
        path.write_bytes(whole)
    assert {"_METADATA", "manifest.ocdbt"} <= refused
    np.testing.assert_array_equal(read_params(str(folder))["a"], arrays["a"])


def test_a_folder_without_state_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="expected a folder checkpoint_N"):
        read_params(str(tmp_path))
