"""Drawing a sample as a Beam graph: count every shard, compute the quotas, draw from shards."""

from dataclasses import dataclass
from functools import partial

import apache_beam as beam

from corpora.layout import read_shard_list
from runtime.workers.parallel import MapTasks
from vocab.sampling.plan import SampleJob, draw_tasks, run_draw_task, sum_counts, write_plan
from vocab.sampling.sample import count_shard


@dataclass
class DrawSample(beam.PTransform):
    """Draws a sample of the shards listed in `job.shards_path()`; gives the number of draw tasks.

    Attributes:
      job: what is drawn, and where it is kept.
      local: True if this machine's process pool draws, False for the runner's workers.
    """

    job: SampleJob
    local: bool

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        job = self.job
        shards = (
            pipeline
            | "list" >> beam.Create([job.shards_path()])
            | "shards" >> beam.FlatMap(read_shard_list)
        )
        counted = shards | "count" >> MapTasks(partial(count_shard, seed=job.seed), self.local)
        plan = (
            counted
            | "sum" >> beam.CombinePerKey(sum_counts)
            | "languages" >> beam.combiners.ToDict()
            | "plan" >> beam.Map(write_plan, job)
        )
        tasks = plan | "tasks" >> beam.FlatMap(draw_tasks, job)
        drawn = tasks | "draw" >> MapTasks(partial(run_draw_task, job=job), self.local)
        return drawn | "drawn" >> beam.combiners.Count.Globally()
