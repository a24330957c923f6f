"""The documents in which two corpora differ, found by digests: texts are read only to be shown.

Documents with the same normalized URL are one document; those without a URL, if their texts are the
same. The digests go to files by a part of their bits, which are compared one after the other.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import xxhash
from numpy.typing import NDArray

from cleaning.urls import normalize_url
from corpora.documents import read_documents
from corpora.layout import CorpusShard

_ROW = np.dtype([("key", "<u8", 2), ("text", "<u8", 2), ("place", "<u8")])
_FILES = 64
_HELD_ROWS = 1 << 16
_ROW_BITS = 32

Places = NDArray[np.uint64]
"""uint64[n]: the shard's number in the high half, the document's in it in the low half."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The documents in which two corpora differ; each array is in the order of its corpus.

    Attributes:
      counts: documents of the first corpus, and of the second.
      same: documents that both have, with the same text.
      only_first, only_second: documents that the other one does not have.
      changed: uint64[n, 2], places of documents whose text differs, ordered by the first.
    """

    counts: tuple[int, int]
    same: int
    only_first: Places
    only_second: Places
    changed: Places


def find_differences(first: Sequence[CorpusShard], second: Sequence[CorpusShard]) -> Differences:
    """The documents in which two corpora differ.

    Memory: 40 bytes for every 64th document, and 16 for each that differs; as much as 40 bytes for
    each document in temporary files.

    Raises:
      DamagedShard: a shard cannot be read to its end.
    """
    with ExitStack() as stack:
        files = [
            [stack.enter_context(tempfile.TemporaryFile()) for _ in range(_FILES)] for _ in range(2)
        ]
        counts = tuple(map(_spill, (first, second), files))
        found = [_compare(*map(_load, pair)) for pair in zip(*files, strict=True)]
    same, only_first, only_second, changed = zip(*found, strict=True)
    pairs = np.concatenate(changed)
    return Differences(
        counts=(counts[0], counts[1]),
        same=sum(same),
        only_first=np.sort(np.concatenate(only_first)),
        only_second=np.sort(np.concatenate(only_second)),
        changed=pairs[np.argsort(pairs[:, 0])],
    )


def _spill(shards: Sequence[CorpusShard], files: Sequence[BinaryIO]) -> int:
    """Writes the digests of a corpus to the files; returns how many documents it has."""
    count = 0
    held = bytearray()
    for shard in shards:
        for row, (url, text) in enumerate(read_documents(shard.path, shard.format)):
            place = (shard.number << _ROW_BITS | row).to_bytes(8, "little")
            digest = xxhash.xxh3_128_digest(text)
            key = normalize_url(url.decode(errors="replace")).encode() if url else digest
            held += xxhash.xxh3_128_digest(key) + digest + place
            count += 1
            if len(held) >= _HELD_ROWS * _ROW.itemsize:
                _deal(held, files)
                held.clear()
    _deal(held, files)
    return count


def _deal(held: bytearray, files: Sequence[BinaryIO]) -> None:
    rows = np.frombuffer(bytes(held), _ROW)
    of_file = rows["key"][:, 0] % np.uint64(_FILES)
    for number, file in enumerate(files):
        file.write(rows[of_file == number].tobytes())


def _load(file: BinaryIO) -> NDArray[np.void]:
    file.seek(0)
    return np.frombuffer(file.read(), _ROW)


def _compare(
    first: NDArray[np.void], second: NDArray[np.void]
) -> tuple[int, Places, Places, Places]:
    """How many documents are the same; places of those of one side only, and of changed pairs.

    Of several documents with one key, those with the same text belong together, then those that
    come first.
    """
    same = _matched(*(np.hstack([rows["key"], rows["text"]]) for rows in (first, second)))
    left = [np.delete(rows, taken) for rows, taken in zip((first, second), same, strict=True)]
    left = [rows[np.argsort(rows["place"])] for rows in left]
    changed = _matched(left[0]["key"], left[1]["key"])
    places = [rows["place"] for rows in left]
    pairs = np.stack([p[taken] for p, taken in zip(places, changed, strict=True)], axis=1)
    only = [np.delete(p, taken) for p, taken in zip(places, changed, strict=True)]
    return len(same[0]), only[0], only[1], pairs


def _matched(
    first: NDArray[np.uint64], second: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of two tables that are equal, each paired once: indices into both.

    Args:
      first, second: uint64[n, k].
    """
    tables = [np.column_stack([rows, _occurrence(rows)]) for rows in (first, second)]
    joined = np.concatenate(tables)
    order = np.lexsort(joined.T[::-1])  # stable: of two equal rows, that of the first is before
    equal = np.flatnonzero((joined[order][1:] == joined[order][:-1]).all(axis=1))
    return order[equal], order[equal + 1] - len(first)


def _occurrence(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """uint64[n]: for each row how many equal rows come before it."""
    order = np.lexsort(rows.T[::-1])
    opens = np.ones(len(rows), bool)
    opens[1:] = (rows[order][1:] != rows[order][:-1]).any(axis=1)
    starts = np.flatnonzero(opens)
    numbers = np.empty(len(rows), np.uint64)
    numbers[order] = np.arange(len(rows)) - starts[np.cumsum(opens) - 1]
    return numbers


def read_places(shards: Sequence[CorpusShard], places: Places) -> Iterator[tuple[int, str, str]]:
    """Place, URL and text of the documents at these places, in the order of the corpus.

    Shards without one of them are not read.
    """
    for shard in shards:
        high = places >> np.uint64(_ROW_BITS) == shard.number
        rows = set((places[high] & np.uint64(0xFFFFFFFF)).tolist())
        if not rows:
            continue
        last = max(rows)
        for row, (url, text) in enumerate(read_documents(shard.path, shard.format)):
            if row in rows:
                place = shard.number << _ROW_BITS | row
                yield place, url.decode(errors="replace"), text.decode(errors="replace")
            if row >= last:
                break
