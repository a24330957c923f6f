"""Rules that count, and counts by rule: of the whole run, or of one of its variants."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a rule counts."""

    FILE = "files"
    RECORD = "records"
    PAGE = "pages"
    LINE = "lines"
    URL = "URLs"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
      name: the counter, everywhere.
      unit: what one count is.
      keeps: True if what it counts goes on to the next rule.
      meaning: one line for reports.
      paper: section of Raffel et al. 2020, or of mT5, that asks for it, or "".
      reference: where TFDS 4.9.10 does it, or "" where only c4forge counts it.
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
"""By rule, or by `variant|rule` where variants differ."""
_SEPARATOR = "|"


def scoped(variant: str, rule: str) -> str:
    """The key of what is counted for one variant."""
    return f"{variant}{_SEPARATOR}{rule}"


def of_variant(counts: Counts, variant: str) -> Counts:
    """By rule: what is counted for the variant, and what is counted for all."""
    own: Counts = {}
    for key, count in counts.items():
        scope, separator, rule = key.rpartition(_SEPARATOR)
        if not separator or scope == variant:
            own[rule] = count
    return own
