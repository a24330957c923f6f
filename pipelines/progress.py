"""What a person sees of a run: progress while it goes on, the table of rules when it ends."""

import threading
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from cleaning.rules import RULES, Unit
from pipelines.advance import Advance, task_counts
from pipelines.inputs import Part
from pipelines.job import Job
from pipelines.tasks import STAGES, Receipt
from vocab.amounts import duration, size
from vocab.progress import LiveLine

_MOST_SPLITS = 8  # named in a line


class Progress:
    """Pages, parts, rate and time left: one live line on a terminal, plain lines elsewhere.

    Use as a context manager; `on_receipt` may be called from any thread.
    """

    def __init__(self, job: Job, parts: tuple[Part, ...], stream: TextIO) -> None:
        sizes = {part.number: part.stored_bytes() for part in parts}
        self._advance = Advance(task_counts(job), sizes)
        self._stage = "clean"
        self._pages = self._new_pages = self._resumed = 0
        self._credit = 0.0  # of the run, what earlier runs had done already
        self._lock = threading.Lock()
        self._live = LiveLine(self._line, stream)

    def __enter__(self) -> "Progress":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__()

    def on_receipt(self, receipt: Receipt) -> None:
        """Takes note of a task that ended."""
        with self._lock:
            before = self._advance.fraction()
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
                self._live.tell()
            else:
                self._live.tick()

    @property
    def resumed(self) -> int:
        """Tasks that an earlier run had done."""
        return self._resumed

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._live.seconds

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
    """The pages and lines that each rule dropped or kept, in data-path order.

    Args:
      variants: counts by rule of each variant.
    """
    single = len(variants) == 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule (what falls is indented)", no_wrap=True)
    table.add_column("unit")
    for name in variants:
        table.add_column("count" if single else name, justify="right", no_wrap=True)
    if single:
        table.add_column("what it counts", no_wrap=True)
    for rule in RULES:
        counts = [counts.get(rule.name) for counts in variants.values()]
        if (rule.unit == Unit.FILE and rule.keeps) or not any(counts):
            continue
        name = rule.name if rule.keeps else f"  {rule.name}"
        cells = ["" if count is None else f"{count:,}" for count in counts]
        style = "" if rule.keeps else "dim"
        table.add_row(name, rule.unit, *cells, *([rule.meaning] * single), style=style)
    console = Console(file=stream, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 120 if single else 200
    console.print(table)


def print_datasets(variants: Mapping[str, Mapping[str, Any]], formats: str, stream: TextIO) -> None:
    """Where each variant's dataset is, and how many documents it has."""
    for name, variant in variants.items():
        splits = {split: n for split, n in variant["splits"].items() if n["documents"]}
        documents = sum(split["documents"] for split in splits.values())
        text = size(sum(split["text_bytes"] for split in splits.values()))
        told = [f"{split} {n['documents']:,}" for split, n in splits.items()]
        if len(told) > _MOST_SPLITS:
            told = [*told[:_MOST_SPLITS], f"and {len(told) - _MOST_SPLITS} more splits"]
        listed = ", ".join(told)
        print(f"{name}: {documents:,} documents ({listed}), {text} of text", file=stream)
        print(f"  {variant['dataset']} ({formats})", file=stream)
