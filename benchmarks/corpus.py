"""The reference and c4forge on the same WET files, on this machine: `make bench`.

    python -m benchmarks.corpus --wet=DIR [--refs=DIR] [--parts=reference,variants,…]

Start-up is measured by itself (a run over one page) and subtracted on both sides. CPU-seconds count
every process; the machine may be shared, so compare figures of one run only.
"""

import argparse
import gc
import hashlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from langdetect_rs import _core as langdetect_core
from langdetect_rs._seed import seed_state

from benchmarks.commands import (
    count_pages,
    run_c4forge,
    run_reference,
    write_copies,
    write_one_page,
)
from benchmarks.variants import bench_variants, read_texts
from cleaning.variants import TextForm
from pipelines.run.plan import Plan
from tests.runs.runs import plan, run_stages


def bench_reference(wet: Path, one_page: Path, folder: Path, references: Path) -> None:
    """CPU-seconds a page of both, and the ratio."""
    pages = count_pages(wet)
    print(f"\nReference and c4forge, {pages:,} pages, CPU-seconds, one worker")
    ours, our_start = run_c4forge(wet, folder, 1), run_c4forge(one_page, folder, 1)
    theirs, their_start = (run_reference(w, folder, references) for w in (wet, one_page))
    print(f"{'':12}{'run':>10}{'start-up':>10}{'ms a page':>11}{'pages/CPU-s':>13}")
    costs = []
    for name, run, start in (("TFDS c4", theirs, their_start), ("c4forge", ours, our_start)):
        cost = (run["cpu"] - start["cpu"]) / pages
        costs.append(cost)
        print(f"{name:12}{run['cpu']:10.2f}{start['cpu']:10.2f}{cost * 1e3:11.3f}{1 / cost:13,.0f}")
    print(f"ratio, start-up apart: {costs[0] / costs[1]:.1f}x")
    print(f"ratio, start-up included: {theirs['cpu'] / ours['cpu']:.1f}x")


def bench_workers(wet: Path, one_page: Path, folder: Path, _references: Path) -> None:
    """Wall time with one and two workers, on enough pages that start-up and barriers are small."""
    copies = write_copies(wet, folder / "for-workers", 5, altered=True)
    pages = count_pages(copies)
    print(f"\nWorkers, {pages:,} pages (wall seconds; meaningful on an idle machine only)")
    speeds = []
    for workers in (1, 2):
        run, start = run_c4forge(copies, folder, workers), run_c4forge(one_page, folder, workers)
        speeds.append(pages / (run["wall"] - start["wall"]))
        name = f"{workers} worker{'s' * (workers > 1)}:"
        print(
            f"{name:11}{run['wall']:6.2f} wall, {start['wall']:.2f} of it start-up, "
            f"{speeds[-1]:,.0f} pages/s without"
        )
    print(f"ratio: {speeds[1] / speeds[0]:.2f}x")


def bench_linear(wet: Path, one_page: Path, folder: Path, _references: Path) -> None:
    """Cost and memory of ten times the input."""
    print("\nTen times the input, one worker, start-up apart")
    once, start = run_c4forge(wet, folder, 1), run_c4forge(one_page, folder, 1)
    print(f"{'once':40}{once['cpu']:8.2f} CPU-s{once['peak_mb']:8.0f} MB the largest process")
    for altered in (False, True):
        name = "ten times, every line altered" if altered else "ten times, under other URLs"
        copies = write_copies(wet, folder / name.replace(" ", "-"), 10, altered)
        many = run_c4forge(copies, folder, 1)
        ratio = (many["cpu"] - start["cpu"]) / (once["cpu"] - start["cpu"])
        print(f"{name:40}{many['cpu']:8.2f} CPU-s{many['peak_mb']:8.0f} MB{ratio:8.2f}x the CPU")


def bench_stages(wet: Path, one_page: Path, folder: Path, _references: Path) -> None:
    """Pages per CPU-second of each stage, in this process, beside the bare libraries."""
    import pipelines.stages.preload  # noqa: F401  # as in a worker, whose start-up is no stage's

    todo = plan(folder / "stages", f"--input={wet}", "--max_malformed_fraction=1")
    costs: dict[str, float] = {}
    gc.disable()  # as in a worker
    gc.collect()
    gc.freeze()
    counts = run_stages(todo, costs)
    pages = counts["split-wet-file/passed"]
    print(f"\nStages, {pages:,} pages, in one process")
    _print_costs(costs, pages)
    floor = _floor(todo)
    print("Floor: the libraries alone, on the same pages")
    _print_costs(floor, pages)
    print(f"above the floor: {sum(costs.values()) / sum(floor.values()):.2f}x")


def _print_costs(costs: dict[str, float], pages: int) -> None:
    for name, cost in [*costs.items(), ("all", sum(costs.values()))]:
        print(f"  {name:18}{cost / pages * 1e6:8.1f} µs a page{pages / cost:12,.0f} pages/CPU-s")


def _floor(todo: Plan) -> dict[str, float]:
    """CPU-seconds of gunzip and parse, md5 of kept lines, langdetect of deduplicated pages."""
    texts = read_texts(todo, TextForm.CLEANED)
    lines = [line.encode() for text in texts for line in text.lower().split("\n")]

    detector = langdetect_core.Factory(False, "14.0.0")
    detector.load_builtin(langdetect_core.builtin_files())
    seed = seed_state(0)

    def digest() -> None:
        for line in lines:
            hashlib.md5(line, usedforsecurity=False).digest()

    def detect() -> None:
        for text in texts:
            detector.detect_langs(text, seed)

    # Pages after cleaning stand for pages after deduplication: a tenth more of them.
    return {
        "gunzip and parse": _timed(partial(_parse, todo)),
        "md5 of lines": _timed(digest),
        "langdetect-rs": _timed(detect),
    }


def _timed(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _parse(todo: Plan) -> None:
    """Reads every record with FastWARC."""
    import fastwarc.warc

    kind = fastwarc.warc.WarcRecordType.conversion
    for path in dict.fromkeys(part.path for part in todo.parts):
        with open(path, "rb") as stream:
            for record in fastwarc.warc.ArchiveIterator(
                stream, record_types=kind, parse_http=False
            ):
                record.reader.read()


PARTS = {
    "reference": bench_reference,
    "variants": bench_variants,
    "stages": bench_stages,
    "workers": bench_workers,
    "linear": bench_linear,
}


def main() -> None:
    """Runs the parts asked for and prints their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--wet", type=Path, required=True, help="folder of undamaged files")
    parser.add_argument("--refs", type=Path, default=Path("../shared/data/refs"))
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    wet = options.wet.resolve()
    if not wet.is_dir():
        parser.error(f"--wet={options.wet}: no such folder; give one with *.warc.wet.gz files")
    unknown = set(options.parts.split(",")) - PARTS.keys()
    if unknown:
        parser.error(
            f"--parts: unknown {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one_page = write_one_page(wet, folder / "one")
        for part in options.parts.split(","):
            PARTS[part](wet, one_page, folder, options.refs.resolve())


if __name__ == "__main__":
    main()
