"""The corpus, from WET files to shards and report: the table of contents of this package."""

from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam

from pipelines.counts import Counts
from pipelines.inputs import Part, read_manifest
from pipelines.job import Job
from pipelines.publish import check_input, publish
from pipelines.shards import plan_shards
from pipelines.stages import Exchange, RunStage, SumCounts
from pipelines.tasks import CLEAN, FINISH, LINES, NEWEST, SHARDS, SPANS, WEBTEXT, Stage
from pipelines.url_lists import UrlList
from pipelines.webtext import read_list_manifest


@dataclass
class BuildCorpus(beam.PTransform):
    """Builds the corpus of a job; gives the path of its report.

    Only signatures, counts and file names pass between steps, never text: pages are read once,
    written once beside the job by `clean`, and taken up again by `finish`.

    Attributes:
      job: the run; its manifest of parts must be written.
      exchange: how signatures travel.
    """

    job: Job
    exchange: Exchange

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        job, exchange = self.job, self.exchange
        start = {"totals": pipeline | "start" >> beam.Create([{}])}
        counted: list[beam.PCollection] = []
        if job.url_list_count:
            webtext = start | "webtext" >> RunStage(WEBTEXT, job, _url_lists, exchange)
            start = {"totals": webtext["totals"]}
            counted.append(webtext["totals"])
        clean = start | "clean" >> RunStage(CLEAN, job, _parts, exchange)
        clean["totals"] |= "check input" >> beam.Map(check_input, job)
        sources: tuple[Stage, ...] = (CLEAN,)
        if job.url_list_count:
            sources = (CLEAN, WEBTEXT)
            if exchange is Exchange.SHUFFLE:
                met = (clean["blocks"], webtext["blocks"])
                clean["blocks"] = met | "captures and lists" >> beam.Flatten()
        newest = clean | "newest" >> RunStage(NEWEST, job, _buckets, exchange, sources)
        lines = newest | "lines" >> RunStage(LINES, job, _parts, exchange, (NEWEST,))
        spans = lines | "spans" >> RunStage(SPANS, job, _buckets, exchange, (LINES,))
        finish = spans | "finish" >> RunStage(FINISH, job, _parts, exchange, (SPANS,))
        shards = finish | "shards" >> RunStage(SHARDS, job, plan_shards, exchange)
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
