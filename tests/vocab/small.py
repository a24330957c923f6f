"""Small vocabularies that tests share, trained once a run."""

import functools
import tempfile
from dataclasses import replace
from pathlib import Path

from sentencepiece import SentencePieceProcessor

from tests.corpora.written import text, write_shards
from tests.vocab.drawn import draw
from vocab.recipes import PRESETS, Recipe
from vocab.training import train_model

FURTHER = [
    "Numbers as 1984, 2023 and 47 stand in every text, 365 days of 24 hours.",
    "Rare: ﬁne print, ½ a cup, Ⅷ, full　width ＡＢＣ.",
    "    indented code {\n        return x;\n    }\n\n\nend",
]
"""What the made-up languages lack."""
SIZES = {"t5": 400, "mt5": 700, "palm": 700, "tiny": 400}


def recipe(preset: str, **changes: object) -> Recipe:
    """A preset's recipe, cut down to small text."""
    small = {"size": SIZES[preset], "seed_pieces": 10_000, "mixture": "1", "threads": 2}
    return replace(PRESETS[preset].recipe, **{**small, **changes})


@functools.cache
def small_model(preset: str) -> bytes:
    """A model of a few thousand made-up words and `FURTHER`."""
    texts = [text(name, n) for n in range(120) for name in ("en", "de", "fr", "ro")]
    texts += [f"{line}\n{n} {word}" for line in FURTHER for n, word in enumerate("abcdefgh" * 8)]
    rows = [(t.encode(), f"http://{n}".encode(), b"", b"", b"") for n, t in enumerate(texts)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shards(folder / "en", "train", rows)
        return train_model(recipe(preset), draw(folder / "drawn", folder / "en")).model


def small_processor(preset: str) -> SentencePieceProcessor:
    """What encodes with it."""
    return SentencePieceProcessor(model_proto=small_model(preset))
