"""SentencePiece models as seqio vocabularies, with their sentinels."""

import functools
import os

import seqio
from sentencepiece import SentencePieceProcessor

from runtime.errors import UsageError
from runtime.storage.files import read_bytes
from vocab.vocabulary import (
    EOS_ID,
    EXTRA_IDS,
    MODEL_NAME,
    PAD_ID,
    UNK_ID,
    Vocabulary,
    check_model,
)


class VocabularyError(UsageError):
    """A file that is not a SentencePiece model, or has other special ids than T5."""


def model_file(path: str) -> str:
    """The SentencePiece model file that --vocab names: itself, or the one in that folder."""
    inside = os.path.join(path, MODEL_NAME)
    return inside if os.path.isfile(inside) else path


@functools.cache
def load_vocabulary(path: str) -> seqio.SentencePieceVocabulary:
    """The vocabulary of a SentencePiece model file, or of the folder that has it.

    The sentinels `<extra_id_0>`, … have the last 100 ids, in descending order. They are added after
    the pieces of the model unless it has them already.

    Raises:
      VocabularyError: the file is not a model, or its special ids are not T5's.
      ModelError: it is not the model that the recipe beside it is of.
    """
    path = model_file(path)
    if not os.path.isfile(path):
        there = f"no {MODEL_NAME} in this folder" if os.path.isdir(path) else "no such file"
        raise VocabularyError(f"--vocab={path}: expected a SentencePiece model; {there}")
    processor = SentencePieceProcessor()
    try:
        processor.Load(path)
    except (RuntimeError, OSError) as error:
        raise VocabularyError(f"--vocab={path}: not a SentencePiece model: {error}") from None
    check_model(Vocabulary(path, read_bytes(path)))
    ids = (processor.pad_id(), processor.eos_id(), processor.unk_id())
    if ids != (PAD_ID, EOS_ID, UNK_ID):
        raise VocabularyError(
            f"--vocab={path}: expected the ids 0, 1, 2 for padding, EOS and unknown, as in T5; "
            f"got {ids[0]}, {ids[1]}, {ids[2]}. Train it with --pad_id=0 --eos_id=1 --unk_id=2"
        )
    has_sentinels = processor.PieceToId("<extra_id_0>") != UNK_ID
    return seqio.SentencePieceVocabulary(path, extra_ids=0 if has_sentinels else EXTRA_IDS)


def padded_size(ids: int) -> int:
    """Rows of the embedding: the number of ids rounded up to a multiple of 128 (32,100: 32,128)."""
    return -(-ids // 128) * 128
