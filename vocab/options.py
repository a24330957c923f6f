"""The command line of `python -m vocab.train`: every option, checked before any work."""

import argparse
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import get_type_hints

from corpora.formats import FORMATS
from runtime.cli.config_file import with_config
from runtime.cli.options import (
    HelpFormatter,
    OptionError,
    Parser,
    help_table,
    one_of,
    option_names,
    parse_choice,
    refuse_strays,
    text_size,
)  # fmt: skip
from runtime.workers.runners import Runner, add_runner_options
from vocab.recipes import PARAMETERS, PRESETS, Preset, Recipe, RecipeError

_EXAMPLES = """\
examples:
  python -m vocab.train --corpus=out/c4/en/3.1.0 --output=out/vocab
  python -m vocab.train --corpus=out/c4/en/3.1.0 --corpus=out/c4/multilingual/3.1.0 --output=out/t5
  python -m vocab.train --preset=mt5 --size=64000 --corpus=out/c4/multilingual/3.1.0 --output=out/m
  python -m vocab.train --preset=tiny --corpus=en=books.txt --output=out/tiny
  python -m vocab.train --corpus=gs://bucket/out/c4/en/3.1.0 --output=gs://bucket/vocab \\
      --runner=DataflowRunner --project=P --region=R --temp_location=gs://bucket/tmp

The same corpus, recipe and seed give the same bytes. Any option of Apache Beam may follow.
"""
_FLAGS = tuple(name for name, kind in get_type_hints(Recipe).items() if kind is bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    preset: Preset
    recipe: Recipe
    corpora: tuple[str, ...]
    output: str
    overwrite: bool
    num_workers: int
    runner: Runner
    beam_arguments: tuple[str, ...]

    def is_modified(self) -> bool:
        """True if the recipe is not the preset's."""
        return self.recipe != self.preset.recipe


def _flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{value!r} is neither true nor false")
    return value == "true"


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Where work is done: the same for every command that reads a corpus."""
    how = parser.add_argument_group("how to run")
    add_runner_options(how)
    how.add_argument(
        "--overwrite", action="store_true", help="replace what another command wrote to the output"
    )
    how.add_argument("--config", metavar="FILE", help="options from a TOML file, each a key")


def _parser() -> Parser:
    parser = Parser(
        prog="python -m vocab.train",
        description="Trains a SentencePiece vocabulary on a corpus.",
        epilog=_EXAMPLES,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to train")
    what.add_argument(
        "--preset",
        type=one_of(PRESETS, "preset"),
        default="t5",
        metavar="NAME",
        help=f"default: t5{help_table(PRESETS)}",
    )
    what.add_argument(
        "--corpus",
        action="append",
        dest="corpora",
        required=True,
        metavar="[LANGUAGE=]PATH",
        help="a dataset's folder, a quoted glob, or a file; may be repeated. Of several formats "
        f"in a folder the first is read{help_table(FORMATS)}"
        "\nThe language is told by the split or the variant's folder; de=PATH states it",
    )
    what.add_argument(
        "--output",
        required=True,
        metavar="DIR",
        help="spiece.model, spiece.vocab and recipe.json go there",
    )
    add_run_options(parser)
    group = parser.add_argument_group(
        "single parameters", "Each overrides the preset's. Defaults: those of t5."
    )
    for name, kind in get_type_hints(Recipe).items():
        default = getattr(PRESETS["t5"].recipe, name)
        told = str(default).lower() if kind is bool else default
        choices = list(kind) if issubclass(kind, StrEnum) else []
        values = f" ({', '.join(choices)})" if choices else ""
        is_flag = kind is bool
        parse = _flag if is_flag else parse_choice(kind, choices)
        if name == "sample_bytes":
            parse = text_size
        group.add_argument(
            f"--{name}",
            type=parse,
            nargs="?" if is_flag else None,
            const=True if is_flag else None,
            metavar="true|false" if is_flag else "NAME" if values else "X",
            help=f"{PARAMETERS[name].meaning}{values}; default: {told}".replace("%", "%%"),
        )
    return parser


def parse_options(arguments: list[str]) -> Options:
    """The command line's options.

    Raises:
      OptionError: a value is wrong or a required option is missing.
      SystemExit: --help was asked for, and is printed.
    """
    parsed, rest = _parser().parse_known_args(with_config(arguments, _FLAGS))
    refuse_strays(rest)
    preset = PRESETS[parsed.preset]
    overrides = {name: getattr(parsed, name) for name in PARAMETERS}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    try:
        recipe = replace(preset.recipe, **overrides)
    except RecipeError as error:
        raise OptionError(str(error)) from None
    return Options(
        preset=preset,
        recipe=recipe,
        corpora=tuple(parsed.corpora),
        output=parsed.output.rstrip("/") or "/",
        overwrite=parsed.overwrite,
        num_workers=parsed.num_workers,
        runner=parsed.runner,
        beam_arguments=tuple(rest),
    )


def own_option_names() -> list[str]:
    """The options of this command line, for guesses."""
    return option_names(_parser())
