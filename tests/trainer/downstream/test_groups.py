import pytest

from trainer.data.mixtures import MixtureError, mixing_rates
from trainer.downstream.groups import GROUPS, find_group, group_average, group_rates
from trainer.downstream.table import DOWNSTREAM_TASKS
from trainer.downstream.task import DownstreamError


def test_members_are_rows_and_every_row_but_wnli_is_in_a_group():
    members = {task for group in GROUPS.values() for task in group.members}
    assert members <= DOWNSTREAM_TASKS.keys()
    assert DOWNSTREAM_TASKS.keys() - members == {"glue_wnli", "glue_wnli_labels"}


def test_metrics_of_a_task_are_averaged_first_and_mnli_counts_once():
    scores = {
        "glue_cola": {"matthews_corrcoef": 50.0},
        "glue_sst2": {"accuracy": 90.0},
        "glue_mrpc": {"f1": 80.0, "accuracy": 90.0},
        "glue_stsb": {"pearson_corrcoef": 88.0, "spearman_corrcoef": 86.0},
        "glue_qqp": {"f1": 70.0, "accuracy": 90.0},
        "glue_qnli": {"accuracy": 91.0},
        "glue_rte": {"accuracy": 60.0},
        "glue_mnli_matched": {"accuracy": 82.0},
        "glue_mnli_mismatched": {"accuracy": 84.0},
        "glue_wnli": {"accuracy": 0.0},
    }
    expected = (50 + 90 + 85 + 87 + 80 + 91 + 60 + 83) / 8
    assert group_average("glue", scores) == {"average": pytest.approx(expected)}
    del scores["glue_rte"]
    assert group_average("glue", scores) == {}


def test_languages_are_averaged_metric_by_metric():
    languages = GROUPS["mlqa"].members
    scores = {name: {"em": float(n), "f1": 2.0 * n} for n, name in enumerate(languages)}
    assert group_average("mlqa", scores) == {"em": 3.0, "f1": 6.0}
    assert group_average("xnli", scores) == {}


def test_all_tasks_are_mixed_with_cap_and_temperature():
    rates = group_rates("all", cap=2**18, temperature=2.0)
    examples = {"glue_mnli": 392_702, "squad": 87_599, "wmt_enfr": 40_853_298}
    expected = mixing_rates("temperature", examples, 2**18, 2.0)
    assert {name: rates[name] for name in expected} == pytest.approx(expected)
    assert rates["glue_rte"] == rates["super_glue_rte"] == pytest.approx(0.5 * 2_490**0.5)


def test_rates_are_of_tasks_that_are_trained_on():
    rates = group_rates("glue")
    assert rates["glue_mnli"] == 392_702
    assert not rates.keys() & {"glue_mnli_matched", "glue_ax"}


def test_bad_groups_and_numbers_are_refused():
    with pytest.raises(DownstreamError, match="group 'glu': expected one of glue, super_glue"):
        find_group("glu")
    with pytest.raises(MixtureError, match="mixing_temperature=0"):
        group_rates("glue", temperature=0.0)
