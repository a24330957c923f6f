"""The paragraph filter of mC4."""

import pytest

from cleaning.filters.paragraphs import has_paragraphs


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([""], False),
        (["x" * 200] * 2, False),
        (["x" * 200] * 3, True),
        (["x" * 200] * 2 + ["x" * 199], False),
        (["x" * 200, "x" * 199, "x" * 199, "x" * 200, "", "x" * 200], True),
        (["x" * 199] * 50, False),
        (["x" * 100_000] * 2 + ["y"] * 9, False),
        (["é" * 200] * 3, True),
        (["é" * 199] * 3, False),
        (["é" * 100] * 3, False),
        (["語" * 200] * 3, True),
        (["語" * 199] * 3, False),
        (["語" * 67] * 3, False),
        (["🖕" * 200] * 3, True),
        (["🖕" * 50] * 3, False),
        (["x" * 199 + "é"] * 3, True),
        (["x" * 198 + "é"] * 3, False),
        (["e\u0301" * 100] * 3, True),
        (["x" * 200] * 2 + ["語" * 199, "語" * 200], True),
    ],
)
def test_a_page_needs_three_lines_of_200_characters(lines, found):
    assert has_paragraphs("\n".join(lines).encode()) is found


@pytest.mark.parametrize(
    ("min_paragraphs", "min_chars", "found"),
    [
        (3, 10, True),
        (3, 11, False),
        (2, 12, True),
        (4, 0, True),
        (5, 0, False),
        (0, 200, True),
        (1, 12, True),
        (1, 13, False),
    ],
)
def test_how_many_lines_and_how_long_are_choices(min_paragraphs, min_chars, found):
    lines = ["x" * 12, "語" * 12, "x" * 10, "x" * 9]
    assert has_paragraphs("\n".join(lines).encode(), min_paragraphs, min_chars) is found


def test_no_page_falls_where_no_paragraph_is_asked_for():
    assert has_paragraphs(b"", 0, 200)
