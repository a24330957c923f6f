"""What c4forge made in a folder of the user; nothing else there is replaced or removed.

Such a folder has a manifest of the names that are ours. Folders with a digest in their name are
ours as a whole, with the files of `names.MADE`.
"""

import json
import os
import re
from collections.abc import Collection

from runtime.errors import UsageError
from runtime.storage.files import (
    delete_file,
    delete_if_empty,
    exists,
    foreign_files,
    join,
    json_file,
    read_bytes,
    write_bytes,
)
from runtime.storage.names import TEMPORARY, temporary_start
from runtime.storage.remote import is_remote

MANIFEST = ".c4forge.json"
_MADE_BY = "c4forge"
_ENDING = re.compile(rf"{re.escape(TEMPORARY)}[0-9a-f]{{12}}$")
_SHOWN = 3  # names in a message


class NotOurs(UsageError):
    """Files that c4forge did not make stand where it would write. The message names them."""


def claim(folder: str, names: Collection[str], option: str = "") -> None:
    """Notes in the manifest of a folder that files and folders of these names are ours.

    Args:
      folder: of the user; made if it is not there.
      names: directly in it.
      option: that names the folder, for the error.
    Raises:
      NotOurs: some are there already, and the manifest does not have them.
      OSError: the folder cannot be written.
    """
    ours = read_manifest(folder)
    taken = sorted(name for name in set(names) - ours if _is_there(join(folder, name)))
    if taken:
        more = f" and {len(taken) - _SHOWN} more" * (len(taken) > _SHOWN)
        raise NotOurs(
            f"{f'{option}=' * bool(option)}{folder} has files that c4forge did not make and would "
            f"replace: {', '.join(taken[:_SHOWN])}{more}. Give another folder, or move them away"
        )
    if not is_remote(folder):
        _delete_leftovers(folder, ours)
    note_made(folder, names)


def _delete_leftovers(folder: str, names: Collection[str]) -> None:
    """Removes what killed processes left of files of these names."""
    starts = set(map(temporary_start, names))
    for name in os.listdir(folder) if names else ():
        if name.rpartition(TEMPORARY)[0] in starts and _ENDING.search(name):
            delete_file(os.path.join(folder, name))


def note_made(folder: str, names: Collection[str]) -> None:
    """Notes that names in a folder are ours, which nobody else gives."""
    ours = read_manifest(folder)
    if not set(names) <= ours:
        value = {"made_by": _MADE_BY, "names": sorted(ours | set(names))}
        write_bytes(join(folder, MANIFEST), json_file(value))


def check_new(path: str, overwrite: bool, option: str) -> None:
    """Raises NotOurs if a file that a command is to write is there, and may not be replaced.

    A link, a folder or a device never is.
    """
    if not _is_there(path):
        return
    if not is_remote(path) and (os.path.islink(path) or not os.path.isfile(path)):
        raise NotOurs(f"{option}={path} is there already, and is no plain file. Give another")
    if not overwrite:
        raise NotOurs(f"{option}={path} is there already. Give another, or --overwrite")


def read_manifest(folder: str) -> set[str]:
    """The names in a folder that are ours; none without a manifest.

    Raises:
      NotOurs: there is a file of the manifest's name that is none.
    """
    path = join(folder, MANIFEST)
    if not _is_there(path):
        return set()
    try:
        found = json.loads(b"" if is_link(path) else read_bytes(path))
        if found["made_by"] == _MADE_BY:
            return set(found["names"])
    except (ValueError, TypeError, KeyError, IsADirectoryError):
        pass
    raise NotOurs(f"{path} is no manifest of c4forge. Give another folder, or move it away")


def release(folder: str) -> None:
    """Removes the manifest of a folder in which nothing was made, and the folder if it is empty."""
    path = join(folder, MANIFEST)
    if exists(path) and not any(_is_there(join(folder, n)) for n in read_manifest(folder)):
        delete_file(path)
    delete_if_empty(folder)


def check_replaceable(folder: str, proof: str, foreign: Collection[str] = ()) -> None:
    """A dataset that is to be replaced is one of ours, without files of others.

    Args:
      proof: name of a file that every such dataset has.
      foreign: files in it that are known to be of others.
    Raises:
      NotOurs: it is not; the message says why.
    """
    kept = "It is not replaced: move it away, or give another --output"
    if is_link(folder):
        raise NotOurs(f"{folder} is a link. {kept}")
    if foreign := [*foreign_files(folder), *foreign]:
        raise NotOurs(
            f"{folder} has files that c4forge did not make: {', '.join(foreign[:_SHOWN])}. {kept}"
        )
    if not exists(join(folder, proof)) and (is_remote(folder) or os.listdir(folder)):
        raise NotOurs(f"{folder} has no {proof}, so c4forge did not make it. {kept}")


def _is_there(path: str) -> bool:
    return exists(path) if is_remote(path) else os.path.lexists(path)


def is_link(path: str) -> bool:
    """True for a link of this machine's filesystem."""
    return not is_remote(path) and os.path.islink(path.rstrip("/") or "/")
