"""Three layouts of blocks in files, timed on synthetic blocks: part of `benchmarks.scale`.

batches  an Arrow file with a record batch for each target, as c4forge had them at first
indexed  as `pipelines.stages.blocks` has them: an index of targets, then the rows
merged   many senders' indexed files made one, so that a reader opens one instead of many
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.stages.blocks import SPAN, Block, read_spilled, spill
from runtime.storage.arrays import fixed_array, fixed_values

SENDERS, TARGETS, READ_TARGETS = 64, 1024, 64
_INDEX = np.dtype("<u8")
_KIND = pa.binary(SPAN.itemsize)
_SCHEMA = pa.schema([("row", _KIND)])


def bench_layouts(folder: Path, rows_a_block: int) -> None:
    """CPU and bytes of writing and reading a block, by layout."""
    blocks = _blocks(rows_a_block)
    row_bytes = SPAN.itemsize * rows_a_block
    print(
        f"\nBlocks of {rows_a_block} lines ({row_bytes:,} B), {SENDERS} senders, {TARGETS} targets"
    )
    print(f"{'CPU a block':12}{'write µs':>10}{'merge µs':>10}{'read µs':>10}{'B more':>8}")
    batches = [str(folder / f"{n}.arrow") for n in range(SENDERS)]
    wrote = timed(lambda: [write_batches(path, blocks) for path in batches])
    read = timed(lambda: [read_batches(batches, target) for target in range(READ_TARGETS)])
    _print("batches", wrote, 0.0, read, _bytes_a_block(batches) - row_bytes)
    indexed = [str(folder / f"{n}.blocks") for n in range(SENDERS)]
    wrote = timed(lambda: [spill(path, blocks, TARGETS) for path in indexed])
    read = timed(lambda: [read_spilled(indexed, target, SPAN) for target in range(READ_TARGETS)])
    _print("indexed", wrote, 0.0, read, _bytes_a_block(indexed) - row_bytes)
    merged = str(folder / "merged.blocks")
    joined = timed(lambda: merge(indexed, merged))
    read = timed(lambda: [read_spilled([merged], target, SPAN) for target in range(READ_TARGETS)])
    _print("merged", wrote, joined, read, _bytes_a_block([merged]) - row_bytes)
    for target in range(READ_TARGETS):
        expected = np.concatenate(read_batches(batches, target))
        for paths in (indexed, [merged]):
            assert np.array_equal(np.concatenate(read_spilled(paths, target, SPAN)), expected)


def _blocks(rows_a_block: int) -> dict[int, Block]:
    chance = np.random.default_rng(1)
    return {
        target: np.frombuffer(chance.bytes(SPAN.itemsize * rows_a_block), SPAN)
        for target in range(TARGETS)
    }


def timed(work: Callable[[], object]) -> float:
    """CPU-seconds, the kernel's included."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _bytes_a_block(paths: list[str]) -> float:
    return sum(map(os.path.getsize, paths)) / (SENDERS * TARGETS)


def _print(name: str, wrote: float, merged: float, read: float, more: float) -> None:
    written, taken = SENDERS * TARGETS, SENDERS * READ_TARGETS
    print(
        f"{name:10}{wrote / written * 1e6:10.2f}{merged / written * 1e6:10.2f}"
        f"{read / taken * 1e6:10.2f}{more:8.1f}"
    )


def write_batches(path: str, blocks: dict[int, Block]) -> None:
    """A record batch for each target in turn."""
    with open(path, "wb") as stream, pa.ipc.new_file(stream, _SCHEMA) as writer:
        for target in range(TARGETS):
            column = fixed_array(blocks[target], _KIND)
            writer.write_batch(pa.record_batch([column], schema=_SCHEMA))


def read_batches(paths: list[str], target: int) -> list[Block]:
    """A target's batch of every file."""
    blocks: list[Block] = []
    for path in paths:
        with pa.memory_map(path) as source, pa.ipc.open_file(source) as reader:
            blocks.append(fixed_values(reader.get_batch(target).column(0), SPAN).copy())
    return blocks


def merge(paths: list[str], path: str) -> None:
    """One file of many: each is read once from front to back, and mapped meanwhile."""
    files = [np.memmap(source, np.uint8, "r") for source in paths]
    indexes = [file[: (TARGETS + 1) * _INDEX.itemsize].view(_INDEX).tolist() for file in files]
    sizes = [
        sum(index[target + 1] - index[target] for index in indexes) for target in range(TARGETS)
    ]
    starts = (TARGETS + 1) * _INDEX.itemsize + np.cumsum([0, *sizes])
    with open(path, "wb") as stream:
        stream.write(starts.astype(_INDEX).tobytes())
        for target in range(TARGETS):
            parts = [f[i[target] : i[target + 1]] for f, i in zip(files, indexes, strict=True)]
            stream.write(np.concatenate(parts))
