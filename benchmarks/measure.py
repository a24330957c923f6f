"""Runs a command and prints the CPU, wall time and memory of it and all that it started.

    python -m benchmarks.measure COMMAND [ARGUMENT ...]

Workers of a fork server outlive their parent. This process is their subreaper (Linux), so it
inherits them and counts them too. The last line printed is {"cpu", "wall",
"peak_mb"}; peak_mb is that of the largest single process.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def measure(command: list[str]) -> dict[str, float]:
    """Runs the command and waits for it and all its descendants.

    Raises:
      RuntimeError: it failed; the message has what it said.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True)
    wall = time.monotonic() - started
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    if ran.returncode:
        raise RuntimeError(f"{command} ended with {ran.returncode}:\n{ran.stderr[-3000:]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak_mb": used.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
