"""A SentencePiece model on disk, its special ids and the sentinels that readers add."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from runtime.errors import UsageError
from runtime.storage.files import exists, join, parent, read_bytes
from runtime.storage.matching import is_missing

MODEL_NAME = "spiece.model"
"""The name that transformers' T5 tokenizers expect; seqio and t5x take any path."""
TABLE_NAME = "spiece.vocab"
RECIPE_NAME = "recipe.json"


class ModelError(UsageError):
    """A path without a SentencePiece model; the message says what it has instead."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A model that was read from a file.

    Attributes:
      path: of the file.
      model: its bytes, SentencePiece's protocol buffer.
    """

    path: str
    model: bytes

    def sha256(self) -> str:
        """SHA-256 of the model."""
        return hashlib.sha256(self.model).hexdigest()

    def processor(self) -> sentencepiece.SentencePieceProcessor:
        """A processor that encodes and decodes; each call loads the model anew."""
        return sentencepiece.SentencePieceProcessor(model_proto=self.model)


def read_vocabulary(path: str) -> Vocabulary:
    """The vocabulary of a model file, or of a folder with MODEL_NAME.

    Raises:
      ModelError: the path has no model, or not the one that the recipe beside it is of.
    """
    inside = join(path, MODEL_NAME)
    found = inside if exists(inside) else path
    try:
        model = read_bytes(found)
    except IsADirectoryError:
        raise ModelError(f"{path}: no {MODEL_NAME} in this folder") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    vocabulary = Vocabulary(found, model)
    try:
        size = vocabulary.processor().get_piece_size() if model else 0
    except (RuntimeError, ValueError):
        size = 0
    if not size:
        raise ModelError(
            f"{found}: no SentencePiece model ({len(model):,} bytes). Expected a file that "
            f"c4forge vocab train or spm_train wrote, or a folder with {MODEL_NAME}"
        )
    check_model(vocabulary)
    return vocabulary


def check_model(vocabulary: Vocabulary) -> None:
    """Compares a model with the checksum in the recipe beside it, if there is one.

    Raises:
      ModelError: the model is another one, or the recipe cannot be read.
    """
    recipe = join(parent(vocabulary.path) or ".", RECIPE_NAME)
    if vocabulary.path.rpartition("/")[2] != MODEL_NAME or not exists(recipe):
        return
    try:
        expected = json.loads(read_bytes(recipe)).get("model_sha256")
    except (ValueError, AttributeError):
        raise ModelError(
            f"{recipe}: damaged, so {MODEL_NAME} beside it cannot be checked. Train it again with "
            "--overwrite, or remove the recipe"
        ) from None
    if expected and expected != vocabulary.sha256():
        raise ModelError(
            f"{vocabulary.path}: damaged: its SHA-256 is {vocabulary.sha256()[:12]}…, not "
            f"{expected[:12]}… as {RECIPE_NAME} beside it has it. Train it again with --overwrite, "
            "or copy it again"
        )


def missing_vocabulary(path: str) -> Iterator[Callable[[], object]]:
    """A check that fails if a local path is not there; Beam is not imported."""
    if is_missing(path):
        yield partial(read_vocabulary, path)


def parse_model(model: bytes) -> Any:
    """SentencePiece's ModelProto: `pieces`, `trainer_spec`, `normalizer_spec`."""
    return sentencepiece_model_pb2.ModelProto.FromString(model)


def piece_table(model: bytes) -> bytes:
    """Piece, tab and score of each piece on a line, as spm_train writes them; newlines escaped."""
    proto = parse_model(model)
    rows = [f"{piece.piece}\t{piece.score:g}".replace("\n", "\\n") for piece in proto.pieces]
    return ("\n".join(rows) + "\n").encode()


PAD_ID, EOS_ID, UNK_ID = 0, 1, 2
EXTRA_IDS = 100
"""Number of T5's sentinels (t5.data.DEFAULT_EXTRA_IDS)."""


def sentinel_id(number: int, size: int, extra_ids: int = EXTRA_IDS) -> int:
    """The id of `<extra_id_{number}>`.

    Args:
      number: 0 to `extra_ids` - 1; the last id of all is that of 0.
      size: pieces of the model, sentinels not included.
    Example:
      >>> sentinel_id(0, 32_000)
      32099
    """
    if not 0 <= number < extra_ids:
        raise ValueError(f"sentinel {number} of {extra_ids}: expected 0 to {extra_ids - 1}")
    return size + extra_ids - 1 - number
