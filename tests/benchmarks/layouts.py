"""Three ways to keep blocks in files, timed on one of them: part of `tests.benchmarks.scale`.

arrow    as `pipelines.exchange` has it: a record batch for each target
indexed  the rows in the order of their targets, and an index of where each target's start
merged   many senders' indexed files made one, so that a reader opens one instead of many
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipelines.exchange import SPAN, Block, read_spilled, spill

SENDERS, TARGETS, READ_TARGETS = 64, 1024, 64
_INDEX = np.dtype("<u8")


def bench_layouts(folder: Path, rows_a_block: int) -> None:
    """CPU and bytes of writing and reading a block, by layout."""
    blocks = _blocks(rows_a_block)
    row_bytes = SPAN.itemsize * rows_a_block
    print(
        f"\nBlocks of {rows_a_block} lines ({row_bytes:,} B), {SENDERS} senders, {TARGETS} targets"
    )
    print(f"{'':10}{'write µs':>10}{'merge µs':>10}{'read µs':>10}{'B more':>8}, each a block")
    arrow = [str(folder / f"{n}.arrow") for n in range(SENDERS)]
    wrote = timed(lambda: [spill(path, blocks, TARGETS, SPAN) for path in arrow])
    read = timed(lambda: [read_spilled(arrow, target, SPAN) for target in range(READ_TARGETS)])
    _print("arrow", wrote, 0.0, read, _bytes_a_block(arrow) - row_bytes)
    indexed = [str(folder / f"{n}.rows") for n in range(SENDERS)]
    wrote = timed(lambda: [write_indexed(path, blocks, TARGETS) for path in indexed])
    read = timed(lambda: [read_indexed(indexed, target) for target in range(READ_TARGETS)])
    _print("indexed", wrote, 0.0, read, _bytes_a_block(indexed) - row_bytes)
    merged = str(folder / "merged.rows")
    joined = timed(lambda: merge_indexed(indexed, merged, TARGETS))
    read = timed(lambda: [read_indexed([merged], target) for target in range(READ_TARGETS)])
    _print("merged", wrote, joined, read, _bytes_a_block([merged]) - row_bytes)
    for target in range(READ_TARGETS):
        expected = np.concatenate(read_spilled(arrow, target, SPAN))
        for found in (read_indexed(indexed, target), read_indexed([merged], target)):
            assert np.array_equal(np.concatenate(found), expected)


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


def write_indexed(path: str, blocks: dict[int, Block], targets: int) -> None:
    """Rows in the order of targets, then uint64[targets + 1]: where each starts, and the end."""
    sizes = [blocks[target].nbytes if target in blocks else 0 for target in range(targets)]
    with open(path, "wb") as stream:
        stream.write(b"".join([blocks[target].tobytes() for target in sorted(blocks)]))
        stream.write(np.cumsum([0, *sizes]).astype(_INDEX).tobytes())


def read_indexed(paths: list[str], target: int, targets: int = TARGETS) -> list[Block]:
    """A target's rows of every file: two reads each, whatever its size."""
    found: list[Block] = []
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            index = os.fstat(descriptor).st_size - (targets + 1 - target) * _INDEX.itemsize
            start, end = np.frombuffer(os.pread(descriptor, 16, index), _INDEX).tolist()
            if start < end:
                found.append(np.frombuffer(os.pread(descriptor, end - start, start), SPAN))
        finally:
            os.close(descriptor)
    return found


def merge_indexed(paths: list[str], path: str, targets: int) -> None:
    """One file of many: each is read once from front to back, and mapped meanwhile."""
    files = [np.memmap(source, np.uint8, "r") for source in paths]
    indexes = [file[-(targets + 1) * _INDEX.itemsize :].view(_INDEX).tolist() for file in files]
    starts = [0]
    with open(path, "wb") as stream:
        for target in range(targets):
            parts = [f[i[target] : i[target + 1]] for f, i in zip(files, indexes, strict=True)]
            starts.append(starts[-1] + stream.write(np.concatenate(parts)))
        stream.write(np.array(starts, _INDEX).tobytes())
