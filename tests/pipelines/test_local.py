from dataclasses import dataclass

import pytest

from pipelines import local
from pipelines.stages.table import Step
from pipelines.stages.tasks import Stage


@dataclass(frozen=True)
class Task:
    number: int
    size: int


def begun(monkeypatch: pytest.MonkeyPatch, **stage: object) -> list[int]:
    """The numbers of the tasks of a stage, in the order in which the pool gets them."""
    numbers: list[int] = []

    class Pool:
        def results(self, work, tasks):
            numbers.extend(task.number for task in tasks)
            return ()

    sizes = (2, 5, 5, 9, 1)
    row = Stage(
        name="any", meaning="", unit="parts", share=0.0,
        tasks=lambda job, totals: map(Task, range(5), sizes), **stage,
    )  # fmt: skip
    monkeypatch.setattr(local, "data_path", lambda job: [Step(row)])
    monkeypatch.setattr(local, "current_pool", Pool)
    monkeypatch.setattr(local, "publish", lambda counts, job: None)
    assert local.build_in_pool(None) == {}
    return numbers


def test_the_largest_tasks_begin_first_and_equal_ones_in_their_order(monkeypatch):
    assert begun(monkeypatch, weight=lambda task: task.size) == [3, 1, 2, 0, 4]


def test_tasks_without_a_weight_begin_in_their_order(monkeypatch):
    assert begun(monkeypatch) == [0, 1, 2, 3, 4]
