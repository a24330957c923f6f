"""The command line of `t5x`: a row for each command; options are the fields of TrainConfig."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from textwrap import wrap

from runtime.cli.command_line import CommandLine, Given
from runtime.cli.options import (
    Choice,
    Option,
    OptionError,
    closest,
    option,
    options_of,
    parse_choice,
)
from runtime.errors import UsageError
from trainer.config import FINETUNE, Decoding, TrainConfig
from trainer.training.run_folder import differences, read_settings, run_folder

DESCRIPTION = "Trains T5 on a corpus, evaluates it, and reads and writes its checkpoints."
_EXAMPLES = """\
examples:
  t5x info  --size=base
  t5x train --corpus=out/c4/en/3.1.0 --vocab=out/vocab --size=small \\
      --model_dir=out/runs/first
  t5x finetune --initial_checkpoint=out/runs/first --corpus=pairs.tsv \\
      --model_dir=out/runs/tuned
  t5x finetune --initial_checkpoint=out/runs/first --task=glue --task=own.toml \\
      --data_dir=data --model_dir=out/runs/tuned
  t5x eval  --model_dir=out/runs/first
  t5x infer --model_dir=out/runs/first --input=texts.txt --output=targets.txt
  t5x export --model_dir=out/runs/first --to=hf --output=out/hf
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
      of_run: True if options that are not given are those of the run in that folder.
    """

    name: str
    meaning: str
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    of_run: bool = False


COMMANDS: dict[str, CommandRow] = {
    row.name: row
    for row in (
        CommandRow(
            name="train",
            meaning="trains, or continues the run in --model_dir",
            needs=("corpus", "vocab", "model_dir"),
        ),
        CommandRow(
            name="finetune",
            meaning="trains with the paper's settings for fine-tuning from --initial_checkpoint",
            needs=("corpus", "vocab", "model_dir", "initial_checkpoint"),
        ),
        CommandRow(
            name="eval",
            meaning="prints a table of the loss and the scores of tasks and pairs on a split",
            takes=("checkpoint", "split", "max_examples", "predictions", "json"),
            needs=("corpus", "vocab", "checkpoint"),
            of_run=True,
        ),
        CommandRow(
            name="infer",
            meaning="writes a target for each line of a file",
            takes=("checkpoint", "input", "decoding", "output", "overwrite"),
            needs=("vocab", "checkpoint", "input", "output"),
            of_run=True,
        ),
        CommandRow(
            name="export",
            meaning="writes the model in another layout, or its adapters alone",
            takes=("checkpoint", "output", "to"),
            needs=("vocab", "checkpoint", "output"),
            of_run=True,
        ),
        CommandRow(
            name="gin",
            meaning="prints the gin file for plain `python -m t5x.train` or `t5x.eval`",
            takes=("script", "checkpoint", "split", "max_examples"),
            needs=("corpus", "vocab", "model_dir"),
            of_run=True,
        ),
        CommandRow(
            name="info",
            meaning="prints the size of a model: parameters, memory of a step, lengths",
        ),
    )
}
_NEEDED_AS = {
    "corpus": "out/c4/en/3.1.0",
    "vocab": "out/vocab",
    "model_dir": "out/runs/first",
    "initial_checkpoint": "out/runs/first",
    "input": "texts.txt",
    "output": "out/targets.txt",
}


LAYOUTS: dict[str, Choice] = {
    row.name: row
    for row in (
        Choice("hf", "a model folder of Hugging Face transformers, without adapters"),
        Choice(
            "adapters",
            "adapters and norms alone; on --initial_checkpoint they are the model again",
        ),
        Choice(
            "checkpoint",
            "a run's folder with one checkpoint: all parameters, adapters too, new moments",
        ),
    )
}


SCRIPTS: dict[str, Choice] = {
    row.name: row
    for row in (
        Choice("train", "trains, or goes on from the newest checkpoint of the run"),
        Choice("eval", "evaluates the newest checkpoint, or that of --checkpoint"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line as given.

    Attributes:
      name: of COMMANDS.
      config: all fields of the run.
      decoding: all fields of it.
      notes: a line for each option that the run in the folder has otherwise.
    """

    name: str
    config: TrainConfig
    notes: tuple[str, ...] = ()
    decoding: Decoding = field(default_factory=Decoding)
    checkpoint: tuple[str, ...] = option(
        "folder of a checkpoint or run; repeat it for an ensemble, whose logits are averaged; "
        "default: the newest in --model_dir",
        default=(), many=True, metavar="DIR",
    )  # fmt: skip
    split: str = option(
        "split to evaluate; default: validation, else test, else the file given", default="",
        metavar="NAME",
    )  # fmt: skip
    max_examples: int = option(
        "examples of each task that are predicted, chosen by a hash, in t5x the first; 0: all",
        default=0,
    )
    predictions: str = option(
        "folder for a .jsonl file of each task: input, target, prediction, score", default="",
        metavar="DIR",
    )  # fmt: skip
    json: bool = option("print a line of JSON for each row of the table", default=False)
    input: str = option("file with an input on each line", default="", metavar="FILE")
    output: str = option("file or folder to write", default="", metavar="PATH")
    overwrite: bool = option("replace the output if it is there", default=False)
    script: str = option(
        "program of t5x that the gin file is for", default="train", metavar="NAME", table=SCRIPTS,
        parse=parse_choice(str, tuple(SCRIPTS)),
    )  # fmt: skip
    to: str = option(
        "layout of export", default="hf", metavar="NAME", table=LAYOUTS,
        parse=parse_choice(str, tuple(LAYOUTS)),
    )  # fmt: skip


def command_line(name: str) -> CommandLine:
    """The command line of a row of COMMANDS."""
    row = COMMANDS[name]
    own, of_run = f"options of {name}", "options of the run"
    marks = dict.fromkeys(row.needs, "; required")
    from_run = ("corpus", "vocab") if row.of_run else ("vocab",)
    if row.of_run or "initial_checkpoint" in marks:
        marks |= {name: "; default: that of the run" for name in from_run if name in marks}
    if "checkpoint" in marks:
        marks["checkpoint"] = marks["model_dir"] = "; --checkpoint or --model_dir is required"

    def grouped(options: Sequence[Option], group: str) -> list[Option]:
        return [replace(o, group=group, notes=o.notes + marks.get(o.name, "")) for o in options]

    taken = grouped([o for o in options_of(Command) if o.name in row.takes], own)
    taken += grouped(options_of(Decoding) if "decoding" in row.takes else [], own)
    configured = grouped(options_of(TrainConfig), of_run)
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
    """The command line; options have the last word over the TOML file, and that over the run's.

    Raises:
      OptionError: wrong options, a line each, with the nearest match.
      SystemExit: --help was asked for, and is printed.
    """
    name, *rest = arguments or [""]
    if name not in COMMANDS:
        message = f"unknown command {name!r}" if name else "a command is required"
        raise OptionError(f"{message}; {closest(name, COMMANDS)}")
    given = command_line(name).read(rest)
    notes = _take_settings(given) if COMMANDS[name].of_run else ()
    if name == "finetune":
        _take_finetuning(given)
    if name == "export" and len(given.values["checkpoint"]) > 1:
        given.add("--checkpoint: export writes one model, not an ensemble; give it once")
    if name == "train":
        _check_start(given)
    if name == "gin":
        _check_script(given)
    if given.values.get("max_examples", 0) < 0:
        given.add(f"--max_examples={given.values['max_examples']}: expected 0 or more")
    for error in _missing(COMMANDS[name], given):
        given.add(error)
    of_run = {row.name for row in fields(TrainConfig)}
    ways = {row.name for row in fields(Decoding)}
    config, decoding = TrainConfig(), Decoding()
    try:
        config = TrainConfig(**{k: v for k, v in given.values.items() if k in of_run})
        decoding = Decoding(**{k: v for k, v in given.values.items() if k in ways})
    except UsageError as error:
        given.add(error)
    given.check()
    others = {k: v for k, v in given.values.items() if k not in of_run | ways}
    return Command(name=name, config=config, notes=notes, decoding=decoding, **others)


def _take_finetuning(given: Given) -> None:
    """Fills in the options that are not given: FINETUNE, and the network of the run to start from.

    The vocabulary and dtype are also those of that run.
    """
    folder = given.values["initial_checkpoint"]
    settings = read_settings(run_folder(folder)) if folder else {}
    names = ("size", "version", "architecture", "vocab", "dtype")
    found = FINETUNE | {name: settings[name] for name in names if name in settings}
    given.values |= {name: found[name] for name in found.keys() - given.stated}


def _take_settings(given: Given) -> tuple[str, ...]:
    """Fills in the options that are not given from the run; a line for each that differs."""
    folder = next(iter(given.values["checkpoint"]), given.values["model_dir"])
    settings = read_settings(run_folder(folder)) if folder else {}
    stated = {name: given.values[name] for name in given.stated & settings.keys()}
    kept = settings.keys() - given.stated
    if {"corpus", "task"} & given.stated:  # only these are evaluated
        kept -= {"corpus", "task"}
    given.values |= {name: settings[name] for name in kept}
    return tuple(differences(settings, stated))


def _check_start(given: Given) -> None:
    """Only the strategy `all` can train from nothing: others leave parameters as they are."""
    strategy = given.values["strategy"]
    if strategy != "all" and not given.values["initial_checkpoint"] and given.complete:
        given.add(
            f"--strategy={strategy}: expected --initial_checkpoint; without it parameters are "
            "new, and those that are not updated would stay random"
        )


def _check_script(given: Given) -> None:
    """t5x evaluates one checkpoint; what chooses it has no use for training."""
    if len(given.values["checkpoint"]) > 1:
        given.add("--checkpoint: t5x evaluates one, not an ensemble; give it once")
    if given.values["script"] == "train":
        for option_name in sorted(given.stated & {"checkpoint", "split", "max_examples"}):
            given.add(f"--{option_name}: only with --script=eval")


def _missing(row: CommandRow, given: Given) -> Iterator[str]:
    """An error for each option that the command needs and has not."""
    for needed in row.needs if given.complete else ():
        name = needed
        if needed == "checkpoint":
            if given.values["checkpoint"]:
                continue
            name = "model_dir"
        if needed == "corpus" and given.values["task"]:
            continue
        if not given.values[name] and name not in given.wrong:
            folder = given.values["model_dir"]
            if row.of_run and folder and not os.path.isdir(folder):
                yield f"--model_dir={folder}: no such folder"
                return
            yield f"--{name}: expected, as --{name}={_NEEDED_AS[name]}"
