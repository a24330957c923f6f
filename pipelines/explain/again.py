"""The work of a run made again, up to the comparison of lines: its input and lists are read again.

A text alone is asked about in the same way, as the one page of a run.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import takewhile
from tempfile import TemporaryDirectory

from cleaning.counts import Counts
from cleaning.variants import WEBTEXTLIKE, Variant
from cleaning.wet.records import MAX_RECORD_BYTES
from pipelines.explain.explanation import Explanation
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run
from pipelines.job import Job
from pipelines.local import run_step
from pipelines.run.options import parse_options
from pipelines.run.plan import USUAL_WET_BYTES, Plan, plan_files, plan_run
from pipelines.run.state import NAME as STATE_NAME
from pipelines.sources.cache import find_cached
from pipelines.sources.wet_files import InputFile
from pipelines.stages.finish import FINISH
from pipelines.stages.table import data_path
from runtime.cli.console import say
from runtime.cli.options import OptionError
from runtime.errors import UsageError
from runtime.http.urls import is_http
from runtime.storage.files import exists, join, modified, size_bytes, write_bytes
from runtime.storage.locks import hold_folder
from runtime.storage.ownership import claim
from runtime.workers.pool import close_pool, open_pool

TEXT_URL = "https://text.invalid/"
"""URL of a text that has none; the name is reserved, no page has it."""
PRELOAD = "pipelines.stages.preload"
_SHOWN = 3
_LITTLE_BYTES = 16 << 20  # of stored input: starting workers takes longer than reading it


def explain_again(
    run: Run,
    url: str,
    variants: Collection[str],
    given: Sequence[str],
    work_dir: str | None = None,
    num_workers: int = 0,
) -> Explanation:
    """What happened to the page of a URL in a run whose work is gone.

    Args:
      variants: names of those to tell of; () for all of the run.
      given: options that name its lists; else those that the run had.
      work_dir: where what is read again is kept; None for a temporary folder.
      num_workers: as `run_stages` has it.
    Raises:
      UsageError: none of its input is there, or a list is not.
    """
    with ExitStack() as stack:
        work = work_dir or stack.enter_context(TemporaryDirectory())
        plan, notes = plan_again(run, given, work)
        option = f"--work_dir={work}"
        stack.enter_context(hold_folder(work, option))
        claim(work, [STATE_NAME], option)
        count = f"{len(plan.files):,} WET file{'s' * (len(plan.files) != 1)}"
        say(f"The work of {run.job.run_name()} is gone: {count} will be read again.")
        run_stages(plan, num_workers)
        told = explain_page(Run(plan.job, run.folder, True), url, variants)
    again = f"The work of the run is gone: its input, {count}, was read again."
    return replace(told, run=run.job.run_name(), notes=(again, *notes, *told.notes))


def plan_again(run: Run, given: Sequence[str], work: str) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a run whose work is gone, and what is other than it was in the run.

    Args:
      given: options that name its lists; else those that the run had.
      work: the folder that it is made in.
    Raises:
      UsageError: none of its input is there, or a list is not.
    """
    job = run.job
    files, lacking = _files(run)
    named = {text.partition("=")[0] for text in given}
    kept = [text for text in job.again if text.partition("=")[0] not in named]
    variants, left_out = _with_lists(job.variants, [*given, *kept])
    arguments = [
        f"--variant={','.join(variant.name for variant in variants)}",
        f"--spec={job.spec}", "--input=of the run", f"--output={job.output}", *given, *kept,
        *(f"--filter={own}" for own in job.own_filters),
        *(f"--columns={name}" for name in job.columns),
        *([f"--lid_model={job.lid_model}"] if job.lid_model else []),
    ]  # fmt: skip
    plan = plan_files(replace(parse_options(arguments), settings=job.settings), files)
    # Nothing is written or removed outside the work folder.
    made = replace(
        plan.job, work=work, output=work, formats=job.formats, mirror=job.mirror, again=job.again
    )
    notes = (*lacking, *left_out, *_differences(job, made))
    return replace(plan, job=made), notes


def _with_lists(
    variants: Sequence[Variant], arguments: Sequence[str]
) -> tuple[list[Variant], list[str]]:
    """The variants whose lists are known, and a line about those that are left out."""
    known = any(text.startswith("--webtext_urls=") for text in arguments)
    kept = [variant for variant in variants if known or not variant.has(WEBTEXTLIKE)]
    names = [variant.name for variant in variants if variant not in kept]
    if not kept:
        raise OptionError("--webtext_urls is needed: the run does not say where its URL lists were")
    return kept, [f"{name} is left out: --webtext_urls is needed" for name in names]


def _files(run: Run) -> tuple[tuple[InputFile, ...], list[str]]:
    """The WET files of a run that are there, and a line about those that are not."""
    mirror = run.job.mirror
    if mirror is None:
        found = [
            InputFile(path, size_bytes(path), modified(path)) for path in run.input if exists(path)
        ]
    else:
        is_here = not is_http(mirror.base)
        there = [p for p in run.input if is_here or (mirror.keep and find_cached(mirror.keep, p))]
        found = [InputFile(path, USUAL_WET_BYTES, 0.0, crawled=True) for path in there]
    paths = {file.path for file in found}
    missing = [path for path in run.input if path not in paths]
    if not found:
        raise UsageError(
            f"{run.folder}: the work of this run is gone, and so is its input, as {missing[0]}. "
            "c4forge build --keep_work keeps the work, --keep_wet the files of a crawl"
        )
    if not missing:
        return tuple(found), []
    shown = ", ".join(missing[:_SHOWN]) + ", …" * (len(missing) > _SHOWN)
    return tuple(found), [
        f"{len(missing):,} of the {len(run.input):,} WET files are no longer there: {shown}. A "
        "newer capture, or the page that keeps a line, may have been in them."
    ]


def _differences(job: Job, made: Job) -> list[str]:
    """What decides otherwise than in the run, a line each."""
    told = []
    if job.inputs_digest != made.inputs_digest:
        told.append("The WET files are not those that the run read, or were changed since.")
    before, now = dict(job.lists), dict(made.lists)
    changed = [name for name, sha256 in now.items() if before.get(name) != sha256]
    if changed:
        told.append(f"Lists are not those of the run: {', '.join(changed)}.")
    if job.own_filters_sha256 != made.own_filters_sha256:
        told.append("The code of --filter is not that of the run.")
    return told


def run_stages(plan: Plan, num_workers: int = 1) -> None:
    """Cleans the input of a plan and compares its lines; what is there already is kept.

    Args:
      num_workers: processes, 0 for one a core; 1, as for little input: this one.
    """
    plan.write()
    stored = sum(part.stored_bytes() for part in plan.parts)
    is_alone = num_workers == 1 or stored < _LITTLE_BYTES
    if not is_alone:
        open_pool(num_workers, PRELOAD)
    try:
        totals: Counts = {}
        for step in takewhile(lambda step: step.stage is not FINISH, data_path(plan.job)):
            totals = run_step(step, plan.job, totals, is_alone=is_alone)
    finally:
        if not is_alone:
            close_pool()


def plan_text(text: bytes, url: str, arguments: Iterable[str], folder: str) -> Plan:
    """The plan of a run whose only page has this text.

    Args:
      text: in UTF-8.
      url: of the page; "" for none.
      arguments: options of `c4forge build` that decide.
      folder: for its WET file and its work.
    Raises:
      UsageError: it is no text, or too long for a record; an option is wrong.
    """
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"--text: not UTF-8: {error.reason} at byte {error.start}") from None
    if len(text) > MAX_RECORD_BYTES:
        raise UsageError(f"--text: expected at most {MAX_RECORD_BYTES >> 20} MiB")
    header = (
        f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: {url or TEXT_URL}\r\n"
        f"WARC-Date: 1970-01-01T00:00:00Z\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    path = join(folder, "text.wet")
    write_bytes(path, header.encode() + text + b"\r\n\r\n")
    return plan_run(parse_options([*arguments, f"--input={path}", f"--output={folder}"]))
