"""Signature arrays between stages: fixed-width rows, a block from each task to each next task.

On a distributed runner Beam shuffles the blocks. Beam's local runner would hold them in memory, at
4 to 5.5 times their size. So there each task spills its blocks to one file, and each task of the
next stage reads its own block from it.
"""

import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from runtime.storage.checked import DamagedFile, checked_write, telling_damage
from runtime.storage.files import open_read

Block = NDArray[np.void]

CAPTURE = np.dtype(
    [("url_digest", "<u8", 2), ("priority", "<u8", 2), ("captured", "S32"), ("row_id", "<u8")]
)
LISTED = np.dtype([("url_digest", "<u8", 2)])
SPAN = np.dtype(
    [("span_digest", "<u8", 2), ("priority", "<u8", 2), ("row_id", "<u8"), ("scopes", "u1")]
)
FLAGS = np.dtype([("row", "<u4"), ("flags", "u1")])
PASS_ROWS = 1 << 21  # about 250 bytes each while they are compared
_GATHERED_ROWS = 1 << 16
_ROW_BITS = np.uint64(32)
_PLACE_BYTES = 16  # of a row of the index: start and end
_INDEX = np.dtype([("start", "<u8"), ("end", "<u8"), ("xxh3", "<u8")])  # of a target's block


def row_ids(file_number: int, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[n]: a part's number in the high half, a row of it in the low half."""
    return (np.uint64(file_number) << _ROW_BITS) | rows.astype(np.uint64)


def part_and_row(row_id: int) -> tuple[int, int]:
    """The part's number and the row of it, which `row_ids` joined."""
    return row_id >> int(_ROW_BITS), row_id & 0xFFFFFFFF


def split_by_bucket(block: Block, digest: NDArray[np.uint64], buckets: int) -> dict[int, Block]:
    """The rows of each bucket, by the low half of their digest."""
    bucket = (digest[:, 1] % np.uint64(buckets)).astype(np.int64)
    return _split(block, bucket)


def split_by_part(row_id: NDArray[np.uint64], flags: NDArray[np.uint8]) -> dict[int, Block]:
    """FLAGS blocks by part, of the rows with any bit set."""
    flagged = np.flatnonzero(flags)
    rows = np.empty(len(flagged), FLAGS)
    rows["row"] = row_id[flagged] & np.uint64(0xFFFFFFFF)
    rows["flags"] = flags[flagged]
    return _split(rows, (row_id[flagged] >> _ROW_BITS).astype(np.int64))


def row_flags(blocks: Iterable[Block], rows: int) -> NDArray[np.uint8]:
    """uint8[rows]: the flags that FLAGS blocks set on each row of a part."""
    flagged = concatenate(blocks, FLAGS)
    flags = np.zeros(rows, np.uint8)
    np.bitwise_or.at(flags, flagged["row"], flagged["flags"])
    return flags


def _split(block: Block, key: NDArray[np.int64]) -> dict[int, Block]:
    few = len(key) and key.max() < 1 << 16  # NumPy sorts 16-bit integers by radix
    order = np.argsort(key.astype(np.uint16) if few else key, kind="stable")
    keys, starts = np.unique(key[order], return_index=True)
    parts = np.split(block[order], starts[1:])
    return dict(zip(keys.tolist(), parts, strict=False))


def concatenate(blocks: Iterable[Block], dtype: np.dtype[np.void]) -> Block:
    """The blocks of that dtype as one; their order never decides anything."""
    return np.concatenate([np.empty(0, dtype), *(b for b in blocks if b.dtype == dtype)])


def passes(blocks: Sequence[Block], pass_rows: int) -> int:
    """The number of passes over a bucket, so that one pass has about `pass_rows` rows."""
    return max(1, -(-sum(map(len, blocks)) // pass_rows))


def rows_of_pass(
    blocks: Sequence[Block], dtype: np.dtype[np.void], number: int, count: int
) -> Block:
    """The rows of that dtype whose digest, their first field, belongs to a pass.

    All rows of a digest are in one pass. So the memory that a bucket takes beyond its blocks does
    not grow with it. Passes go by the high half of the digest, buckets by the low half.
    """
    mine = [block for block in blocks if block.dtype == dtype]
    if count == 1:
        return concatenate(mine, dtype)
    digest = (dtype.names or ())[0]
    chosen = (
        rows[rows[digest][:, 0] % np.uint64(count) == number] for rows in _gathered(mine, dtype)
    )
    return concatenate(chosen, dtype)


def _gathered(blocks: Sequence[Block], dtype: np.dtype[np.void]) -> Iterator[Block]:
    """The blocks joined into larger ones: many have only a few rows."""
    held: list[Block] = []
    rows = 0
    for block in blocks:
        held.append(block)
        rows += len(block)
        if rows >= _GATHERED_ROWS:
            yield concatenate(held, dtype)
            held, rows = [], 0
    yield concatenate(held, dtype)


def spill(path: str, blocks: dict[int, Block], targets: int) -> None:
    """Writes a task's blocks: where each target's rows are, then the rows in order of targets.

    Each row of that index has the checksum of its block, so that a reader checks what it reads.
    """
    sizes = np.zeros(targets, np.uint64)
    for target, block in blocks.items():
        sizes[target] = block.nbytes
    index = np.zeros(targets, _INDEX)
    index["end"] = index.nbytes + np.cumsum(sizes)
    index["start"] = index["end"] - sizes
    packed = {target: blocks[target].tobytes() for target in sorted(blocks)}
    for target, row in enumerate(index):
        row["xxh3"] = _checksum(target, row.tobytes(), packed.get(target, b""))
    with checked_write(path) as stream:
        stream.write(index.tobytes())
        for data in packed.values():
            stream.write(data)


def read_spilled(paths: Iterable[str], target: int, dtype: np.dtype[np.void]) -> list[Block]:
    """The blocks that every task spilled for `target`: two reads a file, however many targets.

    Raises:
      DamagedFile: a file is missing, or what is read of it is not as it was written.
    """
    blocks = (_read_block(path, target, dtype) for path in paths)
    return [block for block in blocks if len(block)]


def _read_block(path: str, target: int, dtype: np.dtype[np.void]) -> Block:
    with telling_damage(path), open_read(path) as stream:
        stream.seek(target * _INDEX.itemsize)
        found = stream.read(_INDEX.itemsize)
        if len(found) < _INDEX.itemsize:
            raise DamagedFile(path, "cut off")
        row = np.frombuffer(found, _INDEX)[0]
        start, size = int(row["start"]), int(row["end"]) - int(row["start"])
        data = b""
        if 0 < size <= stream.seek(0, io.SEEK_END) - start:
            stream.seek(start)
            data = stream.read(size)
    if _checksum(target, found, data) != row["xxh3"]:
        raise DamagedFile(path, "flipped bytes")
    return np.frombuffer(data, dtype)


def _checksum(target: int, row: bytes, data: bytes) -> int:
    """xxh3-64 of a target's block and of its place, which its row of the index has."""
    digest = xxhash.xxh3_64(row[:_PLACE_BYTES], seed=target)
    digest.update(data)
    return digest.intdigest()
