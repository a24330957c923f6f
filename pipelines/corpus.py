"""The corpus as a Beam graph, from WET files to shards and report."""

from dataclasses import dataclass

import apache_beam as beam

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.stages.clean import CLEAN
from pipelines.stages.malformed import check_input
from pipelines.stages.publish import publish
from pipelines.stages.table import data_path
from pipelines.stages.transform import RunStage, StageOutput, SumCounts, Transport
from runtime.storage.checked import Depth, discarding_damage


@dataclass
class BuildCorpus(beam.PTransform):
    """Builds the corpus of a job; gives its counts, which its report has too.

    Only signatures, counts and file names pass between steps, never text: `clean` reads the pages
    and writes their texts into the work folder, where `finish` reads them.

    Attributes:
      job: the run; its manifest of parts must be written.
      transport: how signatures travel.
      depth: to which the files of an earlier run are checked.
    """

    job: Job
    transport: Transport
    depth: Depth = Depth.LENGTH

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        totals = pipeline | "start" >> beam.Create([{}])
        blocks: dict[str, beam.PCollection] = {}
        counted: list[beam.PCollection] = []
        for step in data_path(self.job):
            stage = step.stage
            given = StageOutput(totals, self._join([blocks[s.name] for s in step.sources]))
            run = RunStage(stage, self.job, self.transport, step.sources, self.depth)
            totals, blocks[stage.name] = given | stage.name >> run
            if stage is CLEAN:
                totals = totals | "check input" >> beam.Map(check_input, self.job)
            if step.is_reported:
                counted.append(totals)
        counts = tuple(counted) | "counts" >> beam.Flatten() | "report" >> SumCounts()
        return counts | "publish" >> beam.Map(_publish, self.job, beam.pvalue.AsSingleton(totals))

    def _join(self, blocks: list[beam.PCollection]) -> beam.PCollection | None:
        """The blocks of all sources; None if there are none, or they travel through files."""
        if self.transport is Transport.SPILL or not blocks:
            return None
        return blocks[0] if len(blocks) == 1 else tuple(blocks) | "sources" >> beam.Flatten()


@discarding_damage()
def _publish(counts: Counts, job: Job, _shards_are_written: Counts) -> Counts:
    publish(counts, job)
    return counts
