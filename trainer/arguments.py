"""The command line of `t5x`: a row for each command; options are the fields of TrainConfig."""

from collections.abc import Sequence
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
from trainer.config import FINETUNE, OF_TRAINING, TrainConfig
from trainer.decoding_options import Decoding
from trainer.run_options import (
    FROM_START,
    missing_options,
    take_finetuning,
    take_settings,
    wrong_tasks,
)

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
            of_run=True,
        ),
    )
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
    taken = [o for o in options_of(Command) if o.name in row.takes]
    taken += options_of(Decoding) if "decoding" in row.takes else []
    configured = options_of(TrainConfig)
    said = "Those that are not given are the run's." if row.of_run else ""
    return CommandLine(
        name=f"t5x {name}",
        meaning=f"{row.meaning[0].upper()}{row.meaning[1:]}.",
        options=(
            *(_as_in(row, option, own) for option in taken),
            *(_as_in(row, option, of_run) for option in configured),
        ),
        examples=_EXAMPLES,
        headings={own: "", of_run: said} if taken else {of_run: said},
    )


def _as_in(row: CommandRow, option: Option, group: str) -> Option:
    """An option as the help of a command shows it: with the defaults that it has there."""
    default, note, name = option.default_text, "", option.name
    if row.of_run and group == "options of the run":
        default = ""
    elif row.name == "finetune" and name in FINETUNE:
        default = str(FINETUNE[name])
    elif row.name == "finetune" and name in FROM_START:
        default = "that of --initial_checkpoint"
    if name in row.needs and name not in FROM_START:
        note = "; this or --task is required" if name == "corpus" else "; required"
    if "checkpoint" in row.needs and name in ("checkpoint", "model_dir"):
        note = "; --checkpoint or --model_dir is required"
    elif row.of_run and name == "corpus":
        note = ""
    elif name == "vocab" and name in row.needs and not default:
        note = "; default: that of the run" if row.of_run else "; required"
    hidden = row.of_run and row.name not in ("gin", "info") and name in OF_TRAINING
    return replace(
        option, group=group, default_text=default, notes=option.notes + note, hidden=hidden
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
    notes = take_settings(given) if COMMANDS[name].of_run else ()
    if name == "finetune":
        take_finetuning(given)
    if name == "export" and len(given.values["checkpoint"]) > 1:
        given.add("--checkpoint: export writes one model, not an ensemble; give it once")
    if name == "train":
        _check_start(given)
    if name == "gin":
        _check_script(given)
    if given.values.get("max_examples", 0) < 0:
        given.add(f"--max_examples={given.values['max_examples']}: expected 0 or more")
    row = COMMANDS[name]
    for error in (*missing_options(row.needs, given), *wrong_tasks(given)):
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
