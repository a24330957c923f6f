"""The corpus, from WET files to shards and report: the table of contents of this package."""

from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.stages.clean import CLEAN
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.finish import FINISH
from pipelines.stages.lines import LINES
from pipelines.stages.malformed import check_input
from pipelines.stages.newest import NEWEST
from pipelines.stages.publish import publish
from pipelines.stages.shards import SHARDS
from pipelines.stages.tasks import Stage
from pipelines.stages.transform import RunStage, StageOutput, SumCounts, Transport
from pipelines.stages.webtext import WEBTEXT
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
        start = StageOutput(pipeline | "start" >> beam.Create([{}]))
        counted: list[beam.PCollection] = []
        sources: tuple[Stage[Any], ...] = (CLEAN,)
        if self.job.url_list_count:
            webtext = start | "webtext" >> self._run(WEBTEXT)
            start = StageOutput(webtext.totals)
            counted.append(webtext.totals)
            sources = (CLEAN, WEBTEXT)
        clean = start | "clean" >> self._run(CLEAN)
        checked = clean.totals | "check input" >> beam.Map(check_input, self.job)
        clean = clean._replace(totals=checked)
        if self.job.url_list_count and self.transport is Transport.SHUFFLE:
            both = (clean.blocks, webtext.blocks) | "captures and lists" >> beam.Flatten()
            clean = clean._replace(blocks=both)
        newest = clean | "newest" >> self._run(NEWEST, *sources)
        lines = newest | "lines" >> self._run(LINES, NEWEST)
        duplicates = lines | "duplicates" >> self._run(DUPLICATES, LINES)
        finish = duplicates | "finish" >> self._run(FINISH, DUPLICATES)
        shards = finish | "shards" >> self._run(SHARDS)
        counted += [output.totals for output in (clean, newest, lines, finish)]
        counts = tuple(counted) | "counts" >> beam.Flatten() | "report" >> SumCounts()
        return counts | "publish" >> beam.Map(
            _publish, self.job, beam.pvalue.AsSingleton(shards.totals)
        )

    def _run(self, stage: Stage[Any], *sources: Stage[Any]) -> RunStage:
        return RunStage(stage, self.job, self.transport, sources, self.depth)


@discarding_damage()
def _publish(counts: Counts, job: Job, _shards_are_written: Counts) -> Counts:
    publish(counts, job)
    return counts
