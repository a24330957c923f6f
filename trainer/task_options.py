"""The options of downstream tasks: which ones a run has, and how their predictions are made."""

from collections.abc import Iterator
from dataclasses import dataclass

from runtime.cli.options import Choice, OptionError, closest, option


class TrainConfigError(OptionError):
    """An option out of range. The message names the option, its value and the expected values."""


SCORINGS: dict[str, Choice] = {
    row.name: row
    for row in (
        Choice("generation", "the greedily decoded text, as in T5"),
        Choice(
            "options",
            "of tasks with labels the label with the highest log-likelihood, EOS included, "
            "not divided by its length",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """Fields of TrainConfig, which validates them."""

    task: tuple[str, ...] = option(
        "downstream task, group of tasks, or TOML file of own tasks; repeat it for a mixture, also "
        "with --corpus",
        default=(),
        many=True,
        metavar="NAME",
    )
    data_dir: str = option("folder of the data sets of --task", default="", metavar="DIR")
    scoring: str = option(
        "how the predictions of an evaluation are made", default="generation", table=SCORINGS
    )
    eval_examples: int = option(
        "examples of each task, and of each corpus of pairs, that an evaluation during training "
        "predicts; 0: none",
        default=100,
    )

    def wrong_task_options(self) -> Iterator[str]:
        """An error for each value out of range."""
        if self.scoring not in SCORINGS:
            yield f"--scoring={self.scoring}: unknown; {closest(self.scoring, SCORINGS)}"
        if self.eval_examples < 0:
            yield f"--eval_examples={self.eval_examples}: expected 0 or more"
        if repeated := [name for name in self.task if self.task.count(name) > 1]:
            yield f"--task={repeated[0]}: it is given twice; give each task once"
