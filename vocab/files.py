"""Which files a value of an option names, on any filesystem Beam knows."""

import os

from vocab.runners import hush_beam
from vocab.storage import is_remote, join

Matched = dict[str, tuple[int, float]]
"""By path: size in bytes, modification time in seconds since 1970."""


class InputError(ValueError):
    """A value of an option that names no file; the message says what was expected."""


def match_files(option: str, pattern: str, names: tuple[str, ...]) -> Matched:
    """Path to (size in bytes, modification time) of every file that a value of an option names.

    Args:
      option: as given, for errors.
      pattern: a file, a glob, or a folder; local ones become absolute.
      names: globs of the files that are taken of a folder and its subfolders.
    Raises:
      InputError: there is none.
    """
    hush_beam()
    from apache_beam.io.filesystems import FileSystems

    if not is_remote(pattern):
        pattern = os.path.abspath(os.path.expanduser(pattern))
    folder = pattern.endswith("/") or (not is_remote(pattern) and os.path.isdir(pattern))
    globs = [join(pattern, f"*{name}") for name in names] if folder else [pattern]
    if not folder and not is_remote(pattern) and os.path.isfile(pattern):
        status = os.stat(pattern)  # a name that exists is no glob, whatever characters it has
        return {pattern: (status.st_size, status.st_mtime)}
    try:
        matched = [m for result in FileSystems.match(globs) for m in result.metadata_list]
    except Exception as error:  # each filesystem of Beam raises its own
        raise InputError(f"{option}={pattern}: cannot be listed: {error}") from error
    if not matched:
        expected = f"files named {', '.join(names)}" if folder else "a file or glob"
        raise InputError(
            f"{option}={pattern}: matches no file; expected {expected}. "
            "Quote a glob, so that it arrives whole."
        )
    return {m.path: (m.size_in_bytes, m.last_updated_in_seconds or 0.0) for m in matched}
