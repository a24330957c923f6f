"""Temporary files of a command and its processes: one private folder, removed when they are dead.

Python's multiprocessing, Beam, TensorFlow and this project put files into the temporary folder of
the machine. What a killed process left there nobody would ever remove.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from multiprocessing.util import Finalize

_PREFIX = "c4forge-tmp-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")
_LONGEST_BYTES = 107 - len("/pymp-12345678/listener-12345678")  # of a socket's path: unix(7)
_LAST = -200  # after multiprocessing has removed its own folder in it, at -100
_TRIES = 3
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_own: tuple[str, int] | None = None


def own_temporaries() -> None:
    """Gives this process, which ends with its command, and its children a temporary folder.

    It lies in the folder that `TMPDIR` names, or in /tmp; that of a command which a command started
    lies beside the other one's. Those of dead processes of this user are removed first. Where none
    can be made, or sockets in it would have too long a path, nothing changes.
    """
    global _own
    if _own is not None and _own[1] == os.getpid():
        return
    place = tempfile.gettempdir()
    if _NAME.fullmatch(os.path.basename(place)):
        place = os.path.dirname(place)
    _remove_dead(place)
    for _ in range(_TRIES):
        folder = ""
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        if not folder:
            return
        descriptor = _locked(folder)
        if descriptor is not None:  # else another process took it for a dead one's
            break
    else:
        return
    if len(os.fsencode(folder)) > _LONGEST_BYTES:
        os.rmdir(folder)
        os.close(descriptor)
        return
    _own = folder, os.getpid()
    Finalize(None, remove_own, exitpriority=_LAST)
    os.environ["TMPDIR"] = tempfile.tempdir = folder


def remove_own() -> None:
    """Removes the folder of this process; a child that was forked from it has none."""
    if _own is not None and _own[1] == os.getpid():
        shutil.rmtree(_own[0], ignore_errors=True)


def _remove_dead(place: str) -> None:
    """Removes the folders of this user whose processes have ended: no one holds their lock."""
    with suppress(OSError):
        for name in filter(_NAME.fullmatch, os.listdir(place)):
            folder = os.path.join(place, name)
            descriptor = _locked(folder)
            if descriptor is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)


def _locked(folder: str) -> int | None:
    """A descriptor that holds the lock of a folder of this user.

    None if there is no such folder, or another process holds its lock.
    """
    try:
        descriptor = os.open(folder, _FLAGS)
    except OSError:  # gone, a link, another user's
        return None
    with suppress(OSError):
        status = os.fstat(descriptor)
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o700:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(status, os.stat(folder, follow_symlinks=False)):
                return descriptor
    os.close(descriptor)
    return None
