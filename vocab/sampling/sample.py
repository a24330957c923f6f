"""The sample that a vocabulary learns from: drawn by a hash of each document's URL.

For each language, documents are taken in the order of their hashes until its quota of bytes is
reached. So a sample depends on the documents and the seed only: not on shards, formats, workers or
order. Two passes over the shards need no more memory than the sample. The first sums the bytes of
text by the leading bits of the hash (bins); the second keeps the documents up to the bin in which
the quota is reached.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from corpora.documents import read_batches, read_documents
from corpora.layout import CorpusShard
from runtime.storage.arrays import binary_array, fixed_array, fixed_values, map_checked_arrow
from runtime.storage.checked import checked_write

_BIN_BITS = 12
_BINS = 1 << _BIN_BITS
_DOCUMENT = pa.schema([("hash", pa.uint64()), ("url", pa.binary()), ("text", pa.binary())])
_BATCH_BYTES = 4 << 20
Bins = NDArray[np.int64]
"""int64[4096]: bytes of text by the leading 12 bits of the documents' hashes."""


@dataclass(frozen=True, slots=True)
class LanguageCount:
    """The documents of a language that are available.

    Attributes:
      documents: their number.
      bins: bytes of their text, by hash.
    """

    documents: int
    bins: Bins

    def __add__(self, other: "LanguageCount") -> "LanguageCount":
        return LanguageCount(self.documents + other.documents, self.bins + other.bins)

    def text_bytes(self) -> int:
        """Bytes of text in all bins."""
        return int(self.bins.sum())


def document_hash(url: bytes, text: bytes, seed: int) -> int:
    """xxh3-64 of a document's URL, or of its text if it has no URL: a uniform number below 2^64."""
    return xxhash.xxh3_64_intdigest(url or text, seed)


def count_shard(shard: CorpusShard, seed: int) -> tuple[str, LanguageCount]:
    """The language of a shard, and the count of its documents."""
    bins = [0] * _BINS
    documents = 0
    for url, text in read_documents(shard.path, shard.format):
        bins[document_hash(url, text, seed) >> (64 - _BIN_BITS)] += len(text)
        documents += 1
    return shard.language, LanguageCount(documents, np.array(bins, np.int64))


def last_bin(bins: Bins, quota: int) -> int:
    """The first bin up to which documents have `quota` bytes of text; -1 if `quota` is 0."""
    if quota <= 0:
        return -1
    return min(int(np.searchsorted(np.cumsum(bins), quota)), _BINS - 1)


def draw_shard(shard: CorpusShard, seed: int, last: int, path: str) -> None:
    """Writes the documents of a shard whose hashes are in bins up to `last`, as an Arrow file."""
    limit = (last + 1) << (64 - _BIN_BITS)
    with checked_write(path) as stream, pa.ipc.new_file(stream, _DOCUMENT) as writer:
        for batch in read_batches(shard.path, shard.format, _BATCH_BYTES):
            hashes = [document_hash(url, text, seed) for url, text in batch]
            kept = [row for row, key in enumerate(hashes) if key < limit]
            if kept:
                columns = [
                    fixed_array(np.array([hashes[row] for row in kept], np.uint64), pa.uint64()),
                    binary_array([batch[row][0] for row in kept]),
                    binary_array([batch[row][1] for row in kept]),
                ]
                writer.write_batch(pa.record_batch(columns, schema=_DOCUMENT))


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: drawn documents in files.

    Attributes:
      paths: by language, the files that `draw_shard` wrote.
      quotas: by language, the quota in bytes of text. The files hold a little more.
    """

    paths: Mapping[str, tuple[str, ...]]
    quotas: Mapping[str, int]

    def texts(self, language: str) -> Iterator[bytes]:
        """The language's texts in the order of their hashes, up to its quota."""
        batches: list[pa.RecordBatch] = []
        for path in self.paths.get(language, ()):
            with map_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
                batches += [reader.get_batch(n) for n in range(reader.num_record_batches)]
        left = self.quotas[language]
        for batch, row in _in_order(batches):
            text: bytes = batch.column("text")[row].as_py()
            left -= len(text)
            if left < 0:
                return
            yield text

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Language and text of every document, language by language."""
        for language in sorted(self.quotas):
            for text in self.texts(language):
                yield language, text


def _in_order(batches: list[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Batch and row of every document, ordered by hash, then URL, then text."""
    if not batches:
        return
    hashes = [fixed_values(batch.column("hash"), np.dtype(np.uint64)) for batch in batches]
    keys = np.concatenate(hashes)
    starts = np.cumsum([0, *map(len, hashes)])
    order = np.argsort(keys, kind="stable")
    numbers = np.searchsorted(starts, order, side="right") - 1
    rows_in_order = list(zip(numbers.tolist(), (order - starts[numbers]).tolist(), strict=True))
    ends = [*(np.flatnonzero(np.diff(keys[order])) + 1).tolist(), len(rows_in_order)]
    at = 0
    for end in ends:
        equal = [(batches[number], row) for number, row in rows_in_order[at:end]]
        yield from sorted(equal, key=_url_and_text) if end - at > 1 else equal
        at = end


def _url_and_text(document: tuple[pa.RecordBatch, int]) -> list[bytes]:
    batch, row = document
    return [batch.column(name)[row].as_py() for name in ("url", "text")]


@dataclass(frozen=True, slots=True)
class LanguageSample:
    """The documents of a language in a sample.

    Attributes:
      documents, text_bytes: their number, and the bytes of their text.
      sha256: of the lengths and texts in order; equal samples have equal digests.
    """

    documents: int
    text_bytes: int
    sha256: str


def describe_sample(documents: Iterable[tuple[str, bytes]]) -> dict[str, LanguageSample]:
    """Number, bytes and digest of a sample's documents, by language."""
    found: dict[str, tuple[int, int, hashlib._Hash]] = {}
    for language, text in documents:
        count, size, digest = found.get(language) or (0, 0, hashlib.sha256())
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
        found[language] = count + 1, size + len(text), digest
    return {
        name: LanguageSample(count, size, d.hexdigest()) for name, (count, size, d) in found.items()
    }
