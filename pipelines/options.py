"""The command line: every option, checked before any work; whatever is left goes to Beam."""

import argparse
import difflib
import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NoReturn, Protocol, get_type_hints

from cleaning.language import IDENTIFIERS
from cleaning.specs import CHOICES, REFERENCE, SPECS, ChoiceError, Choices
from cleaning.variants import VARIANTS, Variant, find_variant
from pipelines.config import ConfigError, with_config
from pipelines.formats import FORMATS
from pipelines.prices import PRICES
from pipelines.runners import REFUSED_RUNNERS, RUNNER_ALIASES, RUNNERS, Runner

_DESCRIPTION = "Builds a C4-style corpus from Common Crawl WET files."
_EXAMPLES = """\
examples:
  python beam_runner.py --variant=en --input='wet/*.warc.wet.gz' --output=out
  python beam_runner.py --variant=realnews --input='wet/*.warc.wet.gz' --output=out
  python beam_runner.py --variant=all --webtext_urls=OpenWebText.zip --input=wet/ --output=out
  python beam_runner.py --spec=fixed --min_words=3 --config=run.toml --input=@wet.txt --output=out
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

    variants: tuple[Variant, ...]
    spec: str
    choices: Choices
    input: tuple[str, ...]
    output: str
    formats: tuple[str, ...]
    shards: int
    badwords_dir: str | None
    realnews_domains: str | None
    webtext_urls: tuple[str, ...]
    lid_model: str | None
    work_dir: str | None
    num_workers: int
    max_malformed_fraction: float
    keep_work: bool
    overwrite: bool
    estimate: bool
    estimate_files: int
    prices: dict[str, float]
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


def _variants(value: str) -> list[Variant]:
    found: list[Variant] = []
    for name in value.split(","):
        variant = find_variant(name.strip())
        if name.strip() == "all":
            found += VARIANTS.values()
        elif variant is None:
            aliases = [alias for row in VARIANTS.values() for alias in row.aliases]
            known = [*VARIANTS, *aliases, "mc4.<language>", "all"]
            raise argparse.ArgumentTypeError(f"unknown variant {name!r}; {closest(name, known)}")
        else:
            found.append(variant)
    return found


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
        action="extend",
        type=_variants,
        dest="variants",
        metavar="NAME[,NAME]",
        help=f"one pass builds all that are asked for; default: en{_table(VARIANTS)}"
        "\n  mc4.<language>: the pages of multilingual in one language, as mc4.de"
        "\n  all: all of the table"
        "\nalso known as realnews, webtext, mc4, multi",
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
        "lists that C4 used; those that no package carries are downloaded once and cached. "
        "Other lists make another dataset: c4_custom",
    )
    what.add_argument(
        "--realnews_domains",
        metavar="FILE",
        help="RealNews' domain list (JSON); default: realnews_domains.json beside the input or "
        "in the folder above, else the public list, downloaded once and cached",
    )
    what.add_argument(
        "--webtext_urls",
        action="extend",
        nargs="+",
        default=[],
        metavar="PATH",
        help="URL lists for webtextlike: text, gz, xz, bz2, zst or zip files, quoted globs, "
        "folders; OpenWebText's zip as it is. python -m pipelines.webtext_urls makes one",
    )
    what.add_argument(
        "--lid_model",
        metavar="FILE",
        help="fastText model for the identifier fasttext; default: the small lid.176",
    )
    what.add_argument(
        "--config",
        metavar="FILE",
        help="options from a TOML file, each a key; the command line has the last word",
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
        help="datasets go to DIR/c4/<variant>/<version>, the report to DIR/runs/<variants>",
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
    target.add_argument(
        "--overwrite",
        action="store_true",
        help="replace datasets of another input or configuration; without it they are kept, and "
        "the run refused",
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
        "DIR/runs/<variants>/work of --output",
    )
    how.add_argument(
        "--keep_work",
        action="store_true",
        help="keep the artifacts of a finished run; another run that cleans the "
        "same files then starts from them",
    )
    _add_estimate(parser)
    _add_choices(parser)
    return parser  # fmt: skip


def _add_estimate(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it would take")
    group.add_argument(
        "--estimate",
        action="store_true",
        help="clean a few files and say what all would take: CPU-hours, GB, documents, cost; "
        "nothing is kept",
    )
    group.add_argument(
        "--estimate_files",
        type=_count,
        default=2,
        metavar="N",
        help="how many files --estimate tries, chosen by a hash of their names; default: 2",
    )
    for price in PRICES.values():
        group.add_argument(
            f"--price_{price.name}",
            type=_amount,
            default=price.usd,
            metavar="USD",
            help=f"{price.meaning}; default: {price.usd:g}",
        )


def _amount(value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{value!r} is not an amount of 0 or more")
    return amount


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """An option for each choice of a spec; not given, the spec's own stands."""
    group = parser.add_argument_group(
        "single choices of the spec",
        "Each overrides --spec, and the output is called c4_custom. Defaults: tfds-3.1.0's.",
    )
    for name, kind in get_type_hints(Choices).items():
        default = getattr(REFERENCE, name)
        default = default.value if isinstance(default, StrEnum) else default
        values: list[str] = []
        if issubclass(kind, StrEnum):
            values = [member.value for member in kind]
        elif name.endswith("_identifier"):
            values = list(IDENTIFIERS)
        known = f" ({', '.join(values)})" if values else ""
        group.add_argument(
            f"--{name}",
            type=_choice(kind, values),
            metavar="NAME" if values else "X",
            help=f"{CHOICES[name].meaning}{known}; default: {default}".replace("%", "%%"),
        )


def _choice(kind: type, values: list[str]) -> Callable[[str], object]:
    def parse(text: str) -> object:
        if values and text not in values:
            raise argparse.ArgumentTypeError(f"unknown choice {text!r}; {closest(text, values)}")
        try:
            return kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None

    return parse


def parse_options(arguments: list[str]) -> Options:
    """The command line's options.

    Raises:
      OptionError: a value is wrong or a required option is missing.
      SystemExit: --help was asked for, and is printed.
    """
    try:
        parsed, rest = _parser().parse_known_args(with_config(arguments))
    except ConfigError as error:
        raise OptionError(str(error)) from None
    for argument in rest:
        if not argument.startswith("-"):
            raise OptionError(
                f"{argument!r} belongs to no option; quote globs and write --option=value"
            )
    asked = {variant.name: variant for variant in parsed.variants or [VARIANTS["en"]]}
    in_order = [variant for name, variant in VARIANTS.items() if name in asked]
    singles = sorted(set(asked) - set(VARIANTS))
    overrides = {name: getattr(parsed, name) for name in CHOICES}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    try:
        choices = replace(SPECS[parsed.spec].choices, **overrides)
    except ChoiceError as error:
        raise OptionError(str(error)) from None
    return Options(
        variants=(*in_order, *(asked[name] for name in singles)),
        spec=parsed.spec,
        choices=choices,
        input=tuple(parsed.input),
        output=parsed.output,
        formats=tuple(dict.fromkeys(parsed.formats or ["tfrecord"])),
        shards=parsed.shards,
        badwords_dir=parsed.badwords_dir,
        realnews_domains=parsed.realnews_domains,
        webtext_urls=tuple(parsed.webtext_urls),
        lid_model=parsed.lid_model,
        work_dir=parsed.work_dir,
        num_workers=parsed.num_workers,
        max_malformed_fraction=parsed.max_malformed_fraction,
        keep_work=parsed.keep_work,
        overwrite=parsed.overwrite,
        estimate=parsed.estimate,
        estimate_files=max(parsed.estimate_files, 1),
        prices={name: getattr(parsed, f"price_{name}") for name in PRICES},
        runner=parsed.runner,
        beam_arguments=tuple(rest),
    )


def own_option_names() -> list[str]:
    """The options of this command line, for guesses."""
    return [name for action in _parser()._actions for name in action.option_strings]
