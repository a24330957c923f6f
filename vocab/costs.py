"""What training will take, from measured figures: told before it starts."""

import os
from dataclasses import dataclass

from vocab.recipes import ModelType, Recipe


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and memory of a training run.

    Attributes:
      seconds: about, on a core like that of docs/vocab.md.
      memory_bytes: of the process that trains, at its peak.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Rates:
    """Linear in the text: a start, and so much for each byte."""

    seconds: float
    seconds_a_byte: float
    memory_bytes: float
    memory_a_byte: float


_RATES = {
    ModelType.UNIGRAM: _Rates(2.0, 1.3e-6, 150e6, 30.0),
    ModelType.BPE: _Rates(2.0, 0.5e-6, 150e6, 15.0),
}
_SEVERAL_LANGUAGES = 2.2  # times as long: they have more words, and training works on words
_LARGE_MEMORY = 1.8  # times as much with 64-bit positions


def training_cost(recipe: Recipe, sample_bytes: int, languages: int = 1) -> Cost:
    """What a model of so much text takes.

    Args:
      languages: how many the text has.
    """
    rates = _RATES[recipe.model_type]
    longer = _SEVERAL_LANGUAGES if languages > 1 else 1.0
    a_byte = rates.memory_a_byte * (_LARGE_MEMORY if recipe.is_large(sample_bytes) else 1.0)
    return Cost(
        rates.seconds + rates.seconds_a_byte * longer * sample_bytes,
        int(rates.memory_bytes + a_byte * sample_bytes),
    )


def machine_memory() -> int:
    """Bytes of memory of this machine; 0 if it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def fitting_sample(recipe: Recipe, memory_bytes: int) -> int:
    """The largest sample whose training takes no more memory."""
    low, high = 0, recipe.sample_bytes
    while low < high:
        middle = (low + high + 1) // 2
        if training_cost(recipe, middle).memory_bytes <= memory_bytes:
            low = middle
        else:
            high = middle - 1
    return low
