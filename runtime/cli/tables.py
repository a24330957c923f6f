"""Tables of numbers, which no width of the terminal cuts: words give way, then tables divide."""

import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TextIO

from rich.cells import cell_len
from rich.text import Text

from runtime.cli.console import open_console
from runtime.redaction import escape_controls

_GAP = 2  # columns of the terminal between two of the table
_LEAST_KEY, _MOST_KEY = 20, 48  # a key that needs more takes several lines


class Place(Enum):
    """The claim of a column on the width."""

    KEY = auto()  # one, in every table
    NUMBER = auto()  # in one table
    EXTRA = auto()  # where there is room


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
      name: its header; a line break in it stays.
      place: its claim on the width.
      cells: as many as the table has rows. Numbers and their headers are aligned at the right.
    """

    name: str
    place: Place
    cells: Sequence[str]

    def width(self) -> int:
        """Columns of the terminal that it needs."""
        return max(map(cell_len, (*self.name.split("\n"), *self.cells)))


def print_table(columns: Sequence[Column], stream: TextIO, faint: Sequence[bool] = ()) -> None:
    """Prints a table, or several, in the width of the stream; the order of the columns stays.

    Args:
      faint: rows that a terminal shows dim.
    """
    console = open_console(stream)
    for number, table in enumerate(divide(columns, terminal_width(stream))):
        if number:
            console.print()
        for style, line in _styled(table, terminal_width(stream), faint):
            console.print(Text(escape_controls(line), style=style), soft_wrap=True)


def terminal_width(stream: TextIO) -> int | None:
    """Columns of the terminal that the stream is, or that COLUMNS states; None: no limit."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):  # a pipe, a file; a stream of a test has no number
        return None


def divide(columns: Sequence[Column], width: int | None) -> Iterator[list[Column]]:
    """The columns of each table that the width needs.

    A number stands in exactly one, whole; a key in each; other columns where room is left, the
    first of them first.
    """
    if width is None:
        yield list(columns)
        return
    keys = [column for column in columns if column.place is Place.KEY]
    numbers = [column for column in columns if column.place is Place.NUMBER]
    while True:
        taken: list[Column] = []
        while numbers and (not taken or _fits([*keys, *taken, numbers[0]], width)):
            taken.append(numbers.pop(0))
        shown = [*keys, *taken]
        for extra in (column for column in columns if column.place is Place.EXTRA):
            if _fits([*shown, extra], width):
                shown.append(extra)
        yield [column for column in columns if column in shown]
        if not numbers:
            return


def _fits(columns: Sequence[Column], width: int) -> bool:
    return _sum(_widths(columns)) <= width


def _widths(columns: Sequence[Column]) -> list[int]:
    widths = [column.width() for column in columns]
    return [
        min(width, _MOST_KEY) if column.place is Place.KEY else width
        for column, width in zip(columns, widths, strict=True)
    ]


def _sum(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def table_lines(columns: Sequence[Column], width: int | None) -> Iterator[tuple[int, str]]:
    """The lines of a table without blanks at their end, each with its row; -1: the header.

    Rows without a number are left out, unless the table has none.
    """
    names = [column.name.split("\n") for column in columns]
    height = max(map(len, names))
    headers = [[""] * (height - len(name)) + name for name in names]
    widths = [column.width() for column in columns]
    key = next(n for n, column in enumerate(columns) if column.place is Place.KEY)
    if width is not None:
        left = width - _sum(widths) + widths[key]
        widths[key] = min(widths[key], max(left, _LEAST_KEY))
    rows: list[tuple[int, Sequence[str]]] = [(-1, row) for row in zip(*headers, strict=True)]
    rows += enumerate(zip(*(column.cells for column in columns), strict=True))
    numbers = [n for n, column in enumerate(columns) if column.place is Place.NUMBER]
    for number, cells in rows:
        if numbers and not any(cells[n] for n in numbers):
            continue
        for line, words in enumerate(_folded(cells[key], widths[key])):
            parts = cells if line == 0 else [""] * len(cells)
            placed = [*map(_placed, columns, parts, widths)]
            placed[key] = _placed(columns[key], words, widths[key])
            yield number, (" " * _GAP).join(placed).rstrip()


def _folded(words: str, width: int) -> list[str]:
    """The words in lines of that width, all but the first indented."""
    if cell_len(words) <= width:
        return [words]
    indent = " " * (len(words) - len(words.lstrip()) + 2)
    return textwrap.wrap(words, width, subsequent_indent=indent, break_on_hyphens=False)


def _placed(column: Column, cell: str, width: int) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if column.place is Place.NUMBER else cell + blanks


def _styled(
    columns: Sequence[Column], width: int | None, faint: Sequence[bool]
) -> Iterator[tuple[str, str]]:
    for row, line in table_lines(columns, width):
        yield "bold" if row < 0 else "dim" if faint and faint[row] else "", line
