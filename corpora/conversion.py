"""A shard of a finished dataset, written in other formats: the bytes that a run would write."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

from corpora.contents import Contents
from corpora.documents import DamagedShard, read_document_rows
from corpora.features import FEATURES, DocumentRow
from corpora.formats import FORMATS
from runtime.storage.digested import file_digest
from runtime.storage.files import (
    atomic_write,
    exists,
    join,
    json_file,
    list_sizes,
    read_object,
    write_bytes,
)

RECEIPTS = ".c4forge-converting"
"""Folder of receipts in that of a dataset that is being converted."""
_BATCH_DOCUMENTS = 256


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard to be written in other formats.

    Attributes:
      number: among the shards of the dataset.
      path, format, xxh3: of the file that is read.
      examples: documents that it has.
      features: of each.
      targets: paths of the files to be written, by format.
      known: bytes and xxh3-64 of those that were written before, by format.
      receipt: path of a file with the same of those that this conversion wrote.
    """

    number: int
    path: str
    format: str
    xxh3: str
    examples: int
    features: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    known: Mapping[str, tuple[int, int]]
    receipt: str


def shard_tasks(
    contents: Contents,
    folder: str,
    source: str,
    target: str,
    formats: Sequence[str],
    there: Contents,
) -> list[ShardTask]:
    """A task for each shard of a dataset.

    Args:
      folder: of the dataset.
      source: the format that is read.
      target: folder of the dataset that is written; it may be the same.
      formats: that are written.
      there: contents of the target as it is.
    """
    return [
        ShardTask(
            number,
            join(folder, contents.shard_path(shard, source)),
            source,
            shard.stored_xxh3[source],
            shard.examples,
            contents.features,
            tuple((name, join(target, contents.shard_path(shard, name))) for name in formats),
            {n: (size, int(before.stored_xxh3[n], 16)) for n, size in before.stored_bytes.items()},
            join(target, RECEIPTS, f"{number:06d}.receipt.json"),
        )
        for number, (shard, before) in enumerate(zip(contents.shards, there.shards, strict=True))
    ]


def convert_shard(task: ShardTask) -> dict[str, tuple[int, int]]:
    """Writes the files that are not there as they should be; stored bytes and xxh3-64 by format.

    Raises:
      DamagedShard: the shard cannot be read to its end, or is not as it was written.
    """
    known = {n: tuple(row) for n, row in read_object(task.receipt).items()} | dict(task.known)
    missing = [row for row in task.targets if not _is_whole(row[1], known.get(row[0]))]
    with ExitStack() as stack:
        appends = []
        for name, path in missing:
            stream = stack.enter_context(atomic_write(path))
            appends.append(stack.enter_context(FORMATS[name].open_writer(stream, task.features)))
        count = 0
        for documents in _batches(task) if missing else ():
            count += len(documents)
            for append in appends:
                append(documents)
        if missing and count != task.examples:
            raise DamagedShard(
                f"{task.path}: expected {task.examples:,} documents, as its dataset states; it has "
                f"{count:,}. Delete the shard and run the command again that built it"
            )
        if missing and f"{file_digest(task.path)[1]:016x}" != task.xxh3:
            raise DamagedShard(
                f"{task.path}: its checksum is not the one that contents.json states. Delete the "
                "shard and run the command again that built it"
            )
    stored = {name: file_digest(path) for name, path in task.targets}
    if missing:
        write_bytes(task.receipt, json_file(stored))
    return stored


def _is_whole(path: str, known: tuple[int, ...] | None) -> bool:
    """True if a file is there, and is the one that was written."""
    return known is not None and exists(path) and file_digest(path) == known


def _batches(task: ShardTask) -> Iterator[list[DocumentRow]]:
    rows = read_document_rows(task.path, task.format, task.features)
    return iter(lambda: list(islice(rows, _BATCH_DOCUMENTS)), [])


def whole_formats(contents: Contents, folder: str) -> list[str]:
    """The formats of a dataset whose shards are all there, as large as they were written."""
    return [
        name
        for name in contents.formats()
        if all(
            size == shard.stored_bytes.get(name)
            for shard, size in zip(
                contents.shards, sizes_found(contents, folder, name), strict=True
            )
        )
    ]


def present_formats(contents: Contents, folder: str) -> list[str]:
    """The formats of a dataset whose shards are all there, of whatever size."""
    return [name for name in contents.formats() if None not in sizes_found(contents, folder, name)]


def sizes_found(contents: Contents, folder: str, format_name: str) -> list[int | None]:
    """The stored bytes of each shard of a dataset in a format; None for those that are absent."""
    sizes = list_sizes(join(folder, FORMATS[format_name].folder))
    names = (contents.shard_path(shard, format_name) for shard in contents.shards)
    return [sizes.get(name.rpartition("/")[2]) for name in names]


def first_damage(contents: Contents, folder: str, format_name: str) -> str:
    """The first shard of a format that is absent or of another size, in words; "" if none is."""
    if not format_name:
        return "contents.json has no format whose shards are all there"
    found = sizes_found(contents, folder, format_name)
    for shard, size in zip(contents.shards, found, strict=True):
        path = join(folder, contents.shard_path(shard, format_name))
        stated = shard.stored_bytes[format_name]
        if size is None:
            return f"there is no {path}"
        if size != stated:
            return f"{path} has {size:,} bytes instead of {stated:,}"
    return ""


def identity(contents: Contents, origin: Mapping[str, Any]) -> str:
    """16 hex digits, the same for datasets of the same documents in whatever formats.

    Values of columns tell where a document was read, so with columns the input files count too.

    Args:
      origin: config.json of the dataset; {} if there is none.
    """
    shards = [(s.split, s.shard, s.shards, s.examples, s.text_bytes) for s in contents.shards]
    names = (contents.dataset, contents.config, contents.version, contents.features)
    files = origin.get("input") if set(contents.features) - set(FEATURES) else None
    return hashlib.sha256(repr((names, shards, files)).encode()).hexdigest()[:16]
