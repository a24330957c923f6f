"""What every command does around its work: errors and signals to exit codes, the pool closed."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

from runtime.cli.console import say
from runtime.errors import InputRefused, RunFailed, UsageError
from runtime.workers import pool


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    INTERRUPTED = 130  # 128 + SIGINT
    TERMINATED = 143  # 128 + SIGTERM


class Terminated(BaseException):
    """SIGTERM came when no task was running in this process."""


def run_command(name: str, work: Callable[[], int]) -> int:
    """Does the work of a command; returns the exit code.

    Args:
      name: the command, as people type it.
      work: returns the exit code where nothing is raised.
    """
    try:
        with _sigterm_stops_tasks():
            return work()
    except UsageError as error:
        say(f"{name}: error: {error}")
        say("Nothing was done. --help lists all options.")
        return Exit.USAGE
    except InputRefused as error:
        say(f"Failed: {error}")
        return Exit.REFUSED
    except RunFailed as error:
        say(f"Failed: {error}")
        say("What is done is kept: the same command goes on from here.")
        return Exit.FAILED
    except KeyboardInterrupt:
        say("\nStopped. The same command goes on from here.")
        return Exit.INTERRUPTED
    except Terminated:
        say("Stopped before any work. A job that was handed to a runner goes on there.")
        return Exit.TERMINATED
    finally:
        pool.close_pool()


@contextmanager
def _sigterm_stops_tasks() -> Iterator[None]:
    """SIGTERM drops the tasks that have not begun and lets the running ones end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not pool.stop_tasks():
            raise Terminated
        say("SIGTERM: ending after the running tasks.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
