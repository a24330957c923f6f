"""Every downstream task against t5 0.9.4 and multilingual-t5: hand-made examples, mock data."""

import json

import pytest

pytest.importorskip("t5.data", reason="needs t5: pip install --no-deps t5==0.9.4")
pytest.importorskip("sklearn")
from tests.reference.downstream import needs, reference, texts
from tests.trainer.downstream.cases import CASES
from tests.trainer.downstream.goldens import FILE, in_json
from tests.trainer.downstream.mock import NOT_MOCKED, mock_examples, numpy
from trainer.downstream.groups import group_average, group_rates
from trainer.downstream.sources import plain
from trainer.downstream.table import DOWNSTREAM_TASKS

GOLDENS = json.loads(FILE.read_text(encoding="utf-8"))


def skip_without_reference(name):
    if missing := needs(name):
        pytest.skip(f"needs {missing}")


@pytest.mark.parametrize("name", GOLDENS)
def test_goldens_are_those_of_the_reference(name):
    skip_without_reference(name)
    row, _, split = name.partition(" ")
    found = reference(row, split or "validation")
    assert found["texts"] == GOLDENS[name]["texts"]
    assert found["metrics"] == pytest.approx(GOLDENS[name]["metrics"], rel=1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_MOCKED])
def test_mock_data_give_the_texts_of_the_reference(name):
    skip_without_reference(name)
    row = DOWNSTREAM_TASKS[name]
    split = next(iter(row.splits))
    for example in mock_examples(row.dataset, row.splits[split]):
        ours = [in_json(row.form(each)) for each in row.expand(plain(numpy(example)), split)]
        theirs = [in_json(text) for text in texts(name, example, split)]
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            shared = one.keys() & other.keys()
            assert {"inputs", "targets"} <= shared
            assert {key: one[key] for key in shared} == {key: other[key] for key in shared}


def test_rates_are_those_of_t5():
    from t5.data import glue_utils

    for group, weights in (
        ("glue", glue_utils.get_glue_weight_mapping()),
        ("super_glue", glue_utils.get_super_glue_weight_mapping()),
    ):
        ours = {
            name.replace("dpr", "dpr_v001_simple"): rate
            for name, rate in group_rates(group).items()
        }
        theirs = {
            name.replace("_v002", "").replace("_v102", "").replace("_simple_train", ""): weight
            for name, weight in weights.items()
            if weight
        }
        assert ours == theirs


def test_averages_are_those_of_t5():
    pandas = pytest.importorskip("pandas")
    from t5.evaluation import eval_utils

    tags = {
        tag: metric
        for tag, metric in eval_utils.METRIC_NAMES.items()
        if "glue" in tag and "average" not in tag
    }
    scores, columns = {}, {}
    for number, (tag, metric) in enumerate(tags.items()):
        task, name = tag.split("/")
        task = task.replace("_v002", "").replace("_v102", "").replace("_simple_eval", "")
        scores.setdefault(task, {})[name] = columns[metric.name] = 40.0 + 3.7 * number % 50
    expected = eval_utils.compute_avg_glue(pandas.DataFrame([columns])).iloc[0]
    assert group_average("glue", scores)["average"] == pytest.approx(expected["Average GLUE Score"])
    assert group_average("super_glue", scores)["average"] == pytest.approx(
        expected["Average SuperGLUE Score"]
    )
