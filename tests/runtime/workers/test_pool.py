"""Work in a process of its own ends with its caller, and says so when it is ended."""

import os
import signal
import threading
from concurrent.futures import process
from multiprocessing.process import BaseProcess

import pytest

from runtime.errors import Terminated
from runtime.workers import pool
from runtime.workers.pool import Pool, WorkerDied, run_apart


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def fail(message: str) -> None:
    raise ValueError(message)


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_gives_the_result():
    assert run_apart(double, 21, plus=1) == 43


def test_it_raises_what_was_raised():
    with pytest.raises(ValueError, match="as it was"):
        run_apart(fail, "as it was")


def test_a_process_ended_from_outside_is_told():
    with pytest.raises(WorkerDied, match="ended from outside, perhaps for want of memory"):
        run_apart(die, 0)


def test_a_pool_that_is_stopped_stops_it(monkeypatch):
    monkeypatch.setattr(pool, "is_stopped", lambda: True)
    with pytest.raises(Terminated):
        run_apart(signal.pause)


def test_a_broken_pool_closes_though_a_worker_is_left(monkeypatch):
    """As one is that starts while the executor ends the others: nobody tells it to end."""
    monkeypatch.setattr(BaseProcess, "terminate", lambda _: None)
    monkeypatch.setattr(process._ExecutorManagerThread, "shutdown_workers", lambda _: None)
    broken = Pool(2, "pipelines.stages.preload")
    broken.warm_up()
    with pytest.raises(WorkerDied):
        list(broken.results(die, [0]))
    closing = threading.Thread(target=broken.close, daemon=True)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()
