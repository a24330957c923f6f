"""Options, each written once: as one field of a frozen dataclass.

Its parser, its help, its key in a TOML file and its row in the docs come from that field; how a
command line of them is read is in `runtime.cli.command_line`.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, get_type_hints

from runtime.errors import UsageError

_KEY = "option"
Value = TypeVar("Value")
Parse = Callable[[str], object]
"""Makes a value of its text; raises UsageError, without the option. Where the message starts with
"expected", the option is named before it."""


class OptionError(UsageError):
    """Wrong options, a line each: the value, what was expected and the nearest match."""


class Row(Protocol):
    """A row of a table, as --help shows it."""

    @property
    def meaning(self) -> str:
        """One line."""


NO_ROWS: Mapping[str, Row] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a table that has nothing more: its name as given to the option, and its meaning."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a command line.

    Attributes:
      name: as typed, after the dashes; of a positional one, the key in a TOML file.
      field: of the dataclass.
      meaning: one line for --help and the docs, or more.
      group: heading of --help.
      metavar: what stands for the value in --help.
      parse: makes the value of a text; a list, if one text may hold several.
      default: the value where none is given.
      default_text: the default as people write it; "" where the meaning says it.
      required: True if a value must be given.
      many: True if several values may be given, at once or by repeating the option.
      is_flag: True for true or false; the name alone is true.
      positional: True if the value stands without a name.
      may_be_empty: True if "" is a value, as for a prefix of texts.
      table: rows among which the value is, shown in --help.
      notes: lines after the table.
      hidden: True if --help and the docs leave it out.
    """

    name: str
    field: str
    meaning: str
    group: str
    metavar: str
    parse: Parse
    default: object
    default_text: str
    required: bool
    many: bool
    is_flag: bool
    positional: bool
    may_be_empty: bool
    table: Mapping[str, Row]
    notes: str
    hidden: bool = False

    def usage(self) -> str:
        """The option as errors show it."""
        return self.metavar if self.positional else f"--{self.name}"

    def help_text(self) -> str:
        """What --help says of it."""
        default = f"; default: {self.default_text}" if self.default_text else ""
        default = "; required" if self.required else default
        rows = "".join(f"\n  {name}: {row.meaning}" for name, row in self.table.items())
        return f"{self.meaning}{default}{rows}{self.notes}"

    def docs_row(self) -> str:
        """Its row of a table in the docs: name, default, meaning."""
        default = "false" if self.default is False else self.default_text
        return f"| `{self.usage()}` | {default} | {self.meaning} |"


def option(
    meaning: str,
    *,
    default: object = MISSING,
    name: str = "",
    group: str = "",
    metavar: str = "",
    parse: Parse | None = None,
    shown: str | None = None,
    many: bool = False,
    positional: bool = False,
    may_be_empty: bool = False,
    table: Mapping[str, Row] = NO_ROWS,
    notes: str = "",
) -> Any:  # as `field`: of the default's type
    """A field of a dataclass that is an option; without a default it is required.

    Args:
      name: as typed, if it is not the field's.
      parse: as the field's type says, if none is given.
      shown: the default as --help shows it, if it is not its plain text; "": not at all.
    """
    metadata = {
        "meaning": meaning, "name": name, "group": group, "metavar": metavar, "parse": parse,
        "shown": shown, "many": many, "positional": positional, "table": table, "notes": notes,
        "may_be_empty": may_be_empty,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata={_KEY: metadata})


def options_of(kind: type) -> tuple[Option, ...]:
    """The options of a dataclass, in the order of its fields; other fields are left out."""
    types = get_type_hints(kind)
    return tuple(
        _option(row, types[row.name]) for row in dataclasses.fields(kind) if _KEY in row.metadata
    )


def _option(row: Field[Any], kind: Any) -> Option:
    metadata = row.metadata[_KEY]
    is_flag, table = kind is bool, metadata["table"]
    shown = plain_value(row.default) if metadata["shown"] is None else metadata["shown"]
    return Option(
        name=metadata["name"] or row.name,
        field=row.name,
        meaning=metadata["meaning"],
        group=metadata["group"],
        metavar=metadata["metavar"] or _metavar(kind, table),
        parse=metadata["parse"] or parse_as(str if metadata["many"] else kind, table),
        default=() if metadata["many"] and row.default is MISSING else row.default,
        default_text=shown,
        required=row.default is MISSING,
        many=metadata["many"],
        is_flag=is_flag,
        positional=metadata["positional"],
        may_be_empty=metadata["may_be_empty"],
        table=table,
        notes=metadata["notes"],
    )


def option_of_row(
    name: str,
    meaning: str,
    *,
    kind: type,
    default: object,
    group: str,
    choices: Collection[str] = (),
    parse: Parse | None = None,
    metavar: str = "",
) -> Option:
    """The option of a row of a table; its value is None where it is not given.

    Args:
      kind: type of the value.
      default: as --help tells it.
      choices: values that there are, of a str; those of a StrEnum are its members.
    """
    values = [member.value for member in kind] if issubclass(kind, StrEnum) else [*choices]
    known = "" if not values or _explains(meaning, values) else f" ({', '.join(values)})"
    return Option(
        name=name,
        field=name,
        meaning=meaning + known,
        group=group,
        metavar=metavar or _metavar(kind, values),
        parse=parse or parse_as(kind, values),
        default=None,
        default_text=str(default).lower() if kind is bool else str(default),
        required=False,
        many=False,
        is_flag=kind is bool,
        positional=False,
        may_be_empty=kind is str and default == "",
        table=NO_ROWS,
        notes="",
    )


def _explains(meaning: str, values: Collection[str]) -> bool:
    """True if the meaning has all of the values in it, one in brackets at least."""
    words = re.findall(r"\w+", meaning)
    return set(values) <= set(words) and any(f"({value})" in meaning for value in values)


def _metavar(kind: Any, choices: Collection[str]) -> str:
    """What stands for a value of that type in --help."""
    usual = {bool: "true|false", int: "N"}.get(kind, "X")
    return "NAME" if choices else usual


def plain_value(value: object) -> str:
    """A default as people write it; "" for none and for false."""
    if value is None or value is MISSING or value is False or value == ():
        return ""
    return "true" if value is True else str(value)


def closest(value: str, choices: Collection[str]) -> str:
    """A sentence that lists the choices and the one nearest to `value`, if any is near."""
    near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"choose from {', '.join(choices)}{guess}"


def parse_as(kind: type, choices: Collection[str] = ()) -> Parse:
    """Makes a value of that type: bool, int, float, str or a StrEnum, whose members it lists."""
    if issubclass(kind, StrEnum):
        return parse_choice(kind, [member.value for member in kind])
    if kind is bool:
        return parse_truth
    return parse_choice(kind, choices)


def parse_choice(kind: Callable[[str], object], values: Collection[str]) -> Parse:
    """Takes one of `values`, if there are any, as `kind` makes it."""

    def parse(text: str) -> object:
        if values and text not in values:
            raise UsageError(f"unknown choice {text!r}; {closest(text, values)}")
        try:
            return kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise UsageError(f"expected {expected}") from None

    return parse


def one_of(rows: Collection[str], what: str) -> Callable[[str], str]:
    """Takes a name that is among `rows`; `what` says in errors what it names."""

    def check(value: str) -> str:
        if value not in rows:
            raise UsageError(f"unknown {what} {value!r}; {closest(value, rows)}")
        return value

    return check


def some_of(rows: Collection[str], what: str) -> Callable[[str], list[str]]:
    """Takes names that are among `rows`, joined by commas."""
    check = one_of(rows, what)
    return lambda value: all_of(check, [name.strip() for name in value.split(",")])


def all_of(parse: Callable[[str], Value], texts: Iterable[str]) -> list[Value]:
    """The value of each text.

    Raises:
      UsageError: some are wrong; a line each.
    """
    found: list[Value] = []
    errors: list[str] = []
    for text in texts:
        try:
            found.append(parse(text))
        except UsageError as error:
            errors += str(error).splitlines()
    if errors:
        raise UsageError("\n".join(dict.fromkeys(errors)))
    return found


def parse_truth(value: str) -> bool:
    """Takes true or false."""
    if value not in ("true", "false"):
        raise UsageError("expected true or false")
    return value == "true"


def parse_count(value: str) -> int:
    """Takes a whole number of 0 or more."""
    if not value.isdecimal():
        raise UsageError("expected a whole number of 0 or more")
    return int(value)


def parse_positive(value: str) -> int:
    """Takes a whole number of 1 or more."""
    if not value.isdecimal() or not int(value):
        raise UsageError("expected a whole number of 1 or more")
    return int(value)


def parse_fraction(value: str) -> float:
    """Takes a number from 0 to 1."""
    number = _number(value)
    if not 0 <= number <= 1:
        raise UsageError("expected a number from 0 to 1")
    return number


def parse_amount(value: str) -> float:
    """Takes a finite number of 0 or more."""
    number = _number(value)
    if not 0 <= number < math.inf:
        raise UsageError("expected a finite number of 0 or more")
    return number


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def text_size(value: str) -> int:
    """Bytes as people write them: 256MB, 1.5 GB, 1000."""
    found = _BYTES.fullmatch(value.strip())
    if not found:
        raise UsageError("expected a size, as 256MB or 1GB")
    return int(float(found[1]) * 1000 ** _POWERS[found[2].lower()])
