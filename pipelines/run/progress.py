"""The output of a run on the screen: progress, and at the end the table of rules."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from cleaning.counts import Rule, Unit
from cleaning.rules import RULES
from cleaning.variants import OWN_FILTER
from pipelines.job import Job
from pipelines.sources.wet_files import Part
from pipelines.stages.publish import empty_line
from pipelines.stages.table import STAGES
from pipelines.stages.tasks import Receipt
from runtime.cli.console import LiveLine
from runtime.cli.tables import Column, Place, print_table
from runtime.units import duration, size

_MOST_SPLITS = 8  # named in a line


@dataclass(slots=True)
class StageResources:
    """What a stage took: its finished tasks, those that an earlier run did, and CPU-seconds."""

    tasks: int = 0
    resumed: int = 0
    cpu_seconds: float = 0.0

    def add(self, receipt: Receipt) -> None:
        """Counts a finished task."""
        self.tasks += 1
        self.resumed += receipt.resumed
        self.cpu_seconds += receipt.cpu_seconds


class Progress:
    """Pages, parts, rate and time left: one live line on a terminal, plain lines elsewhere.

    Use as a context manager; `on_receipt` may be called from any thread.
    """

    def __init__(self, job: Job, parts: tuple[Part, ...], stream: TextIO) -> None:
        sizes = {part.number: part.stored_bytes() for part in parts}
        self._advance = WeightedProgress(task_counts(job), sizes)
        self._stage = "clean"
        self._pages = self._new_pages = self._resumed = 0
        self._credit = 0.0  # fraction of the run that earlier runs had done
        self.stages: dict[str, StageResources] = {}
        self._lock = threading.Lock()
        self._live = LiveLine(self._line, stream)

    def __enter__(self) -> "Progress":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__()

    def on_receipt(self, receipt: Receipt) -> None:
        """Counts a finished task."""
        with self._lock:
            before = self._advance.fraction()
            self.stages.setdefault(receipt.stage, StageResources()).add(receipt)
            self._stage = receipt.stage
            self._advance.add(receipt.stage, receipt.number)
            pages = receipt.counts.get("split-wet-file/passed", 0)
            self._pages += pages
            if receipt.resumed:
                self._resumed += 1
                self._credit += self._advance.fraction() - before
            else:
                self._new_pages += pages
            if self._advance.is_done(receipt.stage):
                self._live.print()

    def fraction(self) -> float:
        """The finished fraction of the run's work, from 0 to 1."""
        return self._advance.fraction()

    @property
    def resumed(self) -> int:
        """The number of tasks that earlier runs had done."""
        return self._resumed

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._live.seconds

    def resources(self) -> dict[str, Any]:
        """What the run took, by stage; tasks of a distributed runner are not seen here."""
        stages = {name: asdict(self.stages[name]) for name in STAGES if name in self.stages}
        return {"seconds": round(self.seconds, 3), "stages": stages}

    def _line(self, seconds: float) -> str:
        stage = STAGES[self._stage]
        done, tasks = self._advance.done[stage.name], self._advance.tasks[stage.name]
        of = f" of {tasks:,}" if stage.name != "shards" else ""  # their number is not known yet
        parts = [f"{stage.meaning}: {done:,}{of} {stage.unit}", f"{self._pages:,} pages"]
        if self._new_pages and stage.name == "clean":
            parts.append(f"{self._new_pages / max(seconds, 1e-3):,.0f} pages/s")
        left = self._advance.seconds_left(seconds, self._credit)
        if left is not None:
            parts.append(f"{duration(left)} left")
        return " · ".join(parts)


def print_summary(variants: Mapping[str, Mapping[str, int]], stream: TextIO) -> None:
    """Prints the pages and lines that each rule dropped or kept, in data-path order.

    Args:
      variants: counts by rule of each variant.
    """
    counted = [
        rule
        for rule in (*RULES, *_own_rules(variants))
        if not (rule.unit == Unit.FILE and rule.keeps)
        and any(counts.get(rule.name) for counts in variants.values())
    ]
    columns = [
        Column(
            name if len(variants) > 1 else "count", Place.NUMBER,
            ["" if (n := counts.get(rule.name)) is None else f"{n:,}" for rule in counted],
        )
        for name, counts in variants.items()
    ]  # fmt: skip
    names = [rule.name if rule.keeps else f"  {rule.name}" for rule in counted]
    columns += [
        Column("rule (dropped items are indented)", Place.KEY, names),
        Column("unit", Place.EXTRA, [rule.unit for rule in counted]),
        Column("meaning", Place.EXTRA, [rule.meaning for rule in counted]),
    ]
    print_table(columns, stream, faint=[not rule.keeps for rule in counted])


def _own_rules(variants: Mapping[str, Mapping[str, int]]) -> list[Rule]:
    """The rules of the user's own filters, in data-path order."""
    names = dict.fromkeys(
        name for counts in variants.values() for name in counts if name.startswith(OWN_FILTER)
    )
    by_filter: dict[str, list[str]] = {}
    for name in names:
        by_filter.setdefault(name.partition("/")[0], []).append(name)
    ordered = [name for group in by_filter.values() for name in sorted(group)]
    return [
        Rule(name, Unit.PAGE, name.endswith("/passed"), "your own filter", "", "")
        for name in ordered
    ]


def print_datasets(variants: Mapping[str, Mapping[str, Any]], formats: str, stream: TextIO) -> None:
    """Prints the path of each variant's dataset and its number of documents."""
    for name, variant in variants.items():
        splits = {split: n for split, n in variant["splits"].items() if n["documents"]}
        if not splits:
            print(f"{empty_line(name, variant['counts'])}.\n  No dataset is written.", file=stream)
            continue
        documents = sum(split["documents"] for split in splits.values())
        text = size(sum(split["text_bytes"] for split in splits.values()))
        named = [f"{split} {n['documents']:,}" for split, n in splits.items()]
        if len(named) > _MOST_SPLITS:
            named = [*named[:_MOST_SPLITS], f"and {len(named) - _MOST_SPLITS} more splits"]
        listed = ", ".join(named)
        print(f"{name}: {documents:,} documents ({listed}), {text} of text", file=stream)
        print(f"  {variant['dataset']} ({formats})", file=stream)


def task_counts(job: Job) -> dict[str, int]:
    """Tasks of each stage that has any; the number of shards is a guess."""
    counts = {name: stage.task_count(job) for name, stage in STAGES.items()}
    counts["shards"] = max(job.part_count, 1)
    return {name: count for name, count in counts.items() if count}


class WeightedProgress:
    """The finished tasks of a run; parts count by their size, all others equally.

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
        """Counts a finished task."""
        self.done[stage] += 1
        if STAGES[stage].unit == "parts":
            self._bytes[stage] += self._sizes[number]

    def is_done(self, stage: str) -> bool:
        """True if no task of the stage is left; always False for shards."""
        return stage != "shards" and self.done[stage] == self.tasks[stage]

    def fraction(self) -> float:
        """The finished fraction of the run's work, from 0 to 1."""
        total_bytes = max(sum(self._sizes.values()), 1)
        done = total = 0.0
        for name in self.tasks:
            stage = STAGES[name]
            by_size = stage.unit == "parts"
            part = (
                self._bytes[name] / total_bytes if by_size else self.done[name] / self.tasks[name]
            )
            done += stage.share * min(part, 1.0)
            total += stage.share
        return done / total

    def seconds_left(self, seconds: float, credit: float) -> float | None:
        """An estimate; None while too little is done.

        Args:
          seconds: since the run started; a clock that was set back gives none.
          credit: the fraction that earlier runs had done.
        """
        worked = self.fraction() - credit
        return seconds * (1 - self.fraction()) / worked if worked > 0.02 and seconds > 0 else None
