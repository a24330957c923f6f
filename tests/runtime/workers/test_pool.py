"""Work in a process of its own ends with its caller, and says so when it is ended."""

import os
import signal

import pytest

from runtime.workers.pool import WorkerDied, run_apart


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def fail(message: str) -> None:
    raise ValueError(message)


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_gives_the_result():
    waited = []
    assert run_apart(lambda: waited.append(1), double, 21, plus=1) == 43


def test_it_raises_what_was_raised():
    with pytest.raises(ValueError, match="as it was"):
        run_apart(lambda: None, fail, "as it was")


def test_a_process_ended_from_outside_is_told():
    with pytest.raises(WorkerDied, match="ended from outside, perhaps for want of memory"):
        run_apart(lambda: None, die, 0)


def test_what_waits_may_stop_it():
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_apart(stop, signal.pause)
