"""Rules, and counts by rule: of a run, or of one of its variants."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """The things that a rule counts."""

    FILE = "files"
    RECORD = "records"
    PAGE = "pages"
    LINE = "lines"
    URL = "URLs"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
      name: of its counter, in code, reports and docs.
      unit: of its count.
      keeps: True if the counted things go on to the next rule.
      meaning: one line for reports.
      paper: section of Raffel et al. 2020, or of mT5, that asks for it, or "".
      reference: the function of TFDS 4.9.10 that applies it, or "" if only c4forge counts it.
    """

    name: str
    unit: Unit
    keeps: bool
    meaning: str
    paper: str
    reference: str

    def step(self) -> str:
        """The step that it belongs to."""
        return self.name.partition("/")[0]


Counts = dict[str, int]
"""Counts by rule, or by `variant|rule` where variants differ."""
_SEPARATOR = "|"


def sum_counts(parts: Iterable[Counts]) -> Counts:
    """The counts of all parts together; {} without any."""
    total: Counts = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def scoped(variant: str, rule: str) -> str:
    """The key of a rule's count for one variant."""
    return f"{variant}{_SEPARATOR}{rule}"


def of_variant(counts: Counts, variant: str) -> Counts:
    """The variant's counts by rule: its own, and those that all variants share."""
    own: Counts = {}
    for key, count in counts.items():
        scope, separator, rule = key.rpartition(_SEPARATOR)
        if not separator or scope == variant:
            own[rule] = count
    return own
