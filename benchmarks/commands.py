"""Whole commands as benchmarks measure them, and the WET files that they read."""

import gzip
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

_REPEATS = 3
C4FORGE = [sys.executable, "-c", "import sys; from c4forge.main import main; sys.exit(main())"]
Figures = dict[str, float]


def run_measured(*command: str) -> Figures:
    """CPU, wall and peak memory of a command, measured in a process of its own."""
    measured = [sys.executable, "-m", "benchmarks.measure", *command]
    output = subprocess.run(measured, capture_output=True, text=True, check=True).stdout
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def run_c4forge(wet: Path, folder: Path, workers: int, *arguments: str) -> Figures:
    """Median of a few whole runs of the command."""
    runs = []
    for repeat in range(_REPEATS):
        output = f"--output={folder / f'out-{workers}-{repeat}-{time.monotonic_ns()}'}"
        runs.append(
            run_measured(
                sys.executable, "beam_runner.py", f"--input={wet}", output,
                f"--num_workers={workers}", "--max_malformed_fraction=1", *arguments,
            )
        )  # fmt: skip
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def run_reference(wet: Path, folder: Path, references: Path, config: str = "en") -> Figures:
    """One run of TFDS's transforms; it takes minutes."""
    files = [str(path) for path in sorted(wet.glob("*.gz"))]
    return run_measured(
        sys.executable,
        "-m",
        "tests.reference.corpus",
        str(folder / "reference.json"),
        config,
        str(references),
        *files,
    )


def count_pages(wet: Path) -> int:
    """Pages with a URL in the files of a folder."""
    pattern = re.compile(rb"^WARC-Target-URI:", re.M)
    return sum(len(pattern.findall(_read(p))) for p in wet.glob("*.gz"))


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
    return [start + part for part in _read(path).split(start)[1:]]


def _read(path: Path) -> bytes:
    """What a file holds. gzip.decompress copies the rest of it for each of its members."""
    with gzip.open(path) as file:
        return file.read()
