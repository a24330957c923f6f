"""Mixing rates: how often each task of a mixture is drawn. One row each.

Rates are relative. Raffel et al. 2020, section 3.5.2, compares the first three; mT5 (Xue et al.
2021, section 3.2) samples languages by the last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.errors import UsageError

Rates = dict[str, float]
_MT5_ALPHA = 0.3


class MixtureError(UsageError):
    """A mixture that cannot be; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Mixing:
    """One row of the table.

    Attributes:
      name: as given to --mixing.
      meaning: one line for --help.
      rates: (examples by task, --mixing_cap, --mixing_temperature) -> rate by task.
      paper: where it is compared.
    """

    name: str
    meaning: str
    rates: Callable[[Mapping[str, int], int, float], Rates]
    paper: str


def proportional(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """min(n, K): by size, none above the cap K."""
    del temperature
    return {task: float(min(count, cap or count)) for task, count in examples.items()}


def temperature_scaled(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """min(n, K)^(1/T): T = 1 is proportional, a large T is equal."""
    capped = proportional(examples, cap, temperature)
    return {task: rate ** (1 / temperature) for task, rate in capped.items()}


def equal(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """1 for each."""
    del cap, temperature
    return dict.fromkeys(examples, 1.0)


def by_language(examples: Mapping[str, int], cap: int, temperature: float) -> Rates:
    """n^0.3: small languages are drawn more often than they are large (mT5)."""
    del cap, temperature
    return {task: count**_MT5_ALPHA for task, count in examples.items()}


MIXINGS: dict[str, Mixing] = {
    row.name: row
    for row in (
        Mixing("proportional", "by size, none above --mixing_cap", proportional, "T5, 3.5.2"),
        Mixing(
            "temperature",
            "by size to the power of 1/--mixing_temperature, none above --mixing_cap",
            temperature_scaled,
            "T5, 3.5.2",
        ),
        Mixing("equal", "all tasks as often", equal, "T5, 3.5.2"),
        Mixing("language", "by size to the power of 0.3: mT5's languages", by_language, "mT5, 3.2"),
    )
}


def mixing_rates(
    mixing: str, examples: Mapping[str, int], cap: int = 0, temperature: float = 2.0
) -> Rates:
    """Rate of each task of a mixture.

    Args:
      mixing: a name in MIXINGS.
      examples: how many each task has.
      cap: K of section 3.5.2; 0 for none.
      temperature: T of section 3.5.2.
    Raises:
      MixtureError: a task is empty, or a number is out of its range.
    """
    empty = [task for task, count in examples.items() if count < 1]
    if empty:
        raise MixtureError(f"nothing to draw from {', '.join(empty)}: no examples")
    if cap < 0 or temperature <= 0:
        raise MixtureError(
            f"--mixing_cap={cap}, --mixing_temperature={temperature:g}: expected 0 or more, "
            "and a number above 0"
        )
    return MIXINGS[mixing].rates(examples, cap, temperature)
