"""Sentences hold every character of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocab.sampling.sentences import cut, sentences

LIMIT = 24
texts = st.text(alphabet=st.sampled_from("ab é中 \n"), max_size=120)


def made(text: str, keep_newlines: bool = False, limit: int = LIMIT) -> list[str]:
    return [s.decode() for s in sentences(text.encode(), limit, keep_newlines)]


@pytest.mark.parametrize(
    ("text", "keep", "expected"),
    [
        ("one\ntwo\n\nthree", False, ["one", "two", "three"]),
        ("one\ntwo\n\nthree", True, ["one\ntwo\n\nthree"]),
        ("", False, []),
        ("a▅b", False, ["a b"]),
        ("aaaaaaaaaa bbbbbbbbbb cccccccccc", False, ["aaaaaaaaaa bbbbbbbbbb", " cccccccccc"]),
        ("中" * 9, False, ["中" * 8, "中"]),
        ("aaaaaaaaaa\nbbbbbbbbbb\ncccccccccc", True, ["aaaaaaaaaa\nbbbbbbbbbb", "cccccccccc"]),
    ],
)
def test_sentences(text, keep, expected):
    assert made(text, keep) == expected


@given(texts)
def test_lines_are_cut_and_nothing_is_lost(text):
    found = made(text)
    assert all(0 < len(s.encode()) <= LIMIT for s in found)
    assert "".join(found) == text.replace("\n", "")


@given(texts)
def test_with_newlines_kept_only_those_at_the_ends_of_sentences_go(text):
    found = made(text, keep_newlines=True)
    assert all(len(s.encode()) <= LIMIT for s in found)
    assert "".join(found).replace("\n", "") == text.replace("\n", "")


@given(texts, st.integers(4, 40))
def test_a_cut_never_parts_a_character(text, limit):
    pieces = list(cut(text.encode(), limit))
    assert "".join(piece.decode() for piece in pieces) == text
    assert all(len(piece) <= limit for piece in pieces)
