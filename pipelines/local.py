"""The corpus on the process pool of this machine: the steps of the Beam graph, without Beam.

Importing Beam takes over a second, and each of its stages more than a small task.
"""

from collections.abc import Iterable
from functools import partial

from cleaning.counts import Counts, sum_counts
from pipelines.job import Job
from pipelines.stages.clean import CLEAN
from pipelines.stages.malformed import check_input
from pipelines.stages.publish import publish
from pipelines.stages.table import Step, data_path
from pipelines.stages.tasks import Stage, TaskT, run_spilled
from runtime.storage.checked import Depth, discarding_damage
from runtime.workers.pool import current_pool


@discarding_damage()
def build_in_pool(job: Job, depth: Depth = Depth.LENGTH) -> Counts:
    """Builds the corpus of a job, as `pipelines.corpus` does; returns its counts.

    Args:
      job: the run; its manifest of parts must be written.
      depth: to which the files of an earlier run are checked.
    Raises:
      Exception: the first that a task raised.
    """
    totals: Counts = {}
    counted: list[Counts] = []
    for step in data_path(job):
        totals = run_step(step, job, totals, depth)
        if step.stage is CLEAN:
            totals = check_input(totals, job)
        if step.is_reported:
            counted.append(totals)
    counts = sum_counts(counted)
    publish(counts, job)
    return counts


def run_step(
    step: Step, job: Job, totals: Counts, depth: Depth = Depth.LENGTH, *, is_alone: bool = False
) -> Counts:
    """Runs every task of a step; returns the totals of their counts.

    Args:
      totals: of the step before.
      depth: to which the files of an earlier run are checked.
      is_alone: True for this process, False for the open pool.
    """
    work = partial(run_spilled, step.stage, step.sources, job, depth=depth)
    tasks = _largest_first(step.stage, step.stage.tasks(job, totals))
    if is_alone:
        return sum_counts(receipt.counts for receipt in map(work, tasks))
    return sum_counts(receipt.counts for _, receipt in current_pool().results(work, tasks))


def _largest_first(stage: Stage[TaskT], tasks: Iterable[TaskT]) -> list[TaskT]:
    """The tasks by weight; those of one weight in their order."""
    return sorted(tasks, key=stage.weight, reverse=True) if stage.weight else list(tasks)
