"""Every parameter has its row, every preset its published values and its effect on text."""

from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

from tests.corpora.written import documents, write_shards
from tests.vocab.drawn import draw
from tests.vocab.small import recipe, small_processor
from vocab.recipes import PARAMETERS, PRESETS, Recipe, RecipeError
from vocab.training import train_model

PUBLISHED = {
    # arXiv:1910.10683, 3.1.3; T5's issue 270: SentencePiece's defaults but for the ids.
    "t5": {
        "size": 32_000, "model_type": "unigram", "normalization": "nmt_nfkc",
        "character_coverage": 0.9995, "byte_fallback": False, "split_digits": False,
        "mixture": "en:10,de:1,fr:1,ro:1",
        "pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1,
    },
    # arXiv:2010.11934, 3.1 and 3.2.
    "mt5": {
        "size": 250_000, "character_coverage": 0.99999, "byte_fallback": True, "mixture": "0.3",
        "pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1,
    },
    # arXiv:2204.02311, section 2.
    "palm": {
        "size": 256_000, "byte_fallback": True, "split_digits": True, "normalization": "identity",
        "remove_extra_whitespaces": False, "keep_newlines": True,
        "allow_whitespace_only_pieces": True, "add_dummy_prefix": False,
    },
    "tiny": {"size": 1000},
}  # fmt: skip


def test_every_parameter_has_its_row_in_order():
    assert list(PARAMETERS) == [field.name for field in fields(Recipe)]


def test_every_row_is_a_parameter_of_sentencepiece_or_says_it_is_not():
    known = {
        field.name
        for spec in (sentencepiece_model_pb2.TrainerSpec, sentencepiece_model_pb2.NormalizerSpec)
        for field in spec.DESCRIPTOR.fields
    } | {"normalization_rule_name"}
    named = {row.spm for row in PARAMETERS.values() if row.spm}
    assert named <= known
    ours = {name for name, row in PARAMETERS.items() if not row.spm}
    assert ours == {"keep_newlines", "score_bits", "mixture", "sample_bytes", "seed"}


def test_t5s_recipe_is_sentencepieces_own_but_for_the_ids():
    spec = sentencepiece_model_pb2.TrainerSpec()
    changed, compared = {"vocab_size", "pad_id", "eos_id", "unk_id", "bos_id"}, set()
    for name, value in PRESETS["t5"].recipe.spm_arguments(1).items():
        if name in changed or not hasattr(spec, name):
            continue
        default = getattr(spec, name)
        if name == "model_type":
            value, default = value.upper(), spec.ModelType.Name(default)
        if name == "user_defined_symbols":
            default = list(default)
        assert value == pytest.approx(default) if isinstance(value, float) else value == default
        compared.add(name)
    assert {"model_type", "character_coverage", "byte_fallback", "num_sub_iterations"} < compared


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_as_published(name):
    values = asdict(PRESETS[name].recipe)
    assert {key: values[key] for key in PUBLISHED[name]} == PUBLISHED[name]
    assert PRESETS[name].name == name and PRESETS[name].meaning and PRESETS[name].source


def test_no_published_value_is_without_a_preset():
    assert set(PUBLISHED) == set(PRESETS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mixture": "english"}, "--mixture='english' is no mixture"),
        ({"pad_id": 1}, "expected each its own id"),
        ({"unk_id": -1}, "unk_id must have one"),
        ({"pad_id": 40_000}, "expected more than the largest id, 40000"),
        ({"size": 3}, "--size=3: 3 pieces are fixed"),
        ({"size": 200, "byte_fallback": True}, "259 pieces are fixed (ids, bytes, symbols)"),
        ({"character_coverage": 0.9}, "--character_coverage=0.9: expected 0.98 to 1"),
        ({"threads": 0}, "--threads=0: expected 1 to 1024"),
        ({"score_bits": 30}, "--score_bits=30: expected 0 to 23"),
        ({"sample_bytes": 0}, "--sample_bytes=0: expected 1 to"),
    ],
)
def test_parameters_that_cannot_be_are_named(changes, said):
    with pytest.raises(RecipeError) as error:
        replace(PRESETS["t5"].recipe, **changes)
    assert said in str(error.value)


def test_a_large_sample_is_counted_in_64_bits():
    recipe = PRESETS["mt5"].recipe
    assert not recipe.spm_arguments(10**9)["train_extremely_large_corpus"]
    assert recipe.spm_arguments(2 * 10**9)["train_extremely_large_corpus"]


def test_symbols_are_listed():
    recipe = replace(PRESETS["tiny"].recipe, user_defined_symbols="<a>,<b>")
    assert recipe.spm_arguments(1)["user_defined_symbols"] == ["<a>", "<b>"]
    assert recipe.fixed_pieces() == 5


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
