"""Functions that numba compiles, once for a machine: the machine code is kept beside the source."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(function: FunctionT) -> FunctionT:
    """The function as machine code, made at its first call.

    It takes numbers, arrays and named tuples of arrays. An index is not checked: who writes such a
    function states how long its arrays are.
    """
    try:
        return numba.njit(cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no folder for it can be written: every process compiles for itself
        return numba.njit(function)  # type: ignore[no-any-return]


def inlined(function: FunctionT) -> FunctionT:
    """The same, for a step of such functions: a call would pass each field of each array."""
    return numba.njit(forceinline=True)(function)  # type: ignore[no-any-return]
