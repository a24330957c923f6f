"""Parquet with types: what a column cannot hold is given back by the reader all the same."""

import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora import parquet
from corpora.features import FEATURES
from corpora.parquet import read_parquet, write_parquet

TIMES = [
    b"2019-04-18T12:00:00Z", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z",
    b"2019-04-18T12:00:00.5Z", b"2019-04-18T12:00:00.000000Z", b"2019-04-18T12:00:00.1234567Z",
    b"2019-02-30T12:00:00Z", b"2019-04-18T24:00:00Z", b"2019-04-18 12:00:00", b"0000-00-00", b"",
    b"yesterday", "２０１９-04-18T12:00:00Z".encode(), b"2019-04-18T12:00:60Z",
]  # fmt: skip
NUMBERS = [
    b"0", b"7", b"-1", b"999999999999999999", b"007", b"+7", b"-0", b"1e3", b"", b" 7", b"7 B",
    b"9" * 40, "７".encode(), b"1_000",
]  # fmt: skip
ROWS = [
    (b"text", b"http://a.example/", time, b"text/plain", number)
    for time, number in zip(TIMES, NUMBERS, strict=True)
]


def written(path, rows, size=5):
    with path.open("wb") as stream, write_parquet(stream, FEATURES) as append:
        for start in range(0, len(rows), size):
            append(rows[start : start + size])
    return str(path)


def test_times_and_numbers_have_types(tmp_path):
    table = pq.read_table(written(tmp_path / "x.parquet", ROWS))
    assert table.schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("content-length").type == pa.int64()
    assert table["timestamp"][0].as_py() == datetime(2019, 4, 18, 12, tzinfo=UTC)
    assert table["timestamp"][3].as_py().microsecond == 500_000
    assert table["content-length"].to_pylist()[:4] == [0, 7, -1, 10**18 - 1]
    assert [value is None for value in table["content-length"].to_pylist()[4:]] == [True] * 10


def test_every_value_comes_back_as_it_was(tmp_path):
    rows = [tuple(value or b"" for value in row) for row in ROWS]
    found = read_parquet(written(tmp_path / "x.parquet", rows), FEATURES)
    assert [tuple(value or b"" for value in row) for row in found] == rows


def test_values_come_back_whatever_batch_they_are_read_in(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 4)
    path = written(tmp_path / "x.parquet", ROWS)
    found = list(read_parquet(path, ("content-length", "text")))
    assert [value or b"" for value, _ in found] == NUMBERS


def test_bytes_do_not_depend_on_how_documents_are_appended(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 150)
    paths = [written(tmp_path / str(size), ROWS, size) for size in (1, 5, 100)]
    first, *others = ((tmp_path / path).read_bytes() for path in paths)
    assert others == [first] * 2
    assert pq.ParquetFile(io.BytesIO(first)).num_row_groups > 3


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_other_writers_are_read(tmp_path, unit):
    times = pa.array([0, 10**9, None], pa.int64()).cast(pa.timestamp(unit, "UTC"))
    pq.write_table(pa.table({"text": ["a", "b", "c"], "timestamp": times}), tmp_path / "x.parquet")
    first, _, last = (row[0] for row in read_parquet(str(tmp_path / "x.parquet"), ["timestamp"]))
    assert (first, last) == (b"1970-01-01T00:00:00Z", None)
