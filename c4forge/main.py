"""The console script `c4forge`: a row for each command, imported when it is run."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from textwrap import wrap


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table.

    Attributes:
      name: as typed, one word or two.
      module: whose `main` takes the arguments.
      meaning: one line for --help.
    """

    name: str
    module: str
    meaning: str


COMMANDS: dict[str, Command] = {
    row.name: row
    for row in (
        Command("build", "pipelines.main", "builds a C4-style corpus from Common Crawl WET files"),
        Command("convert", "pipelines.convert", "writes a finished corpus in other formats"),
        Command("status", "pipelines.status", "shows how far the runs of an output folder are"),
        Command("report", "pipelines.report", "writes the page of a run: what its filters did"),
        Command("why", "pipelines.why", "tells what happened to a page in a run, rule by rule"),
        Command("inspect", "pipelines.inspect", "finds and prints documents of finished corpora"),
        Command("diff", "pipelines.diff", "compares two corpora, document by document"),
        Command("webtext-urls", "pipelines.webtext_urls", "makes a URL list from Reddit's dumps"),
        Command("tokenize", "pipelines.tokenize", "writes a corpus as shards of token ids"),
        Command("vocab train", "vocab.train", "trains a SentencePiece vocabulary on a corpus"),
        Command("vocab inspect", "vocab.inspect", "measures a vocabulary on a corpus"),
        Command("fetch-lists", "pipelines.fetch_lists", "downloads the public lists to a folder"),
    )
}
_EXAMPLES = """\
examples:
  c4forge build --variant=en --input='wet/*.warc.wet.gz' --output=out
  c4forge convert out/c4/en/3.1.0 --format=parquet
  c4forge status out
  c4forge why https://a.example/page --output=out
  c4forge inspect out/c4/en/3.1.0 --sample=3
  c4forge vocab train --corpus=out/c4/en/3.1.0 --output=out/vocab
  c4forge tokenize --corpus=out/c4/en/3.1.0 --vocab=out/vocab --output=out
"""


def main(arguments: Sequence[str] | None = None, program: str = "") -> int:
    """Runs a command; returns its exit code.

    Args:
      arguments: the command and its own; None: those of this process, which ends with it.
      program: the name in messages of a script that ends with the command; "": `c4forge` and the
        command's name.
    """
    try:
        from runtime.command import end_process
        from runtime.workers.temporaries import own_temporaries

        if arguments is None or program:
            own_temporaries()
        code = _run(list(sys.argv[1:] if arguments is None else arguments), program)
        return end_process(code) if arguments is None or program else code
    except KeyboardInterrupt:  # before a command could handle it
        print("\nStopped. Nothing was done.", file=sys.stderr)
        return 130


def _run(arguments: list[str], program: str) -> int:
    from runtime.command import Exit, run_command
    from runtime.workers.processes import leave_current_folder

    leave_current_folder()
    row = find_command(arguments)
    if row is not None:
        rest = arguments[len(row.name.split()) :]
        if rest == ["--version"]:
            return _tell_version()
        name = program or f"c4forge {row.name}"
        return run_command(
            name,
            lambda: int(import_module(row.module).main(rest, name)),
            kept="Nothing was done.",  # if it ends while the command is imported
        )
    if arguments == ["--version"]:
        return _tell_version()
    if arguments and not {"-h", "--help"} & set(arguments):
        print(f"c4forge: error: {_unknown(arguments)}", file=sys.stderr)
        return Exit.USAGE
    print(help_text(), file=sys.stdout if arguments else sys.stderr)
    return Exit.DONE if arguments else Exit.USAGE


def find_command(arguments: Sequence[str]) -> Command | None:
    """The row whose name the arguments start with."""
    for row in COMMANDS.values():
        words = row.name.split()
        if list(arguments[: len(words)]) == words:
            return row
    return None


def help_text() -> str:
    """The table of commands, in 80 columns."""
    rows = []
    for row in COMMANDS.values():
        lines = wrap(row.meaning, 60)
        rows += [f"  {row.name:15} {lines[0]}", *(f"{'':18}{line}" for line in lines[1:])]
    return "\n".join(
        [
            "usage: c4forge COMMAND [--option=value ...]",
            "",
            "commands:",
            *rows,
            "",
            "`c4forge COMMAND --help` lists a command's options, `c4forge --version` says the",
            "version. The trainer has a command of its own: `t5x --help`.",
            "",
            _EXAMPLES,
        ]
    )


def _tell_version() -> int:
    from runtime.cli.version import versions

    print(versions("c4forge"))
    return 0


def _unknown(arguments: Sequence[str]) -> str:
    from runtime.cli.options import closest

    word = " ".join(arguments[:2]) if arguments[0] == "vocab" else arguments[0]
    return f"unknown command {word!r}; {closest(word, COMMANDS)}"
