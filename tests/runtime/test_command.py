"""Errors and signals become exit codes, the same for every command."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.cli.version import versions
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import InputRefused, RunFailed, Terminated, UsageError, planning


def raising(error: BaseException):
    def work() -> int:
        raise error

    return work


KEPT = "What is done is kept: the same command goes on from here.\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            UsageError("--a: wrong\n--b: wrong"),
            2,
            "c4forge x: error: --a: wrong\nc4forge x: error: --b: wrong\n"
            "Nothing was done. --help lists all options.\n",
        ),
        (InputRefused("too much is damaged"), 3, "Failed: too much is damaged\n"),
        (RunFailed("a worker died"), 1, f"Failed: a worker died\n{KEPT}"),
        (
            OSError(28, "No space left on device"),
            1,
            "Failed: a disk is full: [Errno 28] No space left on device. Free some space and "
            f"run the same command again.\n{KEPT}",
        ),
        (KeyboardInterrupt(), 130, f"\nStopped. {KEPT}"),
        (Terminated(), 143, f"Stopped. {KEPT}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_consequence_has_its_code_and_lines(error, code, said, capsys):
    assert run_command("c4forge x", raising(error)) == code
    assert capsys.readouterr().err == said


def test_a_mistake_of_ours_keeps_its_traceback_and_says_what_a_report_needs(capsys):
    with pytest.raises(KeyError):
        run_command("c4forge x", raising(KeyError("x")))
    said = capsys.readouterr().err
    assert said.startswith("This is a defect of c4forge.")
    assert said.endswith(f"\n{versions('c4forge x')}\n")


def test_what_is_left_is_told_by_the_command(capsys):
    run_command("c4forge x", raising(RunFailed("no")), kept=NOTHING_WRITTEN)
    assert capsys.readouterr().err == "Failed: no\nNothing was written.\n"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)]
)
def test_signals_end_the_work_and_their_handlers_go_with_it(number, code, capsys):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]

    def work() -> int:
        os.kill(os.getpid(), number)
        return Exit.DONE

    assert run_command("c4forge x", work) == code
    assert "Stopped." in capsys.readouterr().err
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    assert after == before


def test_an_interrupt_that_a_library_swallows_comes_again():
    def work() -> int:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
        return Exit.DONE

    assert run_command("c4forge x", work) == Exit.INTERRUPTED


def test_a_file_that_cannot_be_read_while_planning_is_a_usage_error():
    with pytest.raises(UsageError, match="No such file"), planning():
        Path("/nowhere").read_bytes()
