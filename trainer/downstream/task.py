"""What a downstream task is: a row of the table, and a row with its data.

Plain Python: neither TensorFlow nor the metrics' libraries are imported here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.errors import UsageError

Example = Mapping[str, Any]
"""An example of a data set: texts, numbers, lists and mappings of them, named as in TFDS."""
TextExample = dict[str, Any]
"""An example in text-to-text form: `inputs` and `targets`, and keys that its scoring needs."""
Outcome = Any
"""What metrics compare: a class id, a number, a text or a list of answers; Outcomes says which."""
Form = Callable[[Example], TextExample]
Expand = Callable[[Example, str], Iterable[Example]]
"""(example, split) -> the examples that it stands for: none, itself, or several."""
Metric = Callable[[Sequence[Outcome], Sequence[Outcome]], dict[str, float]]
"""(targets, predictions), of one length -> scores by name, in percent."""
Reader = Callable[[], Iterator[Example]]

UNKNOWN_LABEL = "<unk>"  # targets of examples without a label, as in t5


class DownstreamError(UsageError):
    """A task, its table, its data or one of its examples that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How texts become the values that metrics compare (post-processing).

    Attributes:
      name: the kind of values: classes, numbers, texts, answers, …
      of_target: example -> the value of its targets.
      of_prediction: (predicted text, example) -> the value of the prediction.
    """

    name: str
    of_target: Callable[[TextExample], Outcome]
    of_prediction: Callable[[str, TextExample], Outcome]


def one(example: Example, split: str) -> Iterable[Example]:
    """The example itself, in every split."""
    del split
    return (example,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One row of the table.

    Attributes:
      name: as glue_cola, or with a language, xnli.de.
      dataset: TFDS name and version, as glue/cola:2.0.0.
      splits: name of a split here -> the split of the data set, as train[:78785].
      form: one example of the data set as text to text.
      expand: for data sets with several examples in one, or some to leave out.
      outcomes: how targets and predictions become values.
      metrics: functions of these values.
      labels: the possible targets, where there are few; for scoring by likelihood.
      train_dataset: data set of the split `train`, if it is another one.
      train_examples: number of training examples, for the rates of mixtures; 0: only evaluated.
      unlabelled: targets of examples without a label.
      definition: of an own task its table in the TOML file, as JSON; it decides the texts.
      paper: scores in `source`, by metric.
    """

    name: str
    dataset: str
    splits: Mapping[str, str]
    form: Form
    expand: Expand = one
    outcomes: Outcomes
    metrics: tuple[Metric, ...]
    labels: tuple[str, ...] = ()
    train_dataset: str = ""
    train_examples: int = 0
    unlabelled: tuple[str, ...] = (UNKNOWN_LABEL,)
    definition: str = ""
    paper: Mapping[str, float] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownstreamTask:
    """A row and its data.

    Attributes:
      row: the row of the table, or one made from a TOML file.
      readers: reads the data set's examples of each split that is there.
      files: that the examples of each split are read from.
    """

    row: TaskRow
    readers: Mapping[str, Reader]
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.row.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The possible targets; () if they are free text."""
        return self.row.labels

    def splits(self) -> tuple[str, ...]:
        """Splits that can be read."""
        return tuple(self.readers)

    def examples(self, split: str) -> Iterator[TextExample]:
        """Examples of a split in text-to-text form, in the order of the data.

        Raises:
          DownstreamError: there is no such split; later, an example is not as the task expects it.
        """
        if split not in self.readers:
            raise DownstreamError(
                f"{self.name}: no split {split!r}; there is {', '.join(self.readers) or 'none'}"
            )
        return self._examples(split)

    def _examples(self, split: str) -> Iterator[TextExample]:
        for number, example in enumerate(self.readers[split]()):
            try:
                yield from map(self.row.form, self.row.expand(example, split))
            except (IndexError, KeyError, TypeError, ValueError) as error:
                reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
                raise DownstreamError(
                    f"{self.name}: example {number} of {split}: {reason}; its fields: "
                    f"{', '.join(example)}"
                ) from error

    def is_labelled(self, example: TextExample) -> bool:
        """True if the example has targets to learn and to compare with; test sets have none."""
        return example["targets"] not in self.row.unlabelled and example.get("label", 0) != -1

    def target(self, example: TextExample) -> Outcome:
        """The value of an example's targets, as `metrics` takes it."""
        return self.row.outcomes.of_target(example)

    def postprocess(self, prediction: str, example: TextExample) -> Outcome:
        """The value of a predicted text, as `metrics` takes it."""
        return self.row.outcomes.of_prediction(prediction, example)

    def metrics(
        self, targets: Sequence[Outcome], predictions: Sequence[Outcome]
    ) -> dict[str, float]:
        """Scores by metric, in percent, of values from `target` and `postprocess`.

        Raises:
          DownstreamError: the numbers of targets and predictions differ, or there are none.
          MetricsMissing: a library is not installed.
        """
        if len(targets) != len(predictions) or not len(targets):
            raise DownstreamError(
                f"{self.name}: expected as many predictions as targets, and at least one; got "
                f"{len(targets)} targets and {len(predictions)} predictions"
            )
        scores: dict[str, float] = {}
        for metric in self.row.metrics:
            scores |= metric(targets, predictions)
        return scores
