"""The command line of `t5x`: subcommands, a flag for every field of TrainConfig, TOML files."""

import argparse
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from runtime.cli.config_file import with_config
from runtime.cli.options import HelpFormatter, Parser, help_table
from trainer.config import TrainConfig, TrainConfigError
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import OBJECTIVES
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS

COMMANDS = {
    "train": "trains, or goes on where the run in --model_dir was stopped",
    "eval": "loss on the validation split, or scores of a task of pairs",
    "infer": "writes targets for the inputs in a file, a line each",
    "export": "writes the parameters for another library",
    "gin": "prints the gin file that plain `python -m t5x.train` takes",
    "info": "says what a configuration is: sizes, lengths, parameters, memory",
}
_DESCRIPTION = "Trains T5 on a corpus, and what comes after. `t5x COMMAND --help` lists all flags."
_EXAMPLES = """\
examples:
  t5x info  --size=base
  t5x train --corpus=out/c4/en/3.1.0 --vocab=out/vocab --size=small --model_dir=out/runs/first
  t5x eval  --config=run.toml --model_dir=out/runs/first
  t5x infer --config=run.toml --model_dir=out/runs/first --input=texts.txt --output=targets.txt
  t5x export --config=run.toml --model_dir=out/runs/first --to=hf --output=out/hf
  t5x gin   --config=run.toml --model_dir=out/runs/first > run.gin
"""
_TABLES: dict[str, Mapping[str, Any]] = {
    "objective": OBJECTIVES,
    "mixing": MIXINGS,
    "size": SIZES,
    "version": VERSIONS,
    "architecture": ARCHITECTURES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line as given.

    Attributes:
      name: of COMMANDS.
      config: all fields of the run.
      checkpoint: of eval, infer and export; "": the newest in --model_dir.
      input: of infer, a file of a text a line.
      output: of infer and export.
      to: the library of export.
      decoding: of infer.
      split: of eval.
    """

    name: str
    config: TrainConfig
    checkpoint: str = ""
    input: str = ""
    output: str = ""
    to: str = "hf"
    decoding: str = "greedy"
    split: str = "validation"


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{value!r}: expected true or false")
    return value == "true"


_TYPES: dict[Any, Any] = {str: str, int: int, float: float, bool: _truth}


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line; absent flags are absent from its result."""
    parser = Parser(prog="t5x", description=_DESCRIPTION, epilog=_EXAMPLES, allow_abbrev=False,
                    formatter_class=HelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    for name, meaning in COMMANDS.items():
        command = commands.add_parser(
            name, help=meaning, allow_abbrev=False, argument_default=argparse.SUPPRESS,
            formatter_class=HelpFormatter,
        )  # fmt: skip
        command.add_argument("--config", metavar="FILE", help="flags from a TOML file, each a key")
        if name in ("eval", "infer", "export"):
            command.add_argument("--checkpoint", metavar="DIR", help="default: the newest")
        if name == "eval":
            command.add_argument("--split", metavar="NAME", help="default: validation")
        if name == "infer":
            command.add_argument("--input", required=True, metavar="FILE", help="a text a line")
            command.add_argument("--decoding", choices=("greedy", "beam", "sample"))
        if name in ("infer", "export"):
            command.add_argument("--output", required=True, metavar="PATH", help="what is written")
        if name == "export":
            command.add_argument("--to", choices=("hf",), help="hf: Hugging Face transformers")
        _add_fields(command)
    return parser


def _add_fields(parser: argparse.ArgumentParser) -> None:
    for row in fields(TrainConfig):
        table = help_table(_TABLES.get(row.name, {}))
        default = f"; default: {_told(row.default)}" if row.default not in ("", ()) else ""
        help_text = (row.metadata["meaning"] + default + table).replace("%", "%%")
        if row.name == "corpus":
            parser.add_argument("--corpus", nargs="+", action="extend", metavar="PATH",
                                help=help_text)  # fmt: skip
        elif row.type is bool:
            parser.add_argument(f"--{row.name}", type=_truth, nargs="?", const=True, metavar="BOOL",
                                help=help_text)  # fmt: skip
        else:
            parser.add_argument(f"--{row.name}", type=_TYPES[row.type], metavar="X", help=help_text)


def _told(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(arguments: Sequence[str]) -> Command:
    """The command line; flags have the last word over the TOML file.

    Raises:
      OptionError: a wrong flag or value, with the nearest match.
      SystemExit: --help was asked for, and is printed.
    """
    command, rest = list(arguments[:1]), list(arguments[1:])
    rest = with_config(rest, [row.name for row in fields(TrainConfig) if row.type is bool])
    parser = build_parser()
    known, unknown = parser.parse_known_args(command + rest)
    if unknown:
        flag = unknown[0].partition("=")[0].removeprefix("--")
        raise TrainConfigError(f"unknown flag --{flag}{_guess(flag)}")
    given = vars(known)
    names = {row.name for row in fields(TrainConfig)}
    values = {name: value for name, value in given.items() if name in names}
    values["corpus"] = tuple(values.get("corpus", ()))
    others = {name: value for name, value in given.items() if name not in names | {"config"}}
    return Command(config=TrainConfig(**values), **others)


def _guess(name: str) -> str:
    near = difflib.get_close_matches(name, [row.name for row in fields(TrainConfig)], n=1)
    return f"; did you mean --{near[0]}?" if near else ""
