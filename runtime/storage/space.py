"""A full disk, told with its folder, its free bytes, and the bytes that the work still needs."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runtime.errors import InputRefused, RunFailed, UsageError
from runtime.storage.remote import is_remote
from runtime.units import size

_FULL = (errno.ENOSPC, errno.EDQUOT)
_TEXTS = tuple(map(os.strerror, _FULL))  # in errors of libraries that are no OSErrors


class DiskFull(RunFailed):
    """A disk is full; the message names a folder on it."""


def is_full(error: BaseException | None) -> bool:
    """True if a full disk, or a quota that is used up, is behind an error."""
    seen: list[BaseException] = []  # a chain may lead back to where it began
    while error is not None and error not in seen:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if not isinstance(error, OSError) and any(text in str(error) for text in _TEXTS):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def describe_full(folder: str, needed_bytes: float | None = None, advice: str = "") -> str:
    """What to say of the full disk of a folder, which need not be there.

    Args:
      needed_bytes: that the work still needs; None: not known.
      advice: one more sentence.
    """
    place = os.path.abspath(folder)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    usage = shutil.disk_usage(place)
    told = [
        f"too little space on the disk of {folder}: {size(usage.free)} free of {size(usage.total)}."
    ]
    if needed_bytes is not None:
        told.append(f"The work still needs about {size(max(round(needed_bytes), 1))} there.")
    return " ".join([*told, advice or "Free some and run the same command again."])


@contextmanager
def telling_need(
    folder: str, needed_bytes: Callable[[], float | None] = lambda: None, advice: str = ""
) -> Iterator[None]:
    """A block of work that writes to a folder and what is under it.

    Args:
      needed_bytes: asked when the disk is full.
      advice: what to do, instead of freeing space.
    Raises:
      DiskFull: instead of the error that a full disk is behind.
    """
    try:
        yield
    except (DiskFull, UsageError, InputRefused):
        raise
    except Exception as error:
        if is_remote(folder) or not is_full(error):
            raise
        raise DiskFull(describe_full(folder, needed_bytes(), advice)) from error


def folder_bytes(folder: str) -> int:
    """Bytes of all files under a local folder; files that vanish meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


def left_of(used_bytes: float, fraction: float) -> float | None:
    """Bytes that work still needs, from those of the fraction that is done; None at its start."""
    return used_bytes * (1 - fraction) / fraction if fraction > 0 else None
