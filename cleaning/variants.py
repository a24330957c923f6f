"""Variants of C4 that a run can build. One row each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the table.

    Attributes:
      name: as given to --variant; the configuration name of the dataset.
      language: the code of its one language.
      meaning: one line for --help.
    """

    name: str
    language: str
    meaning: str


VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("en", "en", "English, cleaned and deduplicated, without pages holding bad words"),
    )
}
