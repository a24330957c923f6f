"""Texts, values and scores of every task equal those of t5 0.9.4, kept in goldens.json."""

import json

import pytest

from tests.trainer.downstream.cases import CASES
from tests.trainer.downstream.goldens import FILE, ours
from trainer.downstream.table import DOWNSTREAM_TASKS

pytest.importorskip("sklearn", reason="needs the trainer's packages: pip install -e '.[trainer]'")

GOLDENS = json.loads(FILE.read_text(encoding="utf-8"))


def family(name):
    return name.partition(".")[0]


@pytest.mark.parametrize("name", GOLDENS)
def test_texts_values_and_scores_are_those_of_t5(name):
    row, _, split = name.partition(" ")
    found = ours(row, split or "validation")
    assert found["texts"] == GOLDENS[name]["texts"]
    assert found["metrics"] == pytest.approx(GOLDENS[name]["metrics"], rel=1e-9)


def test_every_row_has_cases_and_goldens():
    missing = {family(name) for name in DOWNSTREAM_TASKS} - {family(name) for name in CASES}
    assert not missing, f"add cases of {missing} to tests/trainer/downstream/cases.py"
    assert CASES.keys() <= GOLDENS.keys()


@pytest.mark.parametrize("name", CASES)
def test_scores_of_the_paper_are_named_as_the_metrics(name):
    row = DOWNSTREAM_TASKS[name]
    assert row.paper.keys() <= GOLDENS[name]["metrics"].keys()
    assert bool(row.paper) == bool(row.source)


@pytest.mark.parametrize("name", CASES)
def test_cases_tell_scores_apart(name):
    """Neither all right nor all wrong: such cases would hide a fault."""
    scores = GOLDENS[name]["metrics"].values()
    assert len(scores) >= len(DOWNSTREAM_TASKS[name].metrics)
    for score in scores:
        assert 0 < score < 100


def test_targets_of_labelled_tasks_are_their_labels():
    for name in CASES:
        labels = DOWNSTREAM_TASKS[name].labels
        texts = {text["targets"] for text in GOLDENS[name]["texts"]}
        assert not labels or texts - {"<unk>"} == set(labels)
