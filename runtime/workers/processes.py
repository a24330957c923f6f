"""How worker processes start and end: without SIGINT, without the current folder, never by half."""

import multiprocessing
import os
import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

from runtime.errors import UsageError

_ROOT = Path(__file__).resolve().parents[2]
_is_uninterrupted = False
_pending: Callable[[], None] | None = None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A block that signals let end.

    A process half started would end with a traceback. A handler would wait for ever for a lock that
    the block holds.
    """
    global _is_uninterrupted, _pending
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _is_uninterrupted = True
    try:
        yield
    finally:
        _is_uninterrupted = False
        if _pending is not None:
            act, _pending = _pending, None
            act()


def when_interruptible(act: Callable[[], None]) -> None:
    """Does what a signal handler has to do: at once, or at the end of an uninterrupted block."""
    global _pending
    if _is_uninterrupted:
        _pending = act
    else:
        act()


def raise_when_interruptible(error: type[BaseException]) -> None:
    """Raises an error of a signal handler: at once, or at the end of an uninterrupted block."""

    def kill_and_raise() -> None:
        kill_workers()
        raise error

    if not _is_uninterrupted:
        raise error
    when_interruptible(kill_and_raise)


def kill_workers() -> None:
    """Ends this process's children at once. Files they were writing are absent, as always."""
    for process in multiprocessing.active_children():
        process.kill()


def start_fork_server() -> None:
    """Starts it and the resource tracker, if they are not running, for the workers of this process.

    Ctrl-C in a terminal sends SIGINT to the process group. Both block it, and so do the workers,
    which inherit the mask: they end when this process tells them to. The fork server imports
    nothing of the current folder, which a Python that is started with a command would.
    """
    with _environment(PYTHONSAFEPATH="1", PYTHONPATH=_module_path()):
        resource_tracker.ensure_running()  # by itself: it unblocks SIGINT for this thread
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_current_folder() -> None:
    """Takes the current folder from the places of imports, unless the project is in it."""
    if not _is_in_root():
        sys.path[:] = [path for path in sys.path if path]


def _is_in_root() -> bool:
    try:
        return Path.cwd() == _ROOT
    except OSError:  # it was removed
        return False


def check_current_folder() -> None:
    """Refuses a current folder that was removed: no path that starts in it leads anywhere.

    Raises:
      UsageError: it was.
    """
    try:
        Path.cwd()
    except OSError:
        raise UsageError("the current folder was removed; go to one that is there: cd ~") from None


def _module_path() -> str | None:
    """PYTHONPATH for new interpreters: with the project's folder, unless they find it anyway."""
    given = os.environ.get("PYTHONPATH")
    root = str(_ROOT)
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    library = str(Path(sysconfig.get_paths()["stdlib"]).resolve())
    if root in paths and library in paths and paths.index(root) > paths.index(library):
        return given  # site-packages, which no PYTHONPATH may put before the standard library
    return os.pathsep.join([root, *([given] if given else [])])


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """A block with these environment variables; None: without that one."""
    before = {name: os.environ.get(name) for name in values}
    _set_environment(values)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
