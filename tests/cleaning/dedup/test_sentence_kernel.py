"""Many pages deduplicated at once, beside each alone; sentences that are certain."""

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaning.dedup.pages import deduplicate_page, deduplicate_pages
from cleaning.dedup.sentence_kernel import have_certain_sentences
from cleaning.dedup.spans import SpanUnit, digest_spans
from cleaning.sentences import count_sentences, reclassified
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import reference_pages
from cleaning.wet.records import Record, read_records

PIECES = (
    *(". ", "? ", "! ", ".\n", "...", " ", "\n", "\t", "\xa0", "_", "9", "\u00e9", "\u201d "),
    *("He left", "She", "mr", "Mr", "vs", "Sgt", "st", "J", "a.m", "etc", "hors", "caf\u00e9", "x"),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)


def certain(texts: list[str], count: int) -> list[bool]:
    return have_certain_sentences([text.encode() for text in texts], count)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4), st.integers(2, 4))
@example(["Who was it? The captain sang. All danced.", ""], 3)
@example(["One\ntwo. Three", "", "?! ?!"], 2)
def test_sentences_that_are_certain_are_punkts(texts, count):
    for text, is_certain in zip(texts, certain(texts, count), strict=True):
        assert not is_certain or count_sentences(text, count) == count


def test_plain_breaks_are_certain():
    texts = ["Who was it? The captain sang. All danced.", "The dog ran. A cat sat.", "A? B! C? D"]
    assert certain(texts, 3) == [True, False, True]


@pytest.mark.parametrize("word", sorted(reclassified()))
@pytest.mark.parametrize("case", [str, str.upper, str.capitalize])
def test_words_that_punkt_may_take_for_abbreviations_are_not_certain(word, case):
    assert certain([f"He met {case(word)}. The end"], 2) == [False]


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.randoms()), max_size=4),
    st.sampled_from(SpanUnit),
    st.integers(0, 3),
)
def test_pages_are_deduplicated_as_each_alone(pages, unit, min_sentences):
    texts = [text for text, _ in pages]
    kept = [flags(text, unit, draw.random) for text, draw in pages]
    alone = [
        deduplicate_page(text, flag and list(map(bool, flag)), unit, min_sentences)
        for text, flag in zip(texts, kept, strict=True)
    ]
    found = deduplicate_pages([text.encode() for text in texts], kept, unit, min_sentences)
    assert found == [(page.rule, page.text.encode()) for page in alone]


def flags(text: str, unit: SpanUnit, draw) -> bytes | None:
    """One for each span, drawn; None now and then."""
    spans = text.count("\n") + 1 if unit is SpanUnit.LINE else len(digest_spans(text)) // 16
    return bytes(draw() < 0.7 for _ in range(spans)) if draw() < 0.8 else None


def test_a_flag_for_each_line_is_required():
    with pytest.raises(ValueError, match="zip"):
        deduplicate_pages([b"One.\nTwo."], [b"\1"])


def test_real_pages_have_the_sentences_that_are_certain(shared_data):
    data = sorted((shared_data / "wet").glob("*.gz"))[0].read_bytes()
    texts = [
        page.text
        for record in read_records(inflate(io.BytesIO(data)))
        for page in (reference_pages(record) if isinstance(record, Record) else ())
    ]
    found = certain(texts, 3)
    assert sum(found) > 500
    assert all(count_sentences(text, 3) == 3 for text, yes in zip(texts, found, strict=True) if yes)
