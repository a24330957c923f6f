"""The console script `t5x`: the trainer's commands, imported when it is run."""

import sys


def main() -> int:
    """Runs the command line of this process; returns the exit code."""
    try:
        from runtime.command import end_process
        from runtime.workers.temporaries import own_temporaries
        from trainer.main import main as run

        own_temporaries()
        return end_process(run(), abruptly=True)
    except KeyboardInterrupt:  # before the command could handle it
        print("\nStopped. Nothing was done.", file=sys.stderr)
        return 130
