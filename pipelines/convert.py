"""Writes a finished dataset in other formats: the command `c4forge convert`."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from corpora.array_record import FormatError
from corpora.contents import Contents
from corpora.formats import OUTPUT_FORMATS
from pipelines.run.conversion import convert_dataset, finished_contents, plan_conversion
from runtime.cli.command_line import CommandLine
from runtime.cli.options import option, options_of, parse_count, some_of
from runtime.command import Exit, run_command
from runtime.errors import check_all, planning
from runtime.storage.files import join, without_slashes
from runtime.storage.remote import is_remote
from runtime.units import size
from runtime.workers.pool import open_pool

PRELOAD = "corpora.conversion"
_EXAMPLES = """\
examples:
  c4forge convert out/c4/en/3.1.0 --format=parquet
  c4forge convert out/c4/multilingual/3.1.0 --format=jsonl,array_record \\
      --output=other

The same command goes on where it was stopped. The files have the bytes that
c4forge build would have written.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    folders: tuple[str, ...] = option(
        "the folder of a finished dataset, as out/c4/en/3.1.0; several may be given",
        positional=True, metavar="DATASET", many=True,
    )  # fmt: skip
    formats: tuple[str, ...] = option(
        "what to write", name="format", metavar="NAME[,NAME]",
        parse=some_of(OUTPUT_FORMATS, "format"), many=True, table=OUTPUT_FORMATS,
    )  # fmt: skip
    output: str | None = option(
        "a dataset goes to DIR/c4/<variant>/<version>; default: the new files go to its own folder",
        default=None, metavar="DIR", parse=str,
    )  # fmt: skip
    num_workers: int = option(
        "processes; default 0: all cores", default=0, metavar="N", parse=parse_count, shown=""
    )


def command_line(name: str = "c4forge convert") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Writes a finished dataset in other formats, from its own shards.",
        options=options_of(ConvertOptions),
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge convert") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name))


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    for format_name in given.values["formats"] or ():
        try:
            OUTPUT_FORMATS[format_name].check()
        except FormatError as error:
            given.add(error)
    given.check()
    options = ConvertOptions(**given.values)
    folders = [_absolute(folder) for folder in options.folders]
    with planning():
        check_all(partial(_target, folder, options.output) for folder in folders)
        targets = {folder: _target(folder, options.output) for folder in folders}
        check_all(partial(plan_conversion, *both, options.formats) for both in targets.items())
    open_pool(options.num_workers, PRELOAD).warm_up()
    for folder, target in targets.items():
        contents = convert_dataset(folder, target, options.formats)
        _print_outcome(contents, target)
    return Exit.DONE


def _absolute(folder: str) -> str:
    folder = without_slashes(folder)
    return folder if is_remote(folder) else os.path.abspath(os.path.expanduser(folder))


def _target(folder: str, output: str | None) -> str:
    """The folder of the dataset that is written.

    Raises:
      OptionError: there is no finished dataset in the folder.
    """
    contents, _ = finished_contents(folder)
    if output is None:
        return folder
    return join(_absolute(output), contents.dataset, contents.config, contents.version)


def _print_outcome(contents: Contents, target: str) -> None:
    documents = sum(shard.examples for shard in contents.shards)
    print(f"{contents.config}: {documents:,} documents in {len(contents.shards):,} shards")
    for name in contents.formats():
        stored = sum(shard.stored_bytes[name] for shard in contents.shards)
        print(f"  {join(target, OUTPUT_FORMATS[name].folder).rstrip('/')} ({name}, {size(stored)})")
