"""Bytes compared sixty-four at a time, for the steps of compiled functions that look for one.

LLVM has vectors of bytes, and turns comparisons of them into the instructions that a processor has.
It finds the loop for them by itself where every byte counts, but not where a search ends early.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numpy.typing import NDArray

from cleaning.filters.compiled import inlined

BLOCK = 64
# Its types want of callers the first argument, too.
intrinsic: Callable[[Callable[..., Any]], Any] = extending.intrinsic
_BYTES = ir.VectorType(ir.IntType(8), BLOCK)


def _load(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """The block of an array from a place on."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [at]), _BYTES.as_pointer())
    return builder.load(place, align=1)


@intrinsic
def equal_bits(_: Any, data: Any, at: Any, byte: Any) -> Any:
    """uint64: bit k is set if data[at + k] is `byte`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], *arguments[:2])
        first = builder.insert_element(
            ir.Constant(_BYTES, ir.Undefined), arguments[2], ir.IntType(32)(0)
        )
        places = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), None)
        same = builder.shuffle_vector(first, ir.Constant(_BYTES, ir.Undefined), places)
        return builder.bitcast(builder.icmp_unsigned("==", block, same), ir.IntType(BLOCK))

    return types.uint64(data, types.intp, types.uint8), generate


@intrinsic
def high_bits(_: Any, data: Any, at: Any) -> Any:
    """uint64: bit k is set if data[at + k] is no ASCII."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], *arguments)
        is_high = builder.icmp_signed("<", block, ir.Constant(_BYTES, None))
        return builder.bitcast(is_high, ir.IntType(BLOCK))

    return types.uint64(data, types.intp), generate


@intrinsic
def lowest_bit(_: Any, bits: Any) -> Any:
    """The number of the lowest bit of a uint64 that is set; one is."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.true_bit)

    return types.intp(types.uint64), generate


@inlined
def find_byte(data: NDArray[np.uint8], at: int, byte: int) -> int:
    """The first place of `byte` from `at` on; it is there, and BLOCK more bytes behind it."""
    bits = equal_bits(data, at, byte)
    while bits == 0:
        at += BLOCK
        bits = equal_bits(data, at, byte)
    return at + lowest_bit(bits)
