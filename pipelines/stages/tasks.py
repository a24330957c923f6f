"""A stage, and how one of its tasks runs: it receives blocks, works, emits, writes a receipt.

To work is to write the task's artifact and to count. To emit is to give signature blocks to the
next stage. Where blocks are spilled to files, the receipt is written last and says that the task is
done: the same command, started again, skips it.
"""

import gc
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.stages.blocks import Block, read_spilled, spill
from runtime.storage.files import exists, read_bytes, write_bytes


class Numbered(Protocol):
    """A task: a part of the input, a URL list, a bucket or a shard."""

    @property
    def number(self) -> int:
        """Among the tasks of its stage."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of digests: a task that compares the signatures of all parts."""

    number: int


TaskT = TypeVar("TaskT", bound=Numbered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[TaskT]):
    """One row of `pipelines.stages.table`; each is defined beside its functions.

    Attributes:
      name: in artifacts, step labels and progress.
      meaning: as progress shows it.
      unit: of its tasks: lists, parts, buckets or shards.
      share: of a run's CPU time, as measured (docs/performance.md); gives the time left.
      tasks: lists its tasks, from the totals of the stage before it.
      work: writes the task's artifact from the blocks it receives; returns counts by rule.
      emit: blocks for the next stage by the number of their task, from the artifact or from the
        blocks received.
      emits: dtype of those blocks; None if nothing is emitted.
      to_buckets: True if blocks go to buckets, False if they go to parts.
      receipt: path of a task's receipt; None for the stage's folder in the work folder.
    """

    name: str
    meaning: str
    unit: str
    share: float
    tasks: Callable[[Job, Counts], Iterable[TaskT]]
    work: Callable[[Job, TaskT, Sequence[Block]], Counts] | None = None
    emit: Callable[[Job, TaskT, Sequence[Block]], dict[int, Block]] | None = None
    emits: np.dtype[np.void] | None = None
    to_buckets: bool = False
    receipt: Callable[[Job, TaskT], str] | None = None

    def receipt_path(self, job: Job, task: TaskT) -> str:
        """Where the receipt of a task is."""
        if self.receipt is not None:
            return self.receipt(job, task)
        return job.stage_path(self.name, task.number, ".receipt.json")

    def task_count(self, job: Job) -> int:
        """The number of its tasks; 0 for shards, which are planned only at the end."""
        units = {"lists": job.url_list_count, "parts": job.part_count, "buckets": job.buckets}
        return units.get(self.unit, 0)


def list_buckets(job: Job, _: Counts) -> Iterable[Bucket]:
    """The buckets of a run, as tasks."""
    return map(Bucket, range(job.buckets))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of a finished task.

    Attributes:
      stage, number: which task.
      counts: by rule.
      resumed: True if an earlier run did it.
      cpu_seconds: that it took; 0 if resumed.
    """

    stage: str
    number: int
    counts: Counts
    resumed: bool = False
    cpu_seconds: float = 0.0


def run_spilled(
    stage: Stage[TaskT], sources: Sequence[Stage[Any]], job: Job, task: TaskT
) -> Receipt:
    """Runs a task whose blocks are spilled to files, unless its receipt exists.

    Args:
      sources: the stages whose blocks it receives.
    """
    path = stage.receipt_path(job, task)
    if exists(path):
        return Receipt(stage.name, task.number, json.loads(read_bytes(path)), resumed=True)
    started = time.process_time()
    blocks = [block for source in sources for block in _received(source, job, task.number)]
    counts = stage.work(job, task, blocks) if stage.work else {}
    if stage.emit and stage.emits is not None:
        targets = job.buckets if stage.to_buckets else job.part_count
        out = job.stage_path(stage.name, task.number, ".blocks")
        spill(out, stage.emit(job, task, blocks), targets)
    write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    gc.collect()
    gc.freeze()  # models and caches are left: the next collection need not scan them
    return Receipt(stage.name, task.number, counts, cpu_seconds=time.process_time() - started)


def _received(source: Stage[Any], job: Job, number: int) -> list[Block]:
    if source.emits is None:
        raise ValueError(f"stage {source.name} emits nothing")
    senders = range(source.task_count(job))
    paths = [job.stage_path(source.name, sender, ".blocks") for sender in senders]
    return read_spilled(paths, number, source.emits)


def run_shuffled(
    stage: Stage[TaskT], job: Job, task: TaskT, blocks: Sequence[Block]
) -> tuple[Receipt, dict[int, Block]]:
    """Runs a task whose blocks a distributed runner shuffles.

    A receipt says only that the artifact is written. Blocks are emitted again, as the shuffle does
    not keep them.
    """
    path = stage.receipt_path(job, task)
    counts: Counts = {}
    resumed = stage.work is not None and exists(path)
    if resumed:
        counts = json.loads(read_bytes(path))
    elif stage.work:
        counts = stage.work(job, task, blocks)
        write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    emitted = stage.emit(job, task, blocks) if stage.emit else {}
    return Receipt(stage.name, task.number, counts, resumed), emitted
