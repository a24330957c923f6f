import pytest
from sentencepiece import SentencePieceTrainer

from tests.trainer.small import sentences
from trainer.data.vocabularies import VocabularyError, load_vocabulary, padded_size


def test_vocabularies(small_vocabulary, tmp_path):
    assert load_vocabulary(small_vocabulary).vocab_size == 148
    assert padded_size(32_100) == 32_128 and padded_size(128) == 128
    with pytest.raises(VocabularyError, match="no such file"):
        load_vocabulary(str(tmp_path / "none.model"))
    other = tmp_path / "text.model"
    other.write_text("not a model")
    with pytest.raises(VocabularyError, match="not a SentencePiece model"):
        load_vocabulary(str(other))


def test_a_model_with_other_special_ids_is_refused(tmp_path):
    SentencePieceTrainer.Train(
        sentence_iterator=iter(sentences(50)), model_prefix=str(tmp_path / "bos"), vocab_size=40,
        minloglevel=2,
    )  # fmt: skip
    with pytest.raises(VocabularyError, match="got -1, 2, 0"):
        load_vocabulary(str(tmp_path / "bos.model"))
