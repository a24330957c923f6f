"""Where a run can run: a row for each Beam runner."""

import logging
from argparse import ArgumentError
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from runtime.cli.console import say
from runtime.cli.options import OptionError, one_of, option, parse_count
from runtime.errors import InputRefused, RunFailed, Terminated, UsageError
from runtime.storage.checked import DamagedFile
from runtime.storage.files import hush_beam
from runtime.workers import pool as workers
from runtime.workers.beam_options import beam_parser

if TYPE_CHECKING:
    import apache_beam as beam


@dataclass(frozen=True, slots=True)
class Runner:
    """One row of the table.

    Attributes:
      name: as given to --runner.
      local: True if stages run in this machine's process pool and spill their signatures.
      meaning: one line for --help.
      needs: options of Beam that it cannot run without.
    """

    name: str
    local: bool
    meaning: str
    needs: tuple[str, ...] = ()


RUNNERS: dict[str, Runner] = {
    runner.name: runner
    for runner in (
        Runner("local", True, "this machine, all cores, nothing to set up (default)"),
        Runner(
            "DataflowRunner", False, "Google Cloud Dataflow; needs c4forge[gcp]",
            needs=("--project",),  # the region may be gcloud's, the bucket Dataflow's own
        ),
        Runner("FlinkRunner", False, "Apache Flink"),
        Runner("SparkRunner", False, "Apache Spark"),
        Runner(
            "PortableRunner", False, "any Beam job server (--job_endpoint)",
            needs=("--job_endpoint",),
        ),
        Runner("PrismRunner", False, "Beam's Prism; downloads its binary"),
    )
}  # fmt: skip
# Names that people know for the same thing, or that must not be used.
RUNNER_ALIASES = {"DirectRunner": "local", "FnApiRunner": "local"}
REFUSED_RUNNERS = {"DaskRunner": "it loses elements silently (Beam 2.77)"}


def parse_runner(value: str) -> Runner:
    """The row of a value of --runner.

    Raises:
      UsageError: there is none, or what it needs is not installed.
    """
    if value in REFUSED_RUNNERS:
        raise UsageError(f"{value} is not supported: {REFUSED_RUNNERS[value]}")
    runner = RUNNERS[one_of(RUNNERS, "runner")(RUNNER_ALIASES.get(value, value))]
    if runner.name == "DataflowRunner" and not find_spec("apitools"):
        raise UsageError(f"{value} is not installed; pip install 'c4forge[gcp]'")
    return runner


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """Where the work is done: the same for every command that runs on Beam."""

    runner: Runner = option(
        "where the work is done", default=RUNNERS["local"], group="how to run", metavar="NAME",
        parse=parse_runner, shown="local", table=RUNNERS,
    )  # fmt: skip
    num_workers: int = option(
        "processes, or machines of a distributed runner; default 0: all cores", default=0,
        group="how to run", metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    beam_arguments: tuple[str, ...] = ()

    def is_in_pool(self) -> bool:
        """True if this machine's pool does the work, without Beam: no option is for Beam."""
        return self.runner.local and not self.beam_arguments

    def importing(self) -> str:
        """The words in which a command says that it imports Beam, if it does."""
        return "" if self.is_in_pool() else "importing Apache Beam, "

    def for_beam(self) -> list[str]:
        """The arguments for Beam, which is imported if there are any, or the runner needs it.

        Raises:
          OptionError: the runner needs others, or a value is not what Beam expects.
        """
        arguments = list(self.beam_arguments)
        if self.is_in_pool():
            return []
        given = {argument.partition("=")[0] for argument in arguments}
        if missing := [name for name in self.runner.needs if name not in given]:
            raise OptionError(f"--runner={self.runner.name} needs {', '.join(missing)} too")
        hush_beam()
        parser = beam_parser()
        parser.exit_on_error = False
        try:
            parser.parse_known_args(arguments)
        except ArgumentError as error:
            raise OptionError(f"{error.argument_name}: {error.message}") from None
        if not self.runner.local:
            arguments.append(f"--runner={self.runner.name}")
            arguments += [f"--num_workers={self.num_workers}"] if self.num_workers else []
        return arguments


def open_pipeline(local: bool, arguments: list[str]) -> "beam.Pipeline":
    """An empty pipeline: in this process, or on the runner that the arguments name.

    Raises:
      UsageError: the runner finds an argument missing or wrong.
    """
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    # Without a runner given, Beam's DirectRunner would first try to download Prism.
    try:
        return beam.Pipeline(
            runner=FnApiRunner() if local else None, options=PipelineOptions(arguments)
        )
    except ValueError as error:
        raise UsageError(str(error).strip()) from error


def run_pipeline(pipeline: "beam.Pipeline", local: bool, listener: Callable[[Any], None]) -> None:
    """Runs a pipeline to its end.

    Args:
      local: True for this machine's pool, whose tasks the listener hears of.
    Raises:
      RunFailed: a task or the runner raised an error of another kind; the message has it.
      InputRefused, OSError: a task in the pool, or a step in this process, raised it.
      Terminated: the pool was stopped.
    """
    if local:
        workers.current_pool().listener = listener
        # The stack of an error that is about to be printed as one line.
        logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:
        cause = _cause(local) or (_known(error) if local else None)
        if cause is None and local:  # nothing that we know of: the stack is for a bug report
            raise
        raise cause or RunFailed(f"{type(error).__name__}: {error}") from error
    except (KeyboardInterrupt, Terminated):
        if not local:
            say("A job that was handed to a runner goes on there.")
        raise


def run_in_pool(work: Callable[[], object], listener: Callable[[Any], None]) -> None:
    """Does work that gives tasks to the open pool, without Beam; raises what `run_pipeline` does.

    Args:
      listener: hears of every task that ends.
    """
    workers.current_pool().listener = listener
    try:
        work()
    except Exception as error:
        cause = _cause(local=True)
        if cause is None or cause is error:
            raise
        raise cause from error


def _known(error: BaseException | None) -> OSError | DamagedFile | None:
    """The system's error, or the damaged file, behind one that Beam raised in this process."""
    found = None
    while error is not None:  # Beam makes new errors of the same kind, with other words
        found = error if isinstance(error, OSError | DamagedFile) else found
        error = error.__cause__ or error.__context__
    return found


def _cause(local: bool) -> BaseException | None:
    """The error of the pool behind one that Beam raised; None if it is Beam's."""
    if local and workers.is_stopped():
        return Terminated()
    failure = workers.current_pool().failure if local else None
    if failure is None or isinstance(failure, RunFailed | InputRefused | OSError):
        return failure
    if isinstance(failure, UsageError):  # of a file that a worker found no longer as it was
        return RunFailed(str(failure))
    return RunFailed(f"{type(failure).__name__}: {failure}")
