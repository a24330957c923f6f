"""Documents of every format are read alike, and damage is reported with its place."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from corpora.documents import (
    DamagedShard,
    FeatureError,
    arrow_schema,
    read_arrow,
    read_batches,
    read_documents,
    read_rows,
)
from corpora.features import FEATURES
from corpora.formats import FORMATS, OUTPUT_FORMATS
from tests.corpora.written import documents, write_shards

ROWS = documents("en", 30)
EXPECTED = [(url, text) for text, url, *_ in ROWS]


def shard(folder, format_name):
    write_shards(folder, "train", ROWS, 1, format_name)
    return str(folder / FORMATS[format_name].shard_path("c4", "train", 0, 1))


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_documents_come_as_they_were_written(tmp_path, name):
    assert list(read_documents(shard(tmp_path, name), name)) == EXPECTED


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstandard.compress])
def test_plain_text_is_a_document_a_line(tmp_path, pack):
    path = tmp_path / "x.txt"
    path.write_bytes(pack("first\nzweite ü\r\n\nlast".encode()))
    found = list(read_documents(str(path), "text"))
    assert found == [(b"", b"first"), (b"", "zweite ü".encode()), (b"", b"last")]


def test_rows_without_url_are_documents(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "url": null}\n')
    assert list(read_documents(str(path), "jsonl")) == [(b"", b"a"), (b"", b"b")]


def test_batches_hold_about_as_much_text(tmp_path):
    path = shard(tmp_path, "tfrecord")
    batches = list(read_batches(path, "tfrecord", 2000))
    assert [row for batch in batches for row in batch] == EXPECTED
    assert all(2000 <= sum(len(text) for _, text in batch) < 4000 for batch in batches[:-1])


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_rows_have_every_feature_as_it_was_written(tmp_path, name):
    expected = [dict(zip(FEATURES, (value.decode() for value in row), strict=True)) for row in ROWS]
    assert list(read_rows(shard(tmp_path, name), name)) == expected


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
@pytest.mark.parametrize("features", [("url",), ("timestamp", "text")])
def test_only_the_features_asked_for_are_read(tmp_path, name, features):
    rows = list(read_rows(shard(tmp_path, name), name, features))
    assert len(rows) == len(ROWS)
    assert all(tuple(row) == features for row in rows)


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_arrow_has_the_same_values_as_rows(tmp_path, name):
    path = shard(tmp_path, name)
    batches = list(read_arrow(path, name, batch_rows=12))
    assert [batch.num_rows for batch in batches] == [12, 12, 6]
    table = pa.Table.from_batches(batches, arrow_schema())
    assert table.to_pylist() == list(read_rows(path, name))
    (urls,) = read_arrow(path, name, ["url"])
    assert urls.schema == pa.schema([("url", pa.string())]) and urls.num_rows == len(ROWS)


@pytest.mark.parametrize(
    ("name", "lines"),
    [("text", "a\nb\n"), ("jsonl", '{"text": "a"}\n{"text": "b", "timestamp": null}\n')],
)
def test_a_feature_that_a_document_lacks_is_none(tmp_path, name, lines):
    path = tmp_path / "x"
    path.write_text(lines)
    rows = list(read_rows(str(path), name, ("text", "timestamp")))
    assert rows == [{"text": "a", "timestamp": None}, {"text": "b", "timestamp": None}]


def test_columns_of_other_types_come_as_strings(tmp_path):
    path = tmp_path / "x.parquet"
    columns = {"text": ["a", None], "content-length": [7, None], "timestamp": [0, 1]}
    table = pa.table(columns)
    at = table.schema.names.index("timestamp")
    table = table.set_column(at, "timestamp", table["timestamp"].cast(pa.timestamp("ms", "UTC")))
    pq.write_table(table, path)
    first, second = read_rows(str(path), "parquet", ("text", "content-length", "timestamp", "url"))
    assert list(first.values()) == ["a", "7", "1970-01-01T00:00:00Z", None]
    assert list(second.values()) == [None, None, "1970-01-01T00:00:00.001Z", None]


@pytest.mark.parametrize("read", [read_rows, read_arrow])
def test_an_unknown_feature_is_refused_at_once(read):
    with pytest.raises(FeatureError, match=r"unknown feature 'txt'; choose from text, .* 'text'\?"):
        read("/nowhere", "jsonl", ["url", "txt"])
    with pytest.raises(FeatureError, match="no feature to read; choose from text, url"):
        read("/nowhere", "jsonl", [])


def test_bytes_that_are_no_utf8_are_damage(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": pa.array([b"fine", b"\xff"], pa.binary())}), path)
    with pytest.raises(DamagedShard, match=r"after 1 documents: 'utf-8' codec"):
        list(read_rows(str(path), "parquet"))


def cut_short(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("damage", [cut_short, flipped, lambda _: b"rubbish"])
@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_a_damaged_shard_is_never_taken_for_a_complete_one(tmp_path, name, damage):
    path = shard(tmp_path, name)
    with open(path, "rb") as stream:
        data = stream.read()
    with open(path, "wb") as stream:
        stream.write(damage(data))
    try:
        list(read_documents(path, name))
    except DamagedShard as raised:
        error = raised
    else:
        pytest.fail(f"corpora/formats.py, the reader of {name}: expected an error for this damage")
    assert path in str(error)
    assert "Delete the shard and run the command again that built it" in str(error)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"text": "a"}', "{"], "after 1 documents: line 2 is no JSON object"),
        (['{"body": "a"}'], "after 0 documents: line 1 is no JSON object with a string 'text'"),
        (['["text"]'], "line 1 is no JSON object"),
        ([json.dumps({"text": "\ud800"})], "line 1 is no JSON object"),
    ],
)
def test_a_line_that_is_no_document_is_named(tmp_path, lines, said):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(DamagedShard) as error:
        list(read_documents(str(path), "jsonl"))
    assert said in str(error.value)


def test_a_missing_column_is_named_with_those_that_there_are(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"body": ["a"], "url": ["b"]}), path)
    with pytest.raises(DamagedShard, match="no column 'text'; there are body, url"):
        list(read_documents(str(path), "parquet"))


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(DamagedShard, match="line 2 is not UTF-8"):
        list(read_documents(str(path), "text"))
