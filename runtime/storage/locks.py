"""Locks between processes: one run a work folder, and so many downloads a machine.

The kernel releases them when their process ends, however it ends.
"""

import fcntl
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from runtime.errors import UsageError
from runtime.storage.files import join
from runtime.storage.remote import is_remote

_NAME = "lock"
_TRIES, _WAIT_SECONDS = 5, 0.05


class WorkFolderInUse(UsageError):
    """Another run uses the work folder. The message names that run."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds the lock of a work folder.

    Attributes:
      pid, host: of its process.
      started: seconds since 1970.
      command: its command line.
    """

    pid: int
    host: str
    started: float
    command: str

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.started))
        return f"process {self.pid} on {self.host}, since {since}: {self.command}"


@contextmanager
def hold_folder(work: str) -> Iterator[None]:
    """Holds the lock of a work folder until the block or the process ends.

    Remote filesystems have no locks: an object does not go with the process that made it. Two runs
    of one output write the same bytes twice there, and the first to end removes what both work on.

    Args:
      work: an existing folder.
    Raises:
      WorkFolderInUse: another run holds the lock.
    """
    if is_remote(work):
        yield
        return
    path = join(work, _NAME)
    descriptor = _locked(path)
    me = Holder(os.getpid(), platform.node(), time.time(), " ".join(sys.argv))
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps(asdict(me)).encode())
    try:
        yield
    finally:
        os.unlink(path)
        os.close(descriptor)


def _locked(path: str) -> int:
    """A descriptor that holds the lock of the file at the path."""
    folder = os.path.dirname(path)
    for _ in range(_TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            time.sleep(_WAIT_SECONDS)  # `holder` locks the file too, for a moment
            continue
        if _is_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder has ended and removed it
    raise WorkFolderInUse(
        f"{folder} is in use by {holder(folder) or 'another run'}. Wait until it ends, or give "
        "another folder."
    )


def _is_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def holder(work: str) -> Holder | None:
    """The run that holds the lock of a work folder; None if no run does, or it is remote."""
    if is_remote(work):
        return None
    try:
        with open(join(work, _NAME)) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Holder(**json.loads(stream.read()))
    except (FileNotFoundError, ValueError):
        return None
    return None


_POLL_SECONDS = 0.1


class SemaphoreTimeout(OSError):
    """No permit became free in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSemaphore:
    """A counting semaphore between the processes of a machine: a lock file a permit.

    Attributes:
      folder: of the lock files, on a local disk: not every network filesystem has locks. Runs that
        share the folder share the permits.
      count: the number of permits. Runs with different counts each keep to their own.
      longest_wait_seconds: for a permit; only a process that hangs holds one so long.
    """

    folder: str
    count: int
    longest_wait_seconds: float = 3600.0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"{self.count} connections: at least 1 is needed to read anything")

    @contextmanager
    def hold(self, sleep: Callable[[float], None]) -> Iterator[int]:
        """Waits for a permit and holds it while the block runs. Gives its number.

        Args:
          sleep: waits so many seconds.
        Raises:
          SemaphoreTimeout: none became free.
        """
        os.makedirs(self.folder, exist_ok=True)
        number, descriptor = self._acquire(sleep)
        try:
            yield number
        finally:
            os.close(descriptor)

    def _acquire(self, sleep: Callable[[float], None]) -> tuple[int, int]:
        first = os.getpid()  # so that processes do not all try the same permit first
        for _ in range(max(1, round(self.longest_wait_seconds / _POLL_SECONDS))):
            for number in ((first + n) % self.count for n in range(self.count)):
                descriptor = _try_lock(os.path.join(self.folder, f"{number:03d}.lock"))
                if descriptor is not None:
                    return number, descriptor
            sleep(_POLL_SECONDS)
        raise SemaphoreTimeout(
            f"all {self.count} connections of {self.folder} stayed taken for "
            f"{self.longest_wait_seconds:.0f} s; is a process hanging?"
        )


def _try_lock(path: str) -> int | None:
    """The descriptor of the file, locked; None if another process has locked it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
