"""Table of mixing strategies: the rate at which each task of a mixture is sampled. One row each.

Rates are relative. Raffel et al. 2020, section 3.5.2, compares the first three; mT5 (Xue et al.
2021, section 3.2) samples languages with the last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.errors import UsageError

Rates = dict[str, float]
_MT5_ALPHA = 0.3


class MixtureError(UsageError):
    """A mixture of an empty task, or with a cap or temperature out of range."""


@dataclass(frozen=True, slots=True)
class Mixing:
    """One row of the table.

    Attributes:
      name: as given to --mixing.
      meaning: one line for --help.
      rates: (examples by task, --mixing_cap, --mixing_temperature) -> rate by task.
      paper: the section that describes it.
    """

    name: str
    meaning: str
    rates: Callable[[Mapping[str, int], int, float], Rates]
    paper: str


def proportional(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """min(n, K): proportional to the number of examples n, up to the cap K."""
    del temperature
    return {task: float(min(count, cap or count)) for task, count in examples.items()}


def temperature_scaled(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """min(n, K)^(1/T): with T = 1 as `proportional`, with a large T almost as `equal`."""
    capped = proportional(examples, cap, temperature)
    return {task: rate ** (1 / temperature) for task, rate in capped.items()}


def equal(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """1 for each task."""
    del cap, temperature
    return dict.fromkeys(examples, 1.0)


def by_language(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """n^0.3: small languages are sampled above their share of the examples (mT5)."""
    del cap, temperature
    return {task: count**_MT5_ALPHA for task, count in examples.items()}


MIXINGS: dict[str, Mixing] = {
    row.name: row
    for row in (
        Mixing(
            "proportional",
            "proportional to examples, at most --mixing_cap of them",
            proportional,
            "T5, 3.5.2",
        ),
        Mixing(
            "temperature",
            "(examples, at most --mixing_cap) to the power of 1/--mixing_temperature",
            temperature_scaled,
            "T5, 3.5.2",
        ),
        Mixing("equal", "the same rate for all tasks", equal, "T5, 3.5.2"),
        Mixing(
            "language",
            "examples to the power of 0.3, as mT5 samples languages",
            by_language,
            "mT5, 3.2",
        ),
    )
}


def mixing_rates(
    mixing: str, examples: Mapping[str, int], cap: int = 0, temperature: float = 2.0
) -> Rates:
    """Rate of each task of a mixture.

    Args:
      mixing: a name in MIXINGS.
      examples: their number in each task.
      cap: K of section 3.5.2; 0 for none.
      temperature: T of section 3.5.2.
    Raises:
      MixtureError: a task has no examples, or a number is out of range.
    """
    empty = [task for task, count in examples.items() if count < 1]
    if empty:
        raise MixtureError(
            f"--corpus: a mixture needs examples of each task, but {', '.join(empty)} has none"
        )
    if cap < 0 or temperature <= 0:
        raise MixtureError(
            f"--mixing_cap={cap} --mixing_temperature={temperature:g}: expected a cap of 0 or "
            "more and a temperature above 0"
        )
    return MIXINGS[mixing].rates(examples, cap, temperature)
