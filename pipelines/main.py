"""Runs the corpus from the command line: options, plan, run, exit code."""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from cleaning.filters.badwords import BadWordsError
from cleaning.filters.domains import DomainsError
from cleaning.filters.language import LanguageModelError
from pipelines.job import Job
from pipelines.run.estimate import estimate_run
from pipelines.run.execute import EXIT_TERMINATED, print_outcome, run_plan
from pipelines.run.options import Options, own_option_names, parse_options
from pipelines.run.parser import LIST_CRAWLS
from pipelines.run.plan import mirror_of, plan_run
from pipelines.sources.commoncrawl import CrawlError
from pipelines.sources.mirrors import list_crawls
from pipelines.sources.public_lists import ListError
from pipelines.sources.url_lists import UrlListError
from pipelines.stages.publish import is_complete, is_published
from runtime.cli.console import say
from runtime.cli.options import OptionError
from runtime.http.transfers import DownloadError
from runtime.storage.files import InputError, delete_if_empty, exists, make_folder
from runtime.storage.locks import WorkFolderInUse, hold_folder
from runtime.workers import pool as workers
from runtime.workers.runners import beam_arguments

_USAGE_ERRORS = (
    OptionError, InputError, BadWordsError, DomainsError, ListError, UrlListError,
    LanguageModelError, WorkFolderInUse, CrawlError, DownloadError,
)  # fmt: skip
EXIT_USAGE, EXIT_STOPPED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code.

    0: the corpus is there; 1: the run failed; 2: a wrong option; 3: too much of the input is
    malformed; 130: stopped from the keyboard; 143: ended by SIGTERM.
    """
    try:
        with _heeding_sigterm():
            options = parse_options(list(sys.argv[1:] if arguments is None else arguments))
            return _run(options)
    except _USAGE_ERRORS as error:
        say(f"beam_runner.py: error: {error}")
        say("Nothing was done. --help lists all options.")
        return EXIT_USAGE
    except KeyboardInterrupt:
        say("\nStopped. The same command goes on from here.")
        return EXIT_STOPPED
    except _Terminated:
        say("Stopped before any work. A job that was handed to a runner goes on there.")
        return EXIT_TERMINATED
    finally:
        workers.close_pool()


class _Terminated(BaseException):
    """SIGTERM came when no task was under way here."""


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """SIGTERM drops the tasks not begun and lets those under way end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not workers.stop_tasks():
            raise _Terminated
        say("SIGTERM: ending after the tasks under way.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: Options) -> int:
    if LIST_CRAWLS in options.crawls:
        print("\n".join(list_crawls(mirror_of(options))))
        return 0
    if options.runner.local:
        workers.open_pool(
            options.num_workers, "pipelines.stages.preload"
        ).warm_up()  # while this process imports Beam
    arguments = beam_arguments(
        options.runner, options.num_workers, options.beam_arguments, own_option_names()
    )
    plan = plan_run(options)
    job = plan.job
    if options.estimate:
        print(estimate_run(options, plan))
        return 0
    try:
        make_folder(job.work)
    except OSError as error:
        raise OptionError(f"--output={options.output}: cannot be written: {error}") from None
    try:
        with hold_folder(job.work):
            if is_complete(job):
                print("Complete already: same input, same configuration.")
                print_outcome(job)
                return 0
            if not options.overwrite:
                _refuse_other_datasets(job)
            return run_plan(plan, options, arguments)
    finally:
        delete_if_empty(job.work)


def _refuse_other_datasets(job: Job) -> None:
    """Raises OptionError if a dataset of another configuration stands where one would go."""
    for variant in job.variants:
        folder = job.dataset_folder(variant)
        if exists(folder) and not is_published(job, variant):
            raise OptionError(
                f"{folder} holds a dataset of another input or configuration; its config.json, if "
                "it has one, says which. Give another --output, or --overwrite to replace it."
            )
