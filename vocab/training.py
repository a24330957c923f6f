"""A SentencePiece model trained on a sample. Equal recipes and samples give equal bytes."""

import io
import re
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass

import sentencepiece

from runtime.errors import RunFailed
from vocab.recipes import Recipe
from vocab.sampling.sample import Sample
from vocab.sampling.sentences import sentences
from vocab.vocabulary import parse_model

_AS_TRAINED_BITS = 23
_QUIET = 2  # minloglevel: errors only
_TOO_MANY = re.compile(r"Vocabulary size too high .*? value <= (\d+)")
_TOO_FEW = re.compile(r"Vocabulary size is smaller than required_chars\. \d+ vs (\d+)")


class TrainingError(RunFailed):
    """The sample is too small for the recipe; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, and time and memory of its training.

    Attributes:
      model: SentencePiece's protocol buffer.
      seconds: wall time of training.
      peak_bytes: peak memory of the process that trained.
    """

    model: bytes
    seconds: float
    peak_bytes: int


def train_model(recipe: Recipe, sample: Sample) -> Trained:
    """A model trained on a sample, in this process.

    Raises:
      TrainingError: the sample has too little text for the size, or too many characters.
    """
    started = time.monotonic()

    def lines() -> Iterator[bytes]:
        for _, text in sample.documents():
            yield from sentences(text, recipe.max_sentence_bytes, recipe.keep_newlines)

    output = io.BytesIO()
    arguments = recipe.spm_arguments(sum(sample.quotas.values()))
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=lines(), model_writer=output, minloglevel=_QUIET, **arguments
        )
    except RuntimeError as error:
        raise TrainingError(explain(str(error), recipe)) from None
    model = round_scores(output.getvalue(), recipe.score_bits)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Trained(model, time.monotonic() - started, peak)


def explain(error: str, recipe: Recipe) -> str:
    """A message for an error of SentencePiece: the numbers, and what to change."""
    if found := _TOO_MANY.search(error):
        return (
            f"--size={recipe.size}: this sample gives {int(found[1]):,} pieces at most. Ask for "
            f"--size={found[1]} or less, or give more text (--corpus, --sample_bytes)"
        )
    if found := _TOO_FEW.search(error):
        return (
            f"--size={recipe.size}: --character_coverage={recipe.character_coverage:g} of this "
            f"sample needs {int(found[1]):,} pieces for its characters and the fixed ones alone. "
            f"Ask for more than --size={found[1]}, or for less coverage"
        )
    if "!sentences_.empty()" in error:
        return "the sample has no text; give a --corpus with some, or more --sample_bytes"
    return f"SentencePiece: {error}"


def round_scores(model: bytes, bits: int) -> bytes:
    """The model with the pieces' scores rounded to `bits` bits after the point.

    The score of a text is the sum over its pieces. TensorFlow Text and SentencePiece to 0.2.1 add
    in float32 from the start of the text, others in float64 or word by word. Scores as trained give
    rounding errors. These decide between segmentations of equal score ("..." before "." or after
    it), and not alike in all readers: one page in a hundred differs. Sums of multiples of 2^-4 are
    exact up to 2^20 (100,000 pieces), so all readers agree, and a text has as many pieces as before
    (figures in docs/vocab.md).
    """
    if bits >= _AS_TRAINED_BITS:
        return model
    proto = parse_model(model)
    for piece in proto.pieces:
        piece.score = round(piece.score * 2**bits) / 2**bits
    rounded: bytes = proto.SerializeToString()
    return rounded
