"""Tables in terminals of several widths, and in a pipe: every number is there, whole."""

import fcntl
import io
import os
import re
import struct
import termios
import threading

import pytest

from cleaning.rules import RULES
from cleaning.variants import VARIANTS
from pipelines.run.progress import print_summary
from runtime.cli.tables import Column, Place, print_table
from tests.vocab.small import small_model
from tests.vocab.test_inspect import measured
from vocab.inspection.tables import Inspection, print_inspection
from vocab.vocabulary import Vocabulary

WIDTHS = (60, 80, 100, 120)
ONE = ["en"]
ALL = [variant.name for variant in VARIANTS.values()]
MEANINGS = {rule.meaning for rule in RULES}


def counts(names: list[str]) -> dict[str, dict[str, int]]:
    """A different number of up to 12 digits for each rule and variant."""
    numbers = {name: 10**11 + 10**9 * row for row, name in enumerate(names)}
    own = {"own-filter:a_function_of_a_rather_long_name/filtered:of_a_reason": 7}
    return {
        name: {rule.name: start + row for row, rule in enumerate(RULES)} | own
        for name, start in numbers.items()
    }


def in_terminal(show, width: int) -> list[str]:
    """What is shown in a terminal so wide, its styles removed."""
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    read: list[bytes] = []

    def drain() -> None:
        try:
            while part := os.read(leader, 65536):
                read.append(part)
        except OSError:  # nobody writes any more
            pass

    thread = threading.Thread(target=drain)
    thread.start()
    with os.fdopen(follower, "w") as stream:
        show(stream)
    thread.join()
    os.close(leader)
    return re.sub(r"\x1b\[[0-9;]*m", "", b"".join(read).decode()).replace("\r", "").splitlines()


def in_pipe(show) -> list[str]:
    stream = io.StringIO()
    show(stream)
    return stream.getvalue().splitlines()


@pytest.fixture(autouse=True)
def no_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize("names", [ONE, ALL], ids=["one", "all"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_rules_keep_their_numbers_and_names(names, width):
    by_variant = counts(names)
    lines = in_terminal(lambda stream: print_summary(by_variant, stream), width)
    shown = [rule for rule in RULES if not (rule.unit == "files" and rule.keeps)]
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for name in names:
        assert (name if len(names) > 1 else "count") in words
        for rule in shown:
            assert words.count(f"{by_variant[name][rule.name]:,}") == 1
    assert width < 80 or all(rule.name in words for rule in shown)
    joined = "".join("".join(lines).split())  # a long name takes several lines
    assert "own-filter:a_function_of_a_rather_long_name" in joined and "of_a_reason" in joined


def test_words_come_as_there_is_room():
    def words(width: int) -> tuple[bool, bool]:
        lines = in_terminal(
            lambda stream: print_summary({"en": {RULES[-1].name: 5}}, stream), width
        )
        return "unit" in lines[0], "meaning" in lines[0]

    assert [words(width) for width in (40, 60, 120)] == [
        (False, False), (True, False), (True, True),
    ]  # fmt: skip


@pytest.mark.parametrize("names", [ONE, ALL], ids=["one", "all"])
def test_a_pipe_has_one_table_with_everything_and_no_blanks_at_the_end(names):
    by_variant = counts(names)
    lines = in_pipe(lambda stream: print_summary(by_variant, stream))
    assert lines == [line.rstrip() for line in lines]
    assert all(f"{n:,}" in "\n".join(lines) for of in by_variant.values() for n in of.values()
               if n % 10**9 > 0)  # fmt: skip
    assert lines[0].split()[-2:] == ["unit", "meaning"] and "" not in lines
    assert all(any(line.endswith(f" {meaning}") for line in lines) for meaning in MEANINGS
               if meaning != "WET files read")  # fmt: skip


def test_the_width_may_be_stated(monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    lines = in_pipe(lambda stream: print_summary(counts(ALL), stream))
    assert max(map(len, lines)) <= 70 and "" in lines


@pytest.mark.parametrize("width", WIDTHS)
def test_measures_of_a_vocabulary_keep_their_numbers(width):
    found = measured("一 word and another. " * 50)
    vocabulary = Vocabulary("spiece.model", small_model("t5"))
    inspection = Inspection(vocabulary, ("c",), 1.0, {"en": found, "zh-Latn": found})
    lines = in_terminal(lambda stream: print_inspection(inspection, stream), width)
    table = [line for line in lines if line.strip()]
    assert max(map(len, table[:-1])) <= width  # the last is prose
    for shown in (f"{found.tokens:,}", f"{found.characters_a_token():.3f}"):
        assert shown in " ".join(table).split()


def test_a_row_without_a_number_is_in_no_table():
    columns = (
        Column("rule", Place.KEY, ["both", "one", "other"]),
        Column("first", Place.NUMBER, ["1" * 10, "2" * 10, ""]),
        Column("second", Place.NUMBER, ["3" * 10, "", "4" * 10]),
    )
    lines = in_terminal(lambda stream: print_table(columns, stream), 25)
    assert lines == [
        "rule        first", "both   1111111111", "one    2222222222", "",
        "rule       second", "both   3333333333", "other  4444444444",
    ]  # fmt: skip
