"""One output shard: a range of shard keys, gathered from every part's documents and sorted.

Keys are uniform hashes of URLs, so equal ranges give shards of about equal size. A shard is written
in pieces of its range, so that memory does not grow with its size.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cleaning.counts import Counts, of_variant
from cleaning.variants import Variant
from corpora.features import DocumentRow
from corpora.formats import FORMATS
from pipelines.job import Job
from pipelines.stages.blocks import Block
from pipelines.stages.finish import documents_path
from pipelines.stages.tasks import Stage
from runtime.storage.arrays import fixed_values, open_checked_arrow, string_values
from runtime.storage.checked import DamagedFile, Depth
from runtime.storage.digested import digested_write, find_stored_damage, stored_counts
from runtime.storage.files import join

_KEYS = 1 << 64
_SHARD_BYTES = 256 << 20  # of text, for --shards=0
_PART_BYTES = 16 << 20
_TRAIN_PER_VALIDATION = 128  # shards, as allenai/c4 has them (1024 and 8)


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of a plan.

    Attributes:
      number: among all shards of the run.
      variant: that it belongs to.
      split: of the variant.
      shard, shards: its number in its split, and how many there are.
      split_bytes: of text, in all shards of the split.
    """

    number: int
    variant: Variant
    split: str
    shard: int
    shards: int
    split_bytes: int

    def text_bytes(self) -> int:
        """Of the shard, about: texts are dealt by a hash."""
        return self.split_bytes // self.shards


def plan_shards(job: Job, counts: Counts) -> list[Shard]:
    """The shards of a run, from the totals of its documents; a split without any has none."""
    shards: list[Shard] = []
    for variant in job.variants:
        own = of_variant(counts, variant.name)
        splits = variant.splits()
        for train, validation in zip(splits[::2], splits[1::2], strict=True):
            sizes = [own.get(f"{split}/text-bytes", 0) for split in (train, validation)]
            many = job.shards or max(1, -(-sizes[0] // _SHARD_BYTES))
            numbers = (many, max(1, many // _TRAIN_PER_VALIDATION))
            for split, count, size in zip((train, validation), numbers, sizes, strict=True):
                if size:
                    first = len(shards)
                    shards += [
                        Shard(first + i, variant, split, i, count, size) for i in range(count)
                    ]
    return shards


def write_shard(job: Job, shard: Shard, _: Sequence[Block] = ()) -> Counts:
    """Writes a shard in every format.

    Returns:
      `examples`, `text-bytes` of their texts, and `<format>-bytes` and `<format>-xxh3` as stored.
    """
    examples = text = 0
    paths = {name: shard_path(job, shard, name) for name in job.formats}
    with ExitStack() as stack:
        streams = {name: stack.enter_context(digested_write(path)) for name, path in paths.items()}
        appends = [
            stack.enter_context(FORMATS[name].open_writer(stream, job.features()))
            for name, stream in streams.items()
        ]
        for documents in _parts(job, shard):
            examples += len(documents)
            text += sum(len(document[0]) for document in documents)
            for append in appends:
                append(documents)
    return {"examples": examples, "text-bytes": text, **stored_counts(streams)}


def find_shard_damage(job: Job, shard: Shard, counts: Counts, _: Depth) -> list[DamagedFile]:
    """The damage of a shard's files. Every byte is read: nothing reads them after this."""
    paths = {name: shard_path(job, shard, name) for name in job.formats}
    return [damage for name in paths for damage in find_stored_damage(paths[name], name, counts)]


def shard_path(job: Job, shard: Shard, format_name: str) -> str:
    """Where a shard is written until the dataset is published."""
    return join(job.staging_folder(shard.variant), shard_name(job, shard, format_name))


def receipt_path(job: Job, shard: Shard) -> str:
    """Where a shard's receipt is: beside the shards, so that both exist or neither does."""
    name = f"{shard.split}-{shard.shard:06d}.receipt.json"
    return join(receipts_folder(job.staging_folder(shard.variant)), name)


def receipts_folder(dataset_folder: str) -> str:
    """Where the receipts of a dataset's shards are until it is published."""
    return join(dataset_folder, "receipts")


def shard_name(job: Job, shard: Shard, format_name: str) -> str:
    """A shard's path within the dataset's folder."""
    return FORMATS[format_name].shard_path(
        job.dataset_name(shard.variant), shard.split, shard.shard, shard.shards
    )


def _parts(job: Job, shard: Shard) -> Iterator[list[DocumentRow]]:
    """The shard's documents in order, about 16 MiB of text at a time."""
    first, last = _range(shard.shard, shard.shards)
    parts = max(1, -(-shard.split_bytes // (shard.shards * _PART_BYTES)))
    for part in range(parts):
        low = first + (last - first) * part // parts
        high = first + (last - first) * (part + 1) // parts
        found: list[tuple[int, DocumentRow]] = []
        for number in range(job.part_count):
            found += _documents(documents_path(job, number), shard, low, high)
        found.sort(key=lambda item: (item[0], item[1][1]))
        if found:
            yield [document for _, document in found]


def _range(shard: int, shards: int) -> tuple[int, int]:
    """The first key of a shard, and the first of the next one."""
    return _KEYS * shard // shards, _KEYS * (shard + 1) // shards


def shard_of_key(key: int, shards: int) -> int:
    """The shard, of so many, that has the documents of a key."""
    return bisect_right(range(shards), key, key=lambda shard: _range(shard, shards)[0]) - 1


def _documents(path: str, shard: Shard, low: int, high: int) -> Iterator[tuple[int, DocumentRow]]:
    """Shard key and columns of a part's documents of a split with low <= key < high."""
    variant = shard.variant
    with open_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
        contents = json.loads(reader.schema.metadata[b"contents"])
        for number, (variants, language, validation, lowest, highest) in enumerate(contents):
            if highest < low or lowest >= high or variant.name not in variants:
                continue
            if variant.split(language, validation) != shard.split:
                continue
            batch = reader.get_batch(number)
            keys = fixed_values(batch.column("shard_key"), np.dtype(np.uint64))
            start = int(np.searchsorted(keys, np.uint64(low)))
            end = len(keys) if high >= _KEYS else int(np.searchsorted(keys, np.uint64(high)))
            rows = batch.slice(start, end - start)
            columns = map(string_values, rows.columns[1:])
            for key, *document in zip(keys[start:end].tolist(), *columns, strict=True):
                yield key, tuple(document)


SHARDS = Stage(
    name="shards",
    meaning="writing shards",
    unit="shards",
    share=0.04,
    tasks=plan_shards,
    weight=Shard.text_bytes,
    work=write_shard,
    damage=find_shard_damage,
    receipt=receipt_path,
)
