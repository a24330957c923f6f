"""A function over tasks on Beam: in this machine's process pool, or on the runner's workers."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue

from runtime.workers.pool import current_pool


@dataclass
class MapTasks(beam.PTransform):
    """The function's results for a PCollection of tasks, in any order.

    Attributes:
      work: what to do with one task; it and what it returns are pickled.
      local: True if the open pool does it.
    """

    work: Callable[[Any], Any]
    local: bool

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, tasks: beam.PCollection) -> beam.PCollection:
        if self.local:
            return tasks | "pool" >> beam.ParDo(_RunInPool(self.work))
        return tasks | "spread" >> beam.Reshuffle() | "run" >> beam.Map(self.work)


class _RunInPool(beam.DoFn):
    """Submits tasks as they come and gives their results when the bundle ends."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def start_bundle(self) -> None:
        self._futures: list[Future[Any]] = []
        # Not `as_completed`, which never hears of futures that a pool that is stopped cancels.
        self._ended: SimpleQueue[Future[Any]] = SimpleQueue()

    def process(self, task: Any) -> None:
        future = current_pool().submit(self._work, task)
        future.add_done_callback(self._ended.put)
        self._futures.append(future)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        try:
            for _ in self._futures:
                yield WindowedValue(self._ended.get().result(), MIN_TIMESTAMP, [GlobalWindow()])
        finally:
            for future in self._futures:
                future.cancel()
