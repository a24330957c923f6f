"""What the command lines share: errors that list the choices, values checked as they are parsed."""

import argparse
import difflib
import re
import textwrap
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn, Protocol

from runtime.errors import UsageError


class OptionError(UsageError):
    """A wrong option; the message names the value, what was expected and the nearest match."""


class Row(Protocol):
    """A row of a table, as --help shows it."""

    @property
    def meaning(self) -> str:
        """One line."""


def closest(value: str, choices: Collection[str]) -> str:
    """A sentence that lists the choices and the one nearest to `value`, if any is near."""
    near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"choose from {', '.join(choices)}{guess}"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are OptionErrors."""

    def error(self, message: str) -> NoReturn:
        """Raises what argparse would print."""
        raise OptionError(message.removeprefix("argument "))


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of tables and wraps the rest."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        lines: list[str] = []
        for line in text.splitlines():
            indent = " " * (len(line) - len(line.lstrip()))
            lines += textwrap.wrap(line, width, subsequent_indent=indent and indent + "  ") or [""]
        return lines


def help_table(rows: Mapping[str, Row]) -> str:
    """Rows of a table for --help."""
    return "".join(f"\n  {name}: {row.meaning}" for name, row in rows.items())


def one_of(rows: Collection[str], what: str) -> Callable[[str], str]:
    """Takes a name that is among `rows`; `what` says in errors what it names."""

    def check(value: str) -> str:
        if value not in rows:
            raise argparse.ArgumentTypeError(f"unknown {what} {value!r}; {closest(value, rows)}")
        return value

    return check


def parse_count(value: str) -> int:
    """Takes a whole number of 0 or more."""
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number of 0 or more")
    return int(value)


def parse_choice(kind: Callable[[str], object], values: Collection[str]) -> Callable[[str], object]:
    """Takes one of `values`, if there are any, as `kind` makes it."""

    def parse(text: str) -> object:
        if values and text not in values:
            raise argparse.ArgumentTypeError(f"unknown choice {text!r}; {closest(text, values)}")
        try:
            return kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None

    return parse


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """The options of a parser, for guesses."""
    return [name for action in parser._actions for name in action.option_strings]


def refuse_strays(rest: list[str]) -> None:
    """Checks that what no option took could be an option of Beam.

    Raises:
      OptionError: a value stands alone.
    """
    for argument in rest:
        if not argument.startswith("-"):
            raise OptionError(
                f"{argument!r} belongs to no option; quote globs and write --option=value"
            )


_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def text_size(value: str) -> int:
    """Bytes as people write them: 256MB, 1.5 GB, 1000."""
    found = _BYTES.fullmatch(value.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{value!r} is no size; expected one as 256MB or 1GB")
    return int(float(found[1]) * 1000 ** _POWERS[found[2].lower()])
