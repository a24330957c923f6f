"""The local process pool: one a process, shared by all stages of a run.

Beam's own local modes hardly use a second core (docs/performance.md has the figures), so the
in-process runner hands its tasks to this pool. Workers come from a fork server that imports once
what their work needs, and never Beam.
"""

import gc
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from runtime.errors import RunFailed, Terminated
from runtime.redaction import redact_output
from runtime.workers.processes import (
    kill_workers,
    start_fork_server,
    uninterrupted,
    when_interruptible,
)

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
TaskT = TypeVar("TaskT")
_POLL_SECONDS = 0.2


class WorkerDied(RunFailed):
    """A worker process ended before its task."""


class Pool:
    """Worker processes, and a listener that hears of every task that ends.

    Args:
      workers: how many processes; 0 for one a core.
      preload: the module that the fork server imports.
      resumable: True if tasks leave results for the next run, so that it pays to let running ones
        end when the command is stopped.
    """

    def __init__(self, workers: int, preload: str, resumable: bool = True) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([preload])
        start_fork_server()
        self.workers = workers or available_cores()
        self.resumable = resumable
        self.listener: Callable[[Any], None] = lambda _: None
        self.failure: BaseException | None = None
        self.busy = self.stopping = self._is_broken = self._is_closing = False
        self._unended: set[Future[Any]] = set()
        self._executor = ProcessPoolExecutor(self.workers, context, _start_worker)

    def warm_up(self) -> None:
        """Starts the processes while the caller goes on: importing takes them a while."""
        with uninterrupted():
            for _ in range(self.workers):
                self._executor.submit(os.getpid)

    def submit(
        self, work: Callable[P, ResultT], *arguments: P.args, **named: P.kwargs
    ) -> Future[ResultT]:
        """Calls a function in a worker."""
        self.busy = True
        try:
            with uninterrupted():
                future = self._executor.submit(work, *arguments, **named)
        except BrokenProcessPool as error:
            self._fail(error)
            raise
        self._unended.add(future)
        future.add_done_callback(self._unended.discard)
        future.add_done_callback(self._tell)
        return future

    def settle(self) -> None:
        """Waits for the tasks that still run after one has failed, and forgets the failure."""
        self.listener = lambda _: None
        wait(set(self._unended))
        self.failure = None

    def results(
        self, work: Callable[[TaskT], ResultT], tasks: Iterable[TaskT]
    ) -> Iterator[tuple[TaskT, ResultT]]:
        """Tasks with their results, as they end.

        Raises:
          Exception: the first that a task raised.
          Terminated: the pool was stopped.
        """
        # Not `as_completed`, which never hears of futures that a pool that is stopped cancels.
        ended: SimpleQueue[Future[ResultT]] = SimpleQueue()
        futures: dict[Future[ResultT], TaskT] = {}
        try:
            for task in tasks:
                futures[future := self.submit(work, task)] = task
                future.add_done_callback(ended.put)
            for _ in range(len(futures)):
                future = ended.get()
                yield futures[future], future.result()
        except Exception as error:
            if self.stopping:
                raise Terminated from None
            raise (self.failure or error) from None
        finally:
            for future in futures:
                future.cancel()

    def _tell(self, future: Future[Any]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self.listener(future.result())
        else:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Keeps the first error, in words that help."""
        if isinstance(error, BrokenProcessPool):
            self._is_broken = True
            error = WorkerDied(
                "a worker process was ended from outside, perhaps for want of memory; "
                "fewer --num_workers need less"
            )
        self.failure = self.failure or error

    def stop(self) -> None:
        """Drops the tasks not begun; those under way end. A signal handler may call it anywhere."""
        self.stopping = True
        if not self._is_closing:
            when_interruptible(partial(self._executor.shutdown, wait=False, cancel_futures=True))

    def close(self) -> None:
        """Ends the workers; tasks not begun are dropped, running ones end if that pays.

        A broken executor waits for ever for a worker that was starting while it ended the others.
        """
        self._is_closing = True
        if self._is_broken or not self.resumable:
            kill_workers()
        self._executor.shutdown(wait=True, cancel_futures=True)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker() -> None:
    """Batches are released by reference counts; cycles are collected between tasks."""
    gc.disable()
    redact_output()
    # What is printed about files that are downloaded; the run's own process shows it as it comes.
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("c4forge").setLevel(logging.INFO)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this worker when the run's process is gone: one that is killed cannot tell it to."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


_pool: Pool | None = None


def open_pool(workers: int, preload: str, resumable: bool = True) -> Pool:
    """Opens the process's pool; a second one while it is open is a mistake of the caller."""
    global _pool
    if _pool is not None:
        raise RuntimeError("a pool is open already; close_pool() comes first")
    _pool = Pool(workers, preload, resumable)
    return _pool


def current_pool() -> Pool:
    """The open pool, to which the local runner's steps submit."""
    if _pool is None:
        raise RuntimeError("no pool is open; the local runner needs open_pool()")
    return _pool


def close_pool() -> None:
    """Closes the open pool, if any."""
    global _pool
    if _pool is not None:
        _pool.close()
        _pool = None


def stop_tasks() -> bool:
    """Stops the open pool if tasks are running that are worth their end; False if none are."""
    if _pool is None or not _pool.busy or not _pool.resumable:
        return False
    _pool.stop()
    return True


def is_stopped() -> bool:
    """True if the open pool was stopped."""
    return _pool is not None and _pool.stopping


def run_apart(work: Callable[P, ResultT], *arguments: P.args, **named: P.kwargs) -> ResultT:
    """Calls a function in a process of its own, which ends with this one.

    For work in C++ that neither stops at Ctrl-C nor, where memory runs out, leaves a word.

    Raises:
      WorkerDied: the process was ended from outside.
      Terminated: the open pool was stopped.
    """
    start_fork_server()
    context = multiprocessing.get_context("forkserver")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(send, work, arguments, named), daemon=True)
    with uninterrupted():
        process.start()
    send.close()
    try:
        while not receive.poll(_POLL_SECONDS):
            if is_stopped():
                raise Terminated
        done, value = receive.recv()
    except EOFError:
        raise WorkerDied("the process was ended from outside, perhaps for want of memory") from None
    finally:
        process.kill()
        process.join()
        receive.close()
    if not done:
        raise value
    result: ResultT = value
    return result


def _call(
    send: Connection, work: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    try:
        answer: tuple[bool, Any] = True, work(*arguments, **named)
    except Exception as error:  # the caller's, in its own process
        answer = False, error
    send.send(answer)
