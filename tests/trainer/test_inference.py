import pytest

from trainer.inference import split_lines

LINES = [
    ("", []),
    ("a", ["a"]),
    ("a\n", ["a"]),
    ("a\r\nb\r\n", ["a", "b"]),
    ("\n\na\n", ["", "", "a"]),
    ("a\u2028b\u0085c\fd\x1ce\rf\n", ["a\u2028b\u0085c\fd\x1ce\rf"]),
    ("\ufeffa\nb", ["a", "b"]),
]


@pytest.mark.parametrize(("text", "lines"), LINES)
def test_lines_end_at_newlines_only(text, lines):
    assert split_lines(text.encode()) == lines
