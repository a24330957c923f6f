"""SIGTERM during training: the step that runs is ended, and a checkpoint written."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
from jax.experimental import multihost_utils

from runtime.errors import Terminated


class Termination:
    """Takes SIGTERM as a wish while steps run. Use as a context manager.

    A step gives its buffers away, so that an exception in the middle of one would lose the state.
    """

    def __init__(self, hosts: int = 1) -> None:
        """Does nothing yet.

        Args:
          hosts: their number; with several, all stop at the same step.
        """
        self._hosts, self._asked, self._at_once = hosts, False, False

    def __enter__(self) -> "Termination":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._before)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True
        if self._at_once:
            raise Terminated

    def asked(self, together: bool) -> bool:
        """True if SIGTERM came, to any host.

        Args:
          together: True where all hosts call this; False says False with several hosts.
        """
        if self._hosts == 1:
            return self._asked
        return together and bool(multihost_utils.process_allgather(np.array(self._asked)).any())

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block that SIGTERM ends at once on a single host; it must not change the state.

        Raises:
          Terminated: SIGTERM came, now or before.
        """
        if self._hosts > 1:
            yield
            return
        self._at_once = True
        try:
            if self._asked:
                raise Terminated
            yield
        finally:
            self._at_once = False
