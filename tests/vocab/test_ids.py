"""The sentinels' ids are those that readers give them."""

import pytest

from tests.vocab.small import small_model
from vocab.vocabulary import EOS_ID, EXTRA_IDS, PAD_ID, UNK_ID, sentinel_id


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
