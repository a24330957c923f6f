"""How a stage runs on Beam: through this machine's process pool, or on a distributed runner."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypedDict

import apache_beam as beam
from apache_beam import pvalue
from apache_beam.typehints.decorators import no_annotations

from cleaning.counts import Counts, sum_counts
from pipelines.job import Job
from pipelines.stages.blocks import Block
from pipelines.stages.tasks import Numbered, Receipt, Stage, run_shuffled, run_spilled
from runtime.storage.checked import Depth, discarding_damage
from runtime.workers.parallel import MapTasks


class Transport(StrEnum):
    """How blocks get from stage to stage."""

    SPILL = "spill"  # through files, tasks in this process's pool
    SHUFFLE = "shuffle"  # through GroupByKey, tasks wherever the runner puts them


class StageOutput(NamedTuple):
    """The output of a stage, which the next one takes.

    Attributes:
      totals: one element, the stage's counts summed.
      blocks: with Transport.SHUFFLE, keyed by the number of the task that they are for.
    """

    totals: beam.PCollection
    blocks: beam.PCollection | None = None


@dataclass
class RunStage(beam.PTransform):
    """Runs every task of a stage; takes the StageOutput of the stage before it, gives its own.

    Attributes:
      stage: to run.
      job: the run.
      transport: how blocks travel.
      sources: the stages whose blocks its tasks receive.
      depth: to which the files of an earlier run are checked.
    """

    stage: Stage[Any]
    job: Job
    transport: Transport
    sources: tuple[Stage[Any], ...] = ()
    depth: Depth = Depth.LENGTH

    def __post_init__(self) -> None:
        super().__init__()

    def _extract_input_pvalues(self, before: StageOutput) -> tuple[StageOutput, dict[str, Any]]:
        """For Beam, which accepts no None among the inputs."""
        given = {name: value for name, value in before._asdict().items() if value is not None}
        return before, given

    @no_annotations  # Beam takes a tuple of PCollections, but not its type hint
    def expand(self, before: StageOutput) -> StageOutput:
        tasks = before.totals | "plan" >> beam.ParDo(_PlanTasks(self.stage, self.job))
        if self.transport == Transport.SPILL:
            work = partial(run_spilled, self.stage, self.sources, self.job, depth=self.depth)
            receipts = tasks | "spread" >> MapTasks(work, local=True)
            return StageOutput(receipts | "sum" >> SumCounts())
        keyed = tasks | "key" >> beam.Map(lambda task: (task.number, task))
        if self.sources:
            grouped = {"task": keyed, "blocks": before.blocks} | "group" >> beam.CoGroupByKey()
        else:
            grouped = keyed | "spread" >> beam.Reshuffle() | "alone" >> beam.Map(_without_blocks)
        ran = grouped | "run" >> beam.ParDo(
            _RunHere(self.stage, self.job, self.depth)
        ).with_outputs("blocks", main="receipts")
        return StageOutput(ran.receipts | "sum" >> SumCounts(), ran.blocks)


class _Grouped(TypedDict):
    """A task and its blocks, grouped by its number."""

    task: Iterable[Numbered]
    blocks: Iterable[Block]


def _without_blocks(keyed: tuple[int, Numbered]) -> tuple[int, _Grouped]:
    return keyed[0], {"task": [keyed[1]], "blocks": []}


class _PlanTasks(beam.DoFn):
    def __init__(self, stage: Stage[Any], job: Job) -> None:
        self._stage, self._job = stage, job

    def process(self, totals: Counts) -> Iterator[Numbered]:
        with discarding_damage():
            tasks = list(self._stage.tasks(self._job, totals))
        yield from tasks


class _RunHere(beam.DoFn):
    """Runs a task in the runner's own worker."""

    def __init__(self, stage: Stage[Any], job: Job, depth: Depth) -> None:
        self._stage, self._job, self._depth = stage, job, depth

    def process(self, grouped: tuple[int, _Grouped]) -> Iterator[object]:
        (task,), blocks = grouped[1]["task"], list(grouped[1]["blocks"])
        receipt, emitted = run_shuffled(self._stage, self._job, task, blocks, self._depth)
        yield receipt
        for target, block in emitted.items():
            yield pvalue.TaggedOutput("blocks", (target, block))


class SumCounts(beam.PTransform):
    """The counts of all receipts (or dicts of counts) as one dict; {} if there are none."""

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        return counted | beam.CombineGlobally(_SumFn())


class _SumFn(beam.CombineFn):
    def create_accumulator(self) -> Counts:
        return {}

    def add_input(self, total: Counts, counted: Receipt | Counts) -> Counts:
        counts = counted.counts if isinstance(counted, Receipt) else counted
        return self.merge_accumulators([total, counts])

    def merge_accumulators(self, parts: Iterable[Counts]) -> Counts:
        return sum_counts(parts)

    def extract_output(self, total: Counts) -> Counts:
        return total
