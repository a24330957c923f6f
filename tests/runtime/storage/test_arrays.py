"""Arrays as files and as columns: read in place, equal to what NumPy and Arrow read."""

import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runtime.storage.arrays import load_arrays, save_arrays, string_array, string_values
from runtime.storage.checked import read_checked

ROWS = np.dtype([("row", "<u4"), ("flags", "u1")])
SAVED = {
    "digests": np.arange(12, dtype=np.uint64).reshape(6, 2),
    "times": np.array([b"2019", b"", b"2024-01-01T00:00:00Z"], "S32"),
    "flags": np.array([True, False]),
    "none": np.empty(0, np.int64),
    "no_rows": np.empty((0, 5), np.uint32),
    "one": np.array(7, ">i8"),
    "rows": np.array([(1, 2), (3, 4)], ROWS),
    "by_column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "a.name.npy": np.arange(3),
}


def test_saved_arrays_are_read_as_numpy_reads_them(tmp_path):
    path = str(tmp_path / "some.npz")
    save_arrays(path, SAVED)
    found = load_arrays(path)
    with np.load(io.BytesIO(read_checked(path))) as theirs:
        assert found.keys() == SAVED.keys() == dict(theirs).keys()
        for name, array in theirs.items():
            assert found[name].dtype == array.dtype, name
            assert found[name].shape == array.shape, name
            assert found[name].tobytes() == array.tobytes() == SAVED[name].tobytes(), name


@settings(deadline=None)  # files are written, on machines that others use too
@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0)))
def test_any_array_comes_back(tmp_path_factory, array):
    path = str(tmp_path_factory.getbasetemp() / "any.npz")
    save_arrays(path, {"any": array})
    found = load_arrays(path)["any"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
@settings(deadline=None)
@given(st.lists(st.text(max_size=5)), st.integers(0, 3), st.integers(0, 3))
def test_values_are_those_of_any_slice(kind, texts, start, end):
    values = [text.encode() for text in texts]
    array = string_array(values)
    some = (array if kind == pa.string() else array.cast(kind))[start : len(values) - end]
    assert string_values(some) == some.cast(pa.binary()).to_pylist()
