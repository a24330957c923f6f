"""Post-processing: how targets and predicted texts become the values that metrics compare.

Equal to t5 0.9.4, `postprocessors.py`. A text that is no label is class -1, and a text that is no
number is -1.0: metrics count them as wrong.
"""

from dataclasses import dataclass

from trainer.downstream.task import Outcome, Outcomes, TextExample

INVALID = -1
_DETERMINERS = frozenset(
    "a an few her his each every many much my our some that the their these this those which "
    "whose your".split()
)


@dataclass(frozen=True, slots=True)
class Grouped:
    """A value, and the question that its example belongs to; a prediction's group is ()."""

    value: Outcome
    group: tuple[int, ...] = ()


def classes(labels: tuple[str, ...]) -> Outcomes:
    """Values are class ids: the position in `labels`, or -1 for any other text."""
    ids = {label: number for number, label in enumerate(labels)}
    return Outcomes(
        name="classes",
        of_target=lambda example: ids.get(example["targets"], INVALID),
        of_prediction=lambda text, example: ids.get(text, INVALID),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float(INVALID)


NUMBERS = Outcomes(
    name="numbers",
    of_target=lambda example: _number(example["targets"]),
    of_prediction=lambda text, example: _number(text),
)
TEXTS = Outcomes(
    name="texts",
    of_target=lambda example: example["targets"],
    of_prediction=lambda text, example: text,
)
ANSWERS = Outcomes(
    name="answers",
    of_target=lambda example: list(example["answers"]),
    of_prediction=lambda text, example: text,
)


def _multirc_target(example: TextExample) -> Grouped:
    return Grouped(_TRUTH.of_target(example), (example["idx/question"],))


def _record_target(example: TextExample) -> Grouped:
    return Grouped(list(example["answers"]), (example["idx/passage"], example["idx/query"]))


_TRUTH = classes(("False", "True"))
MULTIRC = Outcomes(
    name="answers to a question, true or false",
    of_target=_multirc_target,
    of_prediction=lambda text, example: Grouped(_TRUTH.of_prediction(text, example)),
)
RECORD = Outcomes(
    name="answers by query",
    of_target=_record_target,
    of_prediction=lambda text, example: Grouped(text),
)


def _without_determiners(text: str) -> str:
    return " ".join(word for word in text.strip().lower().split(" ") if word not in _DETERMINERS)


def names_referent(prediction: str, referent: str) -> int:
    """1 if the prediction names the referent, 0 if something else, -1 if nothing.

    Case and determiners do not count. One text may have more words than the other ("the fuzzy
    bunny" and "bunny"), unless only one of them is possessive ("Bob" and "Bob's hat").
    """
    predicted = _without_determiners(prediction)
    expected = _without_determiners(referent)
    if not predicted:
        return INVALID
    if ("'" in predicted) != ("'" in expected):
        return 0
    one, other = set(predicted.split(" ")), set(expected.split(" "))
    return int(one <= other or other <= one)


REFERENTS = Outcomes(
    name="referents",
    of_target=lambda example: int(example["label"]),
    of_prediction=lambda text, example: names_referent(text, example["targets"]),
)
