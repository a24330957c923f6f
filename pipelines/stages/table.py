"""The stages of a run as a table, in data-path order; each is defined beside its functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.job import Job
from pipelines.stages.clean import CLEAN
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.finish import FINISH
from pipelines.stages.lines import LINES
from pipelines.stages.newest import NEWEST
from pipelines.stages.shards import SHARDS
from pipelines.stages.tasks import Stage
from pipelines.stages.webtext import WEBTEXT

STAGES: dict[str, Stage[Any]] = {
    stage.name: stage for stage in (WEBTEXT, CLEAN, NEWEST, LINES, DUPLICATES, FINISH, SHARDS)
}


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as a job runs it.

    Attributes:
      stage: of which every task runs, after all tasks of the step before.
      sources: the stages whose blocks its tasks receive.
      is_reported: True if its counts go into the report.
    """

    stage: Stage[Any]
    sources: tuple[Stage[Any], ...] = ()
    is_reported: bool = True


def data_path(job: Job) -> Iterator[Step]:
    """The steps of a job, in order; after the last one its datasets are published."""
    lists = (WEBTEXT,) if job.url_list_count else ()
    yield from map(Step, lists)
    yield Step(CLEAN)
    yield Step(NEWEST, (CLEAN, *lists))
    yield Step(LINES, (NEWEST,))
    yield Step(DUPLICATES, (LINES,), is_reported=False)
    yield Step(FINISH, (DUPLICATES,))
    yield Step(SHARDS, is_reported=False)
