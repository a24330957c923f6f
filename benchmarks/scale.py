"""The cost of a crawl to one worker: the reductions, on synthetic signatures of its volume.

    python -m benchmarks.scale [--wet=DIR] [--parts=averages,part,buckets,exchange]

averages  signatures that a page sends, measured on WET files
part      memory and CPU of the stages for a WET file of Common Crawl's size
buckets   the reductions for one bucket of a crawl, and of 86 crawls
exchange  CPU and bytes of the blocks of a task, by their layout in files

Each figure comes from a process of its own. `docs/scale.md` derives bounds for them; a figure
over its bound ends the command with an error.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.commands import write_copies
from benchmarks.layouts import bench_layouts
from pipelines.job import inputs_digest
from pipelines.run.plan import Plan
from pipelines.sources.wet_files import Part
from pipelines.stages.blocks import CAPTURE, PASS_ROWS, SPAN, Block
from pipelines.stages.clean import CLEAN
from pipelines.stages.duplicates import DUPLICATES, lost_blocks
from pipelines.stages.finish import FINISH
from pipelines.stages.lines import LINES
from pipelines.stages.newest import NEWEST, flag_blocks
from pipelines.stages.tasks import run_spilled
from tests.runs.runs import plan, run_stages

FILES, PAGES = 90_000, 3_000_000_000  # of one crawl
BUCKETS = 8192  # the most there are: `pipelines.job.bucket_count`
SPANS_A_PAGE = 23.8  # measured: `averages`
_DATES = np.array([f"2019-04-{day:02d}T10:12:{n:02d}Z" for day in range(18, 27) for n in range(60)])


@dataclass(frozen=True)
class Bucket:
    """The blocks that one bucket receives.

    Attributes:
      rows: signatures.
      parts: senders; each sends a block.
      repeated: share of rows whose digest others have too.
      everywhere: True if one digest comes from every part.
      copies: how often a repeated digest comes.
    """

    rows: int
    parts: int
    repeated: float
    everywhere: bool = False
    copies: int = 8


def spans_of_a_crawl(repeated: float, everywhere: bool = False) -> Bucket:
    """The SPAN rows of one bucket of a crawl."""
    return Bucket(int(PAGES * SPANS_A_PAGE / BUCKETS), FILES, repeated, everywhere)


CASES: dict[str, tuple[str, Bucket, int]] = {
    # name: reduction, bucket, how many of them one after the other
    "captures": ("newest", Bucket(PAGES // BUCKETS, FILES, 0.3), 1),
    "one URL on every part": ("newest", Bucket(PAGES // BUCKETS, FILES, 0.3, True), 1),
    "lines, none repeated": ("duplicates", spans_of_a_crawl(0.0), 1),
    "lines, half repeated": ("duplicates", spans_of_a_crawl(0.5), 1),
    "lines, all repeated": ("duplicates", spans_of_a_crawl(1.0), 1),
    "one line on every part": ("duplicates", spans_of_a_crawl(0.5, True), 1),
    "one bucket after another": ("duplicates", spans_of_a_crawl(0.5), 5),
    "one line, 86 crawls' parts": (
        "duplicates",
        Bucket(86 * FILES, FILES, 1.0, copies=86 * FILES),
        1,
    ),
    "captures of 86 crawls": ("newest", Bucket(86 * PAGES // BUCKETS, FILES, 0.5), 1),
}


def synthetic_blocks(bucket: Bucket, dtype: np.dtype, seed: int) -> list[Block]:
    """Blocks of a bucket, one from each part: digests drawn so that the share repeats.

    A part sends a line once at most, so a line that is everywhere comes once from each part.
    """
    chance = np.random.default_rng(seed)
    several = max(1, int(bucket.rows * bucket.repeated / bucket.copies))
    is_repeated = chance.random(bucket.rows) < bucket.repeated
    low = np.where(
        is_repeated,
        chance.integers(0, several, bucket.rows, np.uint64),
        chance.integers(several, 1 << 63, bucket.rows, np.uint64),
    )
    rows = np.zeros(bucket.rows, dtype)
    digest = rows[dtype.names[0]]
    digest[:, 0] = low * np.uint64(0x9E3779B97F4A7C15)  # odd: distinct stay distinct
    digest[:, 1] = low
    rows["priority"] = chance.integers(0, 1 << 63, (bucket.rows, 2), np.uint64)
    starts = np.linspace(0, bucket.rows, bucket.parts + 1).astype(np.int64)
    if bucket.everywhere:
        digest[starts[:-1]] = 7
    part = np.repeat(np.arange(bucket.parts), np.diff(starts))
    rows["row_id"] = part.astype(np.uint64) << np.uint64(32) | np.arange(
        bucket.rows, dtype=np.uint64
    )
    if dtype == CAPTURE:
        rows["captured"] = chance.choice(_DATES.astype("S32"), bucket.rows)
    else:
        rows["scopes"] = 1
    return [rows[a:b].copy() for a, b in pairwise(starts)]


def run_case(name: str) -> dict[str, float]:
    """Peak memory and CPU of a case, in this process."""
    reduction, bucket, times = CASES[name]
    dtype, reduce = {"newest": (CAPTURE, flag_blocks), "duplicates": (SPAN, lost_blocks)}[reduction]
    seconds, flagged, before = 0.0, 0, peak_bytes()
    peaks = []
    for seed in range(times):
        blocks = synthetic_blocks(bucket, dtype, seed)
        reset_peak()
        started = time.process_time()
        out = reduce(blocks)
        seconds += time.process_time() - started
        flagged = sum(map(len, out.values()))
        peaks.append(peak_bytes() - before)
        del blocks, out
    return {
        "rows": bucket.rows,
        "seconds": seconds / times,
        "peak": max(peaks),
        "growth": peaks[-1] - peaks[0],
        "flagged": flagged,
    }


def derived_peak(name: str, flagged: float) -> float:
    """The bound of docs/scale.md for the memory of a case, in bytes."""
    reduction, bucket, _ = CASES[name]
    row, working = {"newest": (72, 330), "duplicates": (41, 260)}[reduction]
    blocks = row * bucket.rows + 200 * bucket.parts
    passed = min(bucket.rows, max(PASS_ROWS, bucket.copies))  # no pass parts the rows of a digest
    return blocks + max(working * passed, 95 * flagged + 350 * bucket.parts)


def bench_buckets(_: Path, __: Path) -> None:
    """Memory and CPU of each case, beside its bound."""
    print("\nOne bucket of 8,192, blocks of 90,000 parts; memory beyond the idle process")
    print(f"{'':28}{'rows':>12}{'CPU s':>8}{'µs a row':>10}{'peak MB':>9}{'derived':>9}")
    over: list[str] = []
    for name in CASES:
        command = [*_THIS, f"--case={name}"]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        r: dict[str, float] = json.loads(output)
        derived = derived_peak(name, r["flagged"])
        print(
            f"{name:28}{r['rows']:12,}{r['seconds']:8.2f}{r['seconds'] / r['rows'] * 1e6:10.2f}"
            f"{r['peak'] / 1e6:9,.0f}{derived / 1e6:9,.0f}",
            flush=True,
        )
        if r["peak"] > derived or r["growth"] > 0.1 * derived:
            over.append(f"{name}: {r['peak'] / 1e6:,.0f} MB, grown by {r['growth'] / 1e6:,.0f} MB")
    if over:
        raise SystemExit(f"more than derived: {'; '.join(over)}")


def peak_bytes() -> int:
    """Peak memory of this process since the last reset (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def reset_peak() -> None:
    """Resets the peak memory of this process (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def bench_averages(wet: Path, folder: Path) -> None:
    """Rows and bytes a page of a run over real files."""
    todo = plan(folder / "averages", f"--input={wet}", "--max_malformed_fraction=1")
    pages = run_stages(todo)["split-wet-file/passed"]
    stored = sum(part.end - part.start for part in todo.parts)
    cleaned, documents = Path(todo.job.clean_folder()), Path(todo.job.documents_folder())
    print(
        f"\nRows and bytes of a page, {pages:,} pages of {stored / pages:,.0f} B stored, variant en"
    )
    for stage, row in (("clean", 72), ("newest", 5), ("lines", 41), ("duplicates", 5)):
        targets = todo.job.part_count if stage in ("newest", "duplicates") else todo.job.buckets
        files = list(documents.glob(f"{stage}/*.blocks"))
        size = sum(path.stat().st_size - 8 * (targets + 1) for path in files)
        print(f"  {stage + ' sends':24}{size / row / pages:8.3f} rows{size / pages:9,.1f} B")
    for name, files in (
        ("pages", cleaned.glob("*.cleaned.arrow")),
        ("signatures", cleaned.glob("*.signatures.npz")),
        ("records", cleaned.glob("*.records.npz")),
        ("spans sent", documents.glob("lines/*.npz")),
        ("documents", documents.glob("documents/*.arrow")),
    ):
        size = sum(path.stat().st_size for path in files)
        print(f"  {name + ' on disk':24}{'':13}{size / pages:9,.1f} B")


def bench_part(wet: Path, folder: Path) -> None:
    """The stages of one WET file with as many pages as Common Crawl's have, as one part."""
    copies = write_copies(wet, folder / "copies", 5, altered=True)
    (folder / "whole").mkdir()
    whole = folder / "whole" / "one.warc.wet.gz"
    whole.write_bytes(b"".join(path.read_bytes() for path in sorted(copies.glob("*.gz"))))
    print("\nOne file as one part; memory beyond the idle process", flush=True)
    subprocess.run([*_THIS, f"--file={whole}"], check=True)


def run_part(path: Path) -> None:
    """Every stage of one part, in this process."""
    from pipelines.stages import preload

    assert preload
    todo = plan(path.parent / "out", f"--input={path}", "--max_malformed_fraction=1")
    first = todo.parts[0]
    part = Part(0, first.path, first.size_bytes, first.modified, 0, first.size_bytes)
    job = replace(todo.job, part_count=1, inputs_digest=inputs_digest((part,)))
    Plan(job, (part,), todo.lists).write()
    gc.disable()  # as in a worker
    before, source = peak_bytes(), ()
    for stage in (CLEAN, NEWEST, LINES, DUPLICATES, FINISH):
        reset_peak()
        started = time.process_time()
        for task in stage.tasks(job, {}):
            counts = run_spilled(stage, source, job, task).counts
        seconds, peak = time.process_time() - started, peak_bytes() - before
        if stage is CLEAN:
            pages = counts["split-wet-file/passed"]
            print(f"  {pages:,} pages, {part.size_bytes / 1e6:,.0f} MB stored")
        print(f"  {stage.name:11}{seconds:8.2f} CPU-s{peak / 1e6:8,.0f} MB", flush=True)
        source = (stage,)


def bench_exchange(_: Path, folder: Path) -> None:
    """CPU and bytes of blocks in files, by layout."""
    bench_layouts(folder, rows_a_block=int(PAGES * SPANS_A_PAGE / FILES / BUCKETS))


PARTS = {
    "averages": bench_averages,
    "part": bench_part,
    "buckets": bench_buckets,
    "exchange": bench_exchange,
}
_THIS = [sys.executable, "-m", "benchmarks.scale"]


def main() -> None:
    """Runs the parts asked for and prints their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--wet", type=Path, default=Path("sample/wet"))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(run_case(options.case)))
        return
    if options.file:
        run_part(options.file)
        return
    if unknown := set(options.parts.split(",")) - set(PARTS):
        parser.error(f"--parts: unknown {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as name:
        for part in options.parts.split(","):
            (folder := Path(name) / part).mkdir()
            PARTS[part](options.wet.resolve(), folder)


if __name__ == "__main__":
    main()
