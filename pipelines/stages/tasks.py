"""A stage, and how one of its tasks runs: it receives blocks, works, emits, writes a receipt.

To work is to write the task's artifact and to count. To emit is to give signature blocks to the
next stage. Where blocks are spilled to files, the receipt is written last and says that the task is
done: the same command, started again, skips it, if what the task wrote is still there. A task that
finds a file of an earlier one damaged removes it and fails; the next run makes it again.
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
from runtime.storage.checked import (
    DamagedFile,
    Depth,
    discard,
    discarding_damage,
    find_damage,
    read_checked,
    write_checked,
)
from runtime.storage.digested import without_checksums
from runtime.storage.files import exists


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
      damage: of what `work` wrote for a task with these counts; None if it writes nothing.
      to_buckets: True if blocks go to buckets, False if they go to parts.
      receipt: path of a task's receipt; None for the stage's folder in the work folder.
      weight: bytes that a task reads, about; larger ones begin first, so that no worker is left
        with one at the end. None for tasks of one size.
    """

    name: str
    meaning: str
    unit: str
    share: float
    tasks: Callable[[Job, Counts], Iterable[TaskT]]
    work: Callable[[Job, TaskT, Sequence[Block]], Counts] | None = None
    emit: Callable[[Job, TaskT, Sequence[Block]], dict[int, Block]] | None = None
    emits: np.dtype[np.void] | None = None
    damage: Callable[[Job, TaskT, Counts, Depth], list[DamagedFile]] | None = None
    to_buckets: bool = False
    receipt: Callable[[Job, TaskT], str] | None = None
    weight: Callable[[TaskT], int] | None = None

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


def _done(
    stage: Stage[TaskT], job: Job, task: TaskT, depth: Depth, blocks: str = ""
) -> Counts | None:
    """The counts of a task that an earlier run did.

    Args:
      blocks: the file that it spilled; "" for none.
    Returns:
      None if it is not done, or what it left is damaged, which is said.
    """
    path = stage.receipt_path(job, task)
    if not exists(path):
        return None
    try:
        counts: Counts = json.loads(read_checked(path))
    except DamagedFile as damage:
        discard([damage])
        return None
    found = stage.damage(job, task, counts, depth) if stage.damage else []
    found += find_damage(blocks, depth) if blocks else []
    discard(found)
    return None if found else counts


def _write_receipt(path: str, counts: Counts) -> None:
    write_checked(path, json.dumps(counts, sort_keys=True).encode(), lasting=True)


@discarding_damage()
def run_spilled(
    stage: Stage[TaskT],
    sources: Sequence[Stage[Any]],
    job: Job,
    task: TaskT,
    depth: Depth = Depth.LENGTH,
) -> Receipt:
    """Runs a task whose blocks are spilled to files, unless an earlier run did.

    Args:
      sources: the stages whose blocks it receives.
      depth: to which the files of an earlier run are checked.
    Raises:
      DamagedFile: what it reads is damaged; the file is removed.
    """
    path = stage.receipt_path(job, task)
    out = job.stage_path(stage.name, task.number, ".blocks") if stage.emits is not None else ""
    done = _done(stage, job, task, depth, out)
    if done is not None:
        return Receipt(stage.name, task.number, without_checksums(done), resumed=True)
    started = time.process_time()
    blocks = [block for source in sources for block in _received(source, job, task.number)]
    counts = stage.work(job, task, blocks) if stage.work else {}
    if stage.emit and out:
        targets = job.buckets if stage.to_buckets else job.part_count
        spill(out, stage.emit(job, task, blocks), targets)
    _write_receipt(path, counts)
    gc.collect()
    gc.freeze()  # models and caches are left: the next collection need not scan them
    seconds = time.process_time() - started
    return Receipt(stage.name, task.number, without_checksums(counts), cpu_seconds=seconds)


def _received(source: Stage[Any], job: Job, number: int) -> list[Block]:
    if source.emits is None:
        raise ValueError(f"stage {source.name} emits nothing")
    senders = range(source.task_count(job))
    paths = [job.stage_path(source.name, sender, ".blocks") for sender in senders]
    return read_spilled(paths, number, source.emits)


@discarding_damage()
def run_shuffled(
    stage: Stage[TaskT],
    job: Job,
    task: TaskT,
    blocks: Sequence[Block],
    depth: Depth = Depth.LENGTH,
) -> tuple[Receipt, dict[int, Block]]:
    """Runs a task whose blocks a distributed runner shuffles.

    A receipt says only that the artifact is written. Blocks are emitted again, as the shuffle does
    not keep them.

    Raises:
      DamagedFile: what it reads is damaged; the file is removed.
    """
    done = _done(stage, job, task, depth) if stage.work else None
    counts = done or {}
    if stage.work and done is None:
        counts = stage.work(job, task, blocks)
        _write_receipt(stage.receipt_path(job, task), counts)
    emitted = stage.emit(job, task, blocks) if stage.emit else {}
    receipt = Receipt(stage.name, task.number, without_checksums(counts), done is not None)
    return receipt, emitted
