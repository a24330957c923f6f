"""Records and examples, compared with TensorFlow both ways; damage is reported with its place."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.tfrecord import (
    RecordError,
    _masked_value,
    bytes_features,
    example,
    read_records,
    token_examples,
    varints,
    write_record,
)  # fmt: skip


def framed(*records: bytes) -> bytes:
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    return stream.getvalue()


def length_of(count: int) -> bytes:
    """The beginning of a record that says that it has so many bytes."""
    length = struct.pack("<Q", count)
    return length + struct.pack("<I", _masked_value(length))


def test_what_tensorflow_writes_is_read(tmp_path):
    import tensorflow as tf

    path = tmp_path / "x.tfrecord"
    values = [
        {"text": b"x" * size, "url": b"http://a", "other": b"o"} for size in (0, 1, 200, 70_000)
    ]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for value in values:
            features = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
                for name, data in value.items()
            }
            features["n"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[7, 8]))
            features["x"] = tf.train.Feature(float_list=tf.train.FloatList(value=[0.5]))
            built = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(built.SerializeToString())
    with path.open("rb") as stream:
        found = [bytes_features(r, (b"text", b"url")) for r in read_records(stream)]
    assert found == [{b"text": value["text"], b"url": value["url"]} for value in values]


def test_examples_of_tokens_are_those_that_tensorflow_makes():
    import tensorflow as tf

    ids = [
        np.array(row, np.int32)
        for row in (
            [],
            [0],
            [127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2**31 - 1],
            range(500),
        )
    ]
    urls = [b"", b"http://b", b"http://c/" + b"x" * 300, b"d"]
    for record, row, url in zip(token_examples(ids, urls), ids, urls, strict=True):
        features = {
            "targets": tf.train.Feature(int64_list=tf.train.Int64List(value=row)),
            "url": tf.train.Feature(bytes_list=tf.train.BytesList(value=[url])),
        }
        built = tf.train.Example(features=tf.train.Features(feature=features))
        assert record == built.SerializeToString(deterministic=True)


@given(st.lists(st.integers(0, 2**31 - 1)))
def test_varints_are_protocol_buffers(values):
    def one(value: int) -> bytes:
        parts = []
        while True:
            value, part = value >> 7, value & 0x7F
            parts.append(part | 0x80 * bool(value))
            if not value:
                return bytes(parts)

    packed, ends = varints(np.array(values, np.int32))
    assert packed == b"".join(map(one, values))
    assert ends.tolist() == np.cumsum([len(one(v)) for v in values]).astype(int).tolist()


WHOLE = framed(b"first", b"second" * 50)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (length_of(2**64 - 5), "byte 0: a record of 18,446,744,073,709,551,611 bytes; the limit"),
        (length_of(2**63), "byte 0: a record of 9,223,372,036,854,775,808 bytes; the limit"),
        (length_of(2**31) + b"x", "byte 0: the file ends within a record of 2,147,483,648 bytes"),
        (WHOLE[:-1], "byte 21: the file ends within a record of 300 bytes"),
        (WHOLE[:25], "byte 21: the file ends within a record's length"),
        (WHOLE[:40] + b"X" + WHOLE[41:], "byte 21: the checksum of a record does not match"),
        (b"X" + WHOLE[1:], "byte 0: the checksum of a record's length does not match"),
        (b"plain text, long enough", "byte 0: the checksum of a record's length"),
    ],
)
def test_damage_is_reported_with_its_place(data, said):
    with pytest.raises(RecordError) as error:
        list(read_records(io.BytesIO(data)))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "record",
    [
        b"\xff\xff",
        b"not an example at all",
        example({"text": b"x" * 300})[:-5],
        b"\x0a" + b"\x80" * 99 + b"\x01",
    ],
)
def test_a_record_that_is_no_example_is_reported(record):
    with pytest.raises(RecordError, match=r"no tf\.train\.Example"):
        bytes_features(record, (b"text",))
