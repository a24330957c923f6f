"""What each preset does with `{`, newlines, digits and rare scripts: docs/vocab.md, row by row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from tests.corpora.written import documents, write_shards
from tests.vocab.sampling.test_sample import draw
from tests.vocab.small import recipe, small_processor
from vocab.training import train_model


def shown(preset: str, text: str) -> str:
    """What a text becomes when it is encoded and decoded."""
    processor = small_processor(preset)
    return processor.decode(processor.encode(text))


@pytest.mark.parametrize(
    ("preset", "text", "expected"),
    [
        # T5: newlines and runs of spaces are one space, forms are unified, what is rare is unknown.
        ("t5", "one\n\ntwo", "one two"),
        ("t5", "  one   two ", "one two"),
        ("t5", "one\ttwo", "one two"),
        ("t5", "ﬁne", "fine"),
        ("t5", "the 中 end", "the  ⁇  end"),
        # mT5: the same, but nothing is unknown.
        ("mt5", "one\n\ntwo", "one two"),
        ("mt5", "ﬁne", "fine"),
        ("mt5", "the 中 end 🙂", "the 中 end 🙂"),
        # PaLM: all of it stays.
        ("palm", "one\n\ntwo", "one\n\ntwo"),
        ("palm", "  one   two ", "  one   two "),
        ("palm", "one\ttwo\r\n", "one\ttwo\r\n"),
        ("palm", "ﬁne ½", "ﬁne ½"),
        ("palm", "the 中 end 🙂", "the 中 end 🙂"),
        # But for the one character that SentencePiece writes spaces with.
        ("palm", "a▁b", "a b"),
    ],
)
def test_a_round_trip(preset, text, expected):
    assert shown(preset, text) == expected


@pytest.mark.parametrize(
    ("preset", "expected"), [("t5", "the  ⁇  ing"), ("mt5", "the { ing"), ("palm", "the { ing")]
)
def test_a_brace_that_the_corpus_lacks(preset, expected, tmp_path):
    """C4 drops pages that hold `{`: T5's own vocabulary has no piece for it either."""
    write_shards(tmp_path / "en", "train", documents("en", 200))
    sample = draw(tmp_path / "drawn", tmp_path / "en")
    model = train_model(recipe(preset, size=350), sample).model
    processor = SentencePieceProcessor(model_proto=model)
    assert processor.decode(processor.encode("the { ing")) == expected


def test_digits_stand_alone_in_palm():
    assert small_processor("palm").encode("1984", out_type=str) == ["1", "9", "8", "4"]


def test_no_piece_of_palm_joins_digits():
    processor = small_processor("palm")
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    digits = [p for p in pieces if any(c.isdigit() for c in p) and not p.startswith("<0x")]
    assert digits and all(len(piece) == 1 for piece in digits)


def test_newlines_are_pieces_of_palm():
    processor = small_processor("palm")
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    assert any("\n" in piece for piece in pieces)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁")))
@settings(max_examples=300)
def test_palm_is_lossless_for_any_text(text):
    assert shown("palm", text) == text


@given(st.text(st.sampled_from("the ing.\n 1dung")))
@settings(max_examples=200)
def test_t5_is_lossless_within_its_coverage_but_for_whitespace(text):
    assert shown("t5", text) == " ".join(text.split())


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁")))
@settings(max_examples=200)
def test_mt5_gives_back_the_normalized_text(text):
    processor = small_processor("mt5")
    normalized = processor.normalize(text).replace("▁", " ").removeprefix(" ")
    assert shown("mt5", text) == normalized
