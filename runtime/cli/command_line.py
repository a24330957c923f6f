"""A command line: its help, and its arguments read so that everything wrong is reported at once."""

import argparse
import difflib
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from runtime.cli.config_file import ConfigError, with_config
from runtime.cli.options import Option, OptionError, all_of
from runtime.errors import UsageError
from runtime.storage.matching import local_path

_NEAR, _VERY_NEAR = 0.6, 0.85
_WIDTH = 76


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of tables and wraps the rest."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        lines: list[str] = []
        for line in text.splitlines():
            indent = " " * (len(line) - len(line.lstrip()))
            more = indent and indent + "  "
            lines += textwrap.wrap(line, width, subsequent_indent=more, break_on_hyphens=False) or [
                ""
            ]
        return lines


@dataclass(slots=True)
class Given:
    """The options of a command line, and all that is wrong with them.

    Attributes:
      values: by field; where none or a wrong one was given, the default.
      stated: fields that were given.
      others: options that only Apache Beam knows.
      errors: a line each.
      wrong: names of options with a wrong value.
      complete: False if a TOML file that cannot be used may have held more.
    """

    values: dict[str, Any]
    stated: frozenset[str]
    others: tuple[str, ...]
    errors: list[str]
    wrong: frozenset[str]
    complete: bool

    def add(self, error: UsageError | str) -> None:
        """Notes one more error, unless it only follows from a wrong value that is noted."""
        for line in str(error).splitlines():
            if not any(f"--{name}=" in line for name in self.wrong):
                self.errors.append(line)

    def check(self) -> None:
        """Tells all errors.

        Raises:
          OptionError: there is one.
        """
        if self.errors:
            raise OptionError("\n".join(self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What a command takes.

    Attributes:
      name: as typed.
      meaning: what it does, in a sentence or two.
      options: in the order of --help.
      examples: at the end of --help.
      headings: groups of options in the order of --help, each with a sentence, or "".
      other_names: options with dashes that are passed on: Apache Beam's.
      has_config: True if options may stand in a TOML file.
    """

    name: str
    meaning: str
    options: tuple[Option, ...]
    examples: str = ""
    headings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    other_names: Collection[str] = ()
    has_config: bool = True

    def read(self, arguments: Sequence[str]) -> Given:
        """The options of these arguments; a TOML file's among them.

        Raises:
          SystemExit: --help was asked for, and is printed.
        """
        if any(argument in ("-h", "--help") for argument in arguments):
            self._parser(for_help=True).print_help()
            raise SystemExit(0)
        errors: list[str] = []
        complete = True
        flags = [row.name for row in self.options if row.is_flag]
        stated = list(arguments)
        if self.has_config:
            try:
                stated = with_config(stated, flags)
            except ConfigError as error:
                errors += str(error).splitlines()
                stated = error.arguments
                complete = False  # required options may have stood in the file
        if "--" in stated:
            errors.append("-- has no meaning here: leave it out, and write --option=value")
            stated = [text for text in stated if text != "--"]
        parsed, rest = self._parser(for_help=False).parse_known_args([*_named(stated, flags)])
        texts: dict[str, list[Any]] = vars(parsed)
        texts |= self._place(self._sort(rest, errors), errors)
        given = self._values(texts, errors, complete)
        given.others = tuple(text for text in rest if _name(text) in self.other_names)
        return given

    def _place(self, alone: list[str], errors: list[str]) -> dict[str, list[Any]]:
        """Values without a name, by the field of the positional option that takes them."""
        placed: dict[str, list[Any]] = {}
        for row in self.options:
            if row.positional and alone:
                taken = len(alone) if row.many else 1
                placed[row.field], alone = [alone[:taken]], alone[taken:]
        errors += [
            f"{text!r} belongs to no option; quote globs and write --option=value" for text in alone
        ]
        return placed

    def docs_table(self) -> str:
        """Its table in docs/options.md."""
        order = ["", *self.headings]
        rows = [
            row.docs_row()
            for row in sorted(self.options, key=lambda o: order.index(o.group))
            if not row.hidden
        ]
        return "\n".join([f"## {self.name}", "", self.meaning, "", "| | default | |",
                          "|---|---|---|", *rows, ""])  # fmt: skip

    def _values(self, texts: Mapping[str, list[Any]], errors: list[str], complete: bool) -> Given:
        values: dict[str, Any] = {}
        wrong: set[str] = set()
        for row in self.options:
            found: object = row.default
            if row.field in texts:
                try:
                    found = _value(row, texts[row.field])
                except UsageError as error:
                    errors += str(error).splitlines()
                    wrong.add(row.name)
            elif row.required and complete:
                errors.append(f"{row.usage()} is required: {row.meaning}")
            values[row.field] = found
        return Given(values, frozenset(texts), (), errors, frozenset(wrong), complete)

    def _sort(self, rest: Sequence[str], errors: list[str]) -> list[str]:
        """Values without an option; options that nobody knows become errors."""
        names = [f"--{row.name}" for row in self.options if not row.positional]
        known = [*names, "--help", *(["--config"] if self.has_config else [])]
        alone, before = [], ""
        for text in rest:
            is_value = not text.startswith("-") or text == "-"
            if is_value and before in self.other_names:
                errors.append(f"{before}: expected its value after =, as {before}=X")
            elif is_value and not before:
                alone.append(text)
            if not is_value and _name(text) not in self.other_names:
                errors.append(_unknown_option(_name(text), known, self.other_names))
            # The word after an option of others, or an unknown one, is likely its value.
            before = text if not is_value and "=" not in text else ""
        return alone

    def _parser(self, for_help: bool) -> argparse.ArgumentParser:
        """The parser; it refuses nothing by itself and gives texts only."""
        parser = argparse.ArgumentParser(
            prog=self.name, usage=self._usage(), description=_wrapped(self.meaning),
            epilog=_wrapped(self.examples),
            formatter_class=_HelpFormatter, allow_abbrev=False, add_help=for_help,
            argument_default=argparse.SUPPRESS,
        )  # fmt: skip
        groups = {
            name: parser.add_argument_group(name, _wrapped(said) or None)
            for name, said in self.headings.items()
        }
        for row in self.options:
            if row.positional and for_help:
                parser.add_argument(row.field, nargs="?", metavar=row.metavar, help=_escaped(row))
                continue
            takes = "*" if row.many else "?"
            groups.get(row.group, parser).add_argument(
                f"--{row.name}", dest=row.field, action="append", metavar=row.metavar,
                nargs=None if for_help and not row.is_flag else takes,
                help=argparse.SUPPRESS if row.hidden else _escaped(row),
            )  # fmt: skip
        if self.has_config and for_help:
            parser.add_argument(
                "--config", metavar="FILE",
                help="options from a TOML file, each a key; the command line has the last word",
            )  # fmt: skip
        return parser

    def _usage(self) -> str:
        values = [row.metavar + " ..." * row.many for row in self.options if row.positional]
        return " ".join([self.name, *values, "[--option=value ...]"])


def _wrapped(text: str) -> str:
    """The text with its sentences wrapped; lines that are indented stay."""
    lines = [
        line if line.startswith(" ") else textwrap.fill(line, _WIDTH) for line in text.splitlines()
    ]
    return "\n".join(
        line if line.startswith(" ") else textwrap.fill(line, _WIDTH) for line in lines
    )


def _escaped(row: Option) -> str:
    return row.help_text().replace("%", "%%")


def _name(text: str) -> str:
    return text.partition("=")[0]


def _named(arguments: Sequence[str], flags: Collection[str]) -> Iterator[str]:
    """The arguments, where a flag by itself is given its value, true."""
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument.startswith("--") and argument[2:] in flags:
            value = remaining.pop(0) if remaining[:1] in (["true"], ["false"]) else "true"
            yield f"{argument}={value}"
        else:
            yield argument


def _value(row: Option, texts: list[Any]) -> object:
    """The value of the texts of an option, one list for each time it was given."""
    flat = [text for some in texts for text in (some if isinstance(some, list) else [some])]
    is_empty = not row.may_be_empty and not all(text and text.strip() for text in flat)
    if not flat or None in flat or is_empty:
        example = "" if row.positional else f", as --{row.name}={row.metavar}"
        raise UsageError(f"{row.usage()}: expected a value{example}")
    parsed = all_of(partial(_parsed, row), map(partial(_with_local_path, row), flat))
    if not row.many:
        return parsed[-1]
    return tuple(item for some in parsed for item in (some if isinstance(some, list) else [some]))


def _with_local_path(row: Option, text: str) -> str:
    """The text with the path of a URL `file:///…` in its place; it may follow an `@`."""
    at = text[: text.startswith("@")]
    try:
        return at + local_path(text.removeprefix(at))
    except UsageError as error:
        raise UsageError(f"{row.usage()}={error}") from None


def _parsed(row: Option, text: str) -> object:
    """The value of a text; errors name the option."""
    try:
        return row.parse(text)
    except UsageError as error:
        lines = str(error).splitlines()
    messages = [f"{row.usage()}{f'={text}' * _says_expected(line)}: {line}" for line in lines]
    raise UsageError("\n".join(messages))


def _says_expected(line: str) -> bool:
    return line.startswith("expected ")


def _unknown_option(name: str, known: Collection[str], others: Collection[str]) -> str:
    """The error for an option that nobody knows, with the nearest one, if any is near.

    Args:
      known: options of the command.
      others: those that are passed on; only a very near one is suggested.
    """
    word = name.lstrip("-")
    words = {text.lstrip("-"): text for text in known if text != name}
    passed = {text.lstrip("-"): text for text in others}
    near = (
        difflib.get_close_matches(word, words, n=1, cutoff=_VERY_NEAR)
        or difflib.get_close_matches(word, passed, n=1, cutoff=_VERY_NEAR)
        or difflib.get_close_matches(word, words, n=1, cutoff=_NEAR)
        or [text for text in words if text.startswith(word)]
    )
    found = (passed | words)[near[0]] if len(near) == 1 else ""
    return f"unknown option {name}" + (f"; did you mean {found}?" if found else "")
