"""The reference and c4forge on the same WET files, on this machine: `make bench`.

    python -m tests.benchmarks.bench [--wet=DIR] [--parts=reference,stages,workers,linear]

Start-up is measured by itself (a run over one page) and taken off both sides. CPU-seconds count
every process; the machine may be shared, so compare figures of one run only.
"""

import argparse
import gc
import gzip
import hashlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PARTS = ("reference", "stages", "workers", "linear")
_REPEATS = 3
Figures = dict[str, float]


def run_measured(*command: str) -> Figures:
    """CPU, wall and peak memory of a command, measured in a process of its own."""
    measured = [sys.executable, "-m", "tests.benchmarks.measure", *command]
    output = subprocess.run(measured, capture_output=True, text=True, check=True).stdout
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def run_c4forge(wet: Path, folder: Path, workers: int) -> Figures:
    """Median of a few whole runs of the command."""
    runs = []
    for repeat in range(_REPEATS):
        output = f"--output={folder / f'out-{workers}-{repeat}-{time.monotonic_ns()}'}"
        runs.append(
            run_measured(
                sys.executable, "beam_runner.py", f"--input={wet}", output,
                f"--num_workers={workers}", "--max_malformed_fraction=1",
            )
        )  # fmt: skip
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def run_reference(wet: Path, folder: Path) -> Figures:
    """One run of TFDS's transforms; it takes minutes."""
    files = [str(path) for path in sorted(wet.glob("*.gz"))]
    return run_measured(
        sys.executable, "-m", "tests.reference.corpus", str(folder / "reference.json"), *files
    )


def count_pages(wet: Path) -> int:
    """Pages with a URL in the files of a folder."""
    pattern = re.compile(rb"^WARC-Target-URI:", re.M)
    return sum(len(pattern.findall(gzip.decompress(p.read_bytes()))) for p in wet.glob("*.gz"))


def write_one_page(wet: Path, folder: Path) -> Path:
    """A folder with a WET file of one page: what is left of a run is its start-up."""
    records = _records(next(iter(sorted(wet.glob("*.gz")))))
    folder.mkdir()
    (folder / "one.warc.wet.gz").write_bytes(b"".join(map(gzip.compress, records[:2])))
    return folder


def write_copies(wet: Path, folder: Path, times: int, altered: bool) -> Path:
    """The same files many times over, each copy's pages under other URLs.

    Args:
      altered: give every line of a copy a first word of its own, so that copies are no duplicates.
    """
    folder.mkdir()
    for path in sorted(wet.glob("*.gz")):
        records = _records(path)
        for copy in range(times):
            with open(folder / f"{copy}-{path.name}", "wb") as stream:
                for record in records:
                    stream.write(gzip.compress(_moved(record, copy, altered), 1))
    return folder


def _moved(record: bytes, copy: int, altered: bool) -> bytes:
    if not copy:
        return record
    scheme = rb"\g<1>copy%d." % copy
    header, blank, block = record.partition(b"\r\n\r\n")
    header = re.sub(rb"(WARC-Target-URI: https?://)", scheme, header, count=1)
    if altered and b"WARC-Type: conversion" in header:
        letter = bytes([ord("a") + copy])
        block = letter + block[:-4].replace(b"\n", b"\n" + letter) + b"\r\n\r\n"
        header = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % (len(block) - 4), header)
    return header + blank + block


def _records(path: Path) -> list[bytes]:
    start = b"WARC/1.0\r\nWARC-Type: "
    return [start + part for part in gzip.decompress(path.read_bytes()).split(start)[1:]]


def bench_reference(wet: Path, one_page: Path, folder: Path) -> None:
    """CPU-seconds a page of both, and the ratio."""
    pages = count_pages(wet)
    print(f"\nReference and c4forge, {pages:,} pages, CPU-seconds, one worker")
    ours, our_start = run_c4forge(wet, folder, 1), run_c4forge(one_page, folder, 1)
    theirs, their_start = run_reference(wet, folder), run_reference(one_page, folder)
    print(f"{'':12}{'run':>10}{'start-up':>10}{'ms a page':>11}{'pages/CPU-s':>13}")
    costs = []
    for name, run, start in (("TFDS c4", theirs, their_start), ("c4forge", ours, our_start)):
        cost = (run["cpu"] - start["cpu"]) / pages
        costs.append(cost)
        print(f"{name:12}{run['cpu']:10.2f}{start['cpu']:10.2f}{cost * 1e3:11.3f}{1 / cost:13,.0f}")
    print(f"ratio, start-up apart: {costs[0] / costs[1]:.1f}x")
    print(f"ratio, start-up included: {theirs['cpu'] / ours['cpu']:.1f}x")


def bench_workers(wet: Path, one_page: Path, folder: Path) -> None:
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


def bench_linear(wet: Path, one_page: Path, folder: Path) -> None:
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


def bench_stages(wet: Path, one_page: Path, folder: Path) -> None:
    """Pages per CPU-second of each stage, in this process, beside the bare libraries."""
    from cleaning.badwords import load_english
    from pipelines import preload
    from pipelines.inputs import cut_into_parts, find_inputs, write_manifest
    from pipelines.job import Job, bucket_count, inputs_digest
    from pipelines.shards import plan_shards

    tasks = preload.tasks
    parts = cut_into_parts(find_inputs([str(wet)]))
    job = Job(
        variant="en", spec="tfds-3.1.0", bad_words=load_english(), output=str(folder / "stages"),
        work=str(folder / "stages" / "work"), formats=("tfrecord",), shards=0,
        inputs_digest=inputs_digest(parts), part_count=len(parts), buckets=bucket_count(parts),
        max_malformed_fraction=1.0,
    )  # fmt: skip
    write_manifest(job.manifest_path(), parts)
    counts: dict[str, int] = {}
    costs: dict[str, float] = {}

    def run(name: str, source: str, todo: list) -> None:
        started = time.process_time()
        for task in todo:
            for rule, count in tasks.run_spilled(name, source, job, task).counts.items():
                counts[rule] = counts.get(rule, 0) + count
        costs[name] = time.process_time() - started

    gc.disable()  # as in a worker
    gc.collect()
    gc.freeze()
    run("clean", "", list(parts))
    run("newest", "clean", list(range(job.buckets)))
    run("lines", "newest", list(parts))
    run("spans", "lines", list(range(job.buckets)))
    run("finish", "spans", list(parts))
    run("shards", "", plan_shards(job, counts))
    pages = counts["split-wet-file/passed"]
    print(f"\nStages, {pages:,} pages, in one process")
    _print_costs(costs, pages)
    floor = _floor(job, parts)
    print("Floor: the libraries alone, on the same pages")
    _print_costs(floor, pages)
    print(f"above the floor: {sum(costs.values()) / sum(floor.values()):.2f}x")


def _print_costs(costs: dict[str, float], pages: int) -> None:
    for name, cost in [*costs.items(), ("all", sum(costs.values()))]:
        print(f"  {name:18}{cost / pages * 1e6:8.1f} µs a page{pages / cost:12,.0f} pages/CPU-s")


def _floor(job, parts) -> dict[str, float]:
    """CPU-seconds of gunzip and parse, md5 of kept lines, langdetect of deduplicated pages."""
    import fastwarc.warc
    import pyarrow as pa

    from cleaning.language import english_rules

    def timed(work: Callable[[], None]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    def parse() -> None:
        kind = fastwarc.warc.WarcRecordType.conversion
        for path in dict.fromkeys(part.path for part in parts):
            with open(path, "rb") as stream:
                for record in fastwarc.warc.ArchiveIterator(
                    stream, record_types=kind, parse_http=False
                ):
                    record.reader.read()

    texts: list[str] = []
    for part in parts:
        with pa.memory_map(job.pages_path(part)) as source, pa.ipc.open_file(source) as reader:
            texts += reader.read_all().column("text").to_pylist()
    lines = [line.encode() for text in texts for line in text.lower().split("\n")]

    def digest() -> None:
        for line in lines:
            hashlib.md5(line, usedforsecurity=False).digest()

    def detect() -> None:
        for text in texts:
            english_rules(text)

    # Pages after cleaning stand for pages after deduplication: a tenth more of them.
    return {
        "gunzip and parse": timed(parse),
        "md5 of lines": timed(digest),
        "langdetect-rs": timed(detect),
    }


def main() -> None:
    """Runs the parts asked for and prints their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--wet", type=Path, default=Path("sample/wet"))
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    wet = options.wet.resolve()
    if not wet.is_dir():
        parser.error(f"--wet={options.wet}: no such folder; give one with *.warc.wet.gz files")
    unknown = set(options.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(
            f"--parts: unknown {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one_page = write_one_page(wet, folder / "one")
        for part in options.parts.split(","):
            globals()[f"bench_{part}"](wet, one_page, folder)


if __name__ == "__main__":
    main()
