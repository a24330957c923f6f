"""Builds a corpus: options, plan, run. The command `c4forge build`."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

from corpora.cards import foreign_cards
from corpora.contents import NAME as CONTENTS_NAME
from pipelines.job import RUN_FILES, Job
from pipelines.run.estimate import estimate_run
from pipelines.run.execute import print_outcome, run_plan
from pipelines.run.finished import complete_finished, existing_formats, find_finished
from pipelines.run.options import LIST_CRAWLS, Options, parse_options
from pipelines.run.plan import Plan, check_paths, mirror_of, plan_run
from pipelines.run.state import NAME as STATE_NAME
from pipelines.sources.mirrors import list_crawls
from pipelines.stages.publish import is_published
from runtime.cli.console import doing, say
from runtime.cli.options import OptionError
from runtime.command import NOTHING_WRITTEN, RESUMABLE, Exit, run_command
from runtime.errors import planning
from runtime.storage.files import exists, is_half_moved
from runtime.storage.locks import hold_folder
from runtime.storage.ownership import check_replaceable, claim, release
from runtime.workers.pool import open_pool

PRELOAD = "pipelines.stages.preload"


def main(arguments: Sequence[str] | None = None, name: str = "c4forge build") -> int:
    """Runs the command line; returns the exit code.

    Args:
      arguments: without the command; None: those of this process.
      name: the command as people type it.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    kept = NOTHING_WRITTEN if {"--estimate", "--estimate=true"} & set(given) else RESUMABLE
    return run_command(name, lambda: _run(parse_options(given, name)), kept=kept)


def _run(options: Options) -> int:
    if LIST_CRAWLS in options.crawls:
        with planning(), doing("asking for the list of crawls"):
            crawls = list_crawls(mirror_of(options))
        print("\n".join(crawls))
        return Exit.DONE
    if options.estimate:
        print(estimate_run(options, _plan(options)[0]))
        return Exit.DONE
    build_corpus(options)
    return Exit.DONE


def build_corpus(options: Options) -> Job:
    """Builds the datasets that the options ask for, unless they are there; prints what came out.

    The caller closes the pool.

    Raises:
      UsageError: a file that the options name cannot be used; nothing was done.
      InputRefused: too much of the input is damaged or missing.
      RunFailed, OSError: a task failed; what is done is kept.
    """
    plan, arguments = _plan(options)
    job = plan.job
    output = f"--output={options.output}"
    try:
        with (
            hold_folder(job.run_folder(), output) if options.work_dir else nullcontext(),
            hold_folder(job.work, f"--work_dir={job.work}" if options.work_dir else output),
        ):
            claim(job.run_folder(), RUN_FILES, "--output")
            claim(job.work, [STATE_NAME], "--work_dir" if options.work_dir else "--output")
            if _is_finished(plan, options):
                print_outcome(job)
                return job
            _check_datasets(job, options.overwrite)
            plan = replace(plan, job=replace(job, formats=existing_formats(job)))
            run_plan(plan, options, arguments)
            return plan.job
    finally:
        release(job.work)
        release(job.run_folder())


def _is_finished(plan: Plan, options: Options) -> bool:
    """True if the datasets are there; formats that they lack are made from those that they have."""
    finished = find_finished(plan.job)
    if finished is None:
        return False
    if not finished.lacking:
        print("Complete already: same input, same configuration.")
    else:
        if not options.runner.local:
            open_pool(0, PRELOAD)
        names = ", ".join(dict.fromkeys(n for of in finished.lacking.values() for n in of))
        print(f"Built already: same input, same configuration. Made from the datasets: {names}.")
    complete_finished(plan.job, finished, plan.parts)
    return True


def _plan(options: Options) -> tuple[Plan, list[str]]:
    """The plan, and the arguments for Beam; meanwhile the workers of a local run start."""
    check_paths(options)
    if options.runner.local:
        open_pool(options.num_workers, PRELOAD).warm_up()  # while this process imports Beam
    with planning(), doing(f"{options.importing()}finding the files"):
        arguments = options.for_beam()
        return plan_run(options), arguments


def _check_datasets(job: Job, overwrite: bool) -> None:
    """Says which datasets of another configuration are replaced.

    Raises:
      OptionError: there is one, and nothing may be overwritten.
      NotOurs: there is a folder that c4forge did not make, or in which others have put files.
    """
    for variant in job.variants:
        folder = job.dataset_folder(variant)
        if not exists(folder) or is_published(job, variant) or is_half_moved(folder):
            continue
        if not overwrite:
            raise OptionError(
                f"{folder} holds a dataset of another input or configuration; its config.json, if "
                "it has one, says which. Give another --output, or --overwrite to replace it."
            )
        check_replaceable(folder, CONTENTS_NAME, foreign_cards(folder))
        say(f"note: {folder} will be replaced: it has another input or configuration")
