"""Checks that a fastText model is complete: the library hangs or crashes on a truncated one.

The layout is that of fastText 0.9.2 (fasttext.cc, FastText::saveModel): header, arguments,
dictionary, then an input and an output matrix, dense or quantized.
"""

import mmap
import os
import struct

_MAGIC = 793_712_314
_CENTROIDS = 256  # of each part of a quantized vector
_FLOAT_BYTES = 4
_PAIR_BYTES = 8  # of a pruned dictionary: two int32
_ENTRY_BYTES = 9  # after a word: its count and its kind


class _CutOff(Exception):
    """The file is shorter than its header says."""


def is_cut_off(path: str) -> bool:
    """True for a fastText model that ends too early; False for a complete one or another file.

    Raises:
      OSError: it cannot be read.
    """
    if os.path.getsize(path) < _FLOAT_BYTES:
        return False
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if struct.unpack_from("<i", data)[0] != _MAGIC:
            return False
        try:
            _walk(data)
        except _CutOff:
            return True
    return False


def _walk(data: mmap.mmap) -> None:
    at = 8 + 56  # magic and version; twelve numbers and the sampling threshold
    words, _, _, _, pruned = _read(data, at, "<3i2q")
    at += 28
    for _ in range(words):
        at = data.find(b"\0", at) + 1
        if not at:
            raise _CutOff
        at += _ENTRY_BYTES
    at += max(pruned, 0) * _PAIR_BYTES
    (quantized,) = _read(data, at, "<?")
    at = _after_matrix(data, at + 1, bool(quantized))
    (also_output,) = _read(data, at, "<?")
    if _after_matrix(data, at + 1, bool(quantized and also_output)) > len(data):
        raise _CutOff


def _after_matrix(data: mmap.mmap, at: int, quantized: bool) -> int:
    if not quantized:
        rows, columns = _read(data, at, "<2q")
        return int(at + 16 + rows * columns * _FLOAT_BYTES)
    has_norms, rows, _, codes = _read(data, at, "<?2qi")
    at = _after_quantizer(data, at + 21 + codes)
    return _after_quantizer(data, at + rows) if has_norms else at


def _after_quantizer(data: mmap.mmap, at: int) -> int:
    (dimensions,) = _read(data, at, "<i")
    return int(at + 16 + dimensions * _CENTROIDS * _FLOAT_BYTES)


def _read(data: mmap.mmap, at: int, layout: str) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, at)
    except struct.error:
        raise _CutOff from None
