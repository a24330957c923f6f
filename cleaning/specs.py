"""Specs: which C4 a run builds. One row each; every constant stands with the rule that uses it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spec:
    """One row of the table.

    Attributes:
      name: as given to --spec.
      version: the dataset version that its output carries.
      meaning: one line for --help.
    """

    name: str
    version: str
    meaning: str


SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec("tfds-3.1.0", "3.1.0", "the documents of TensorFlow Datasets c4 3.1.0, byte for byte"),
    )
}
