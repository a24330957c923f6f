"""Lines that can survive, found by their last byte; pages that need the exact path."""

import pytest

from cleaning.lines import find_lines
from cleaning.pages import METADATA_PREFIXES

UNICODE_WHITESPACE = [chr(code) for code in range(0x110000) if chr(code).isspace()]
UNICODE_BREAKS = [space for space in UNICODE_WHITESPACE if len(f"a{space}b".splitlines()) == 2]


@pytest.mark.parametrize(
    ("block", "dropped", "kept"),
    [
        ("", 0, ""),
        ("\n\n", 0, ""),
        ("Home\nA line.\nMenu", 2, "A line."),
        ("one.\ntwo?\nthree!\nfour\"\nfive]\nsix)\nseven'", 2, 'one.\ntwo?\nthree!\nfour"\nfive]'),
        ("one\ttab\nends in tab\t\nends in nbsp\u00a0", 1, "ends in tab\t\nends in nbsp\u00a0"),
        ("ñ\n語\nﬁ.", 2, "ﬁ."),
        ("x" * 1000 + "\n" + "x" * 1001, 1, "x" * 1001),
        ("a.\x00", 1, ""),
    ],
)
def test_lines_are_parted_by_their_last_byte(block, dropped, kept):
    (found,) = find_lines([block.encode()])
    assert (found.exact, found.dropped, found.kept.decode()) == (False, dropped, kept)


@pytest.mark.parametrize("space", UNICODE_WHITESPACE, ids=lambda space: f"U+{ord(space):04X}")
def test_a_mark_before_any_whitespace_is_not_missed(space):
    (found,) = find_lines([f"one\nA line.{space}\ntwo".encode()])
    assert found.exact or "A line." in found.kept.decode()


@pytest.mark.parametrize("line_break", sorted({*UNICODE_BREAKS} - {"\n"}), ids=ascii)
def test_any_other_line_break_needs_the_exact_path(line_break):
    one, other, third = find_lines([b"one.", f"a.{line_break}b.".encode(), b"two."])
    assert (one.exact, other.exact, third.exact) == (False, True, False)
    assert (one.kept, third.kept) == (b"one.", b"two.")


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
    blocks = [b"", b"one.\nHome", b"\n", b"Menu\n", b"two.\n\nthree."]
    rows = [(found.dropped, found.kept) for found in find_lines(blocks)]
    assert rows == [(0, b""), (1, b"one."), (0, b""), (1, b""), (0, b"two.\nthree.")]
