"""How far runs are, from another shell: the command `c4forge status OUT`.

OUT is the output folder of runs, the folder of one, or a work folder. Nothing is changed, and a run
that died is distinguished from one that goes on.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.job import FAILED_SUFFIX
from pipelines.run.progress import WeightedProgress
from pipelines.run.state import NAME, RunState, read_state
from pipelines.sources.wet_files import read_manifest
from pipelines.stages.table import STAGES
from runtime.cli.command_line import CommandLine
from runtime.cli.console import doing
from runtime.cli.options import OptionError, option, options_of
from runtime.cli.tables import Column, Place, table_lines, terminal_width
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import planning
from runtime.redaction import plain
from runtime.storage.checked import DamagedFile, read_checked
from runtime.storage.files import (
    exists,
    find_files,
    join,
    list_files,
    list_modified,
    modified,
    without_slashes,
)
from runtime.storage.locks import Holder, holder
from runtime.storage.remote import is_remote
from runtime.units import duration

_RECEIPT = ".receipt.json"
_NOT_OURS = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""Errors where a file of a run holds other JSON than ours."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Whole tasks of a run.

    Attributes:
      advance: how far it is.
      credit: the fraction that was done before it last started.
      pages, new_pages: read, and read since it last started.
    """

    advance: WeightedProgress
    credit: float
    pages: int
    new_pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """The command line."""

    folder: str = option(
        "--output or --work_dir of a run, or the run's own folder", positional=True, metavar="DIR"
    )


def command_line(name: str = "c4forge status") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Shows how far the runs of an output folder are. It changes nothing.",
        options=options_of(StatusOptions),
        has_config=False,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge status") -> int:
    """Runs the command line; returns the exit code: 2 if there is no run."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    given.check()
    folder = without_slashes(StatusOptions(**given.values).folder)
    with planning(), doing("reading the receipts"):
        found = list(find_runs(folder))
    if not found:
        raise OptionError(
            f"{folder}: no run there; expected a folder given by --output or --work_dir"
        )
    for report in found:
        print(report)
    return Exit.DONE


def find_runs(folder: str) -> Iterator[str]:
    """What is to be said of each run of a folder."""
    if exists(join(folder, NAME)):
        yield describe(folder)
        return
    runs = join(folder, "runs")
    found = [*find_files(runs, ("*", "work", NAME)), *find_files(runs, ("*", "report.json"))]
    folders = {path.removeprefix(join(runs, "")).partition("/")[0] for path in found}
    for run in [join(runs, name) for name in sorted(folders)] or [folder]:
        if exists(join(run, "work", NAME)):
            yield describe(join(run, "work"))
        elif exists(join(run, "report.json")):
            name, report = plain(run.rpartition("/")[2]), plain(join(run, "report.json"))
            yield f"{name}: done\n  report: {report}"


def describe(work: str) -> str:
    """The run of a work folder, in some lines; in one, if its files are no run's."""
    try:
        return _describe(read_state(work), holder(work))
    except (DamagedFile, OSError, *_NOT_OURS) as error:
        return plain(f"{work}: cannot be read: {error}")


def _describe(state: RunState, now: Holder | None) -> str:
    receipts = read_receipts(state)
    name = plain(f"{state.name} ({state.spec})")
    lines = [f"{name}, {state.files:,} WET files", plain(f"  {_alive(state, now)}")]
    lines += [f"  {line}" for line in _stage_lines(receipts.advance)]
    lines.append(f"  {_rate(state, receipts, now)}")
    return "\n".join([*lines, *failures(state)])


def _stage_lines(advance: WeightedProgress) -> list[str]:
    stages = [STAGES[name] for name in advance.tasks]
    tasks = [f"{advance.tasks[s.name]:,}" * (s.name != "shards") for s in stages]
    columns = (
        Column("done", Place.NUMBER, [f"{advance.done[stage.name]:,}" for stage in stages]),
        Column("of", Place.NUMBER, tasks),  # the number of shards is not known yet
        Column("", Place.EXTRA, [stage.unit for stage in stages]),
        Column("stage", Place.KEY, [stage.meaning for stage in stages]),
    )
    width = terminal_width(sys.stdout)
    return [line for _, line in table_lines(columns, width - 2 if width else None)]


def read_receipts(state: RunState) -> Receipts:
    """The whole tasks of a run, by the receipts that it left."""
    sizes = {part.number: part.stored_bytes() for part in read_manifest(state.manifest)}
    before, after = WeightedProgress(state.tasks, sizes), WeightedProgress(state.tasks, sizes)
    pages = new_pages = 0
    for stage, path, written in _receipts(state):
        name = path.rpartition("/")[2]
        number = int(name.partition(".")[0]) if stage != "shards" else 0
        old = written < state.started
        after.add(stage, number)
        if old:
            before.add(stage, number)
        if stage == "clean":
            read = json.loads(read_checked(path)).get("split-wet-file/passed", 0)
            pages += read
            new_pages += 0 if old else read
    return Receipts(after, before.fraction(), pages, new_pages)


def _receipts(state: RunState) -> Iterator[tuple[str, str, float]]:
    """Stage, path and time of each receipt."""
    folders = [(stage, join(state.folder, stage)) for stage in state.tasks]
    folders += [("shards", join(staging, "receipts")) for staging in state.staging]
    for stage, folder in folders:
        for path, written in list_modified(folder).items():
            if path.endswith(_RECEIPT):
                yield stage, path, written


def _alive(state: RunState, now: Holder | None) -> str:
    if now is not None:
        return f"running: {now}"
    if exists(state.report) and modified(state.report) > state.started:
        return f"done; report: {state.report}"
    if is_remote(state.report):
        return "not done; a remote folder has no lock that shows whether it is running"
    return "not running: it was stopped or died; the same command goes on from here"


def _rate(state: RunState, receipts: Receipts, now: Holder | None) -> str:
    parts = [f"{receipts.advance.fraction():.0%} done", f"{receipts.pages:,} pages"]
    seconds = time.time() - state.started
    if now is not None:
        if receipts.new_pages and seconds > 0:
            parts.append(f"{receipts.new_pages / seconds:,.0f} pages/s")
        left = receipts.advance.seconds_left(seconds, receipts.credit)
        parts.append(f"{duration(left)} left" if left is not None else "time left not known yet")
    return ", ".join(parts)


def failures(state: RunState) -> Iterator[str]:
    """The files that could not be fetched, a line each."""
    paths = [path for path in list_files(state.failed) if path.endswith(FAILED_SUFFIX)]
    if paths:
        yield f"  {len(paths):,} files could not be fetched; the next run tries them again:"
    for path in paths:
        failed = json.loads(read_checked(path))
        yield f"    {plain(failed['path'])}: {plain(failed['reason'])}"
