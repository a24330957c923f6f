"""Work in a process of its own ends with its caller, and says so when it is ended."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import process
from multiprocessing.process import BaseProcess

import pytest

from runtime.errors import Terminated
from runtime.workers import pool
from runtime.workers.pool import Pool, WorkerDied, run_apart
from tests.conftest import REPOSITORY


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


_SIGTERM = """
import os, signal, sys, time
from concurrent.futures import process
from runtime.command import run_command
from runtime.workers import pool

place, sent = sys.argv[1], []

def wakeup(self, original=process._ThreadWakeup.wakeup):
    caller = sys._getframe(1)
    if caller.f_code.co_name == place and pool.current_pool().busy and not sent:
        sent.append(os.kill(os.getpid(), signal.SIGTERM))
    return original(self)

def work():
    for _ in pool.open_pool(2, "runtime.units").results(time.sleep, [0.2] * 9):
        pass
    return 0

if __name__ == "__main__":
    process._ThreadWakeup.wakeup = wakeup
    sys.exit(run_command("sleep", work))
"""


@pytest.mark.parametrize(("place", "code"), [("submit", 143), ("shutdown", 0)])
def test_sigterm_while_the_executor_holds_its_lock(tmp_path, place, code):
    """Its handler stops the pool, which takes that lock, too: a wait for ever."""
    script = tmp_path / "work.py"
    script.write_text(_SIGTERM)
    ran = subprocess.run(
        [sys.executable, str(script), place],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "SIGTERM: ending after the running tasks." in ran.stderr
    assert ran.returncode == code and "Traceback" not in ran.stderr
