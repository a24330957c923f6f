"""Every parameter has its row, every preset its published values."""

from dataclasses import asdict, fields, replace

import pytest
from sentencepiece import sentencepiece_model_pb2

from vocab.recipes import PARAMETERS, PRESETS, Recipe, RecipeError

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
    changed = {"vocab_size", "pad_id", "eos_id", "unk_id", "bos_id"}
    for name, value in PRESETS["t5"].recipe.spm_arguments(1).items():
        if name in changed or not hasattr(spec, name):
            continue
        default = getattr(spec, name)
        if name == "model_type":
            value, default = value.upper(), spec.ModelType.Name(default)
        if name == "user_defined_symbols":
            default = list(default)
        assert value == pytest.approx(default) if isinstance(value, float) else value == default


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
        ({"pad_id": 40_000}, "the id 40000 is beyond it"),
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
