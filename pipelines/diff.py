"""The documents in which two corpora differ: the command `c4forge diff A B`."""

import difflib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TextIO

import numpy as np
from rich.text import Text

from corpora.differences import Differences, Places, find_differences, read_places
from corpora.layout import CorpusShard, find_corpora
from corpora.selection import choose_shards
from runtime.cli.command_line import CommandLine
from runtime.cli.console import doing, open_console
from runtime.cli.options import option, options_of, parse_count
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import check_all, planning
from runtime.redaction import escape_controls, plain, unredacted

_START_CHARS = 60
_EXAMPLES = """\
examples:
  c4forge diff out/c4/en/3.1.0 other/c4_fixed/en/1.0.0
  c4forge diff out/c4/en/3.1.0 out/c4_extra/en.noblocklist/3.1.0 --quiet

Documents with the same URL are compared, with or without https://www. The exit
code is 0 whether they differ or not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """The command line."""

    first: str = option(
        "a dataset's folder, as out/c4/en/3.1.0, a quoted glob or a file", positional=True,
        metavar="A",
    )  # fmt: skip
    second: str = option("the other one, in any format", positional=True, metavar="B")
    split: str = option(
        "documents of this split; default: all", default="", metavar="NAME", parse=str
    )
    limit: int = option(
        "at most N documents of each kind; 0: all", default=20, metavar="N", parse=parse_count
    )
    quiet: bool = option("print the counts only", default=False)


def command_line(name: str = "c4forge diff") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Compares two corpora: documents that only one has, and texts that differ, line "
        "by line.",
        options=options_of(DiffOptions),
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge diff") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    given.check()
    options = DiffOptions(**given.values)
    named = (("A", options.first), ("B", options.second))
    with planning():
        check_all(partial(find_corpora, [value], name) for name, value in named)
        shards = [
            choose_shards(find_corpora([value], name), split=options.split) for name, value in named
        ]
    with doing("comparing documents"):
        found = find_differences(*shards)
        stream = unredacted(sys.stdout)
        if not options.quiet:
            console, line = open_console(stream), None
            for line in _lines(found, shards[0], shards[1], options.limit):
                console.print(line, soft_wrap=True)
            if line is not None:
                console.print()
        _print_counts(found, options, stream)
    return Exit.DONE


def _lines(
    found: Differences, first: Sequence[CorpusShard], second: Sequence[CorpusShard], limit: int
) -> Iterator[Text]:
    """The documents that differ: in the order of the first corpus, then those of the second."""
    changed = found.changed[: limit or None]
    only = found.only_first[: limit or None]
    with tempfile.TemporaryFile() as file:
        stored = _store(file, second, changed[:, 1])
        other = dict(zip(changed[:, 0].tolist(), changed[:, 1].tolist(), strict=True))
        for place, url, text in read_places(first, np.concatenate([only, changed[:, 0]])):
            if place in other:
                yield from _changed(url, text, _stored(file, *stored[other[place]]))
            else:
                yield _only("A", url, text)
    for _, url, text in read_places(second, found.only_second[: limit or None]):
        yield _only("B", url, text)


def _store(
    file: BinaryIO, shards: Sequence[CorpusShard], places: Places
) -> dict[int, tuple[int, int]]:
    """Writes texts of a corpus to a file; where each begins, and its bytes, by its place."""
    stored: dict[int, tuple[int, int]] = {}
    for place, _, text in read_places(shards, places):
        utf8 = text.encode(errors="surrogatepass")
        stored[place] = file.tell(), len(utf8)
        file.write(utf8)
    return stored


def _stored(file: BinaryIO, start: int, size: int) -> str:
    file.seek(start)
    return file.read(size).decode(errors="surrogatepass")


def _only(corpus: str, url: str, text: str) -> Text:
    return Text(f"only in {corpus}: {plain(url) or _start(text)}  {len(text):,} characters")


def _start(text: str) -> str:
    return f"(no URL) {plain(text[:_START_CHARS])}"


def _changed(url: str, text: str, other: str) -> Iterator[Text]:
    """A document with the lines that only one of its texts has, each with its number."""
    yield Text(f"differs: {plain(url)}", style="bold")
    lines = text.split("\n"), other.split("\n")
    matcher = difflib.SequenceMatcher(None, *lines, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            for number in range(start, end):
                yield _line("-", number, lines[0][number], "red")
            for number in range(other_start, other_end):
                yield _line("+", number, lines[1][number], "green")


def _line(sign: str, number: int, line: str, style: str) -> Text:
    return Text(f"  {sign}{number + 1:4}  {escape_controls(line)}", style=style)


def _print_counts(found: Differences, options: DiffOptions, stream: TextIO) -> None:
    """The counts; those of what is not shown too."""
    rows = (
        (found.counts[0], f"in A  {plain(options.first)}"),
        (found.counts[1], f"in B  {plain(options.second)}"),
        (found.same, "the same in both"),
        (len(found.changed), "with another text"),
        (len(found.only_first), "only in A"),
        (len(found.only_second), "only in B"),
    )
    width = max(len(f"{count:,}") for count, _ in rows)
    for count, meaning in rows:
        print(f"{count:{width},}  {meaning}", file=stream)
    most = max(count for count, _ in rows[3:])
    if options.limit and most > options.limit and not options.quiet:
        said = f"The first {options.limit:,} of each kind are shown; --limit=0 shows all."
        print(said, file=stream)
