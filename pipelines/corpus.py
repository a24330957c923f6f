"""The corpus, from WET files to shards and report: the table of contents of this package."""

from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.sources.url_lists import UrlList
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.malformed import check_input
from pipelines.stages.publish import publish
from pipelines.stages.shards import plan_shards
from pipelines.stages.table import CLEAN, FINISH, LINES, NEWEST, SHARDS, SPANS, WEBTEXT, Stage
from pipelines.stages.transform import RunStage, SumCounts, Transport
from pipelines.stages.webtext import read_list_manifest


@dataclass
class BuildCorpus(beam.PTransform):
    """Builds the corpus of a job; gives the path of its report.

    Only signatures, counts and file names pass between steps, never text: pages are read once,
    written once beside the job by `clean`, and taken up again by `finish`.

    Attributes:
      job: the run; its manifest of parts must be written.
      transport: how signatures travel.
    """

    job: Job
    transport: Transport

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        job, transport = self.job, self.transport
        start = {"totals": pipeline | "start" >> beam.Create([{}])}
        counted: list[beam.PCollection] = []
        if job.url_list_count:
            webtext = start | "webtext" >> RunStage(WEBTEXT, job, _url_lists, transport)
            start = {"totals": webtext["totals"]}
            counted.append(webtext["totals"])
        clean = start | "clean" >> RunStage(CLEAN, job, _parts, transport)
        clean["totals"] |= "check input" >> beam.Map(check_input, job)
        sources: tuple[Stage, ...] = (CLEAN,)
        if job.url_list_count:
            sources = (CLEAN, WEBTEXT)
            if transport is Transport.SHUFFLE:
                met = (clean["blocks"], webtext["blocks"])
                clean["blocks"] = met | "captures and lists" >> beam.Flatten()
        newest = clean | "newest" >> RunStage(NEWEST, job, _buckets, transport, sources)
        lines = newest | "lines" >> RunStage(LINES, job, _parts, transport, (NEWEST,))
        spans = lines | "spans" >> RunStage(SPANS, job, _buckets, transport, (LINES,))
        finish = spans | "finish" >> RunStage(FINISH, job, _parts, transport, (SPANS,))
        shards = finish | "shards" >> RunStage(SHARDS, job, plan_shards, transport)
        counted += [stage["totals"] for stage in (clean, newest, lines, finish)]
        counts = tuple(counted) | "counts" >> beam.Flatten() | "report" >> SumCounts()
        return counts | "publish" >> beam.Map(
            _publish, job, beam.pvalue.AsSingleton(shards["totals"])
        )


def _url_lists(job: Job, _: Counts) -> Iterable[UrlList]:
    return read_list_manifest(job.url_lists_path())


def _parts(job: Job, _: Counts) -> Iterable[Part]:
    return read_manifest(job.manifest_path())


def _buckets(job: Job, _: Counts) -> Iterable[int]:
    return range(job.buckets)


def _publish(counts: Counts, job: Job, _shards_are_whole: Counts) -> str:
    return publish(counts, job)
