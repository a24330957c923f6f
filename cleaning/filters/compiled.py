"""Functions that numba compiles, once for a machine: the machine code is kept beside the source."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(function: FunctionT) -> FunctionT:
    """The function as machine code, made at its first call.

    It takes numbers, arrays and named tuples of arrays. An index is not checked: who writes such a
    function states how long its arrays are.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # no folder for it can be written: every process compiles for itself
        return numba.njit(function)


def inlined(function: FunctionT) -> FunctionT:
    """The same, for a step of such functions: a call would pass each field of each array."""
    return numba.njit(forceinline=True)(function)


@inlined
def character_at(utf8: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A character of valid UTF-8, and the number of its bytes."""
    if utf8[at] < 0x80:
        return np.int32(utf8[at]), 1
    first, second = np.int32(utf8[at]), np.int32(utf8[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int32(utf8[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    fourth = np.int32(utf8[at + 3]) & 0x3F
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4
