"""Vocabularies as seqio reads them: a SentencePiece model and its sentinels."""

import functools
import os

import seqio
from sentencepiece import SentencePieceProcessor

from runtime.errors import UsageError
from vocab.vocabulary import EOS_ID, EXTRA_IDS, MODEL_NAME, PAD_ID, UNK_ID


class VocabularyError(UsageError):
    """A vocabulary that cannot be trained with; the message says what was expected."""


def model_file(path: str) -> str:
    """The SentencePiece model file of a path: of the folder in which it is, or itself."""
    inside = os.path.join(path, MODEL_NAME)
    return inside if os.path.isfile(inside) else path


@functools.cache
def load_vocabulary(path: str) -> seqio.SentencePieceVocabulary:
    """The vocabulary of a SentencePiece model file, or of the folder in which it is.

    The sentinels `<extra_id_0>`, … have the last 100 ids, counted down. They are added after the
    model's pieces unless the model has them already.

    Raises:
      VocabularyError: the file is none, or its special ids are not T5's.
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
    ids = (processor.pad_id(), processor.eos_id(), processor.unk_id())
    if ids != (PAD_ID, EOS_ID, UNK_ID):
        raise VocabularyError(
            f"--vocab={path}: expected the ids 0, 1, 2 for padding, EOS and unknown as T5's, "
            f"got {ids[0]}, {ids[1]}, {ids[2]}; train it with --pad_id=0 --eos_id=1 --unk_id=2"
        )
    has_sentinels = processor.PieceToId("<extra_id_0>") != UNK_ID
    return seqio.SentencePieceVocabulary(path, extra_ids=0 if has_sentinels else EXTRA_IDS)


def padded_size(ids: int) -> int:
    """Rows of the embedding for so many ids: the next multiple of 128, as 32,128 for 32,100."""
    return -(-ids // 128) * 128
