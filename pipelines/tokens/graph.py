"""Tokenization as a Beam graph: shards of documents become shards of ids, counts metadata."""

from dataclasses import dataclass
from functools import partial

import apache_beam as beam

from corpora.layout import read_shard_list
from pipelines.stages.transform import SumCounts
from pipelines.tokens.job import TokenJob, token_shards
from pipelines.tokens.publish import publish_tokens
from pipelines.tokens.shards import run_token_shard
from runtime.workers.parallel import MapTasks


@dataclass
class TokenizeCorpus(beam.PTransform):
    """Tokenizes the shards listed in `job.list_path()`; gives the totals of their counts.

    Attributes:
      job: the configuration; its list of shards and its model must be written before.
      local: True if this machine's process pool tokenizes, False for the runner's workers.
    """

    job: TokenJob
    local: bool

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        work = partial(run_token_shard, job=self.job)
        return (
            pipeline
            | "list" >> beam.Create([self.job.list_path()])
            | "shards" >> beam.FlatMap(lambda path: token_shards(read_shard_list(path)))
            | "tokenize" >> MapTasks(work, self.local)
            | "sum" >> SumCounts()
            | "publish" >> beam.Map(publish_tokens, self.job)
        )
