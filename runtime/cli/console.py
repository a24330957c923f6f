"""What a person sees while a command works: never silent for 5 s.

A terminal shows one line, which changes. Elsewhere a line comes at once, then one every 4 s, after
10 minutes one every 30 s.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO, cast

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.text import Text

from runtime.redaction import RedactedStream, escape_controls
from runtime.units import duration

_OFTEN_SECONDS, _SELDOM_SECONDS = 4.0, 30.0
_OFTEN_UNTIL_SECONDS = 600.0
_DOING_SECONDS = 1.0


class _Speech:
    """Who speaks, and when somebody last did.

    Attributes:
      lines: those that are entered; the last one speaks.
      at: of `time.monotonic`.
    """

    def __init__(self) -> None:
        self.lines: list[LiveLine] = []
        self.at = time.monotonic()


_speech = _Speech()


class LiveLine:
    """A line that says how far something is, after the time that it took so far.

    Use as a context manager. A line within the block of another one takes over until its block
    ends; on a terminal the outer one stays.

    Args:
      say: the line, from the seconds since the start; "" for none yet.
      stream: where it goes.
      quiet: True to print nothing.
      after: seconds of silence before the first line.
      alone: True for a terminal, too, to get lines one below the other.
    """

    def __init__(
        self,
        say: Callable[[float], str],
        stream: TextIO,
        quiet: bool = False,
        after: float = 0.0,
        alone: bool = False,
    ) -> None:
        self._say, self._after = say, after
        self._started = time.monotonic()
        self._console = open_console(stream, quiet)
        self._rewrites = self._console.is_terminal and not alone
        self._mute = False  # within the block of a line that a terminal shows
        self._live = Live(
            console=self._console, get_renderable=self._line, transient=True,
            redirect_stdout=sys.stdout.isatty(),  # else results would go where the line goes
        )  # fmt: skip
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> "LiveLine":
        self._mute = any(line._rewrites for line in _speech.lines)
        self._rewrites &= not self._mute
        _speech.lines.append(self)
        if not self._after and self._rewrites:
            self._start()
        elif not self._after:
            self.print()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._rewrites:  # else an outer block would speak at once
            _speech.at = time.monotonic()
        _speech.lines.remove(self)
        self._ended.set()
        self._thread.join()
        if self._rewrites:
            self._live.stop()
            _speech.at = time.monotonic()

    def _start(self) -> None:
        """Shows the line; what is printed from now on stands above it, control characters escaped.

        rich obeys those in what others print.
        """
        self._live.start()
        sys.stdout, sys.stderr = map(_escaping, (sys.stdout, sys.stderr))

    def _speak(self) -> None:
        """Starts the line late; prints it wherever nothing else was printed for a while."""
        if self._rewrites:
            if not self._ended.wait(self._after):
                self._start()
            return
        wait = self._after or _OFTEN_SECONDS
        while not self._ended.wait(max(_speech.at + wait - time.monotonic(), 0.05)):
            wait = _OFTEN_SECONDS if self.seconds < _OFTEN_UNTIL_SECONDS else _SELDOM_SECONDS
            if time.monotonic() - _speech.at >= wait and _speech.lines[-1:] == [self]:
                self.print()

    def print(self) -> None:
        """Prints the line; a terminal shows it all the time."""
        if not self._rewrites and not self._mute:
            self._print(self._line())

    def print_above(self, text: str) -> None:
        """Prints a text, on a terminal above the line."""
        self._print(Text(escape_controls(text)))

    def _print(self, text: Text) -> None:
        if text:
            self._console.print(text, soft_wrap=True)
            _speech.at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def _line(self) -> Text:
        said = self._say(self.seconds)
        return Text(escape_controls(f"{duration(self.seconds)} {said}") if said else "")


def _escaping(stream: TextIO) -> TextIO:
    """A stream that rich put in the place of another one, but for control characters."""
    is_of_rich = isinstance(stream, FileProxy)
    return cast(TextIO, RedactedStream(stream)) if is_of_rich else stream


def open_console(stream: TextIO, quiet: bool = False) -> Console:
    """A console whose styles and movements reach the stream. Escape the controls of texts."""
    file = stream.with_controls() if isinstance(stream, RedactedStream) else stream
    return Console(file=cast(TextIO, file), highlight=False, markup=False, quiet=quiet)


def doing(text: str, stream: TextIO | None = None, long: bool = False) -> LiveLine:
    """A block that says what is done, and for how long, if it takes more than a second.

    Args:
      long: True to say it at once: it takes seconds, in which other threads may not run.
    """
    return LiveLine(lambda _: text, stream or sys.stderr, after=0.0 if long else _DOING_SECONDS)


def at_work(name: str) -> LiveLine:
    """A block that says so every few seconds in which nothing else is said."""
    return LiveLine(lambda _: f"{name} is at work", sys.stderr, after=_OFTEN_SECONDS, alone=True)


class Tally:
    """Counts tasks as they end, for a LiveLine.

    Attributes:
      done: how many.
      resumed: of them, by an earlier run.
      tokens: that they gave, earlier runs apart.
    """

    def __init__(self) -> None:
        self.done = self.resumed = self.tokens = 0
        self._lock = threading.Lock()

    def add(self, tokens: int = 0, resumed: int = 0) -> None:
        """One more; from any thread."""
        with self._lock:
            self.done += 1
            self.resumed += resumed
            self.tokens += 0 if resumed else tokens


def say(text: str) -> None:
    """A line for the person who runs the command."""
    print(text, file=sys.stderr, flush=True)
    _speech.at = time.monotonic()
