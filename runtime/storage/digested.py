"""Files whose length and checksum are kept in another one: shards, in formats of others."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import xxhash

from runtime.storage.checked import BUFFER_BYTES, DamagedFile, telling_damage
from runtime.storage.files import atomic_write, open_read

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_READ_BYTES = 1 << 20
_XXH3 = "-xxh3"


class _DigestedWriter(io.RawIOBase):
    """A stream that digests what goes through it, and leaves the file open.

    Attributes:
      size_bytes: of what was written.
    """

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self._digest = xxhash.xxh3_64()
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Writes all of the data; returns its number of bytes."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._stored.write(view)
        self.size_bytes += len(view)
        return len(view)

    def xxh3(self) -> int:
        """The xxh3-64 of what was written."""
        return self._digest.intdigest()


@contextmanager
def digested_write(path: str) -> Iterator["io.BufferedWriter[_DigestedWriter]"]:
    """`atomic_write` of a file whose length and checksum are kept in another one."""
    with atomic_write(path) as stored:
        raw = _DigestedWriter(stored)
        with io.BufferedWriter(raw, BUFFER_BYTES) as stream:
            yield stream


def stored_counts(streams: Mapping[str, "io.BufferedWriter[_DigestedWriter]"]) -> dict[str, int]:
    """`<name>-bytes` and `<name>-xxh3` of files that were written to their end, for their receipt.

    Args:
      streams: of `digested_write`, closed.
    """
    counts: dict[str, int] = {}
    for name, stream in streams.items():
        counts |= {f"{name}-bytes": stream.raw.size_bytes, f"{name}{_XXH3}": stream.raw.xxh3()}
    return counts


def without_checksums(counts: dict[str, int]) -> dict[str, int]:
    """The counts that can be summed: checksums would outgrow 64 bits."""
    return {name: count for name, count in counts.items() if not name.endswith(_XXH3)}


def find_stored_damage(path: str, name: str, counts: Mapping[str, int]) -> list[DamagedFile]:
    """The damage of a file by its receipt, which has `stored_counts`; [] if there is none."""
    try:
        size, xxh3 = file_digest(path)
    except DamagedFile as damage:
        return [damage]
    if size != counts.get(f"{name}-bytes"):
        return [DamagedFile(path, "cut off" if size else "empty")]
    return [] if xxh3 == counts.get(f"{name}{_XXH3}") else [DamagedFile(path, "flipped bytes")]


def file_digest(path: str) -> tuple[int, int]:
    """Bytes and xxh3-64 of a file as it is stored.

    Raises:
      DamagedFile: it is missing, or on a bad sector.
    """
    digest, size = xxhash.xxh3_64(), 0
    with telling_damage(path), open_read(path) as stream:
        while data := stream.read(_READ_BYTES):
            digest.update(data)
            size += len(data)
    return size, digest.intdigest()
