"""Every format of shards is read, alike, and told where it is damaged."""

import gzip
import json

import pytest
import zstandard

from corpora.formats import SHARD_FORMATS, DamagedShard, read_batches, read_documents
from corpora.writers import FORMATS
from tests.corpora.written import documents, write_shards

ROWS = documents("en", 30)
EXPECTED = [(url, text) for text, url, *_ in ROWS]


def shard(folder, format_name):
    write_shards(folder, "train", ROWS, 1, format_name)
    return str(folder / FORMATS[format_name].shard_path("c4", "train", 0, 1))


def test_all_that_the_pipeline_writes_can_be_read():
    assert set(FORMATS) == set(SHARD_FORMATS) - {"text"}
    for name, row in FORMATS.items():
        assert SHARD_FORMATS[name].subfolder == row.folder
        file_name = row.shard_path("c4", "train", 0, 1).rpartition("/")[2]
        matching = [n for n, f in SHARD_FORMATS.items() if f.named.fullmatch(file_name)]
        assert matching == [name]


@pytest.mark.parametrize("name", FORMATS)
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


def cut_short(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("damage", [cut_short, flipped, lambda _: b"rubbish"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_shard_is_never_taken_for_a_whole_one(tmp_path, name, damage):
    path = shard(tmp_path, name)
    with open(path, "rb") as stream:
        data = stream.read()
    with open(path, "wb") as stream:
        stream.write(damage(data))
    with pytest.raises(DamagedShard) as error:
        list(read_documents(path, name))
    assert path in str(error.value)
    assert "Remove the shard and run again what built it" in str(error.value)


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"body": ["a"], "url": ["b"]}), path)
    with pytest.raises(DamagedShard, match="no column 'text'; there are body, url"):
        list(read_documents(str(path), "parquet"))


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(DamagedShard, match="line 2 is not UTF-8"):
        list(read_documents(str(path), "text"))
