"""Locks between processes: one run a work folder, and so many downloads a machine.

The kernel releases them when their process ends, however it ends.
"""

import atexit
import errno
import fcntl
import json
import os
import platform
import shlex
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

import platformdirs

from runtime.errors import UsageError
from runtime.redaction import plain, redact_arguments
from runtime.storage.files import join, make_folder
from runtime.storage.remote import is_remote

_NAME = "c4forge.lock"
_TRIES, _WAIT_SECONDS = 5, 0.05
_LONGEST = 1 << 20  # bytes of a lock file
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


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
        return plain(f"process {self.pid} on {self.host}, since {since}: {self.command}")


@contextmanager
def hold_folder(work: str, option: str = "") -> Iterator[None]:
    """Makes a work folder, and holds its lock until the block or the process ends.

    Remote filesystems have no locks: an object does not go with the process that made it. Two runs
    of one output write the same bytes twice there, and the first to end removes what both work on.

    Args:
      option: that names the folder or one above it, with its value, for the error.
    Raises:
      UsageError: the folder cannot be written, or a file of others has the lock's name.
      WorkFolderInUse: another run holds the lock.
    """
    path = join(work, _NAME)
    try:
        make_folder(work)
        descriptor, is_foreign = (-1, False) if is_remote(work) else _locked(path)
    except OSError as error:
        raise UsageError(f"{option or work}: cannot be written: {error}") from None
    if descriptor < 0:
        yield
        return
    try:
        command = shlex.join(redact_arguments(sys.argv))
        me = Holder(os.getpid(), platform.node(), time.time(), command)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(asdict(me)).encode())
        yield
    finally:
        os.ftruncate(descriptor, 0)
        if not is_foreign:
            os.unlink(path)
        os.close(descriptor)


def _read_holder(text: str) -> Holder:
    """The holder that a lock file names. Raises ValueError if it is no lock of ours."""
    try:
        return Holder(**json.loads(text))
    except TypeError:
        raise ValueError(text) from None


def _is_foreign(descriptor: int, path: str) -> bool:
    """True if a lock file that was there is empty: nobody knows who made it.

    Raises:
      UsageError: it is no lock of ours.
    """
    try:
        content = os.pread(descriptor, _LONGEST, 0).decode()
        return not content or not _read_holder(content)
    except ValueError:
        os.close(descriptor)
        raise UsageError(
            f"{path} is no lock of c4forge, which needs this name. Move it away, or give another "
            "folder"
        ) from None


def _locked(path: str) -> tuple[int, bool]:
    """A descriptor that holds the lock of the file at the path; True if others may have made it.

    Raises:
      UsageError: the file is none of ours.
      WorkFolderInUse: another run holds it.
    """
    folder = os.path.dirname(path)
    for _ in range(_TRIES):
        try:
            descriptor, is_new = _open_own(path)
        except FileNotFoundError:  # removed by its holder after it was found here
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            time.sleep(_WAIT_SECONDS)  # `holder` locks the file too, for a moment
            continue
        if _is_file(descriptor, path):
            return descriptor, not is_new and _is_foreign(descriptor, path)
        os.close(descriptor)  # its holder has ended and removed it
    raise WorkFolderInUse(
        f"{folder} is in use by {holder(folder) or 'another run'}. Wait until it ends, or give "
        "another folder."
    )


def _open_own(path: str) -> tuple[int, bool]:
    """A descriptor of a plain file, for reading and writing; True if it was made here.

    Raises:
      UsageError: it is a link, a folder or a device.
    """
    try:
        try:
            return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600), True
        except FileExistsError:
            descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        raise UsageError(f"{path} is no plain file, so no lock of c4forge. Remove it") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"{path} is no plain file, so no lock of c4forge. Remove it")
    return descriptor, False


def _is_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def holder(work: str) -> Holder | None:
    """The run that holds the lock of a work folder; None if no run does, or it is remote."""
    if is_remote(work):
        return None
    try:
        with open(os.open(join(work, _NAME), _FLAGS)) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read_holder(stream.read())
    except (OSError, ValueError):
        return None
    return None


def user_folder(name: str) -> str:
    """A folder that only this user can write, on this machine, for locks between its processes.

    In a folder for all, as /tmp, others could make it first, or put a link in its place.
    """
    cache = platformdirs.user_cache_dir("c4forge")
    places = [os.environ.get("XDG_RUNTIME_DIR", ""), os.path.join(cache, platform.node())]
    for place in filter(os.path.isabs, places):
        folder = os.path.join(place, f"c4forge-{name}")
        with suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if _is_private(folder):
                return folder
    folder = tempfile.mkdtemp(prefix=f"c4forge-{name}-")  # shared by the processes of this run
    atexit.register(_remove, folder, os.getpid())
    return folder


def _is_private(folder: str) -> bool:
    status = os.stat(folder, follow_symlinks=False)
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return is_own and not status.st_mode & 0o022 and os.access(folder, os.W_OK)


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


_POLL_SECONDS = 0.1


class SemaphoreTimeout(OSError):
    """No permit became free in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSemaphore:
    """A counting semaphore between the processes of a machine: a lock file a permit.

    Attributes:
      folder: of the lock files, as `user_folder`, on a local disk: not every network filesystem
        has locks. Runs that share the folder share the permits.
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
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
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
    descriptor, _ = _open_own(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
