"""The command line of `t5x`: a row for each command; options are the fields of TrainConfig."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from textwrap import wrap

from runtime.cli.command_line import CommandLine, Given
from runtime.cli.options import OptionError, closest, option, options_of, parse_choice
from runtime.errors import UsageError
from trainer.config import TrainConfig

DESCRIPTION = "Trains T5 on a corpus, evaluates it, and reads and writes its checkpoints."
_EXAMPLES = """\
examples:
  t5x info  --size=base
  t5x train --corpus=out/c4/en/3.1.0 --vocab=out/vocab --size=small \\
      --model_dir=out/runs/first
  t5x eval  --config=run.toml --model_dir=out/runs/first
  t5x infer --config=run.toml --model_dir=out/runs/first --input=texts.txt \\
      --output=targets.txt
  t5x export --config=run.toml --model_dir=out/runs/first --to=hf \\
      --output=out/hf
  t5x gin   --config=run.toml --model_dir=out/runs/first > run.gin
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """One row of the table.

    Attributes:
      name: as typed.
      meaning: one line for --help.
      takes: fields of `Command` that are options of this one, beside those of TrainConfig.
      needs: options that must be given; `checkpoint`: that or --model_dir.
    """

    name: str
    meaning: str
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


COMMANDS: dict[str, CommandRow] = {
    row.name: row
    for row in (
        CommandRow(
            name="train",
            meaning="trains, or continues the run in --model_dir",
            needs=("corpus", "vocab", "model_dir"),
        ),
        CommandRow(
            name="eval",
            meaning="prints the loss on the validation split, and the exact-match score of pairs",
            takes=("checkpoint", "split"),
            needs=("corpus", "vocab", "checkpoint"),
        ),
        CommandRow(
            name="infer",
            meaning="writes a target for each line of a file",
            takes=("checkpoint", "input", "decoding", "output"),
            needs=("vocab", "checkpoint", "input", "output"),
        ),
        CommandRow(
            name="export",
            meaning="writes the model in the layout of another library",
            takes=("checkpoint", "output", "to"),
            needs=("vocab", "checkpoint", "output"),
        ),
        CommandRow(
            name="gin",
            meaning="prints the gin file for plain `python -m t5x.train`",
            needs=("corpus", "vocab", "model_dir"),
        ),
        CommandRow(
            name="info",
            meaning="prints the size of a model: parameters, memory, lengths of inputs and targets",
        ),
    )
}
_NEEDED_AS = {
    "corpus": "out/c4/en/3.1.0",
    "vocab": "out/vocab",
    "model_dir": "out/runs/first",
    "input": "texts.txt",
    "output": "out/targets.txt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line as given.

    Attributes:
      name: of COMMANDS.
      config: all fields of the run.
    """

    name: str
    config: TrainConfig
    checkpoint: str = option(
        "folder of a checkpoint; default: the newest in --model_dir", default="", metavar="DIR"
    )
    split: str = option("split of the corpus", default="validation", metavar="NAME")
    input: str = option("file with an input on each line", default="", metavar="FILE")
    decoding: str = option(
        "greedy, beam or sample",
        default="greedy", metavar="NAME", parse=parse_choice(str, ("greedy", "beam", "sample")),
    )  # fmt: skip
    output: str = option("file or folder to write", default="", metavar="PATH")
    to: str = option(
        "hf: Hugging Face transformers", default="hf", metavar="NAME",
        parse=parse_choice(str, ("hf",)),
    )  # fmt: skip


def command_line(name: str) -> CommandLine:
    """The command line of a row of COMMANDS."""
    row = COMMANDS[name]
    own, of_run = f"options of {name}", "options of the run"
    marks = dict.fromkeys(row.needs, "; required")
    if "checkpoint" in marks:
        marks["checkpoint"] = marks["model_dir"] = "; --checkpoint or --model_dir is required"
    taken = [
        replace(o, group=own, notes=o.notes + marks.get(o.name, ""))
        for o in options_of(Command)
        if o.name in row.takes
    ]
    configured = [
        replace(o, group=of_run, notes=o.notes + marks.get(o.name, ""))
        for o in options_of(TrainConfig)
    ]
    return CommandLine(
        name=f"t5x {name}",
        meaning=f"{row.meaning[0].upper()}{row.meaning[1:]}.",
        options=(*taken, *configured),
        examples=_EXAMPLES,
        headings=dict.fromkeys((own, of_run) if taken else (of_run,), ""),
    )


def help_text() -> str:
    """The table of commands, in 80 columns."""
    rows = []
    for row in COMMANDS.values():
        lines = wrap(row.meaning, 68)
        rows += [f"  {row.name:8} {lines[0]}", *(f"{'':11}{line}" for line in lines[1:])]
    return "\n".join(
        ["usage: t5x COMMAND [--option=value ...]", "", DESCRIPTION, "", "commands:", *rows, "",
         "`t5x COMMAND --help` lists all options, `t5x --version` says the version.", "", _EXAMPLES]
    )  # fmt: skip


def parse(arguments: Sequence[str]) -> Command:
    """The command line; options have the last word over the TOML file.

    Raises:
      OptionError: wrong options, a line each, with the nearest match.
      SystemExit: --help was asked for, and is printed.
    """
    name, *rest = arguments or [""]
    if name not in COMMANDS:
        told = f"unknown command {name!r}" if name else "a command is required"
        raise OptionError(f"{told}; {closest(name, COMMANDS)}")
    given = command_line(name).read(rest)
    for error in _missing(COMMANDS[name], given):
        given.add(error)
    of_run = {row.name for row in fields(TrainConfig)}
    config = TrainConfig()
    try:
        config = TrainConfig(**{k: v for k, v in given.values.items() if k in of_run})
    except UsageError as error:
        given.add(error)
    given.check()
    others = {k: v for k, v in given.values.items() if k not in of_run}
    return Command(name=name, config=config, **others)


def _missing(row: CommandRow, given: Given) -> Iterator[str]:
    """An error for each option that the command needs and has not."""
    for needed in row.needs if given.complete else ():
        name = needed
        if needed == "checkpoint":
            if given.values["checkpoint"]:
                continue
            name = "model_dir"
        if not given.values[name] and name not in given.wrong:
            yield f"--{name}: expected, as --{name}={_NEEDED_AS[name]}"
