"""Finds and prints documents of finished corpora: the command `c4forge inspect CORPUS`."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from rich.text import Text

from corpora.layout import find_corpora
from corpora.selection import (
    Conditions,
    FoundDocument,
    choose_shards,
    find_documents,
    parse_regex,
    sample_documents,
)
from runtime.cli.command_line import CommandLine, Given
from runtime.cli.console import doing, open_console, say
from runtime.cli.options import (
    option,
    options_of,
    parse_count,
)
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import planning
from runtime.redaction import escape_controls, escape_json, plain, unredacted

_WHICH, _HOW = "which documents", "how they are printed"
_BEFORE_MATCH = 200  # characters
_EXAMPLES = """\
examples:
  c4forge inspect out/c4/en/3.1.0 --sample=3
  c4forge inspect out/c4/en/3.1.0 --domain=example.com --regex='(?i)rye bread'
  c4forge inspect out/c4/multilingual/3.1.0 --language=de --min_length=5000
  c4forge inspect out/c4/en/3.1.0 --url=a.example/page --chars=0

The exit code is 3 if no document meets all conditions.
"""


def check_regex(value: str) -> str:
    """A pattern of RE2, as it is.

    Raises:
      UsageError: it is none.
    """
    parse_regex(value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectOptions:
    """The command line."""

    corpora: tuple[str, ...] = option(
        "a dataset's folder, as out/c4/en/3.1.0, a quoted glob or a file, in any format; several "
        "may be given",
        positional=True, metavar="CORPUS", many=True,
    )  # fmt: skip
    url: str = option(
        "documents of this URL, with or without https://www.", default="", group=_WHICH,
        metavar="URL", parse=str,
    )  # fmt: skip
    domain: str = option(
        "documents of this host and of its subdomains", default="", group=_WHICH, metavar="HOST",
        parse=str,
    )  # fmt: skip
    language: str = option(
        "documents of this language, by the names of split and folder", default="", group=_WHICH,
        metavar="CODE", parse=str,
    )  # fmt: skip
    split: str = option(
        "documents of this split; default: all", default="", group=_WHICH, metavar="NAME", parse=str
    )
    min_length: int = option(
        "texts of at least N characters", default=0, group=_WHICH, metavar="N", parse=parse_count,
        shown="",
    )  # fmt: skip
    max_length: int = option(
        "texts of at most N characters; default 0: no limit", default=0, group=_WHICH, metavar="N",
        parse=parse_count, shown="",
    )  # fmt: skip
    regex: str = option(
        "texts in which this pattern is found: RE2's syntax, as (?i)rye bread", default="",
        group=_WHICH, metavar="PATTERN", parse=check_regex,
    )  # fmt: skip
    sample: int = option(
        "N of the documents, chosen by a hash: the same every time; default 0: the first ones",
        default=0, group=_WHICH, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    limit: int = option(
        "at most N documents; 0: all", default=10, group=_HOW, metavar="N", parse=parse_count
    )
    chars: int = option(
        "characters of each text, around what --regex found; 0: all", default=1000, group=_HOW,
        metavar="N", parse=parse_count,
    )  # fmt: skip
    json: bool = option(
        "a JSON object for each document, in a line, with the whole text", default=False, group=_HOW
    )

    def conditions(self) -> Conditions:
        """What documents must meet, beside language and split."""
        return Conditions(
            url=self.url,
            domain=self.domain,
            min_length=self.min_length,
            max_length=self.max_length,
            regex=self.regex,
        )


def command_line(name: str = "c4forge inspect") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Finds and prints documents of finished corpora.",
        options=options_of(InspectOptions),
        headings={_WHICH: "", _HOW: ""},
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge inspect") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    _require(given)
    given.check()
    options = InspectOptions(**given.values)
    with planning():
        shards = choose_shards(
            find_corpora(options.corpora, "CORPUS"), language=options.language, split=options.split
        )
    with doing("reading documents"):
        conditions = options.conditions()
        found: Iterable[FoundDocument] = find_documents(shards, conditions)
        if options.sample:
            found = sample_documents(shards, conditions, options.sample)
        limit = options.limit if not options.sample and options.limit else None
        shown, is_more = _print(islice(found, limit and limit + 1), limit, options)
    if is_more:
        say(f"These are the first {shown:,}; --limit=0 prints all, --sample={shown} gives others.")
    if not shown:
        say("No document meets all conditions.")
    return Exit.DONE if shown else Exit.REFUSED


def _require(given: Given) -> None:
    values = given.values
    if values["max_length"] and values["max_length"] < values["min_length"]:
        given.add("--max_length: expected --min_length or more")


def _print(
    found: Iterable[FoundDocument], limit: int | None, options: InspectOptions
) -> tuple[int, bool]:
    """Prints up to `limit` documents; returns how many, and True if there are more."""
    stream = unredacted(sys.stdout)
    console, shown = open_console(stream), 0
    for document in found:
        if limit and shown == limit:
            return shown, True
        if options.json:
            _print_json(document, stream)
        else:
            for line in [*[Text()] * (shown > 0), *_lines(document, options)]:
                console.print(line, soft_wrap=True)
        shown += 1
    return shown, False


def _print_json(document: FoundDocument, stream: TextIO) -> None:
    shard = document.shard
    row = {
        "url": document.url, "timestamp": document.timestamp, "split": shard.split,
        "language": shard.language, "file": shard.path, "row": document.row, "text": document.text,
    }  # fmt: skip
    print(escape_json(json.dumps(row, ensure_ascii=False)), file=stream)


def _lines(document: FoundDocument, options: InspectOptions) -> Iterator[Text]:
    """A document as lines: its URL, where it is, its text."""
    yield Text(plain(document.url) or "(no URL)", style="bold")
    shard = document.shard
    length = f"{len(document.text):,} characters"
    said = [document.timestamp, shard.split, shard.language, length]
    place = f"{shard.path.rpartition('/')[2]}, document {document.row:,}"
    for line in ("  ".join(filter(None, said)), place):
        yield Text(f"  {plain(line)}", style="dim")
    found = options.conditions().match(document.text)
    start, end = _excerpt(document.text, found, options.chars)
    text = Text("…" * (start > 0) + escape_controls(document.text[start:end]))
    if found and escape_controls(document.text) == document.text:
        shift = (start > 0) - start
        text.stylize("bold reverse", found[0] + shift, min(found[1], end) + shift)
    yield text + Text("…" * (end < len(document.text)))


def _excerpt(text: str, found: tuple[int, int] | None, chars: int) -> tuple[int, int]:
    """Where the part of a text that is shown begins and ends."""
    if not chars or len(text) <= chars:
        return 0, len(text)
    start = max(0, found[0] - _BEFORE_MATCH) if found else 0
    return start, min(len(text), start + chars)
