"""NumPy and Arrow arrays: converted through their buffers, saved and loaded.

pyarrow's own conversions import pandas where it is installed, a third of a second for every worker,
and convert value by value.
"""

import io
import itertools
import os
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from runtime.storage.checked import CheckedFile, Depth, checked_write, find_damage, read_checked
from runtime.storage.files import open_read
from runtime.storage.remote import is_remote

_LOCAL_BYTES, _LOCAL_SIZES_AT = 30, 26  # of a member's header in a zip file: name, extra field
_LOCAL_SIZES = struct.Struct("<HH")
_ARRAY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([^']+)', 'fortran_order': False, "
    rb"'shape': \(([\d, ]*)\), \} *\n",
    re.DOTALL,
)
ScalarT = TypeVar("ScalarT", bound=np.generic)


def string_array(utf8: Sequence[bytes]) -> pa.StringArray:
    """UTF-8 values as an array of strings, 2 GiB at most."""
    return pa.StringArray.from_buffers(len(utf8), *_offsets_and_data(utf8))


def binary_array(values: Sequence[bytes]) -> pa.BinaryArray:
    """Values as an array of bytes, 2 GiB at most."""
    return pa.Array.from_buffers(pa.binary(), len(values), [None, *_offsets_and_data(values)])


def _offsets_and_data(values: Sequence[bytes]) -> tuple[pa.Buffer, pa.Buffer]:
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    return pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(values))


def string_values(array: pa.Array) -> list[bytes]:
    """The UTF-8 values of an array of strings without nulls."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, 4 * array.offset).tolist()
    utf8 = memoryview(data if data is not None else b"")
    return [bytes(utf8[start:end]) for start, end in itertools.pairwise(ends)]


def fixed_array(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """The rows of an array as values of `kind`, a type of the size of a row."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values.tobytes())])


def fixed_values(array: pa.Array, dtype: np.dtype[ScalarT]) -> NDArray[ScalarT]:
    """The values of an array without nulls, as NumPy rows that share its memory."""
    offset = array.offset * dtype.itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), offset)


def open_arrow(path: str) -> pa.NativeFile:
    """A file for random access by Arrow; a local one is mapped into memory."""
    if is_remote(path):
        return pa.PythonFile(open_read(path), "r")
    return pa.memory_map(os.fsencode(path), "r")  # its name may be no UTF-8


def open_checked_arrow(path: str) -> pa.NativeFile:
    """The content of a file of `checked_write`, for random access by Arrow.

    Raises:
      DamagedFile: as `CheckedFile` has it.
    """
    return pa.PythonFile(CheckedFile(path), "r")


def map_checked_arrow(path: str) -> pa.BufferReader:
    """The same, checked to its end at once; what is read of a local file takes no memory.

    Raises:
      DamagedFile: it is missing, or not as it was written.
    """
    for damage in find_damage(path, Depth.BYTES):
        raise damage
    with CheckedFile(path) as stream:
        length = stream.seek(0, io.SEEK_END)
    with open_arrow(path) as source:
        return pa.BufferReader(source.read_buffer(length))


def save_arrays(path: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Writes arrays by name as one npz file that knows its damage."""
    with checked_write(path) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle


def load_arrays(path: str) -> dict[str, Any]:
    """The arrays of a file of `save_arrays`, with their dtypes and shapes.

    Raises:
      DamagedFile: it is missing, or not as it was written.
    """
    data = read_checked(path)
    with zipfile.ZipFile(io.BytesIO(data)) as stored:
        return {
            member.filename.removesuffix(".npy"): _stored_array(data, member)
            for member in stored.infolist()
        }


def _stored_array(data: bytes, member: zipfile.ZipInfo) -> NDArray[np.generic]:
    """An array of an npz file as `np.savez` writes it, in place; read-only.

    `np.load` would copy each twice, and compile its header as Python. The checksum of the zip file
    is passed over: the file has its own.
    """
    name_size, extra_size = _LOCAL_SIZES.unpack_from(data, member.header_offset + _LOCAL_SIZES_AT)
    start = member.header_offset + _LOCAL_BYTES + name_size + extra_size
    content = memoryview(data)[start : start + member.file_size]
    found = _ARRAY.match(content)
    if found is None or member.compress_type != zipfile.ZIP_STORED:
        other: NDArray[np.generic] = np.load(io.BytesIO(content), allow_pickle=False)
        return other
    shape = tuple(map(int, found[2].replace(b",", b" ").split()))
    flat = np.frombuffer(content, np.dtype(found[1].decode()), offset=found.end())
    return flat.reshape(shape)
