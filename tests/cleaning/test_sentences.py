"""Sentences, counted only as far as asked."""

import pytest

from cleaning import sentences
from cleaning.sentences import count_sentences, load_punkt, split_sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("No mark", 1),
        ("One line.\nAnother line.", 2),
        ("Why? Because! So there.", 3),
        ("Why?because!so there.", 1),
        ("Mr. Smith met Dr. Jones.", 1),
        ("J. R. R. Tolkien wrote it.", 1),
        ("It costs 3.50 today. Not 4.", 2),
        ("We met vs. the harbour.", 1),
        ("He left... The ferry stayed.", 2),
        ("He left... She stayed.", 1),
        ("He left... and she stayed.", 1),
        ('He said "stop." She did.', 2),
        ("(He left.) She stayed.", 2),
        ("One.\u00a0Two.", 2),
        ("! ? .", 3),
    ],
)
def test_sentences_are_those_of_punkt(text, count):
    assert count_sentences(text, 9) == count == len(load_punkt().tokenize(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("  ", []),
        ("No mark", ["No mark"]),
        ("One line.\nAnother line. ", ["One line.", "Another line."]),
        ("Mr. Smith met Dr. Jones.\t  Why?", ["Mr. Smith met Dr. Jones.", "Why?"]),
        (" Opens with a space. Ends.", [" Opens with a space.", "Ends."]),
    ],
)
def test_sentences_stand_as_in_the_text(text, found):
    assert split_sentences(text) == found == load_punkt().tokenize(text)


@pytest.mark.parametrize("at_most", [1, 2, 3])
def test_the_count_stops_where_asked(at_most):
    assert count_sentences("Why? Who? Where? When? How?", at_most) == at_most


def test_plain_breaks_settle_the_count_without_punkt(monkeypatch):
    monkeypatch.setattr(sentences, "load_punkt", None)
    assert count_sentences("Who was it? The captain sang. All danced.", 3) == 3
    with pytest.raises(TypeError):
        count_sentences("Who was it? The captain vs. All danced.", 3)


def test_breaks_far_into_a_text_are_counted_too():
    assert count_sentences("word " * 600 + "end? Then on! And on.", 3) == 3


def test_a_text_that_punkt_has_seen_leaves_nothing_behind():
    words_known = len(load_punkt()._params.ortho_context)
    count_sentences("Qwertzuiop vs. asdfghjkl etc. Yxcvbnm. qwertzuiop", 9)
    assert len(load_punkt()._params.ortho_context) == words_known
