"""The files that the values of options name: files, folders, globs, on any filesystem."""

import os
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from runtime.errors import UsageError
from runtime.redaction import plain
from runtime.storage.files import hush_beam, remote_files
from runtime.storage.names import HAS_GLOB, as_regex, is_named
from runtime.storage.remote import Matched, is_remote

_FILE_URL = re.compile(r"file:/", re.IGNORECASE)
_ONE_SLASH = re.compile(r"(s3|gs|hdfs|https?):/?(?!/)(.*)", re.IGNORECASE | re.DOTALL)


class InputError(UsageError):
    """An option whose value matches no file. The message says what was expected."""


def local_path(value: str) -> str:
    """The path of a URL `file:///…`, with its escapes resolved; any other value unchanged.

    Raises:
      UsageError: it names another machine, or no path; or a URL lacks one of its slashes, which
        would be a local path.
    """
    if short := _ONE_SLASH.fullmatch(value):
        raise UsageError(f"{value}: expected {short[1]}://{short[2]}, with two slashes")
    if not _FILE_URL.match(value):
        return value
    url = urlsplit(value.replace("?", "%3F").replace("#", "%23"))
    if url.netloc not in ("", "localhost") or not url.path.strip("/"):
        raise UsageError(f"{value}: expected file:///path, a path of this machine")
    return unquote(url.path, errors="surrogateescape")


def is_missing(pattern: str) -> bool:
    """True if a local file or folder is not there, or the folder that a glob starts in."""
    if is_remote(pattern):
        return False
    path = os.path.abspath(os.path.expanduser(pattern))
    _, rest = _split_glob(path)
    return bool(rest) and not HAS_GLOB.search(rest.partition("/")[0])


def _split_glob(path: str) -> tuple[str, str]:
    """The folder up to which an absolute path is literally there, and the rest, "" if all is.

    A folder's name may hold the characters of a glob: `crawl [2019]/*.gz`.
    """
    folder = "/"
    parts = [part for part in path.split("/") if part]
    for number, part in enumerate(parts):
        deeper = os.path.join(folder, part)
        is_last = number == len(parts) - 1
        if not (os.path.isdir(deeper) or (is_last and os.path.lexists(deeper))):
            return folder, "/".join(parts[number:])
        folder = deeper
    return folder, ""


def match_files(option: str, pattern: str, names: tuple[str, ...]) -> Matched:
    """Every file that the value of an option matches.

    Args:
      option: its name, for errors.
      pattern: a file, a glob, or a folder; local ones become absolute. `*` and `?` stand for
        characters within a name, `**` for folders too.
      names: globs of the files to take from a folder and its subfolders, whatever their case.
    Raises:
      InputError: no file matches, or one is matched that cannot be read as a file.
    """
    if is_remote(pattern):
        return _match_remote(option, pattern, names)
    path = os.path.abspath(os.path.expanduser(pattern))
    folder, rest = _split_glob(path)
    try:
        if not rest and not os.path.isdir(path):
            if path.startswith(("/dev/", "/proc/")) and os.path.isfile(path):
                path = os.path.realpath(path)  # /dev/stdin is another file in another process
            return {path: _file_status(option, path)}
        of_folder = not rest or pattern.endswith("/")
        found = _match_local(option, folder, f"{rest}/**" if rest and of_folder else rest or "**")
    except OSError as error:
        raise InputError(f"{option}={pattern}: cannot be listed: {error}") from None
    if of_folder:
        found = {path: file for path, file in found.items() if is_named(path, names)}
    if not found:
        named = of_folder and not is_missing(path)
        expected = f"files named {', '.join(names)}" if named else "a file or glob"
        raise _no_match(option, path, expected)
    return found


def _match_local(option: str, folder: str, glob: str) -> Matched:
    """The files below a folder whose path from there matches the glob."""
    matches = re.compile(as_regex(glob)).fullmatch
    depth = -1 if "**" in glob else glob.count("/")
    found: Matched = {}
    for path in sorted(_walk(folder, depth)):
        if matches(os.path.relpath(path, folder)):
            found[path] = _file_status(option, path)
    return found


def _walk(folder: str, depth: int) -> Iterator[str]:
    """Paths of the files below a folder, through links too, each folder once; -1: at any depth."""
    seen: set[tuple[int, int]] = set()
    left = [(folder, depth)]
    while left:
        here, deeper = left.pop()
        status = os.stat(here)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(here) as entries:
            for entry in entries:
                if not entry.is_dir():
                    yield entry.path
                elif deeper:
                    left.append((entry.path, deeper - 1))


def _file_status(option: str, path: str) -> tuple[int, float]:
    """Size and time of a file.

    Raises:
      InputError: it is a pipe, a device, or a link that leads nowhere.
    """
    if os.path.isfile(path):
        status = os.stat(path)
        return status.st_size, status.st_mtime
    if not os.path.exists(path):
        raise InputError(f"{option}={plain(path)}: is a link to a file that is not there")
    raise InputError(
        f"{option}={plain(path)}: is a pipe or a device, which can be read only once; "
        "write its content to a file first"
    )


def _match_remote(option: str, pattern: str, names: tuple[str, ...]) -> Matched:
    hush_beam()
    try:
        found, of_folder = remote_files(pattern).match(pattern, names)
    except OSError as error:
        raise InputError(f"{option}={pattern}: cannot be listed: {error}") from error
    if not found:
        expected = f"files named {', '.join(names)}" if of_folder else "a file or glob"
        raise _no_match(option, pattern, expected)
    return found


def _no_match(option: str, pattern: str, expected: str) -> InputError:
    return InputError(
        f"{option}={pattern}: matches no file; expected {expected}. "
        "Quote a glob, so that the shell does not expand it."
    )
