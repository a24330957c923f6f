"""TFRecord files of tf.train.Example without TensorFlow, which would cost each worker seconds.

The framing and the protocol buffer's wire format are fixed and short; tests read the files with
TensorFlow. (Beam's WriteToTFRecord numbers its shards as bundles end, so they differ run to run.)
"""

import functools
import struct
from typing import BinaryIO

from google_crc32c import value as crc32c

_MASK_DELTA = 0xA282EAD8


def example(features: dict[str, bytes]) -> bytes:
    """A serialized tf.train.Example with one bytes value a feature, in the given order."""
    pieces = [b""]
    for name, value in features.items():
        # Feature.bytes_list = 1 { BytesList.value = 1 }; an entry of map Features.feature = 1.
        values = b"\x0a" + _varint(len(value))
        size = len(values) + len(value)
        feature = b"\x0a" + _varint(size) + values
        size = len(feature) + len(value)
        entry = _key(name) + b"\x12" + _varint(size) + feature
        pieces += (b"\x0a", _varint(len(entry) + len(value)), entry, value)
    pieces[0] = b"\x0a" + _varint(sum(map(len, pieces)))
    return b"".join(pieces)


@functools.cache
def _key(name: str) -> bytes:
    return b"\x0a" + _varint(len(name.encode())) + name.encode()


_SHORT = [bytes([value]) for value in range(0x80)]


def _varint(value: int) -> bytes:
    if value < 0x80:
        return _SHORT[value]
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def write_record(stream: BinaryIO, record: bytes) -> int:
    """Appends one record: length, its checksum, the bytes, theirs; returns the bytes written."""
    length = struct.pack("<Q", len(record))
    stream.write(b"".join((length, _masked_crc(length), record, _masked_crc(record))))
    return len(record) + 16


def _masked_crc(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)
