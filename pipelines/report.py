"""The command `c4forge report OUT`: the page of a run, written again from its files."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.reporting.folder import REPORT
from pipelines.reporting.page import PAGE_FOLDER, write_page
from runtime.cli.command_line import CommandLine
from runtime.cli.options import OptionError, option, options_of
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import planning
from runtime.redaction import plain
from runtime.storage.files import exists, find_files, join, parent, without_slashes
from runtime.storage.ownership import claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The command line."""

    folder: str = option("--output of runs, or the folder of one", positional=True, metavar="DIR")


def command_line(name: str = "c4forge report") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Writes report/index.html into the folder of each finished run: what its filters "
        "did, as a page for a browser. A run writes it when it ends.",
        options=options_of(ReportOptions),
        has_config=False,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge report") -> int:
    """Runs the command line; returns the exit code: 2 if there is no finished run."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    given.check()
    folder = without_slashes(ReportOptions(**given.values).folder)
    with planning():
        runs = find_reports(folder)
        if not runs:
            raise OptionError(
                f"{folder}: no finished run there; expected a folder given by --output, or one of "
                "its folders in runs/"
            )
        for run in runs:
            claim(run, [PAGE_FOLDER])
    for run in runs:
        print(plain(write_page(run)))
    return Exit.DONE


def find_reports(folder: str) -> list[str]:
    """The folders of the finished runs of an output folder, or that of one run."""
    if exists(join(folder, REPORT)):
        return [folder]
    return sorted(map(parent, find_files(join(folder, "runs"), ("*", REPORT))))
