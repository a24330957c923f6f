"""Runs of the command line within tests, and what they wrote."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.job import RUN_FILES
from pipelines.main import main
from pipelines.run.options import parse_options
from pipelines.run.plan import Plan, plan_run
from pipelines.run.state import NAME as STATE_NAME
from pipelines.stages.clean import CLEAN
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.finish import FINISH
from pipelines.stages.lines import LINES
from pipelines.stages.malformed import check_input
from pipelines.stages.newest import NEWEST
from pipelines.stages.publish import NoDocuments, publish
from pipelines.stages.shards import SHARDS
from pipelines.stages.tasks import Receipt, Stage, run_spilled
from pipelines.stages.webtext import WEBTEXT
from runtime.errors import InputRefused
from runtime.storage.checked import Depth
from runtime.storage.ownership import claim
from tests.conftest import read_gzip


def build(output: Path, *arguments: str) -> int:
    """Runs the command in this process; the exit code."""
    return main([*arguments, f"--output={output}"])


def shard_bytes(output: Path) -> dict[str, str]:
    """sha256 of every shard under an output folder, and of dropped pages, by relative path."""
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in ("c4*/**/*-of-*", "runs/*/dropped/*.jsonl")
        for path in sorted(output.glob(pattern))
    }


def read_report(output: Path, variant: str = "en", run: str = "") -> dict:
    """What the report of a run says of a variant; the run is of that variant alone if not named."""
    report = json.loads((output / "runs" / (run or variant) / "report.json").read_text())
    return report["variants"][variant]


def read_dropped(output: Path, variant: str) -> list[dict]:
    """The rows of a variant's dropped pages."""
    (path,) = output.glob(f"runs/*/dropped/{variant}.jsonl")
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def read_malformed(output: Path) -> list[dict]:
    """All rows of the malformed lists of a run of variant en."""
    folder = output / "runs" / "en" / "malformed"
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def read_jsonl(
    output: Path, dataset: str = "c4/en/3.1.0", with_split: bool = False
) -> list[dict] | list[tuple[str, dict]]:
    """All documents of a dataset, in the order of the shards; with their splits if asked for."""
    found = []
    for shard in sorted((output / dataset / "jsonl").glob("*.json.gz")):
        split = shard.name.partition("-")[2].partition(".")[0]
        with gzip.open(shard, "rt") as lines:
            found += [(split, json.loads(line)) for line in lines]
    return found if with_split else [document for _, document in found]


def language_of(split: str) -> str:
    """The language of the documents of a split."""
    return "en" if split in ("train", "validation") else split.removesuffix("-validation")


def split_wet(source: list[Path], folder: Path, files: int) -> list[Path]:
    """The records of WET files dealt out to `files` new ones, a gzip member each."""
    folder.mkdir(parents=True)
    records = [part for path in source for part in _records(path)]
    paths = [folder / f"part-{number:03d}.warc.wet.gz" for number in range(files)]
    for number, path in enumerate(paths):
        members = [gzip.compress(record, 1, mtime=0) for record in records[number::files]]
        path.write_bytes(b"".join(members))
    return paths


def _records(path: Path) -> list[bytes]:
    data = read_gzip(path)
    return [b"WARC/1.0\r\nWARC-Type: " + r for r in data.split(b"WARC/1.0\r\nWARC-Type: ")[1:]]


def plan(output: Path, *arguments: str) -> Plan:
    """What the command would do."""
    return plan_run(parse_options([*arguments, f"--output={output}"]))


def run_stages(
    todo: Plan,
    cpu_seconds: dict[str, float] | None = None,
    on_receipt: Callable[[Receipt], None] = lambda _: None,
    depth: Depth = Depth.LENGTH,
) -> dict[str, int]:
    """A planned run in this process, stage by stage, without Beam; its counts.

    A run of which no document is left gives them too, and one whose input would be refused.

    Args:
      cpu_seconds: takes what each stage took.
      on_receipt: hears of every task that ends; what it raises stops the run.
      depth: to which the files of an earlier run are checked.
    """
    claim(todo.job.run_folder(), RUN_FILES)
    claim(todo.job.work, [STATE_NAME])
    todo.write()
    job, counts = todo.job, dict[str, int]()
    sources: tuple[Stage[Any], ...] = ()

    def run(stage: Stage[Any]) -> None:
        started = time.process_time()
        for task in stage.tasks(job, counts):
            receipt = run_spilled(stage, sources, job, task, depth)
            for rule, count in receipt.counts.items():
                counts[rule] = counts.get(rule, 0) + count
            on_receipt(receipt)
        if cpu_seconds is not None:
            cpu_seconds[stage.name] = time.process_time() - started

    lists = (WEBTEXT,) if todo.lists.url_lists else ()
    for stage in (*lists, CLEAN):
        run(stage)
    with suppress(InputRefused):
        check_input(counts, job)
    sources = (CLEAN, *lists)
    for stage in (NEWEST, LINES, DUPLICATES, FINISH):
        run(stage)
        sources = (stage,)
    documents, sources = dict(counts), ()
    run(SHARDS)
    with suppress(NoDocuments):
        publish(documents, job)
    return documents
