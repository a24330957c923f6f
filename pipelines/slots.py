"""A limit on concurrent requests that all processes of a machine share.

Each slot is a file that a process locks while it holds a request. Nothing remembers a lock but the
kernel, so those of a killed process are free at once. On a distributed runner each machine has
slots of its own, and the limit holds for each machine.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_POLL_SECONDS = 0.1


class NoSlot(OSError):
    """Every slot stayed taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """So many requests may be under way.

    Attributes:
      folder: of the lock files, on a disk of this machine: not every network filesystem locks.
        Runs that share the folder share the slots.
      count: how many there are. Of runs with different counts, each keeps to its own.
      longest_wait_seconds: for a slot; only a process that hangs holds one so long.
    """

    folder: str
    count: int
    longest_wait_seconds: float = 3600.0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"{self.count} connections: at least 1 is needed to read anything")

    @contextmanager
    def hold(self, sleep: Callable[[float], None]) -> Iterator[int]:
        """Holds a slot while the block runs; waits for one first. Gives the slot's number.

        Raises:
          NoSlot: none became free.
        """
        os.makedirs(self.folder, exist_ok=True)
        number, descriptor = self._take(sleep)
        try:
            yield number
        finally:
            os.close(descriptor)

    def _take(self, sleep: Callable[[float], None]) -> tuple[int, int]:
        first = os.getpid()  # so that processes do not all ask for the same slot first
        for _ in range(max(1, round(self.longest_wait_seconds / _POLL_SECONDS))):
            for number in ((first + n) % self.count for n in range(self.count)):
                descriptor = _lock(os.path.join(self.folder, f"{number:03d}.lock"))
                if descriptor is not None:
                    return number, descriptor
            sleep(_POLL_SECONDS)
        raise NoSlot(
            f"all {self.count} connections of {self.folder} stayed taken for "
            f"{self.longest_wait_seconds:.0f} s; is a process hanging?"
        )


def _lock(path: str) -> int | None:
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
