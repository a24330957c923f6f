"""The stages as a table: what each does with one part, bucket or shard, wherever it runs.

A stage works (writes its own artifact and counts) and emits (signature blocks for the next one).
Where stages spill, a receipt written last says that a task is whole: the same command started
again finds it and goes on.
"""

import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.sources.url_lists import UrlList
from pipelines.sources.wet_files import Part
from pipelines.stages.blocks import CAPTURE, FLAGS, LISTED, SPAN, Block, read_spilled, spill
from pipelines.stages.clean import capture_blocks, clean_part
from pipelines.stages.duplicates import lost_blocks
from pipelines.stages.finish import finish_part
from pipelines.stages.lines import choose_part_spans, span_blocks
from pipelines.stages.newest import count_missing, flag_blocks
from pipelines.stages.shards import Shard, receipt_path, write_shard
from pipelines.stages.webtext import listed_blocks, store_url_digests
from runtime.storage.files import exists, read_bytes, write_bytes

Task = Part | UrlList | Shard | int
"""A part of the input, a URL list, a shard, or the number of a bucket."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table.

    Attributes:
      name: in artifacts, step labels and progress.
      meaning: what a person is flagged is going on.
      work: writes the task's artifact from the blocks it receives; returns counts by rule.
      emit: blocks for the next stage, from the artifact or the blocks received.
      emits: dtype of those blocks; None if nothing is emitted.
      to_buckets: True if blocks go to buckets, False if they go to parts.
      unit: what its tasks are: parts, lists, buckets or shards.
      share: of a run's CPU time, as measured (docs/performance.md): for the time left.
    """

    name: str
    meaning: str
    unit: str
    share: float
    work: Callable[[Job, Task, list[Block]], Counts] | None = None
    emit: Callable[[Job, Task, list[Block]], dict[int, Block]] | None = None
    emits: np.dtype[np.void] | None = None
    to_buckets: bool = False


def _part(task: Task) -> Part:
    if not isinstance(task, Part):
        raise TypeError(f"expected a Part, got {task!r}")
    return task


def _url_list(task: Task) -> UrlList:
    if not isinstance(task, UrlList):
        raise TypeError(f"expected a UrlList, got {task!r}")
    return task


def _shard(task: Task) -> Shard:
    if not isinstance(task, Shard):
        raise TypeError(f"expected a Shard, got {task!r}")
    return task


WEBTEXT = Stage(
    "webtext",
    "reading URL lists",
    unit="lists",
    share=0.02,
    work=lambda job, task, _: store_url_digests(job, _url_list(task)),
    emit=lambda job, task, _: listed_blocks(job, _url_list(task)),
    emits=LISTED,
    to_buckets=True,
)
CLEAN = Stage(
    "clean",
    "reading and cleaning WET files",
    unit="parts",
    share=0.48,
    work=lambda job, task, _: clean_part(job, _part(task)),
    emit=lambda job, task, _: capture_blocks(job, _part(task)),
    emits=CAPTURE,
    to_buckets=True,
)
NEWEST = Stage(
    "newest",
    "finding the newest capture of each URL",
    unit="buckets",
    share=0.01,
    work=lambda _job, _task, blocks: count_missing(blocks),
    emit=lambda _job, _task, blocks: flag_blocks(blocks),
    emits=FLAGS,
)
LINES = Stage(
    "lines",
    "collecting the lines of the newest pages",
    unit="parts",
    share=0.03,
    work=lambda job, task, blocks: choose_part_spans(job, _part(task), blocks),
    emit=lambda job, task, _: span_blocks(job, _part(task)),
    emits=SPAN,
    to_buckets=True,
)
SPANS = Stage(
    "spans",
    "finding the page that keeps each line",
    unit="buckets",
    share=0.01,
    emit=lambda _job, _task, blocks: lost_blocks(blocks),
    emits=FLAGS,
)
FINISH = Stage(
    "finish",
    "deduplicating pages, judging language and bad words",
    unit="parts",
    share=0.41,
    work=lambda job, task, blocks: finish_part(job, _part(task), blocks),
)
SHARDS = Stage(
    "shards",
    "writing shards",
    unit="shards",
    share=0.04,
    work=lambda job, task, _: write_shard(job, _shard(task)),
)
STAGES = {stage.name: stage for stage in (WEBTEXT, CLEAN, NEWEST, LINES, SPANS, FINISH, SHARDS)}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A task that is whole.

    Attributes:
      stage, number: which task.
      counts: by rule.
      resumed: True if an earlier run did it.
      cpu_seconds: what it took; 0 if resumed.
    """

    stage: str
    number: int
    counts: Counts
    resumed: bool = False
    cpu_seconds: float = 0.0


def task_number(task: Task) -> int:
    """A task's number among those of its stage."""
    return task if isinstance(task, int) else task.number


def run_spilled(stage_name: str, sources: tuple[str, ...], job: Job, task: Task) -> Receipt:
    """Does a task whose blocks come from spilled files and are spilled again; or finds it done.

    Args:
      sources: the stages whose blocks it receives.
    """
    stage, number = STAGES[stage_name], task_number(task)
    path = _receipt_path(stage, job, task)
    if exists(path):
        return Receipt(stage.name, number, json.loads(read_bytes(path)), resumed=True)
    started = time.process_time()
    blocks = [block for name in sources for block in _received(STAGES[name], job, number)]
    counts = stage.work(job, task, blocks) if stage.work else {}
    if stage.emit and stage.emits is not None:
        targets = job.buckets if stage.to_buckets else job.part_count
        out = job.stage_path(stage.name, number, ".blocks")
        spill(out, stage.emit(job, task, blocks), targets)
    write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    gc.collect()
    gc.freeze()  # what is left are models and caches: the next collection need not look at them
    return Receipt(stage.name, number, counts, cpu_seconds=time.process_time() - started)


def task_count(stage: Stage, job: Job) -> int:
    """How many tasks a stage has; 0 for shards, which are not known before the end."""
    units = {"lists": job.url_list_count, "parts": job.part_count, "buckets": job.buckets}
    return units.get(stage.unit, 0)


def _receipt_path(stage: Stage, job: Job, task: Task) -> str:
    if isinstance(task, Shard):
        return receipt_path(job, task)
    return job.stage_path(stage.name, task_number(task), ".receipt.json")


def _received(source: Stage, job: Job, number: int) -> list[Block]:
    if source.emits is None:
        raise ValueError(f"stage {source.name} emits nothing")
    senders = range(task_count(source, job))
    paths = [job.stage_path(source.name, sender, ".blocks") for sender in senders]
    return read_spilled(paths, number, source.emits)


def run_shuffled(
    stage_name: str, job: Job, task: Task, blocks: list[Block]
) -> tuple[Receipt, dict[int, Block]]:
    """Does a task whose blocks a distributed runner brings and takes away.

    Receipts stand for artifacts only: blocks are emitted anew, as the shuffle does not keep them.
    """
    stage, number = STAGES[stage_name], task_number(task)
    path = _receipt_path(stage, job, task)
    counts: Counts = {}
    resumed = stage.work is not None and exists(path)
    if resumed:
        counts = json.loads(read_bytes(path))
    elif stage.work:
        counts = stage.work(job, task, blocks)
        write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    emitted = stage.emit(job, task, blocks) if stage.emit else {}
    return Receipt(stage.name, number, counts, resumed), emitted
