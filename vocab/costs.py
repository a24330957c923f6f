"""Time and memory of training, estimated from measured figures."""

import os
from dataclasses import dataclass

from vocab.recipes import ModelType, Recipe


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and memory of a training run.

    Attributes:
      seconds: about, on the machine of docs/vocab.md.
      memory_bytes: peak of the process that trains.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Rates:
    """Constant costs, and costs for each byte of text."""

    seconds: float
    seconds_a_byte: float
    memory_bytes: float
    memory_a_byte: float


_RATES = {
    ModelType.UNIGRAM: _Rates(2.0, 1.3e-6, 150e6, 30.0),
    ModelType.BPE: _Rates(2.0, 0.5e-6, 150e6, 15.0),
}
_SEVERAL_LANGUAGES = 2.2  # factor of time: they have more words, and training works on words
_LARGE_MEMORY = 1.8  # factor of memory with 64-bit positions


def training_cost(recipe: Recipe, sample_bytes: int, languages: int = 1) -> Cost:
    """Time and memory of training on a sample.

    Args:
      sample_bytes: bytes of its text.
      languages: number of its languages.
    """
    rates = _RATES[recipe.model_type]
    longer = _SEVERAL_LANGUAGES if languages > 1 else 1.0
    a_byte = rates.memory_a_byte * (_LARGE_MEMORY if recipe.is_large(sample_bytes) else 1.0)
    return Cost(
        rates.seconds + rates.seconds_a_byte * longer * sample_bytes,
        int(rates.memory_bytes + a_byte * sample_bytes),
    )


def machine_memory() -> int:
    """Bytes of memory of this machine; 0 if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def fitting_sample(recipe: Recipe, memory_bytes: int) -> int:
    """Bytes of the largest sample whose training takes at most `memory_bytes`."""
    low, high = 0, recipe.sample_bytes
    while low < high:
        middle = (low + high + 1) // 2
        if training_cost(recipe, middle).memory_bytes <= memory_bytes:
            low = middle
        else:
            high = middle - 1
    return low
