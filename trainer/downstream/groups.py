"""Table of groups of tasks: their members, their average as the papers average, and mixing rates.

The average of GLUE and SuperGLUE is that of t5 0.9.4 (`eval_utils.py`): the metrics of a task, or
of MNLI matched and mismatched together, are averaged first, then the tasks. WNLI, DPR and the
diagnostic sets do not count. A multilingual group averages each metric over its languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trainer.data.mixtures import mixing_rates
from trainer.downstream import multilingual
from trainer.downstream.table import DOWNSTREAM_TASKS
from trainer.downstream.task import DownstreamError, TaskRow

Scores = Mapping[str, Mapping[str, float]]
"""Task -> metric -> score in percent."""
_MT5 = "Xue et al. 2021, table 2"
_RTE = ("glue_rte", "super_glue_rte")
_RTE_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroup:
    """One row of the table of groups.

    Attributes:
      name: as glue.
      members: tasks to train on and to evaluate.
      averaged: the tasks that count, those that count as one together; (): each member's metrics
        are averaged over the members, metric by metric.
      paper: scores of T5-Base or mT5-Base, by name of the average or metric.
      source: where `paper` is from.
    """

    name: str
    members: tuple[str, ...]
    averaged: tuple[tuple[str, ...], ...] = ()
    paper: Mapping[str, float] = field(default_factory=dict)
    source: str = ""


def _named(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in names.split())


def _languages(name: str, languages: Sequence[str], **paper: float) -> TaskGroup:
    members = tuple(f"{name}.{language}" for language in languages)
    return TaskGroup(name=name, members=members, paper=paper, source=_MT5)


_GLUE_SINGLE = _named("glue_", "cola sst2 mrpc stsb qqp qnli rte")
_GLUE_MNLI = _named("glue_", "mnli_matched mnli_mismatched")
_SUPER_GLUE = _named("super_glue_", "boolq cb copa multirc record rte wic wsc")

GROUPS: dict[str, TaskGroup] = {
    group.name: group
    for group in (
        TaskGroup(
            name="glue",
            members=(*_GLUE_SINGLE, "glue_mnli", *_GLUE_MNLI, "glue_ax"),
            averaged=(*((task,) for task in _GLUE_SINGLE), _GLUE_MNLI),
            paper={"average": 82.7},
            source="Raffel et al. 2020, table 14 (test, with WNLI)",
        ),
        TaskGroup(
            name="super_glue",
            members=(*_SUPER_GLUE, "dpr", *_named("super_glue_", "axb axg")),
            averaged=tuple((task,) for task in _SUPER_GLUE),
            paper={"average": 76.2},
            source="Raffel et al. 2020, table 14 (test)",
        ),
        TaskGroup(
            name="closed_book_qa", members=("trivia_qa", "natural_questions", "web_questions")
        ),
        _languages("xnli", multilingual.XNLI_LANGUAGES, accuracy=75.4),
        _languages("paws_x", multilingual.PAWS_X_LANGUAGES, accuracy=86.4),
        _languages("xquad", multilingual.XQUAD_LANGUAGES, f1=67.0, em=49.0),
        _languages("mlqa", multilingual.MLQA_LANGUAGES, f1=64.6, em=45.0),
        _languages("tydi_qa", multilingual.TYDI_QA_LANGUAGES, f1=59.1, em=42.4),
        _languages("wikiann", multilingual.WIKIANN_LANGUAGES, span_f1=55.7),
    )
}
GROUPS["all"] = TaskGroup(
    name="all",
    members=(
        *GROUPS["glue"].members,
        *GROUPS["super_glue"].members,
        *("cnn_dailymail", "squad", "wmt_ende", "wmt_enfr", "wmt_enro"),
    ),
)


def find_group(name: str) -> TaskGroup:
    """The group of a name.

    Raises:
      DownstreamError: there is no such group.
    """
    if name not in GROUPS:
        raise DownstreamError(f"group {name!r}: expected one of {', '.join(GROUPS)}")
    return GROUPS[name]


def group_average(name: str, scores: Scores) -> dict[str, float]:
    """{"average"} of GLUE and SuperGLUE, or each metric's mean over the members.

    {} unless the scores of all tasks that count are there.
    """
    group = find_group(name)
    if group.averaged:
        if any(task not in scores for unit in group.averaged for task in unit):
            return {}
        units = [
            [value for task in unit for value in scores[task].values()] for unit in group.averaged
        ]
        return {"average": float(np.mean([np.mean(unit) for unit in units]))}
    if name == "all" or any(task not in scores for task in group.members):
        return {}
    metrics = scores[group.members[0]]
    return {
        metric: float(np.mean([scores[task][metric] for task in group.members]))
        for metric in metrics
    }


def group_rates(
    name: str,
    cap: int = 0,
    temperature: float = 1.0,
    rows: Mapping[str, TaskRow] = DOWNSTREAM_TASKS,
) -> dict[str, float]:
    """Mixing rate of each task of a group that is trained on.

    With the defaults they are proportional to the numbers of examples, as t5 weighs `glue` and
    `super_glue`. In `all` each of the two RTE counts half, as in t5's `all_proportional`; there the
    cap is not applied to GLUE and SuperGLUE, which changes nothing for caps over 392,702.

    Args:
      cap: K of section 3.5.2; 0 for none.
      temperature: T of section 3.5.2.
    Raises:
      MixtureError: the cap or the temperature is out of range.
    """
    examples = {
        task: rows[task].train_examples
        for task in find_group(name).members
        if rows[task].train_examples
    }
    rates = mixing_rates("temperature", examples, cap, temperature)
    return halve_shared(rates)


def halve_shared(rates: Mapping[str, float]) -> dict[str, float]:
    """Rates of tasks, with half the rate of each RTE if both are there: they are the same data."""
    shared = all(task in rates for task in _RTE)
    return {
        task: _RTE_SHARE * rate if shared and task in _RTE else rate for task, rate in rates.items()
    }
