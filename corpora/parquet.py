"""Parquet: a column for each feature, compressed with zstd."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.features import FEATURES, Append, DocumentRow, FeatureValues
from runtime.storage.arrays import open_arrow, string_array

_BATCH_ROWS = 256


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
        for batch in table.iter_batches(_BATCH_ROWS, columns=present or ["text"]):
            columns = [
                _values(batch.column(name)) if name in present else [None] * batch.num_rows
                for name in features
            ]
            yield from zip(*columns, strict=True)


def _values(column: pa.Array) -> list[bytes | None]:
    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_integer(kind):
        column = column.cast(pa.string())
    values: list[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return values


@contextmanager
def write_parquet(stream: BinaryIO) -> Iterator[Append]:
    """Writes a row group for each call of the function that it gives."""
    schema = pa.schema([(name, pa.string()) for name in FEATURES])
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:

        def append(documents: Iterable[DocumentRow]) -> None:
            columns = list(zip(*documents, strict=True)) or [()] * len(FEATURES)
            arrays = [string_array(list(column)) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield append
