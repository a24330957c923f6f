"""Runs a plan: the graph on its runner, what a person sees meanwhile, and what came out."""

import json
import os
import re
import sys
from collections.abc import Callable
from functools import partial

from cleaning.specs import EXTRA_DATASET, REFERENCE_DATASET, SPECS
from pipelines.job import FAILED_SUFFIX, UNREADABLE_SUFFIX, Job
from pipelines.local import build_in_pool
from pipelines.reporting.folder import RESOURCES
from pipelines.reporting.page import write_page
from pipelines.run.options import Options
from pipelines.run.plan import Plan
from pipelines.run.progress import Progress, print_datasets, print_summary
from pipelines.run.state import NAME as STATE_NAME
from pipelines.sources.wet_files import find_left_out
from pipelines.stages.clean import UNREACHABLE, forget_later
from pipelines.stages.malformed import (
    UNREADABLE,
    TooManyMalformed,
    TooManyUnreachable,
    unreachable_list,
    unreadable_list,
)
from pipelines.stages.publish import NoDocuments
from pipelines.stages.tasks import Receipt
from runtime.cli.console import doing, say
from runtime.errors import RunFailed
from runtime.redaction import plain
from runtime.storage.checked import DamagedFile, Depth
from runtime.storage.files import (
    delete_file,
    delete_folder,
    exists,
    join,
    json_file,
    list_files,
    read_bytes,
    write_bytes,
)
from runtime.storage.space import folder_bytes, left_of, telling_need
from runtime.units import duration, size
from runtime.workers.pool import current_pool
from runtime.workers.runners import open_pipeline, run_in_pool, run_pipeline

_RUNS = 3  # of the graph: one finds the damage, one makes good, one for damage that comes meanwhile
_FILES_SHOWN = 10  # that are no WET files; a list has all
_MEASURABLE = 0.05  # from this fraction on, what is written foretells the rest
_WRITTEN_A_STORED_BYTE = 3.0  # work and dataset of `en` from real WET files


def run_plan(plan: Plan, options: Options, beam_arguments: list[str]) -> None:
    """Builds the datasets of a plan.

    Raises:
      InputRefused: too many records are malformed, or too many files unreachable.
      RunFailed, OSError: a task failed.
    """
    job, local = plan.job, options.runner.local
    if again := forget_failures(plan):
        say(f"trying {again:,} files again that could not be fetched before")
    _announce(plan, options)
    try:
        progress = run_to_end(plan, local, beam_arguments)
    except NoDocuments:
        say(f"page: {write_page(job.run_folder())}")
        raise
    if local:
        resumed = f", {progress.resumed:,} tasks done by an earlier run" if progress.resumed else ""
        say(f"Done in {duration(progress.seconds)}{resumed}.")
        write_bytes(join(job.run_folder(), RESOURCES), json_file(progress.resources()))
    unreachable = print_outcome(job)
    if not options.keep_work:
        _clear_work(job, keep_cleaned=unreachable > 0)


def run_to_end(plan: Plan, local: bool, beam_arguments: list[str]) -> Progress:
    """Runs the graph; again, if a task found a damaged file, which its own task makes again.

    From then on every byte of finished tasks is checked before it is relied on.
    """
    depth = Depth.LENGTH
    for left in reversed(range(_RUNS)):
        try:
            with (
                Progress(plan.job, plan.parts, sys.stderr) as progress,
                telling_need(plan.job.work, partial(_bytes_left, plan, progress.fraction)),
            ):
                run_graph(plan, local, beam_arguments, progress.on_receipt, depth)
            return progress
        except RunFailed as error:
            if not left or DamagedFile.__name__ not in f"{type(error).__name__}: {error}":
                raise
            say(f"note: {_first_line(error)}; it is made again, all other files are checked")
            depth = Depth.BYTES
            if local:
                current_pool().settle()
    raise AssertionError("the last run returns or raises")


def _first_line(error: RunFailed) -> str:
    """A damaged file in a line; a distributed runner has it in a longer text."""
    if isinstance(error, DamagedFile):
        return str(error)
    told = str(error).rpartition(f"{DamagedFile.__name__}: ")[2].partition("\n")[0]
    return re.sub(r" \[while running '[^']*'\]", "", told)


def _clear_work(job: Job, keep_cleaned: bool) -> None:
    """Removes what a finished run no longer needs.

    Args:
      keep_cleaned: True while files are missing that the next run will try again.
    """
    cleaned, documents = job.clean_folder(), job.documents_folder()
    with doing("removing the work files"):
        for folder in (documents,) if keep_cleaned else (cleaned, documents):
            delete_folder(folder)
    delete_file(job.lists_path())
    delete_file(join(job.work, STATE_NAME))


def run_graph(
    plan: Plan,
    local: bool,
    beam_arguments: list[str],
    listener: Callable[[Receipt], None],
    depth: Depth = Depth.LENGTH,
) -> None:
    """Runs the graph of a plan to its end.

    Args:
      plan: the run.
      local: True for this machine's pool, False for a distributed runner.
      beam_arguments: for Beam, through which a local run goes only if there are some.
      listener: hears of every task that ends in the pool.
      depth: to which the files of an earlier run are checked.
    Raises:
      InputRefused, RunFailed, OSError, Terminated: as `run_pipeline` and `run_plan` have it.
    """
    if local and not beam_arguments:
        plan.write()
        run_in_pool(partial(build_in_pool, plan.job, depth), listener)
        return
    from pipelines.corpus import BuildCorpus
    from pipelines.stages.transform import Transport

    pipeline = open_pipeline(local, beam_arguments)
    plan.write()
    transport = Transport.SPILL if local else Transport.SHUFFLE
    _ = pipeline | "corpus" >> BuildCorpus(plan.job, transport, depth)
    try:
        run_pipeline(pipeline, local, listener)
    except Exception as error:
        _refuse_input(error)
        raise


def _bytes_left(plan: Plan, done: Callable[[], float]) -> float | None:
    """Bytes that a run will still write, from the finished fraction, or from its input."""
    job, fraction = plan.job, done()
    folders = [job.work, *map(job.staging_folder, job.variants)]
    used = sum(map(folder_bytes, folders))
    if fraction < _MEASURABLE:
        return sum(part.stored_bytes() for part in plan.parts) * _WRITTEN_A_STORED_BYTE - used
    return left_of(used, fraction)


def _announce(plan: Plan, options: Options) -> None:
    job, parts = plan.job, plan.parts
    files = len({part.path for part in parts})
    stored = sum(part.stored_bytes() for part in parts)
    names = ", ".join(variant.name for variant in job.variants)
    for variant in job.variants:
        if not job.is_unmodified(variant):
            as_spec = job.settings == SPECS[job.spec].settings
            custom = "filters" if job.own_filters else "lists" if as_spec else "options"
            say(
                f"note: your {custom} make {variant.name} other than {job.spec}; "
                f"it is called {job.dataset_name(variant)}"
            )
    if job.columns and SPECS[job.spec].dataset == REFERENCE_DATASET:
        say(
            f"note: with --columns the output is not what {job.spec} has; it is called "
            f"{EXTRA_DATASET}"
        )
    for url_list in plan.lists.url_lists:
        if url_list.has_bom:
            say(
                f"note: {plain(url_list.path)} begins with a byte order mark, which is left out; "
                "the reference would take it for a part of the first URL, and lose that page"
            )
    if left := find_left_out(list(options.input), plan.files):
        shown = ", ".join(plain(os.path.basename(path)) for path in left[:_FILES_SHOWN])
        more = f" and {len(left) - _FILES_SHOWN:,} more" if len(left) > _FILES_SHOWN else ""
        say(f"note: not named like WET files, so not read: {shown}{more}")
    say(
        f"{names} by {job.spec}, from {files:,} WET file{'s' * (files != 1)}, {size(stored)} stored"
    )


def _refuse_input(error: Exception) -> None:
    """Raises the refusal of the input that is in Beam's error, if there is one."""
    for kind in (TooManyMalformed, TooManyUnreachable, NoDocuments):
        if kind.__name__ in f"{type(error).__name__}: {error}":
            # Beam adds where it was; a distributed runner passes on the text only.
            text = str(error).rpartition(f"{kind.__name__}: ")[2]
            raise kind(text.partition(" [while running")[0].strip()) from error


def print_outcome(job: Job) -> int:
    """Says what came out and where it is; returns how many files could not be fetched."""
    report_path = join(job.run_folder(), "report.json")
    variants = json.loads(read_bytes(report_path))["variants"]
    print_summary({name: variant["counts"] for name, variant in variants.items()}, sys.stdout)
    print()
    print_datasets(variants, ", ".join(job.formats), sys.stdout)
    print(f"report: {report_path}")
    print(f"page: {write_page(job.run_folder())}")
    counts = next(iter(variants.values()))["counts"]
    malformed = join(job.run_folder(), "malformed")
    if counts["split-wet-file/filtered:malformed"] and exists(malformed):
        print(f"malformed: {malformed}")
    if counts.get(UNREADABLE) and exists(unreadable_list(job)):
        print(f"no WET files: {unreadable_list(job)}")
        rows = list(map(json.loads, read_bytes(unreadable_list(job)).splitlines()))
        for row in rows[:_FILES_SHOWN]:
            print(f"  {plain(row['path'])} is {row['is']}")
        if len(rows) > _FILES_SHOWN:
            print(f"  and {len(rows) - _FILES_SHOWN:,} more")
    unreachable: int = counts.get(UNREACHABLE, 0)
    if unreachable:
        print(f"unreachable: {unreachable_list(job)}")
        print(f"{unreachable:,} files could not be fetched: the same command tries them again.")
    return unreachable


def forget_failures(plan: Plan) -> int:
    """Removes what an earlier run left of files that it could not have; returns how many they are.

    Whatever came after cleaning goes with them: it was made without these files.
    """
    job, found = plan.job, 0
    suffixes = (FAILED_SUFFIX, UNREADABLE_SUFFIX)
    failed = {path for path in list_files(job.clean_folder()) if path.endswith(suffixes)}
    for part in plan.parts if failed else ():
        mirrored = (job.unreadable_path(part),) * part.crawled  # which may have it by now
        for path in {job.failed_path(part), *mirrored} & failed:
            delete_file(job.signatures_path(part))
            delete_file(path)
            found += 1
    if found:
        forget_later(job)
        delete_folder(job.documents_folder())
    return found
