"""TFRecord files of tf.train.Example without TensorFlow, which would cost each worker seconds.

The framing and the protocol buffer's wire format are fixed and short; tests compare both directions
with TensorFlow. (Beam's WriteToTFRecord numbers its shards as bundles
end, so they differ run to run.)
"""

import functools
import struct
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO

import numpy as np
from google_crc32c import value as crc32c
from numpy.typing import NDArray

_MASK_DELTA = 0xA282EAD8
_LENGTH, _CHECKSUM = struct.Struct("<QI"), struct.Struct("<I")
_FRAME_BYTES = 16  # of a record: those of its length and of both checksums
_WRITTEN_BYTES = 1 << 20  # at a time
_MOST_BYTES = 1 << 31  # of a protocol buffer
_READ_BYTES = 1 << 24
_HEADS = 1 << 12  # of values, by feature and size, that are kept: most URLs and times share theirs


class RecordError(ValueError):
    """Bytes that are no record, or no example; the message says where and why."""


def example(features: dict[str, bytes]) -> bytes:
    """A serialized tf.train.Example with one bytes value a feature, in the given order."""
    pieces = [b""]
    for name, value in features.items():
        pieces += (_entry_head(name, len(value)), value)
    pieces[0] = b"\x0a" + _varint(sum(map(len, pieces)))
    return b"".join(pieces)


@functools.lru_cache(_HEADS)
def _entry_head(name: str, size: int) -> bytes:
    """What stands before a value of so many bytes in an entry of map Features.feature = 1."""
    # Feature.bytes_list = 1 { BytesList.value = 1 }.
    values = b"\x0a" + _varint(size)
    feature = b"\x0a" + _varint(len(values) + size) + values
    entry = _key(name) + b"\x12" + _varint(len(feature) + size) + feature
    return b"\x0a" + _varint(len(entry) + size) + entry


def token_examples(ids: list[NDArray[np.int32]], urls: list[bytes]) -> list[bytes]:
    """Serialized tf.train.Examples with `targets`, packed, and `url`.

    Args:
      ids: int32[n] of each document, none negative.
      urls: as many.
    """
    if not ids:
        return []
    packed, value_ends = varints(np.concatenate(ids))
    ends = np.concatenate(([0], value_ends))[np.cumsum([0, *map(len, ids)])].tolist()
    names = _key("targets"), _key("url")
    records = []
    for url, start, end in zip(urls, ends, ends[1:], strict=False):
        # Feature.int64_list = 3 { Int64List.value = 1, packed }.
        values = _field(b"\x1a", _field(b"\x0a", packed[start:end]) if end > start else b"")
        targets = _field(b"\x0a", names[0] + _field(b"\x12", values))
        link = _field(b"\x12", _field(b"\x0a", _field(b"\x0a", url)))
        records.append(_field(b"\x0a", targets + _field(b"\x0a", names[1] + link)))
    return records


def _field(tag: bytes, value: bytes) -> bytes:
    return b"".join((tag, _varint(len(value)), value))


def varints(values: NDArray[np.int32]) -> tuple[bytes, NDArray[np.int64]]:
    """Protocol buffers' variable-length form of numbers, none negative.

    Args:
      values: int32[n].
    Returns:
      The bytes of all, and int64[n], where those of each end.
    """
    counts = np.ones(len(values), np.int64)
    longer: list[NDArray[np.int64]] = []  # rows of the numbers with a second byte, a third, ...
    rows = np.flatnonzero(values >= 0x80)
    while len(rows):
        counts[rows] += 1
        longer.append(rows)
        rows = rows[values[rows] >> (7 * len(longer) + 7) > 0]
    ends = np.cumsum(counts)
    starts = ends - counts
    packed = np.empty(int(counts.sum()), np.uint8)
    packed[starts] = (values & 0x7F).astype(np.uint8) | (counts > 1).view(np.uint8) << 7
    for at, rows in enumerate(longer, 1):
        more = (counts[rows] > at + 1).view(np.uint8) << 7
        packed[starts[rows] + at] = (values[rows] >> (7 * at) & 0x7F).astype(np.uint8) | more
    return packed.tobytes(), ends


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
    return write_records(stream, [record])


def write_records(stream: BinaryIO, records: Iterable[bytes]) -> int:
    """Appends records; returns the bytes written."""
    framed: list[bytes] = []
    held = written = 0
    for record in records:
        framed += (_head(len(record)), record, _CHECKSUM.pack(_masked_value(record)))
        held += len(record) + _FRAME_BYTES
        if held >= _WRITTEN_BYTES:
            stream.write(b"".join(framed))
            written += held
            framed, held = [], 0
    stream.write(b"".join(framed))
    return written + held


@functools.lru_cache(_HEADS)
def _head(size: int) -> bytes:
    """What stands before a record of so many bytes: their number and its checksum."""
    length = struct.pack("<Q", size)
    return length + _CHECKSUM.pack(_masked_value(length))


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """The records of a file, one after another.

    Raises:
      RecordError: a checksum does not match, or the file ends within a record.
    """
    at = 0
    while header := stream.read(12):
        if len(header) < 12:
            raise RecordError(f"byte {at}: the file ends within a record's length")
        length, crc = _LENGTH.unpack(header)
        if crc != _masked_value(header[:8]):
            raise RecordError(f"byte {at}: the checksum of a record's length does not match")
        if length > _MOST_BYTES:
            raise RecordError(f"byte {at}: a record of {length:,} bytes; the limit is 2 GiB")
        data = _read_exactly(stream, length + 4)
        if len(data) < length + 4:
            raise RecordError(f"byte {at}: the file ends within a record of {length:,} bytes")
        record = data[:length]
        if int.from_bytes(data[length:], "little") != _masked_value(record):
            raise RecordError(f"byte {at}: the checksum of a record does not match")
        yield record
        at += length + 16


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    """So many bytes, or all that are left; no memory is taken for those that are not there."""
    if count <= _READ_BYTES:
        return stream.read(count)
    parts = []
    while count and (part := stream.read(min(count, _READ_BYTES))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _masked_value(data: bytes) -> int:
    crc: int = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def bytes_features(record: bytes, names: Collection[bytes]) -> dict[bytes, bytes]:
    """The first bytes value of each of the named features that a tf.train.Example has.

    Args:
      record: the serialized Example.
    Raises:
      RecordError: it is none.
    """
    found: dict[bytes, bytes] = {}
    try:
        for features in _fields(record, 0x0A):
            for entry in _fields(features, 0x0A):
                name = next(_fields(entry, 0x0A))
                if name in names:
                    feature = next(_fields(entry, 0x12), b"")
                    values = next(_fields(feature, 0x0A), b"")
                    found[name] = next(_fields(values, 0x0A), b"")
    except (IndexError, StopIteration):
        raise RecordError("a record is no tf.train.Example") from None
    return found


def _fields(message: bytes, wanted: int) -> Iterator[bytes]:
    """The values of a length-delimited field, of a message that has only such fields."""
    at, end = 0, len(message)
    while at < end:
        tag = message[at]
        if tag & 7 != 2:
            raise IndexError
        size, at = message[at + 1], at + 2
        if size >= 0x80:
            size &= 0x7F
            shift = 7
            while True:
                byte = message[at]
                at += 1
                size |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 63:
                    raise IndexError
        if at + size > end:
            raise IndexError
        if tag == wanted:
            yield message[at : at + size]
        at += size
