"""Where a run can run: a row for each Beam runner."""

import argparse
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.cli.options import OptionError, closest, help_table, one_of, parse_count
from runtime.workers import pool as workers

if TYPE_CHECKING:
    import apache_beam as beam
from runtime.storage.files import hush_beam


@dataclass(frozen=True, slots=True)
class Runner:
    """One row of the table.

    Attributes:
      name: as given to --runner.
      local: True if stages run in this machine's process pool and spill their signatures.
      meaning: one line for --help.
    """

    name: str
    local: bool
    meaning: str


RUNNERS: dict[str, Runner] = {
    runner.name: runner
    for runner in (
        Runner("local", True, "this machine, all cores, nothing to set up (default)"),
        Runner("DataflowRunner", False, "Google Cloud Dataflow; needs c4forge[gcp]"),
        Runner("FlinkRunner", False, "Apache Flink"),
        Runner("SparkRunner", False, "Apache Spark"),
        Runner("PortableRunner", False, "any Beam job server (--job_endpoint)"),
        Runner("PrismRunner", False, "Beam's Prism; downloads its binary"),
    )
}
# Names that people know for the same thing, or that must not be used.
RUNNER_ALIASES = {"DirectRunner": "local", "FnApiRunner": "local"}
REFUSED_RUNNERS = {"DaskRunner": "it loses elements silently (Beam 2.77)"}


def parse_runner(value: str) -> Runner:
    """The row of a value of --runner.

    Raises:
      argparse.ArgumentTypeError: there is none.
    """
    if value in REFUSED_RUNNERS:
        raise argparse.ArgumentTypeError(f"{value} is not supported: {REFUSED_RUNNERS[value]}")
    name = RUNNER_ALIASES.get(value, value)
    return RUNNERS[one_of(RUNNERS, "runner")(name)]


def add_runner_options(group: argparse._ActionsContainer) -> None:
    """--runner and --num_workers, the same for every command that runs on Beam."""
    group.add_argument(
        "--runner",
        type=parse_runner,
        default=RUNNERS["local"],
        metavar="NAME",
        help=f"default: local{help_table(RUNNERS)}",
    )
    group.add_argument(
        "--num_workers",
        type=parse_count,
        default=0,
        metavar="N",
        help="processes, or machines of a distributed runner; default 0: all cores",
    )


def beam_arguments(
    runner: Runner, num_workers: int, rest: Sequence[str], own_names: Collection[str]
) -> list[str]:
    """The arguments for Beam, each known to one of its option classes.

    Args:
      rest: what the command line's own options left.
      own_names: of those options, for guesses.
    Raises:
      OptionError: one is neither ours nor Beam's.
    """
    hush_beam()
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(rest))
    if unknown:
        beam_names = [name for action in parser._actions for name in action.option_strings]
        name = unknown[0].partition("=")[0]
        guess = closest(name, [*own_names, *beam_names]).rpartition("; ")[2]
        hint = f"; {guess}" if guess.startswith("did you mean") else ""
        raise OptionError(f"unknown option {name}{hint}")
    arguments = list(rest)
    if not runner.local:
        arguments.append(f"--runner={runner.name}")
        arguments += [f"--num_workers={num_workers}"] if num_workers else []
    return arguments


def open_pipeline(local: bool, arguments: list[str]) -> "beam.Pipeline":
    """An empty pipeline: in this process, or on the runner that the arguments name."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    # Without a runner given, Beam's DirectRunner would first try to download Prism.
    return beam.Pipeline(
        runner=FnApiRunner() if local else None, options=PipelineOptions(arguments)
    )


def hear_tasks(listener: Callable[[Any], None]) -> None:
    """Has the listener hear of every task that ends in this machine's pool.

    Beam no longer logs the stack of an error that is about to be told in a line.
    """
    workers.current_pool().listener = listener
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)


def run_pipeline(pipeline: "beam.Pipeline", local: bool, listener: Callable[[Any], None]) -> None:
    """Runs a pipeline to its end.

    Args:
      local: True for this machine's pool, whose tasks the listener hears of.
    Raises:
      Exception: the first that a task in the pool raised; else the runner's own.
    """
    if local:
        hear_tasks(listener)
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:
        failure = workers.current_pool().failure if local else None
        raise (failure or error) from None
