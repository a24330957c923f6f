"""No command is silent for long: lines in a pipe, a line that changes on a terminal."""

import io
import re
import sys
import time

import pytest

from runtime.cli import console
from runtime.cli.console import LiveLine, at_work, doing, say
from runtime.redaction import redacted_output
from tests.runtime.cli.test_tables import in_terminal


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(console, "_OFTEN_SECONDS", 0.02)
    monkeypatch.setattr(console, "_DOING_SECONDS", 0.01)


def wait_for(text: str, stream: io.StringIO, times: int = 1) -> None:
    """Ends at once if the text comes; never, and the test with its limit, if not."""
    limit = time.monotonic() + 60
    while stream.getvalue().count(text) < times:
        assert time.monotonic() < limit, stream.getvalue()
        time.sleep(0.005)


def test_a_pipe_gets_a_line_at_once_and_more_in_silence():
    stream = io.StringIO()
    with LiveLine(lambda _: "reading", stream):
        assert stream.getvalue() == "0:00 reading\n"
        wait_for("0:00 reading\n", stream, times=3)


def test_nothing_follows_the_block():
    stream = io.StringIO()
    with LiveLine(lambda _: "reading", stream):
        pass
    told = stream.getvalue()
    time.sleep(0.1)
    assert stream.getvalue() == told


def test_the_inner_block_speaks():
    outer, inner = io.StringIO(), io.StringIO()
    with LiveLine(lambda _: "outer", outer):
        with doing("inner", inner):
            wait_for("inner", inner, times=2)
            assert outer.getvalue() == "0:00 outer\n"
        wait_for("outer", outer, times=2)


def test_lines_come_seldom_after_a_while(monkeypatch):
    monkeypatch.setattr(console, "_OFTEN_UNTIL_SECONDS", 0.0)
    monkeypatch.setattr(console, "_SELDOM_SECONDS", 3600.0)
    stream = io.StringIO()
    with LiveLine(lambda _: "reading", stream):
        time.sleep(0.2)
    assert stream.getvalue().count("reading") == 1


def test_work_that_says_nothing_is_told_to_go_on(monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    with at_work("c4forge x"):
        wait_for("c4forge x is at work", stream, times=2)


def test_work_that_speaks_is_left_alone(capsys, monkeypatch):
    monkeypatch.setattr(console, "_OFTEN_SECONDS", 3600.0)
    with at_work("c4forge x"):
        say("a line")
    assert capsys.readouterr().err == "a line\n"


def test_a_terminal_rewrites_its_line():
    def show(stream) -> None:
        with LiveLine(lambda _: "reading", stream) as line:
            line.print_above("a note")
            with doing("inner", stream):  # the outer one stays
                time.sleep(0.1)
            time.sleep(0.4)

    lines = in_terminal(show, 80)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "\n", "\n".join(lines))
    assert "inner" not in text and text.count("a note") == 1
    assert text.count("0:00 reading") >= 2


def test_a_short_block_says_nothing(monkeypatch):
    monkeypatch.setattr(console, "_DOING_SECONDS", 3600.0)
    stream = io.StringIO()
    with doing("importing", stream):
        pass
    assert stream.getvalue() == ""


EVIL = "x\x1b[1A\x1b[2K\x1b]0;title\x07\x1b[31m\rFailed"


def test_no_text_moves_the_cursor_of_a_terminal(monkeypatch):
    def show(stream):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        with redacted_output(), LiveLine(lambda _: f"reading {EVIL}", sys.stderr) as line:
            line.print_above(f"above {EVIL}")
            say(f"said {EVIL}")
            print(f"printed {EVIL}")
            time.sleep(0.3)

    text = "\n".join(in_terminal(show, 300))
    shown = r"x\x1b[1A\x1b[2K\x1b]0;title\x07\x1b[31m\rFailed"
    for what in ("above", "said", "printed", "reading"):
        assert f"{what} {shown}" in text
    assert "]0;title\x07" not in text and "x\x1b[1A" not in text
