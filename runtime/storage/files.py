"""Files and folders, here and on any filesystem; a written file is complete or absent.

Local paths are opened directly. Those with a scheme go to `remote`.
"""

import errno
import functools
import glob
import json
import logging
import os
import re
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from runtime.redaction import escape_json, redact
from runtime.storage.names import LEFTOVER, MADE, temporary_name
from runtime.storage.remote import Matched, RemoteFiles, is_remote

# Errors of a write that name no file.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def remote_files(path: str) -> RemoteFiles:
    """The filesystem of a path with a scheme: Arrow's for S3 and GCS, Beam's for any other.

    Raises:
      UsageError: Beam has none of this scheme.
    """
    return _remote_files(path.partition("://")[0].lower())


@functools.cache
def _remote_files(scheme: str) -> RemoteFiles:
    if scheme in ("s3", "gs"):
        from runtime.storage.objects import ObjectFiles

        return ObjectFiles()
    from runtime.storage.beam_files import BeamFiles

    return BeamFiles(scheme)


def join(*parts: str) -> str:
    """The parts as one path; the first decides the filesystem."""
    first = without_slashes(parts[0])
    return "/".join(["" if first == "/" else first, *parts[1:]])


def without_slashes(folder: str) -> str:
    """A folder without slashes at its end; those of `/` and of `s3://` belong to it."""
    trimmed = folder.rstrip("/")
    return folder if trimmed.endswith(":") and is_remote(folder) else trimmed or "/"


def parent(path: str) -> str:
    """The folder that a file or folder is in."""
    return path.rstrip("/").rpartition("/")[0]


def open_read(path: str) -> BinaryIO:
    """The stored bytes of a file, never decompressed.

    Raises:
      OSError: it cannot be read.
    """
    if not is_remote(path):
        return open(path, "rb")
    return remote_files(path).open_read(path)


@contextmanager
def atomic_write(path: str, *, lasting: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes its name only when the block ends without an error.

    Two workers may write the same path at once, as retries do: the file that ends last stays.

    Args:
      lasting: True to wait for the disk, so that a file that has its name outlives a loss of power.
    Raises:
      OSError: it cannot be written; the error names the path, as of a full disk it would not.
    """
    if is_remote(path):
        with remote_files(path).write(path) as remote:
            yield remote
        return
    folder = os.path.dirname(path) or "."
    _make_folders(folder, lasting)
    try:
        with temporary_path(path, lasting=lasting) as temporary, open(temporary, "wb") as stream:
            yield stream
    except OSError as error:
        if error.errno in _OF_WRITING and error.filename is None:
            raise OSError(error.errno, error.strerror, path) from error
        raise


@contextmanager
def temporary_path(path: str, *, lasting: bool = True) -> Iterator[str]:
    """A local path to write to; the file there takes its name when the block ends without error.

    Args:
      lasting: as of `atomic_write`.
    """
    temporary = temporary_name(path)
    try:
        with open(temporary, "wb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
        yield temporary
        os.chmod(temporary, stat.S_IMODE(mode))  # libraries may have written one for its owner only
        if lasting:
            sync_path(temporary)
        os.replace(temporary, path)
        if lasting:
            sync_path(os.path.dirname(path) or ".")
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _make_folders(folder: str, lasting: bool) -> None:
    missing = []
    above = folder
    while above and not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)
    os.makedirs(folder, exist_ok=True)
    for made in missing if lasting else ():
        sync_path(os.path.dirname(made) or ".")


def sync_path(path: str) -> None:
    """Waits until the names in a local folder, or the bytes of a file, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_tree(folder: str) -> None:
    """Waits until a local folder, and all files in it, are on the disk."""
    for place, _, names in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in names)):
            sync_path(path)


def make_folder(folder: str) -> None:
    """Makes a local folder, and those above it; other filesystems need none.

    Raises:
      OSError: it cannot be made, or there is no such bucket.
    """
    if is_remote(folder):
        remote_files(folder).make_folder(folder)
    else:
        os.makedirs(folder, exist_ok=True)


def json_utf8(text: str) -> bytes:
    """The JSON text in UTF-8; controls, and bytes of a path that are not UTF-8, become escapes."""
    return escape_json(text).encode(errors="backslashreplace")


def json_file(value: object) -> bytes:
    """The value as JSON for people to read, without secrets, with a line break at the end."""
    return json_utf8(redact(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def write_bytes(path: str, data: bytes) -> None:
    """Writes the data as a file."""
    with atomic_write(path) as stream:
        stream.write(data)


def read_bytes(path: str) -> bytes:
    """All bytes of a file."""
    with open_read(path) as stream:
        return stream.read()


def read_object(path: str) -> dict[str, Any]:
    """The JSON object in a file; {} if the file is not there, or holds something else."""
    try:
        found = json.loads(read_bytes(path)) if exists(path) else {}
    except (ValueError, IsADirectoryError):
        return {}
    return found if isinstance(found, dict) else {}


def exists(path: str) -> bool:
    """True if a file or folder of that name is there."""
    if not is_remote(path):
        return os.path.exists(path)
    return remote_files(path).exists(path)


def size_bytes(path: str) -> int:
    """Stored size of a file.

    Raises:
      OSError: it is not there.
    """
    if not is_remote(path):
        return os.path.getsize(path)
    return remote_files(path).size_bytes(path)


def modified(path: str) -> float:
    """When a file was written, in seconds since 1970.

    Raises:
      OSError: it is not there.
    """
    return remote_files(path).modified(path) if is_remote(path) else os.path.getmtime(path)


def list_files(folder: str) -> list[str]:
    """Paths of the files directly in a folder, sorted; [] if there is no such folder."""
    return sorted(list_modified(folder))


def list_modified(folder: str) -> dict[str, float]:
    """When each file directly in a folder was written, in seconds since 1970, by path."""
    return {path: time for path, (_, time) in _listed(folder).items()}


def list_sizes(folder: str) -> dict[str, int]:
    """Bytes of each file directly in a folder, by name; {} if there is no such folder."""
    return {path.rpartition("/")[2]: size for path, (size, _) in _listed(folder).items()}


def _listed(folder: str) -> Matched:
    if is_remote(folder):
        return remote_files(folder).list_files(folder)
    if not os.path.isdir(folder):
        return {}
    files = [entry for entry in os.scandir(folder) if entry.is_file()]
    return {entry.path: (entry.stat().st_size, entry.stat().st_mtime) for entry in files}


def find_files(folder: str, names: Sequence[str]) -> list[str]:
    """Paths of the files below a folder whose path from there matches, sorted.

    Args:
      names: a glob for each part of the path, as `*`, `config.json`.
    """
    if not is_remote(folder):
        return sorted(glob.glob(join(glob.escape(folder), *names)))
    return remote_files(folder).find_files(folder, names)


def delete_folder(folder: str) -> None:
    """Removes what we made in a folder (`names.MADE`), and the folder if nothing else is in it.

    Links are not followed. Nothing happens if the folder is not there.
    """
    if is_remote(folder):
        remote_files(folder).delete_folder(folder)
    elif not os.path.islink(folder):
        _delete_made(folder, MADE)
        for place, _, _ in os.walk(folder, topdown=False):
            delete_if_empty(place)


def _delete_made(folder: str, made: re.Pattern[str]) -> None:
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names if made.fullmatch(name)):
            if not os.path.islink(path):
                delete_file(path)


def foreign_files(folder: str) -> list[str]:
    """Paths of files, and of links, under a folder that do not have a name of ours, sorted."""
    if is_remote(folder):
        return remote_files(folder).foreign_files(folder)
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        paths = [os.path.join(place, name) for name in (*folders, *names)]
        found += [path for path in paths if os.path.islink(path)]
        found += [os.path.join(place, name) for name in names if not MADE.fullmatch(name)]
    return sorted(set(found))


def delete_file(path: str) -> None:
    """Removes a file; nothing happens if it is not there."""
    if is_remote(path):
        remote_files(path).delete_file(path)
    elif os.path.exists(path):
        with suppress(FileNotFoundError):  # two workers may remove the same
            os.unlink(path)


def delete_if_empty(folder: str) -> None:
    """Removes a local folder that holds nothing; other filesystems have no empty folders."""
    if not is_remote(folder):
        with suppress(OSError):  # it holds something, or is not there
            os.rmdir(folder)


def delete_leftovers(folder: str) -> None:
    """Removes the temporary files of killed writers under a folder."""
    if is_remote(folder):
        remote_files(folder).delete_leftovers(folder)
    else:
        _delete_made(folder, LEFTOVER)


def is_leftover(path: str) -> bool:
    """True for a temporary file of a killed writer, by its name."""
    return LEFTOVER.fullmatch(path.rpartition("/")[2]) is not None


def move_folder(source: str, target: str) -> None:
    """Moves the folder `source` to `target`; a folder that is there already is replaced.

    What others put there stays beside it, in `target.old-…`. The files were written by
    `atomic_write`; when this returns, a loss of power undoes nothing.
    """
    if not is_remote(target):
        retired = f"{target}.old-{uuid.uuid4().hex[:8]}"
        _make_folders(os.path.dirname(target), lasting=True)
        for place, _, _ in os.walk(source):
            sync_path(place)  # its files are lasting
        if os.path.exists(target):
            os.rename(target, retired)
        try:
            os.rename(source, target)
        except OSError:
            if os.path.exists(retired):
                os.rename(retired, target)
            raise
        sync_path(os.path.dirname(target))
        delete_folder(retired)
        return
    remote_files(target).move_folder(source, target)


def is_half_moved(folder: str) -> bool:
    """True if a move to the folder broke off: it may be replaced. Local moves are atomic."""
    return is_remote(folder) and remote_files(folder).is_half_moved(folder)


@functools.cache
def hush_beam() -> None:
    """Suppresses Beam's warning at import where c4forge[gcp] is not installed."""
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())
