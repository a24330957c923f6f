"""The ids that the vocabulary, the token shards and the trainer agree on.

T5's: padding, end of text, unknown, then the pieces; the sentinels come after the pieces and are no
part of the model. A reader adds them (`seqio.SentencePieceVocabulary(path, extra_ids=100)`,
transformers' `T5Tokenizer`), `<extra_id_0>` with the highest id.
"""

PAD_ID, EOS_ID, UNK_ID = 0, 1, 2
EXTRA_IDS = 100
"""Sentinels of T5 (t5.data.DEFAULT_EXTRA_IDS)."""


def sentinel_id(number: int, size: int, extra_ids: int = EXTRA_IDS) -> int:
    """The id of `<extra_id_{number}>`.

    Args:
      size: pieces of the model.
    Example:
      >>> sentinel_id(0, 32_000)
      32099
    """
    if not 0 <= number < extra_ids:
        raise ValueError(f"sentinel {number} of {extra_ids}: expected 0 to {extra_ids - 1}")
    return size + extra_ids - 1 - number
