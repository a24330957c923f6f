"""Models are found and checked; the ids of sentinels are those of seqio."""

import hashlib
import json

import pytest

from tests.vocab.small import small_model
from vocab.vocabulary import (
    EOS_ID,
    EXTRA_IDS,
    PAD_ID,
    UNK_ID,
    ModelError,
    piece_table,
    read_vocabulary,
    sentinel_id,
)


def test_a_model_is_opened_by_its_path_or_its_folder(tmp_path):
    (tmp_path / "spiece.model").write_bytes(small_model("t5"))
    (tmp_path / "other.model").write_bytes(small_model("t5"))
    for path in (tmp_path, tmp_path / "spiece.model", tmp_path / "other.model"):
        assert read_vocabulary(str(path)).processor().get_piece_size() == 400


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no SentencePiece model (0 bytes)"),
        (b"plain text", "no SentencePiece model (10 bytes). Expected a file that"),
        (small_model("t5")[:5000], "no SentencePiece model"),
    ],
)
def test_what_is_no_model_is_reported(tmp_path, data, said):
    path = tmp_path / "x.model"
    path.write_bytes(data)
    with pytest.raises(ModelError) as error:
        read_vocabulary(str(path))
    assert str(path) in str(error.value) and said in str(error.value)


def test_a_model_that_is_not_that_of_its_recipe_is_refused(tmp_path):
    model = small_model("t5")
    (tmp_path / "spiece.model").write_bytes(model)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"model_sha256": hashlib.sha256(model).hexdigest()}))
    assert read_vocabulary(str(tmp_path)).model == model
    flipped = bytearray(model)
    flipped[200] ^= 1  # within a piece: a model all the same
    (tmp_path / "spiece.model").write_bytes(flipped)
    for path in (tmp_path, tmp_path / "spiece.model"):
        with pytest.raises(ModelError, match=r"spiece\.model: damaged: its SHA-256"):
            read_vocabulary(str(path))
    recipe.write_text("{")
    with pytest.raises(ModelError, match=r"recipe\.json: damaged"):
        read_vocabulary(str(tmp_path))


def test_a_path_without_a_model_is_reported(tmp_path):
    with pytest.raises(ModelError, match=r"no spiece\.model in this folder"):
        read_vocabulary(str(tmp_path))
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_vocabulary(str(tmp_path / "none.model"))


def test_the_table_has_a_line_a_piece_whatever_is_in_it():
    lines = piece_table(small_model("palm")).decode().splitlines()
    assert len(lines) == 700
    assert any(line.startswith("\\n\t") or "\\n" in line for line in lines)


def test_sentinels_are_seqios(tmp_path):
    import seqio

    path = tmp_path / "spiece.model"
    path.write_bytes(small_model("t5"))
    vocabulary = seqio.SentencePieceVocabulary(str(path), extra_ids=EXTRA_IDS)
    assert vocabulary.vocab_size == 400 + EXTRA_IDS
    assert (vocabulary.pad_id, vocabulary.eos_id, vocabulary.unk_id) == (PAD_ID, EOS_ID, UNK_ID)
    for number in (0, 1, 99):
        assert list(vocabulary.encode(f"<extra_id_{number}>")) == [sentinel_id(number, 400)]


def test_t5s_first_sentinel():
    assert sentinel_id(0, 32_000) == 32_099


@pytest.mark.parametrize("number", [-1, 100])
def test_there_are_a_hundred(number):
    with pytest.raises(ValueError, match="expected 0 to 99"):
        sentinel_id(number, 32_000)
