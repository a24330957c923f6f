"""Parquet with types: times as timestamps, numbers as integers, so that nothing is lost.

A value that its type cannot hold exactly, as a timestamp `yesterday`, is null or rounded in its
column; its text stands in the file's metadata, and `read_parquet` gives it back.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpora.features import Append, DocumentRow, FeatureValues, Kind, kind_of
from runtime.storage.arrays import open_arrow, string_array

_BATCH_ROWS = 256
_GROUP_BYTES = 16 << 20
_INEXACT = b"c4forge.inexact"
_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us", "UTC"),
    Kind.NUMBER: pa.int64(),
    Kind.FRACTION: pa.float64(),
}
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_NUMBER = re.compile(rb"0|-?[1-9]\d{0,17}")
_Inexact = list[tuple[int, str, str]]
"""Row in the file, feature and text of values that their column does not hold exactly."""


@contextmanager
def write_parquet(stream: BinaryIO, features: Sequence[str]) -> Iterator[Append]:
    """Writes a row group for each 16 MiB of documents, however they are appended."""
    schema = pa.schema([(name, _ARROW[kind_of(name)]) for name in features])
    inexact: _Inexact = []
    rows: list[DocumentRow] = []
    written = size = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:

        def flush() -> None:
            nonlocal written, size
            columns = zip(features, zip(*rows, strict=True), strict=True)
            arrays = [_column(name, values, written, inexact) for name, values in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), len(rows))
            written, size = written + len(rows), 0
            rows.clear()

        def append(documents: Iterable[DocumentRow]) -> None:
            nonlocal size
            for document in documents:
                rows.append(document)
                size += sum(map(len, document))
                if size >= _GROUP_BYTES:
                    flush()

        yield append
        if rows:
            flush()
        if inexact:
            text = json.dumps(inexact, ensure_ascii=False).encode()
            writer.add_key_value_metadata({_INEXACT: text})


def _column(name: str, values: Sequence[bytes], first: int, inexact: _Inexact) -> pa.Array:
    """The values as an array; those that it does not hold exactly are added to `inexact`."""
    kind = kind_of(name)
    if kind is Kind.TEXT:
        return string_array(list(values))
    parsed = [_PARSERS[kind](value) for value in values]
    array = pa.array(parsed, _ARROW[kind])
    for row, (value, held) in enumerate(zip(values, _texts(array), strict=True), first):
        if value != (held or b""):
            inexact.append((row, name, value.decode()))
    return array


def _time(value: bytes) -> datetime | None:
    if _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value[:-1].decode()).replace(tzinfo=UTC)
        except ValueError:  # as of February 30th
            pass
    return None


def _number(value: bytes) -> int | None:
    return int(value) if _NUMBER.fullmatch(value) else None


def _fraction(value: bytes) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


_PARSERS = {Kind.TIME: _time, Kind.NUMBER: _number, Kind.FRACTION: _fraction}


def read_parquet(path: str, features: Sequence[str]) -> Iterator[FeatureValues]:
    """The documents of a file.

    Raises:
      ValueError: it has no column `text`; the message names those that it has.
    """
    with open_arrow(path) as source, pq.ParquetFile(source) as table:
        names = table.schema_arrow.names
        if "text" not in names:
            raise ValueError(f"no column 'text'; there are {', '.join(names)}")
        present = [name for name in features if name in names]
        inexact = _inexact(table)
        first = 0
        for batch in table.iter_batches(_BATCH_ROWS, columns=present or ["text"]):
            absent: list[bytes | None] = [None] * batch.num_rows
            columns = [
                _texts(batch.column(name)) if name in present else absent for name in features
            ]
            for column, name in zip(columns, features, strict=True):
                for row, text in inexact.get(name, ()):
                    if first <= row < first + batch.num_rows:
                        column[row - first] = text
            yield from zip(*columns, strict=True)
            first += batch.num_rows


def _inexact(table: pq.ParquetFile) -> dict[str, list[tuple[int, bytes]]]:
    """Rows and texts of the values that a column does not hold exactly, by its name."""
    found: dict[str, list[tuple[int, bytes]]] = {}
    for row, name, text in json.loads((table.metadata.metadata or {}).get(_INEXACT, b"[]")):
        found.setdefault(name, []).append((row, text.encode()))
    return found


def _texts(column: pa.Array) -> list[bytes | None]:
    """The values as text: times as `2019-04-18T12:00:00Z`, numbers in decimals."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz == "UTC":
        return _time_texts(column)
    if pa.types.is_float64(kind):
        return [None if value is None else repr(value).encode() for value in column.to_pylist()]
    if pa.types.is_temporal(kind) or pa.types.is_integer(kind):
        column = column.cast(pa.string())
    values: list[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return values


def _time_texts(column: pa.Array) -> list[bytes | None]:
    """Times with as many digits of a second as the unit of the column needs for them."""
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    counts = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    times = counts.astype(f"datetime64[{column.type.unit}]")
    texts = np.datetime_as_string(times, unit="s", timezone="UTC").tolist()
    for row in np.flatnonzero(times != times.astype("datetime64[s]")).tolist():
        texts[row] = f"{times[row]}Z"
    return [text.encode() if there else None for text, there in zip(texts, valid, strict=True)]
