"""The command line of `t5x`: subcommands, a flag for every field of TrainConfig, TOML files."""

import argparse
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn

from trainer.config import TrainConfig, TrainConfigError
from trainer.mixtures import MIXINGS
from trainer.objectives import OBJECTIVES
from trainer.sizes import ARCHITECTURES, SIZES, VERSIONS

COMMANDS = {
    "train": "trains, or goes on where the run in --model_dir was stopped",
    "eval": "loss on the validation split, or scores of a task of pairs",
    "infer": "writes targets for the inputs in a file, a line each",
    "export": "writes the parameters for another library",
    "gin": "prints the gin file that plain `python -m t5x.train` takes",
    "info": "says what a configuration is: sizes, lengths, parameters, memory",
}
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
    """

    name: str
    config: TrainConfig
    checkpoint: str = ""
    input: str = ""
    output: str = ""
    to: str = "hf"
    decoding: str = "greedy"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise TrainConfigError(message.removeprefix("argument "))


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{value!r}: expected true or false")
    return value == "true"


_TYPES: dict[Any, Any] = {str: str, int: int, float: float, bool: _truth}


def _meaning(name: str, meaning: str) -> str:
    rows = _TABLES.get(name, {})
    return meaning + "".join(f"\n  {key}: {row.meaning}" for key, row in rows.items())


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line; absent flags are absent from its result."""
    parser = _Parser(
        prog="t5x", allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    for name, meaning in COMMANDS.items():
        command = commands.add_parser(
            name, help=meaning, allow_abbrev=False, argument_default=argparse.SUPPRESS,
            formatter_class=argparse.RawTextHelpFormatter,
        )  # fmt: skip
        command.add_argument("--config", metavar="FILE", help="flags from a TOML file, each a key")
        if name in ("eval", "infer", "export"):
            command.add_argument("--checkpoint", metavar="DIR", help="default: the newest")
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
        help_text = _meaning(row.name, row.metadata["meaning"]).replace("%", "%%")
        if row.name == "corpus":
            parser.add_argument("--corpus", nargs="+", action="extend", metavar="PATH",
                                help=help_text)  # fmt: skip
        elif row.type is bool:
            parser.add_argument(f"--{row.name}", type=_truth, nargs="?", const=True, metavar="BOOL",
                                help=help_text)  # fmt: skip
        else:
            parser.add_argument(f"--{row.name}", type=_TYPES[row.type], metavar="X", help=help_text)


def parse(arguments: Sequence[str]) -> Command:
    """The command line; flags have the last word over the TOML file.

    Raises:
      TrainConfigError: a wrong flag or value, with the nearest match.
    """
    known, unknown = build_parser().parse_known_args(list(arguments))
    if unknown:
        flag = unknown[0].partition("=")[0].removeprefix("--")
        raise TrainConfigError(f"unknown flag --{flag}{_guess(flag)}")
    given = vars(known)
    path = given.pop("config", "")
    values = _from_file(path) if path else {}
    names = {row.name for row in fields(TrainConfig)}
    values |= {name: value for name, value in given.items() if name in names}
    values["corpus"] = tuple(values.get("corpus", ()))
    others = {name: value for name, value in given.items() if name not in names}
    return Command(config=TrainConfig(**values), **others)


def _guess(name: str) -> str:
    near = difflib.get_close_matches(name, [row.name for row in fields(TrainConfig)], n=1)
    return f"; did you mean --{near[0]}?" if near else ""


def _from_file(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as stream:
            values = tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainConfigError(f"--config={path}: cannot be read as TOML: {error}") from None
    types = {row.name: row.type for row in fields(TrainConfig)}
    for name, value in values.items():
        if name not in types:
            raise TrainConfigError(f"--config={path}: unknown key {name}{_guess(name)}")
        if name == "corpus":
            values[name] = [value] if isinstance(value, str) else value
        elif types[name] is float and isinstance(value, int):
            values[name] = float(value)
        elif type(value) is not types[name]:
            raise TrainConfigError(
                f"--config={path}: {name} = {value!r}: expected {types[name].__name__}"  # type: ignore[union-attr]
            )
    return values
