import sys

import numpy as np
import pytest

from trainer.downstream import metrics
from trainer.downstream.metrics import METRICS, MetricsMissing
from trainer.downstream.outcomes import ANSWERS, NUMBERS, TEXTS, classes

pytest.importorskip("sklearn", reason="needs the trainer's packages: pip install -e '.[trainer]'")


def test_a_missing_library_is_one_line_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MetricsMissing) as caught:
        metrics.bleu(["a"], ["a"])
    assert str(caught.value).endswith("pip install 'c4forge[trainer]'")
    assert "\n" not in str(caught.value)


def test_rouge_is_the_same_each_time_and_leaves_numpys_generator_alone():
    texts = [f"the cat number {n} sat on the stone ." for n in range(30)]
    other = [text.replace("cat", "dog") if n % 3 else text for n, text in enumerate(texts)]
    np.random.seed(7)
    first = metrics.rouge(texts, other)
    after = np.random.rand()
    np.random.seed(7)
    assert after == np.random.rand()
    np.random.seed(8)
    assert metrics.rouge(texts, other) == first


def test_perfect_predictions_score_100():
    values = {"classes": [0, 1, 2, 1], "numbers": [0.0, 2.5, 3.0, 1.0]}
    texts = ["PER: the old cat sat here", "LOC: a stone lay there still"]
    for name, row in METRICS.items():
        for kind in row.outcomes:
            targets = {"texts": texts, "answers": [[text] for text in texts]}.get(kind)
            targets = targets or [min(each, 1) if name == "f1" else each for each in values[kind]]
            predictions = texts if kind in ("texts", "answers") else targets
            scores = row.compute(targets, predictions)
            assert scores and all(score == pytest.approx(100) for score in scores.values()), name


def test_rows_name_kinds_of_values_that_exist():
    kinds = {each.name for each in (ANSWERS, NUMBERS, TEXTS, classes(("a",)))}
    assert {kind for row in METRICS.values() for kind in row.outcomes} == kinds


def test_macro_f1_is_the_mean_over_labels():
    assert metrics.macro_f1([0, 0, 1, 2], [0, 0, 1, -1])["macro_f1"] == pytest.approx(200 / 3)
