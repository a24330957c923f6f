"""What every command does around its work: errors and signals to exit codes, the pool closed."""

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType
from typing import NoReturn

from runtime.cli.console import at_work, say
from runtime.cli.version import versions
from runtime.errors import InputRefused, RunFailed, Terminated, UsageError
from runtime.redaction import redacted_output
from runtime.storage.space import describe_full, is_full
from runtime.workers import pool
from runtime.workers.processes import check_current_folder, kill_workers, raise_when_interruptible
from runtime.workers.temporaries import remove_own

RESUMABLE = "What is done is kept: the same command goes on from here."
NOTHING_WRITTEN = "Nothing was written."
_AGAIN_SECONDS = 1.0
_LATER_SECONDS = 0.05


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    INTERRUPTED = 130  # 128 + SIGINT
    TERMINATED = 143  # 128 + SIGTERM


def run_command(
    name: str, work: Callable[[], int], *, kept: str = RESUMABLE, abruptly: bool = False
) -> int:
    """Does the work of a command; returns the exit code.

    Args:
      name: the command, as people type it.
      work: returns the exit code where nothing is raised.
      kept: what is left of work that broke off, in a sentence.
      abruptly: True if a signal ends the process where it is: TensorFlow aborts if an exception is
        raised within its calls.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # paths that are not UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    signals = _Signals(f"Stopped. {kept}" if abruptly else "")
    with signals.handled(), redacted_output():
        try:
            return _exit_code(name, work, kept, signals)
        finally:
            pool.close_pool()


def end_process(code: int, abruptly: bool = False) -> int:
    """The exit code of this process, which signals no longer change while it shuts down.

    Args:
      abruptly: True if the interpreter does not shut down after a signal: threads of TensorFlow and
        JAX that were broken off crash it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if abruptly and code in (Exit.INTERRUPTED, Exit.TERMINATED):
        sys.stdout.flush()
        sys.stderr.flush()
        remove_own()
        os._exit(code)
    return code


def _exit_code(name: str, work: Callable[[], int], kept: str, signals: "_Signals") -> int:
    """Does the work; says in a line or two what ended it, if anything did."""
    try:
        check_current_folder()
        with at_work(name):
            return work()
    except (Exception, KeyboardInterrupt, Terminated) as error:
        signals.end()
        if signals.interrupted or isinstance(error, KeyboardInterrupt):
            say(f"\nStopped. {kept}")
            return Exit.INTERRUPTED
        if isinstance(error, Terminated):
            say(f"Stopped. {kept}")
            return Exit.TERMINATED
        if isinstance(error, UsageError):
            for line in str(error).split("\n"):
                say(f"{name}: error: {line}")
            say("Nothing was done. --help lists all options.")
            return Exit.USAGE
        if isinstance(error, InputRefused):
            say(f"Failed: {error}")
            return Exit.REFUSED
        if isinstance(error, RunFailed | OSError) or is_full(error):
            say(f"Failed: {_told(error)}\n{kept}")
            return Exit.FAILED
        say("This is a defect of c4forge. Report the command, these lines and the rest:")
        say(versions(name))
        raise


def _told(error: Exception) -> str:
    """The error in a line; the system's own errors with their class."""
    if is_full(error) and not isinstance(error, RunFailed):
        path = error.filename if isinstance(error, OSError) else None
        if path:
            return describe_full(os.path.dirname(os.fsdecode(path)))
        return f"a disk is full: {error}. Free some space and run the same command again."
    is_system = type(error).__module__ == "builtins"
    return f"{type(error).__name__}: {error}" if is_system else str(error)


class _Signals:
    """Handlers of SIGINT and SIGTERM while a command works; SIGALRM serves the first.

    Attributes:
      interrupted: True from the first SIGINT on.

    Args:
      last_words: with which the process ends at once; "" to raise an exception.
    """

    def __init__(self, last_words: str = "") -> None:
        self.interrupted = False
        self._last_words = last_words
        self._stderr = 2
        self._raised: type[BaseException] = KeyboardInterrupt

    @contextmanager
    def handled(self) -> Iterator[None]:
        """A block with both handlers, where a thread may set any: in the main one."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {
            signal.SIGINT: self._stop,
            signal.SIGTERM: self._terminate,
            signal.SIGALRM: self._raise_again,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        hooks = threading.excepthook, sys.unraisablehook
        if self._last_words:
            self._stderr = os.dup(2)  # 2 itself can lead elsewhere for a while
        try:
            yield
        finally:
            self.end()
            logging.disable(logging.NOTSET)
            threading.excepthook, sys.unraisablehook = hooks
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._last_words:
                os.close(self._stderr)

    def _stop(self, _signal: int, frame: FrameType | None) -> None:
        """Ends the workers and raises KeyboardInterrupt; a second SIGINT ends this process."""
        if self.interrupted:
            os._exit(Exit.INTERRUPTED)
        self.interrupted = True
        # Threads and destructors have much to say of work that was broken off.
        logging.disable(logging.CRITICAL)
        threading.excepthook = lambda _: None
        sys.unraisablehook = lambda _: None
        kill_workers()
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
        self._raise(KeyboardInterrupt, frame)

    def _terminate(self, _signal: int, frame: FrameType | None) -> None:
        """Drops the tasks that have not begun and lets the running ones end."""
        if not pool.stop_tasks():
            self._raise(Terminated, frame)
            return
        say("SIGTERM: ending after the running tasks.")

    def _raise(self, error: type[BaseException], frame: FrameType | None) -> None:
        """Raises the error here, or a moment later if a compiled module is being imported."""
        if self._last_words:
            code = Exit.TERMINATED if error is Terminated else Exit.INTERRUPTED
            _end_here(self._last_words, self._stderr, code)
        self._raised = error
        if _loads_extension(frame):
            signal.setitimer(signal.ITIMER_REAL, _LATER_SECONDS, _AGAIN_SECONDS)
            return
        raise_when_interruptible(error)

    def end(self) -> None:
        """No further KeyboardInterrupt is raised: the work is over."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _raise_again(self, _signal: int, frame: FrameType | None) -> None:
        """Raises it where it could not be raised before, or where a library's callback took it."""
        if not isinstance(sys.exception(), self._raised):  # which is on its way up
            kill_workers()
            self._raise(self._raised, frame)


def _end_here(last_words: str, stderr: int, code: Exit) -> NoReturn:
    """Ends the process from a signal handler, in which what it prints with may be in use."""
    with suppress(RuntimeError):
        sys.stdout.flush()
    shown = b"\r\x1b[K\x1b[?25h" if os.isatty(stderr) else b""  # the cursor, which a line hid
    os.write(stderr, shown + f"\n{last_words}\n".encode())
    remove_own()
    os._exit(code)


def _loads_extension(frame: FrameType | None) -> bool:
    """True inside the import of a compiled module: an exception there crashes some, as JAX's."""
    while frame is not None:
        if frame.f_code.co_qualname.startswith("ExtensionFileLoader."):
            return True
        frame = frame.f_back
    return False
