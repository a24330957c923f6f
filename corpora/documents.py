"""The documents of a shard in any format: as pairs, in batches of text, as rows, as Arrow."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import pyarrow as pa

from corpora.features import COLUMNS, FEATURES, DocumentRow, FeatureValues
from corpora.formats import FORMATS
from corpora.tfrecord import RecordError
from runtime.cli.options import closest
from runtime.errors import InputRefused, UsageError
from runtime.redaction import plain
from runtime.storage.content.compression import DAMAGE
from runtime.storage.remote import StoreError

UrlText = tuple[bytes, bytes]
"""URL (empty where there is none) and text of a document, in UTF-8."""

_ARROW_ROWS = 1024
DocumentT = TypeVar("DocumentT")


class DamagedShard(InputRefused):
    """A shard that cannot be read to its end; the message says where, why, and what to do."""


class FeatureError(UsageError):
    """A feature that documents do not have; the message lists those that they have."""


def read_documents(path: str, format_name: str) -> Iterator[UrlText]:
    """URL and text of every document of a shard, in its order.

    Raises:
      DamagedShard: the shard cannot be read to its end.
    """
    return _read(path, format_name, ("url", "text"), _url_and_text)


def _url_and_text(values: FeatureValues) -> UrlText:
    url, text = values
    return url or b"", text or b""


def read_batches(path: str, format_name: str, batch_bytes: int) -> Iterator[list[UrlText]]:
    """The documents of a shard in lists of at least `batch_bytes` of text, but for the last.

    Raises:
      DamagedShard: the shard cannot be read to its end.
    """
    batch: list[UrlText] = []
    size = 0
    for document in read_documents(path, format_name):
        batch.append(document)
        size += len(document[1])
        if size >= batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_rows(
    path: str, format_name: str, features: Sequence[str] = FEATURES
) -> Iterator[dict[str, str | None]]:
    """The documents of a shard by the names of their features, in the shard's order.

    Args:
      features: those to read, of FEATURES and COLUMNS.
    Returns:
      For every document a dict with exactly these names; None for a feature that it lacks.
    Raises:
      FeatureError: at once, if there is none or one is neither of FEATURES nor of COLUMNS.
      DamagedShard: the shard cannot be read to its end.
    """
    if not features:
        raise FeatureError(f"no feature to read; choose from {', '.join(FEATURES)}")
    known = (*FEATURES, *COLUMNS)
    for name in features:
        if name not in known:
            raise FeatureError(f"unknown feature {name!r}; {closest(name, known)}")
    return _read(path, format_name, features, lambda values: _row(features, values))


def read_document_rows(
    path: str, format_name: str, features: Sequence[str]
) -> Iterator[DocumentRow]:
    """The documents of a shard as formats write them; a feature that one lacks is empty.

    Raises:
      DamagedShard: the shard cannot be read to its end.
    """
    return _read(
        path, format_name, features, lambda values: tuple(value or b"" for value in values)
    )


def _row(features: Sequence[str], values: FeatureValues) -> dict[str, str | None]:
    decoded = [None if value is None else value.decode() for value in values]
    return dict(zip(features, decoded, strict=True))


def read_arrow(
    path: str, format_name: str, features: Sequence[str] = FEATURES, batch_rows: int = _ARROW_ROWS
) -> Iterator[pa.RecordBatch]:
    """The documents of a shard as record batches of `arrow_schema(features)`, in the shard's order.

    Args:
      features: those to read, of FEATURES and COLUMNS; each gives a column of strings, null where
        one is absent.
      batch_rows: documents of a batch, but for the last.
    Raises:
      FeatureError: at once, if there is none or one is neither of FEATURES nor of COLUMNS.
      DamagedShard: the shard cannot be read to its end.
    """
    rows = read_rows(path, format_name, features)
    batches = iter(lambda: list(islice(rows, batch_rows)), [])
    return (pa.RecordBatch.from_pylist(batch, arrow_schema(features)) for batch in batches)


def arrow_schema(features: Sequence[str] = FEATURES) -> pa.Schema:
    """A column of strings for each feature: the schema of what `read_arrow` gives."""
    return pa.schema([(name, pa.string()) for name in features])


def _read(
    path: str,
    format_name: str,
    features: Sequence[str],
    convert: Callable[[FeatureValues], DocumentT],
) -> Iterator[DocumentT]:
    """The documents of a shard as `convert` makes them; an error in its bytes is a DamagedShard."""
    reader = FORMATS[format_name].reader
    number = 0
    try:
        for values in reader(path, features):
            yield convert(values)
            number += 1
    except (*DAMAGE, RecordError, pa.ArrowException, ValueError, KeyError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise DamagedShard(f"{plain(path)}: {error.strerror or error}") from None
        if isinstance(error, StoreError):
            raise
        raise DamagedShard(
            f"{plain(path)}: damaged after {number:,} documents: {error}. "
            "Delete the shard and run the command again that built it (other shards are kept), or "
            "copy it again from its source"
        ) from None
