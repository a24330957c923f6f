"""Spans of three sentences, and pages without some of them."""

import pytest
import xxhash

from cleaning.dedup.spans import digest_spans, page_sentences, remove_spans

A, B, C, D, E = (
    "The ferry leaves at ten.",
    "Does it sail on Sundays?",
    "Nobody was left!",
    "Mr. Vale sang.",
    "All danced.",
)


def digests(text: str) -> list[bytes]:
    """One for each span."""
    joined = digest_spans(text)
    assert len(joined) % 16 == 0
    return [joined[at : at + 16] for at in range(0, len(joined), 16)]


def digest(*sentences: str) -> bytes:
    return xxhash.xxh3_128_digest("\n".join(sentences).encode())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", [[]]),
        (A, [[A]]),
        (f"{A} {B}\n{C}", [[A, B], [C]]),
        (f"{A}  {B} ", [[A, B]]),
        (f" {A} {B}", [[f" {A}", B]]),
        (f"{A}\n\n{B}", [[A], [], [B]]),
        ("We met Mr.\nVale at ten.", [["We met Mr."], ["Vale at ten."]]),
    ],
)
def test_sentences_are_those_of_each_line(text, sentences):
    assert page_sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        (A, []),
        (f"{A} {B}", []),
        (f"{A}\n{B}", []),
        (f"{A} {B} {C}", [(A, B, C)]),
        (f"{A}\n{B}\n{C}", [(A, B, C)]),
        (f"{A} {B}\n{C}", [(A, B, C)]),
        (f"{A}  {B}\n\n{C} ", [(A, B, C)]),
        (f"{A} {B} {C} {D}", [(A, B, C), (B, C, D)]),
        (f"{A}\n{B} {C} {D}\n{E}", [(A, B, C), (B, C, D), (C, D, E)]),
        (f"{A} {A} {A} {A}", [(A, A, A), (A, A, A)]),
        ("Ünö! Dos? \ud800 Tres.", [("Ünö!", "Dos?", "\ud800 Tres.")]),
    ],
)
def test_a_page_has_a_span_for_each_three_sentences_that_follow_one_another(text, spans):
    expected = ["\n".join(span).encode(errors="surrogatepass") for span in spans]
    assert digests(text) == [xxhash.xxh3_128_digest(span) for span in expected]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{A} {B} {C}", f"{A} {B} {C}".upper()),
        (f"{A} {B} {C}", f"{A} {C} {B}"),
        (f"{A} {B} {C}", f"{A} {B} {C[:-1]}"),
        (f"{A} {B} {C}", f"{A} {B} {C}".replace("at ten", "at  ten")),
    ],
)
def test_sentences_are_compared_as_they_stand(one, other):
    assert set(digests(one)).isdisjoint(digests(other))


FIVE = f"{A} {B}\n{C}\n{D} {E}"


@pytest.mark.parametrize(
    ("text", "kept", "left"),
    [
        ("", [], ""),
        (f"{A}  {B}", [], f"{A}  {B}"),
        (FIVE, [True, True, True], FIVE),
        (FIVE, [False, True, True], f"{D} {E}"),
        (FIVE, [True, False, True], f"{A}\n{E}"),
        (FIVE, [True, True, False], f"{A} {B}"),
        (FIVE, [False, False, True], E),
        (FIVE, [True, False, False], A),
        (FIVE, [False, True, False], ""),
        (FIVE, [False, False, False], ""),
        (f"{A}  {B} {C}", [False], ""),
        (f"{A}  {B} {C} {D}", [False, True], D),
        (f"{A}  {B} {C} {D}", [True, False], A),
        (f"{A}  {B}\t {C} {D}", [True, True], f"{A}  {B}\t {C} {D}"),
        (f"{A}\n{B}\n{C}\n{D}", [True, False], A),
        (f"{A}\n{B}\n{C}\n{D}", [False, True], D),
        (f"{A} {B}  {C} {D} {E}\n{A}  {B}", [True, False, True, True, True], f"{A} {E}\n{A}  {B}"),
        (f" {A}  {B}\n{C} {D} {E}", [True, True, False], f" {A}  {B}"),
        (f"{A}\n\n{B} {C} {D}", [True, False], f"{A}\n"),
    ],
)
def test_the_sentences_of_dropped_spans_go_and_lines_that_lost_none_stay_as_they_are(
    text, kept, left
):
    assert len(kept) == len(digests(text))
    assert remove_spans(text, kept) == left


def test_spans_that_share_sentences_go_by_themselves():
    """A sentence is dropped with any dropped span, even if its other spans are kept."""
    six = f"{A} {B} {C} {D} {E} {A}"
    assert remove_spans(six, [True, True, False, True]) == f"{A} {B} {A}"
    assert remove_spans(six, [False, True, True, False]) == ""


def test_the_digest_of_a_span_is_of_its_sentences_joined_by_newlines():
    assert digests(f"{A} {B} {C}") == [digest(A, B, C)]
