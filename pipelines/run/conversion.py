"""Other formats of a finished dataset, made from the dataset itself."""

import sys
from collections.abc import Sequence
from dataclasses import replace

from corpora.cards import Origin, update_collection
from corpora.contents import Contents, read_contents
from corpora.conversion import (
    convert_shard,
    identity,
    present_formats,
    shard_tasks,
    sizes_found,
    whole_formats,
)
from corpora.documents import DamagedShard
from corpora.metadata import CONFIG_NAME, read_origin, write_metadata, write_origin
from runtime.cli.console import LiveLine
from runtime.cli.options import OptionError
from runtime.storage.files import (
    delete_file,
    delete_leftovers,
    exists,
    find_files,
    join,
    make_folder,
    parent,
    read_bytes,
    write_bytes,
)
from runtime.storage.locks import hold_folder
from runtime.workers.pool import current_pool

_MARK = "converting.json"  # while files are written that contents.json does not have


def convert_dataset(folder: str, target: str, formats: Sequence[str]) -> Contents:
    """Writes a finished dataset in more formats; what is there already stays as it is.

    The same call goes on where one was stopped. The caller has opened the pool.

    Args:
      folder: of the dataset.
      target: folder of the dataset that gets the files; it may be the same.
      formats: rows of FORMATS.
    Returns:
      The contents of the target.
    Raises:
      OptionError: the folder has no dataset whose shards are all there, or the target another one.
      DamagedShard: a shard cannot be read to its end.
    """
    contents, source = finished_contents(folder)
    make_folder(parent(target))
    with hold_folder(parent(target)):
        return _convert(contents, folder, source, target, formats)


def finished_contents(folder: str) -> tuple[Contents, str]:
    """The contents of a finished dataset, and a format in which all its shards are there.

    Raises:
      OptionError: there is none in the folder.
    """
    contents = read_contents(folder)
    formats = whole_formats(contents, folder) if contents else []
    if contents and not formats:
        formats = present_formats(contents, folder)  # whose damage is named when they are read
    if contents is None or not formats:
        raise OptionError(
            f"{folder}: expected the folder of a finished dataset, as out/c4/en/3.1.0, with "
            "contents.json and all its shards; the command that built it writes them"
        )
    return contents, formats[0]


def _convert(
    contents: Contents, folder: str, source: str, target: str, formats: Sequence[str]
) -> Contents:
    there, origin = read_contents(target), read_origin(folder)
    mark = identity(contents, origin)
    _check_target(there, target, mark)
    whole = whole_formats(there, target) if there else []
    wanted = [name for name in dict.fromkeys(formats) if name not in whole]
    if not wanted and there is not None:
        return there
    if source in wanted and source not in whole_formats(contents, folder):
        raise DamagedShard(
            f"{folder}: shards of {source} are not as large as contents.json states, and no other "
            "format is whole to make them from; build the dataset again"
        )
    base = there or _without_formats(contents)
    _begin(base, target, wanted, mark)
    tasks = shard_tasks(contents, folder, source, target, wanted)
    found: list[dict[str, tuple[int, int]]] = [{} for _ in tasks]
    done = 0
    with LiveLine(lambda _: f"converting: {done:,} of {len(tasks):,} shards", sys.stderr):
        for task, stored in current_pool().results(convert_shard, tasks):
            found[task.number] = stored
            done += 1
    return _complete(base, target, found, origin)


def _check_target(there: Contents | None, target: str, mark: str) -> None:
    """Raises OptionError if a folder holds other documents, or files that no conversion made."""
    if there is not None:
        is_other = identity(there, read_origin(target)) != mark
        held = "a dataset of other documents" if is_other else ""
    else:
        delete_leftovers(target)
        begun = exists(join(target, _MARK))
        empty = begun or not any(find_files(target, names) for names in (("*",), ("*", "*")))
        held = "" if empty else "files, but no contents.json of a finished dataset"
    if held:
        raise OptionError(f"{target} holds {held}. Give another --output, or delete it")


def _begin(base: Contents, target: str, wanted: list[str], mark: str) -> None:
    """Removes damaged shards and those of a conversion that was stopped; writes the mark."""
    path = join(target, _MARK)
    goes_on = exists(path) and read_bytes(path) == mark.encode()
    for name in wanted:
        for shard, size in zip(base.shards, sizes_found(base, target, name), strict=True):
            keeps = size == shard.stored_bytes[name] if name in shard.stored_bytes else goes_on
            if size is not None and not keeps:
                delete_file(join(target, base.shard_path(shard, name)))
    if not goes_on:
        write_bytes(path, mark.encode())


def _complete(
    contents: Contents, target: str, stored: list[dict[str, tuple[int, int]]], origin: Origin
) -> Contents:
    """Writes everything beside the new shards, and the card of the collection."""
    complete = contents.with_stored(stored)
    delete_leftovers(target)
    if origin and not exists(join(target, CONFIG_NAME)):
        write_origin(target, origin)
    write_metadata(target, complete, origin)
    delete_file(join(target, _MARK))
    update_collection(parent(parent(target)))
    return complete


def _without_formats(contents: Contents) -> Contents:
    shards = tuple(replace(shard, stored_bytes={}, stored_xxh3={}) for shard in contents.shards)
    return replace(contents, shards=shards)
