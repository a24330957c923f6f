"""Other formats of a finished dataset, made from the dataset itself."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from corpora.cards import Origin, update_collection
from corpora.contents import NAME as CONTENTS_NAME
from corpora.contents import Contents, read_contents
from corpora.conversion import (
    RECEIPTS,
    convert_shard,
    first_damage,
    identity,
    present_formats,
    shard_tasks,
    sizes_found,
    whole_formats,
)
from corpora.documents import DamagedShard
from corpora.formats import FORMATS
from corpora.metadata import CONFIG_NAME, read_origin, write_metadata, write_origin
from runtime.cli.console import LiveLine, say
from runtime.cli.options import OptionError
from runtime.storage.files import (
    delete_file,
    delete_folder,
    delete_leftovers,
    exists,
    find_files,
    is_leftover,
    join,
    parent,
    read_bytes,
    write_bytes,
)
from runtime.storage.locks import hold_folder
from runtime.storage.ownership import NotOurs, is_link
from runtime.workers.pool import current_pool

_DIGEST = re.compile(rb"[0-9a-f]{16}")
_MARK = ".c4forge-converting.json"  # while files are written that contents.json does not have


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
      OptionError, DamagedShard: as `plan_conversion`, or the target cannot be written.
      DamagedShard: a shard cannot be read to its end.
    """
    with hold_folder(parent(target), target):
        plan = plan_conversion(folder, target, formats)
        sources = [plan.source, *whole_formats(plan.contents, folder)]
        for source, other in pairwise(dict.fromkeys(sources)):
            try:
                return _convert(replace(plan, source=source))
            except DamagedShard as damage:
                current_pool().settle()
                say(f"note: {damage}. Read from {other} instead")
        return _convert(replace(plan, source=[*dict.fromkeys(sources)][-1]))


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is to be done; nothing is if `wanted` is empty.

    Attributes:
      contents, folder: of the dataset that is read.
      source: the format in which it is read.
      target: folder of the dataset that is written.
      there: contents of the target as it is; None if it has none.
      wanted: formats to be written.
      mark: the documents' identity.
    """

    contents: Contents
    folder: str
    source: str
    target: str
    there: Contents | None
    wanted: list[str]
    mark: str


def plan_conversion(folder: str, target: str, formats: Sequence[str]) -> Conversion:
    """What a conversion would do; nothing is written.

    Raises:
      OptionError: the folder has no dataset whose shards are all there, or the target another one.
      DamagedShard: a format that is asked for is damaged, and no other is complete.
    """
    contents, source = finished_contents(folder)
    there, mark = read_contents(target), identity(contents, read_origin(folder))
    _check_target(there, target, mark)
    whole = whole_formats(there, target) if there else []
    wanted = [name for name in dict.fromkeys(formats) if name not in whole]
    if source in wanted and source not in whole_formats(contents, folder):
        raise DamagedShard(
            f"{first_damage(contents, folder, source)}, not as contents.json states, and no other "
            "format is complete; build the dataset again"
        )
    _check_free(there or _without_formats(contents), target, wanted, mark)
    return Conversion(contents, folder, source, target, there, wanted, mark)


def finished_contents(folder: str) -> tuple[Contents, str]:
    """The contents of a finished dataset, and a format in which all its shards are there.

    Raises:
      OptionError: there is none in the folder; the message names what is missing.
    """
    contents = read_contents(folder)
    formats = whole_formats(contents, folder) if contents else []
    if contents and not formats:
        formats = present_formats(contents, folder)  # whose damage is named when they are read
    if contents is not None and formats:
        return contents, formats[0]
    path = join(folder, CONTENTS_NAME)
    if contents is not None:
        wrong = first_damage(contents, folder, next(iter(contents.formats()), ""))
    else:
        wrong = f"{path} cannot be read" if exists(path) else f"there is no {path}"
    raise OptionError(
        f"{folder}: expected the folder of a finished dataset, as out/c4/en/3.1.0, with "
        f"contents.json and all its shards; {wrong}. The command that built it writes them"
    )


def _convert(plan: Conversion) -> Contents:
    contents, target, wanted = plan.contents, plan.target, plan.wanted
    if not wanted and plan.there is not None:
        return plan.there
    base = plan.there or _without_formats(contents)
    _begin(base, target, wanted, plan.mark)
    tasks = shard_tasks(contents, plan.folder, plan.source, target, wanted, base)
    found: list[dict[str, tuple[int, int]]] = [{} for _ in tasks]
    done = 0
    with LiveLine(lambda _: f"converting: {done:,} of {len(tasks):,} shards", sys.stderr):
        for task, stored in current_pool().results(convert_shard, tasks):
            found[task.number] = stored
            done += 1
    return _complete(base, target, found, read_origin(plan.folder))


def _check_target(there: Contents | None, target: str, mark: str) -> None:
    """Raises OptionError if a folder holds other documents, or files that no conversion made."""
    if there is not None:
        is_other = identity(there, read_origin(target)) != mark
        held = "a dataset of other documents" if is_other else ""
    else:
        found = [path for names in (("*",), ("*", "*")) for path in find_files(target, names)]
        path = join(target, _MARK)
        begun = exists(path) and _DIGEST.fullmatch(read_bytes(path))
        empty = begun or all(map(is_leftover, found))
        held = "" if empty else "files, but no contents.json of a finished dataset"
    if held:
        raise OptionError(f"{target} holds {held}. Give another --output, or delete it")


def _check_free(base: Contents, target: str, wanted: list[str], mark: str) -> None:
    """Raises NotOurs where a file that no conversion of ours began stands in place of a shard."""
    path = join(target, _MARK)
    goes_on = exists(path) and not is_link(path) and read_bytes(path) == mark.encode()
    if (exists(path) or is_link(path)) and not goes_on:
        raise NotOurs(f"{path} is of another conversion, or of others. Move it away")
    for name in wanted:
        paths = [join(target, base.shard_path(shard, name)) for shard in base.shards]
        found = sizes_found(base, target, name)
        ours = [goes_on or name in shard.stored_bytes for shard in base.shards]
        folder = join(target, FORMATS[name].folder).rstrip("/")
        taken = [folder] * (is_link(folder) and folder != target)
        taken += [p for p, size, own in zip(paths, found, ours, strict=True)
                  if is_link(p) or (size is not None and not own)]  # fmt: skip
        if taken:
            raise NotOurs(
                f"{taken[0]} is not of c4forge, and would be replaced. Move it away, or give "
                "another --output"
            )


def _begin(base: Contents, target: str, wanted: list[str], mark: str) -> None:
    """Removes shards that are known to be damaged; writes the mark."""
    path = join(target, _MARK)
    for name in wanted:
        for shard, size in zip(base.shards, sizes_found(base, target, name), strict=True):
            if size is not None and size != shard.stored_bytes.get(name, size):
                delete_file(join(target, base.shard_path(shard, name)))
    if not exists(path):
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
    delete_folder(join(target, RECEIPTS))
    delete_file(join(target, _MARK))
    update_collection(parent(parent(target)))
    return complete


def _without_formats(contents: Contents) -> Contents:
    shards = tuple(replace(shard, stored_bytes={}, stored_xxh3={}) for shard in contents.shards)
    return replace(contents, shards=shards)
