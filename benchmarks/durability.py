"""The part of checksums and syncs in a run: CPU of the ones, waiting for the others.

    python -m benchmarks.durability WET_FILE [WET_FILE ...]

A run of `en` in this process, a second one after it: models and caches are loaded by then.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.stages import blocks
from runtime.storage import checked, digested
from tests.runs.runs import plan, run_stages

_CHECKS = {
    (checked, "_check_chunks"): "checksums of what is read",
    (checked, "_read_trailer"): "trailers",
    (blocks, "_checksum"): "checksums of blocks",
}


def main(files: list[str]) -> None:
    """Prints the figures of a run over these files."""
    seconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()

    def timed(
        name: str, work: Callable[..., Any], clock: Callable[[], float] = time.process_time
    ) -> Callable[..., Any]:
        def call(*arguments: object) -> Any:
            started = clock()
            try:
                return work(*arguments)
            finally:
                seconds[name] += clock() - started
                calls[name] += 1

        return call

    for (module, name), what in _CHECKS.items():
        setattr(module, name, timed(what, getattr(module, name)))
    for kind in (checked._CheckedWriter, digested._DigestedWriter):
        kind.write = _timed_write(kind, timed)  # type: ignore[method-assign]
    os.fsync = timed("syncs", os.fsync, time.monotonic)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for name in ("warm", "measured"):
            seconds.clear(), calls.clear()
            todo = plan(Path(folder, name), *(f"--input={file}" for file in files), "--variant=en")
            cpu, wall = time.process_time(), time.monotonic()
            run_stages(todo)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print(f"run: {cpu:.2f} s of CPU, {wall:.2f} s")
    for name, took in seconds.most_common():
        whole = wall if name == "syncs" else cpu
        print(f"{name}: {calls[name]:,}, {took * 1000:.0f} ms, {took / whole:.2%}")
    checks = seconds.total() - seconds["syncs"]
    print(f"all checksums: {checks * 1000:.0f} ms of CPU, {checks / cpu:.2%}")


def _timed_write(kind: type, timed: Callable[..., Any]) -> Callable[..., int]:
    """The `write` of a class, timed without the write of the file below it."""
    write = timed("checksums of what is written", kind.write)

    def call(self: Any, data: Any) -> int:
        stored, self._stored = self._stored, _Nowhere()
        count: int = write(self, data)
        self._stored = stored
        stored.write(memoryview(data).cast("B"))
        return count

    return call


class _Nowhere:
    def write(self, _: object) -> None:
        """Drops it."""


if __name__ == "__main__":
    main(sys.argv[1:])
