"""Drawing a sample as a Beam graph: count every shard, decide the shares, keep what they hold."""

from dataclasses import dataclass
from functools import partial

import apache_beam as beam

from corpora.layout import read_shard_list
from runtime.workers.parallel import MapTasks
from vocab.sampling.plan import Draw, draw_tasks, run_draw_task, sum_counts, write_plan
from vocab.sampling.sample import count_shard


@dataclass
class DrawSample(beam.PTransform):
    """Draws the sample of the shards that are listed; gives the number of shards drawn from.

    Attributes:
      draw: what to draw.
      local: True if this machine's pool does it.
    """

    draw: Draw
    local: bool

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        draw = self.draw
        shards = (
            pipeline
            | "list" >> beam.Create([draw.shards_path()])
            | "shards" >> beam.FlatMap(read_shard_list)
        )
        counted = shards | "count" >> MapTasks(partial(count_shard, seed=draw.seed), self.local)
        plan = (
            counted
            | "sum" >> beam.CombinePerKey(sum_counts)
            | "languages" >> beam.combiners.ToDict()
            | "plan" >> beam.Map(write_plan, draw)
        )
        tasks = plan | "tasks" >> beam.FlatMap(draw_tasks, draw)
        drawn = tasks | "draw" >> MapTasks(partial(run_draw_task, draw=draw), self.local)
        return drawn | "drawn" >> beam.combiners.Count.Globally()
