"""Lines decided in bulk, lines decided one by one, pages that need the exact path."""

import pytest

from cleaning.filters.clean_vectorized import find_lines
from cleaning.wet.pages import METADATA_PREFIXES

UNICODE_WHITESPACE = [chr(code) for code in range(0x110000) if chr(code).isspace()]
UNICODE_BREAKS = [space for space in UNICODE_WHITESPACE if len(f"a{space}b".splitlines()) == 2]


SAIL = "We all sail on Sunday"


@pytest.mark.parametrize(
    ("block", "no_endmark", "short", "kept"),
    [
        ("", 0, 0, ""),
        ("\n\n", 0, 0, ""),
        (f"Home\n{SAIL}.\nMenu", 2, 0, f"{SAIL}."),
        (f"{SAIL}.\n{SAIL}?\n{SAIL}!\n{SAIL}\"\n{SAIL}]\n{SAIL})", 2, 0,
         f"{SAIL}.\n{SAIL}?\n{SAIL}!\n{SAIL}\""),
        (f"{SAIL}..\n{SAIL}...\n{SAIL}....", 2, 0, f"{SAIL}.."),
        ("one two three four.\none two three four five.", 0, 1, "one two three four five."),
        ("..\n.\n...\n....", 2, 2, ""),
        (f"{SAIL} ñ\n語\n{SAIL} ﬁ.", 2, 0, f"{SAIL} ﬁ."),
        (f"{SAIL} (see [x]) and [y].", 0, 0, f"{SAIL} (see [x]) and [y]."),
        (f"{SAIL} " + "x" * 999 + ".", 0, 0, f"{SAIL} " + "x" * 999 + "."),
    ],
)  # fmt: skip
def test_plain_lines_are_judged_at_once(block, no_endmark, short, kept):
    (found,) = find_lines([block.encode()])
    assert not found.exact and found.settled
    assert (found.no_endmark, found.short, found.kept.decode()) == (no_endmark, short, kept)


@pytest.mark.parametrize(
    "odd",
    [
        f" {SAIL}.",
        f"{SAIL}. ",
        f"{SAIL}  again.",
        f"{SAIL}\tagain.",
        f"{SAIL}. [12]",
        f"{SAIL} []again.",
        f"[edit] {SAIL}.",
        f"{SAIL}[citation needed].",
        "x" * 1001,
        "x" * 1001 + f" {SAIL}.",
        f"{SAIL} " + "語" * 400 + ".",
    ],
)
@pytest.mark.parametrize("before", ["", "Home\n"])
def test_a_line_with_anything_unusual_leaves_its_page_to_be_decided_line_by_line(before, odd):
    one, found, other = find_lines([b"one.", f"{before}{odd}\n{SAIL}.".encode(), b"two."])
    assert (one.settled, found.settled, other.settled) == (True, False, True)
    assert found.kept.decode() == f"{odd}\n{SAIL}."
    assert (found.no_endmark, found.short) == (bool(before), 0)


@pytest.mark.parametrize("space", UNICODE_WHITESPACE, ids=lambda space: f"U+{ord(space):04X}")
@pytest.mark.parametrize("line", ["A line.{}", "{}A line.", "We all sail{}on Sunday."])
def test_whitespace_of_any_kind_is_seen(line, space):
    """A single plain space between words is all that settles a line."""
    (found,) = find_lines([f"one\n{line.format(space)}\ntwo".encode()])
    plain = space == "\n" or (space == " " and "sail{}" in line)
    assert found.exact or found.settled == plain


@pytest.mark.parametrize("line_break", sorted({*UNICODE_BREAKS, "\x1f"} - {"\n"}), ids=ascii)
def test_any_other_line_break_needs_the_exact_path(line_break):
    sail = f"{SAIL}.".encode()
    one, other, third = find_lines([sail, f"a.{line_break}b.".encode(), sail])
    assert (one.exact, other.exact, third.exact) == (False, True, False)
    assert (one.kept, third.kept) == (sail, sail)


@pytest.mark.parametrize("prefix", METADATA_PREFIXES)
@pytest.mark.parametrize("space", ["", *UNICODE_WHITESPACE], ids=ascii)
def test_a_header_like_line_needs_the_exact_path(space, prefix):
    first, second = find_lines([b"one.", f"one.\n{space}{prefix}x\ntwo.".encode()])
    assert (first.exact, second.exact) == (False, True)


@pytest.mark.parametrize(
    "line", ["WAR", "War", "Content", "CONTENTS", "content-", "x WARC", "¡WARC"]
)
def test_an_ordinary_line_does_not(line):
    (found,) = find_lines([line.encode()])
    assert not found.exact


def test_each_page_of_a_batch_gets_its_own_lines():
    sail = SAIL.encode()
    blocks = [b"", sail + b".\nHome", b"\n", b"Menu\n", b"two.\n\n" + sail + b"?", b" three."]
    rows = [(row.settled, row.no_endmark, row.short, row.kept) for row in find_lines(blocks)]
    assert rows == [
        (True, 0, 0, b""),
        (True, 1, 0, sail + b"."),
        (True, 0, 0, b""),
        (True, 1, 0, b""),
        (True, 0, 1, sail + b"?"),
        (False, 0, 0, b" three."),
    ]
