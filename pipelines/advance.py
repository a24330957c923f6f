"""How far a run is: done tasks weighed by what their stage usually takes of a run."""

from collections.abc import Mapping

from pipelines.job import Job
from pipelines.tasks import STAGES, task_count


def task_counts(job: Job) -> dict[str, int]:
    """Tasks of each stage that has any; how many shards there will be is a guess."""
    counts = {name: task_count(stage, job) for name, stage in STAGES.items()}
    counts["shards"] = max(job.part_count, 1)
    return {name: count for name, count in counts.items() if count}


class Advance:
    """The done tasks of a run; parts count by their size, all others alike.

    Args:
      tasks: of each stage.
      sizes: bytes of each part, by its number.
    """

    def __init__(self, tasks: Mapping[str, int], sizes: Mapping[int, int]) -> None:
        self._sizes = sizes
        self.tasks = tasks
        self.done = dict.fromkeys(tasks, 0)
        self._bytes = dict.fromkeys(tasks, 0)

    def add(self, stage: str, number: int) -> None:
        """Takes note of a task that is whole."""
        self.done[stage] += 1
        if STAGES[stage].unit == "parts":
            self._bytes[stage] += self._sizes[number]

    def is_done(self, stage: str) -> bool:
        """True if no task of the stage is left; never known of shards."""
        return stage != "shards" and self.done[stage] == self.tasks[stage]

    def fraction(self) -> float:
        """Of the run's work, from 0 to 1."""
        total = max(sum(self._sizes.values()), 1)
        done = whole = 0.0
        for name in self.tasks:
            stage = STAGES[name]
            by_size = stage.unit == "parts"
            part = self._bytes[name] / total if by_size else self.done[name] / self.tasks[name]
            done += stage.share * min(part, 1.0)
            whole += stage.share
        return done / whole

    def seconds_left(self, seconds: float, credit: float) -> float | None:
        """An estimate; None while too little is done to tell.

        Args:
          seconds: since the run started; a clock that was set back gives none.
          credit: the fraction that earlier runs had done.
        """
        worked = self.fraction() - credit
        return seconds * (1 - self.fraction()) / worked if worked > 0.02 and seconds > 0 else None
