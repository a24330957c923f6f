"""The command line: every option, checked before any work; whatever is left goes to Beam."""

import argparse
import difflib
import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from cleaning.specs import SPECS
from cleaning.variants import VARIANTS
from pipelines.formats import FORMATS
from pipelines.runners import REFUSED_RUNNERS, RUNNER_ALIASES, RUNNERS, Runner

_DESCRIPTION = "Builds a C4-style corpus from Common Crawl WET files."
_EXAMPLES = """\
examples:
  python beam_runner.py --variant=en --input='wet/*.warc.wet.gz' --output=out
  python beam_runner.py --input=wet/ --input=@more.txt --format=tfrecord,jsonl --output=out
  python beam_runner.py --input='gs://bucket/wet/*.gz' --output=gs://bucket/out \\
      --runner=DataflowRunner --project=P --region=R --temp_location=gs://bucket/tmp

The same command goes on where a run was stopped. Any option of Apache Beam may follow.
"""


class OptionError(ValueError):
    """A wrong option; the message names the value, what was expected and the nearest match."""


class _Row(Protocol):
    @property
    def meaning(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    variant: str
    spec: str
    input: tuple[str, ...]
    output: str
    formats: tuple[str, ...]
    shards: int
    badwords_dir: str | None
    work_dir: str | None
    num_workers: int
    max_malformed_fraction: float
    keep_work: bool
    runner: Runner
    beam_arguments: tuple[str, ...]


def closest(value: str, choices: Collection[str]) -> str:
    """A sentence that lists the choices and the one nearest to `value`, if any is near."""
    near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"choose from {', '.join(choices)}{guess}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message.removeprefix("argument "))


def _one_of(rows: Collection[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in rows:
            raise argparse.ArgumentTypeError(f"unknown {what} {value!r}; {closest(value, rows)}")
        return value

    return check


def _formats(value: str) -> list[str]:
    check = _one_of(FORMATS, "format")
    return [check(name.strip()) for name in value.split(",")]


def _runner(value: str) -> Runner:
    if value in REFUSED_RUNNERS:
        raise argparse.ArgumentTypeError(f"{value} is not supported: {REFUSED_RUNNERS[value]}")
    name = RUNNER_ALIASES.get(value, value)
    return RUNNERS[_one_of(RUNNERS, "runner")(name)]


def _count(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number of 0 or more")
    return int(value)


def _fraction(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a fraction from 0 to 1")
    return number


def _table(rows: Mapping[str, _Row]) -> str:
    """Rows of a table for --help."""
    return "".join(f"\n  {name}: {row.meaning}" for name, row in rows.items())


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of tables and wraps the rest."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        lines: list[str] = []
        for line in text.splitlines():
            indent = " " * (len(line) - len(line.lstrip()))
            lines += textwrap.wrap(line, width, subsequent_indent=indent and indent + "  ") or [""]
        return lines


def _parser() -> _Parser:
    parser = _Parser(
        prog="beam_runner.py",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "--variant",
        type=_one_of(VARIANTS, "variant"),
        default="en",
        metavar="NAME",
        help=f"default: en{_table(VARIANTS)}",
    )
    what.add_argument(
        "--spec",
        type=_one_of(SPECS, "spec"),
        default="tfds-3.1.0",
        metavar="NAME",
        help=f"which C4; default: tfds-3.1.0{_table(SPECS)}",
    )
    what.add_argument(
        "--badwords_dir",
        metavar="DIR",
        help="bad-word lists, a file a language as LDNOOBW has them; default: the "
        "list that C4 used. Another list makes another dataset: c4_custom",
    )
    source = parser.add_argument_group("what to read")
    source.add_argument(
        "--input",
        action="extend",
        nargs="+",
        required=True,
        metavar="PATH",
        help="WET files, plain or gzip: a file, a quoted glob, a folder, or @FILE "
        "with a path a line; may be repeated; on any filesystem Beam reads",
    )
    source.add_argument(
        "--max_malformed_fraction",
        type=_fraction,
        default=0.1,
        metavar="X",
        help="fail if more of the records are damaged; default: 0.1",
    )
    target = parser.add_argument_group("what to write")
    target.add_argument(
        "--output",
        required=True,
        metavar="DIR",
        help="the dataset goes to DIR/c4/<variant>/<version>, the report to DIR/runs/<variant>",
    )
    target.add_argument(
        "--format",
        action="extend",
        type=_formats,
        dest="formats",
        metavar="NAME[,NAME]",
        help=f"default: tfrecord{_table(FORMATS)}",
    )
    target.add_argument(
        "--shards",
        type=_count,
        default=0,
        metavar="N",
        help="train shards; validation gets one for 128; default 0: one for 256 MiB of text",
    )
    how = parser.add_argument_group("how to run")
    how.add_argument(
        "--runner",
        type=_runner,
        default=RUNNERS["local"],
        metavar="NAME",
        help=f"default: local{_table(RUNNERS)}",
    )
    how.add_argument(
        "--num_workers",
        type=_count,
        default=0,
        metavar="N",
        help="processes, or machines of a distributed runner; default 0: all cores",
    )
    how.add_argument(
        "--work_dir",
        metavar="DIR",
        help="resumable artifacts, about as large as the text; default: "
        "DIR/runs/<variant>/work of --output",
    )
    how.add_argument(
        "--keep_work",
        action="store_true",
        help="keep the artifacts of a finished run; another run that cleans the "
        "same files then starts from them",
    )
    return parser  # fmt: skip


def parse_options(arguments: list[str]) -> Options:
    """The command line's options.

    Raises:
      OptionError: a value is wrong or a required option is missing.
      SystemExit: --help was asked for, and is printed.
    """
    parsed, rest = _parser().parse_known_args(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            raise OptionError(
                f"{argument!r} belongs to no option; quote globs and write --option=value"
            )
    return Options(
        variant=parsed.variant,
        spec=parsed.spec,
        input=tuple(parsed.input),
        output=parsed.output,
        formats=tuple(dict.fromkeys(parsed.formats or ["tfrecord"])),
        shards=parsed.shards,
        badwords_dir=parsed.badwords_dir,
        work_dir=parsed.work_dir,
        num_workers=parsed.num_workers,
        max_malformed_fraction=parsed.max_malformed_fraction,
        keep_work=parsed.keep_work,
        runner=parsed.runner,
        beam_arguments=tuple(rest),
    )


def own_option_names() -> list[str]:
    """The options of this command line, for guesses."""
    return [name for action in _parser()._actions for name in action.option_strings]
