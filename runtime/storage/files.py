"""Files and folders on any filesystem of Beam; a written file is complete or absent.

Local paths are opened directly, so that worker processes need not import Beam.
"""

import errno
import functools
import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from runtime.errors import UsageError

_TEMPORARY = ".tmp-"
# Errors of a write that name no file.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_GLOB = re.compile(r"[*?\[]")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def is_remote(path: str) -> bool:
    """True for paths with a scheme, as gs:// and s3://, which Beam opens."""
    return _REMOTE.match(path) is not None


def join(*parts: str) -> str:
    """The parts as one path; the first decides the filesystem."""
    return "/".join([parts[0].rstrip("/"), *parts[1:]])


def open_read(path: str) -> BinaryIO:
    """The stored bytes of a file, never decompressed.

    Raises:
      OSError: it cannot be read.
    """
    if not is_remote(path):
        return open(path, "rb")
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    stream = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return cast(BinaryIO, stream)


@contextmanager
def atomic_write(path: str) -> Iterator[BinaryIO]:
    """A file to write that takes its name only when the block ends without an error.

    Two workers may write the same path at once, as retries do: the file that ends last stays.

    Raises:
      OSError: it cannot be written; the error names the path, as of a full disk it would not.
    """
    temporary = f"{path}{_TEMPORARY}{uuid.uuid4().hex[:12]}"
    if not is_remote(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        try:
            with open(temporary, "wb") as stream:
                yield stream
            os.replace(temporary, path)
        except OSError as error:
            if error.errno in _OF_WRITING and error.filename is None:
                raise OSError(error.errno, error.strerror, path) from error
            raise
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        return
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.create(temporary, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
        yield cast(BinaryIO, stream)
    if FileSystems.exists(path):
        FileSystems.delete([path])
    FileSystems.rename([temporary], [path])


def make_folder(folder: str) -> None:
    """Makes a local folder, and those above it; other filesystems need none.

    Raises:
      OSError: it cannot be made.
    """
    if not is_remote(folder):
        os.makedirs(folder, exist_ok=True)


def write_bytes(path: str, data: bytes) -> None:
    """Writes the data as a file."""
    with atomic_write(path) as stream:
        stream.write(data)


def read_bytes(path: str) -> bytes:
    """All bytes of a file."""
    with open_read(path) as stream:
        return stream.read()


def exists(path: str) -> bool:
    """True if a file or folder of that name is there."""
    if not is_remote(path):
        return os.path.exists(path)
    from apache_beam.io.filesystems import FileSystems

    return bool(FileSystems.exists(path))


def size_bytes(path: str) -> int:
    """Stored size of a file.

    Raises:
      OSError: it is not there.
    """
    if not is_remote(path):
        return os.path.getsize(path)
    from apache_beam.io.filesystems import FileSystems

    return int(FileSystems.match([path])[0].metadata_list[0].size_in_bytes)


def list_files(folder: str) -> list[str]:
    """Paths of the files directly in a folder, sorted; [] if there is no such folder."""
    if not is_remote(folder):
        if not os.path.isdir(folder):
            return []
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())
    from apache_beam.io.filesystems import FileSystems

    matches = FileSystems.match([join(folder, "*")])[0].metadata_list
    return sorted(match.path for match in matches)


def delete_folder(folder: str) -> None:
    """Removes a folder and everything in it; nothing happens if it is not there."""
    if not is_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
        return
    from apache_beam.io.filesystems import FileSystems

    if FileSystems.exists(folder):
        FileSystems.delete([folder])


def delete_file(path: str) -> None:
    """Removes a file; nothing happens if it is not there."""
    if not is_remote(path):
        if os.path.exists(path):
            os.unlink(path)
        return
    from apache_beam.io.filesystems import FileSystems

    if FileSystems.exists(path):
        FileSystems.delete([path])


def delete_if_empty(folder: str) -> None:
    """Removes a local folder that holds nothing; other filesystems have no empty folders."""
    if not is_remote(folder) and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)


def delete_leftovers(folder: str) -> None:
    """Removes the temporary files of killed writers under a folder."""
    if not is_remote(folder):
        for place, _, names in os.walk(folder):
            for name in names:
                if _TEMPORARY in name:
                    os.unlink(os.path.join(place, name))
        return
    from apache_beam.io.filesystems import FileSystems

    matches = FileSystems.match([join(folder, f"**{_TEMPORARY}*")])[0].metadata_list
    if matches:
        FileSystems.delete([match.path for match in matches])


def move_folder(source: str, target: str) -> None:
    """Moves the folder `source` to `target`; a folder that is there already is replaced."""
    if not is_remote(target):
        retired = f"{target}.old-{uuid.uuid4().hex[:8]}"
        if os.path.exists(target):
            os.rename(target, retired)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(source, target)
        shutil.rmtree(retired, ignore_errors=True)
        return
    from apache_beam.io.filesystems import FileSystems

    delete_folder(target)
    FileSystems.rename([source], [target])


@functools.cache
def hush_beam() -> None:
    """Suppresses Beam's warning at import where c4forge[gcp] is not installed."""
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())


Matched = dict[str, tuple[int, float]]
"""By path: size in bytes, modification time in seconds since 1970."""


class InputError(UsageError):
    """An option whose value matches no file. The message says what was expected."""


def is_missing(pattern: str) -> bool:
    """True if a local file or folder is not there, or the folder that a glob starts in.

    It is cheap: Beam is not imported.
    """
    path = os.path.abspath(os.path.expanduser(pattern))
    if is_remote(pattern) or os.path.exists(path):
        return False
    start = _GLOB.split(path)[0]
    return start == path or not os.path.isdir(os.path.dirname(start))


def match_files(option: str, pattern: str, names: tuple[str, ...]) -> Matched:
    """Every file that the value of an option matches.

    Args:
      option: its name, for errors.
      pattern: a file, a glob, or a folder; local ones become absolute.
      names: globs of the files to take from a folder and its subfolders.
    Raises:
      InputError: no file matches.
    """
    if not is_remote(pattern):
        pattern = os.path.abspath(os.path.expanduser(pattern))
    folder = pattern.endswith("/") or (not is_remote(pattern) and os.path.isdir(pattern))
    globs = [join(pattern, f"*{name}") for name in names] if folder else [pattern]
    if not folder and not is_remote(pattern) and os.path.isfile(pattern):
        status = os.stat(pattern)  # a file name may hold the characters of a glob
        return {pattern: (status.st_size, status.st_mtime)}
    if is_missing(pattern):
        raise _no_match(option, pattern, "a file or glob")
    hush_beam()
    from apache_beam.io.filesystems import FileSystems

    try:
        matched = [m for result in FileSystems.match(globs) for m in result.metadata_list]
    except Exception as error:  # each filesystem of Beam raises its own
        raise InputError(f"{option}={pattern}: cannot be listed: {error}") from error
    if not matched:
        expected = f"files named {', '.join(names)}" if folder else "a file or glob"
        raise _no_match(option, pattern, expected)
    return {m.path: (m.size_in_bytes, m.last_updated_in_seconds or 0.0) for m in matched}


def _no_match(option: str, pattern: str, expected: str) -> InputError:
    return InputError(
        f"{option}={pattern}: matches no file; expected {expected}. "
        "Quote a glob, so that the shell does not expand it."
    )
