"""The measures of a vocabulary: counts of tokens, words and characters of a shard; they add up."""

import functools
import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from corpora.documents import UrlText, read_batches
from corpora.layout import CorpusShard
from vocab.sampling.sample import document_hash
from vocab.vocabulary import read_vocabulary

BINS_AN_OCTAVE = 8
_LENGTH_BINS = 26 * BINS_AN_OCTAVE
_BATCH_BYTES = 1 << 20
# Strings in a page that some readers take for special tokens.
_SENTINELS = re.compile(
    rb"<extra_id_\d{1,4}>|</?s>|<pad>|<unk>|<mask>|\[MASK\]|<0x[0-9A-F]{2}>|<\|[a-z_]{1,30}\|>"
    + b"|" + "▁".encode() + b"|" + "▅".encode() + b"|" + "⁇".encode()
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Measure:
    """Counts of documents and their tokens.

    Attributes:
      documents, characters, text_bytes, words: of the text; words are separated by whitespace.
      tokens, unknown, fallback: number of ids; of those the ones of <unk>, and the ones of bytes.
      lengths: int64[208], documents by number of tokens, in bin floor(8 * log2(tokens + 1)).
      pieces: int64[size], occurrences of each piece.
      sentinels: occurrences in the text of strings that look like special tokens.
    """

    documents: int = 0
    characters: int = 0
    text_bytes: int = 0
    words: int = 0
    tokens: int = 0
    unknown: int = 0
    fallback: int = 0
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_LENGTH_BINS, np.int64))
    pieces: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    sentinels: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            self.documents + other.documents,
            self.characters + other.characters,
            self.text_bytes + other.text_bytes,
            self.words + other.words,
            self.tokens + other.tokens,
            self.unknown + other.unknown,
            self.fallback + other.fallback,
            self.lengths + other.lengths,
            _sum(self.pieces, other.pieces),
            self.sentinels + other.sentinels,
        )

    def characters_a_token(self) -> float:
        """Characters per token."""
        return self.characters / max(self.tokens, 1)

    def fertility(self) -> float:
        """Tokens per word."""
        return self.tokens / max(self.words, 1)

    def unknown_rate(self) -> float:
        """Fraction of tokens that are unknown."""
        return self.unknown / max(self.tokens, 1)

    def octaves(self) -> dict[int, int]:
        """Documents by number of tokens; the key n counts those with n to 2n tokens."""
        counts = self.lengths.reshape(-1, BINS_AN_OCTAVE).sum(axis=1)
        return {(1 << at) - 1: int(count) for at, count in enumerate(counts.tolist()) if count}


def _sum(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(first) or not len(second):
        return first if len(first) else second
    return first + second


def measure_shard(shard: CorpusShard, model: str, limit: int, seed: int) -> tuple[str, Measure]:
    """The language of a shard, and the measure of its documents whose hash is below `limit`."""
    processor, byte_ids = _load(model)
    total = Measure()
    for batch in read_batches(shard.path, shard.format, _BATCH_BYTES):
        kept = [(url, text) for url, text in batch if document_hash(url, text, seed) < limit]
        if kept:
            total += measure_batch(kept, processor, byte_ids)
    return shard.language, total


def measure_batch(
    batch: list[UrlText], processor: SentencePieceProcessor, byte_ids: NDArray[np.int64]
) -> Measure:
    """The measure of a list of documents.

    Args:
      byte_ids: int64[256], the ids of pieces that are bytes; empty without byte fallback.
    """
    texts = [text for _, text in batch]
    ids: list[NDArray[np.int32]] = processor.encode_as_numpy(texts, num_threads=1)
    counts = np.array([len(row) for row in ids], np.int64)
    pieces = np.bincount(np.concatenate(ids), minlength=processor.get_piece_size())
    bins = np.floor(BINS_AN_OCTAVE * np.log2(counts + 1)).astype(np.int64)
    decoded = [text.decode() for text in texts]
    return Measure(
        documents=len(batch),
        characters=sum(map(len, decoded)),
        text_bytes=sum(map(len, texts)),
        words=sum(len(text.split()) for text in decoded),
        tokens=int(counts.sum()),
        unknown=int(pieces[processor.unk_id()]),
        fallback=int(pieces[byte_ids].sum()),
        lengths=np.bincount(bins, minlength=_LENGTH_BINS),
        pieces=pieces.astype(np.int64),
        sentinels=Counter(found.decode() for text in texts for found in _SENTINELS.findall(text)),
    )


@functools.cache
def _load(path: str) -> tuple[SentencePieceProcessor, NDArray[np.int64]]:
    processor = read_vocabulary(path).processor()
    ids = range(processor.get_piece_size())
    return processor, np.array([i for i in ids if processor.is_byte(i)], np.int64)
