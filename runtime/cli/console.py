"""What a person sees while steps go on: one live line on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

_LINE_SECONDS = 10.0


class LiveLine:
    """A line that says how far something is. Use as a context manager.

    Args:
      say: the line, from the seconds since the start.
      stream: where it goes.
      quiet: True to print nothing.
    """

    def __init__(self, say: Callable[[float], str], stream: TextIO, quiet: bool = False) -> None:
        self._say = say
        self._started = self._told = time.monotonic()
        self._console = Console(file=stream, highlight=False, markup=False, quiet=quiet)
        self._live = Live(console=self._console, get_renderable=self._line, transient=True)

    def __enter__(self) -> "LiveLine":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tick(self) -> None:
        """Prints the line if 10 s have passed since the last one; from any thread."""
        if time.monotonic() - self._told > _LINE_SECONDS:
            self.print()

    def print(self) -> None:
        """Prints the line; a terminal shows it all the time."""
        if not self._console.is_terminal:
            self._told = time.monotonic()
            self._console.print(self._line(), soft_wrap=True)

    def print_above(self, text: str) -> None:
        """Prints a text, on a terminal above the line."""
        self._console.print(text, soft_wrap=True)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def _line(self) -> Text:
        return Text(self._say(self.seconds))


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


def plain(text: str) -> str:
    """The text with control characters, line breaks among them, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """A line for the person who runs the command."""
    print(text, file=sys.stderr, flush=True)
