"""The console script `t5x`: the trainer's commands, imported when it is run."""

import os
import signal
from types import FrameType
from typing import NoReturn


def main() -> int:
    """Runs the command line of this process; returns the exit code."""
    signal.signal(signal.SIGINT, _stop)  # until the command has a handler of its own
    from runtime.command import end_process
    from runtime.workers.temporaries import own_temporaries
    from trainer.main import main as run

    own_temporaries()
    return end_process(run(), abruptly=True)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Ends the process: compiled modules swallow a KeyboardInterrupt while they are imported."""
    os.write(2, b"\nStopped. Nothing was done.\n")
    os._exit(130)
