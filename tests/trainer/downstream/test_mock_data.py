"""The forms read the features that TFDS states. Their texts: tests/reference/test_downstream.py."""

import pytest

pytest.importorskip("tensorflow_datasets", reason="pip install -e '.[trainer]'")

from tests.trainer.downstream.cases import CASES
from tests.trainer.downstream.mock import NOT_CHOSEN, NOT_MOCKED, mock_examples, numpy
from trainer.downstream.sources import plain
from trainer.downstream.table import DOWNSTREAM_TASKS


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_MOCKED])
def test_forms_read_the_features_of_tfds(name):
    row = DOWNSTREAM_TASKS[name]
    split = next(iter(row.splits))
    found = mock_examples(row.dataset, row.splits[split])
    expanded = [each for example in found for each in row.expand(plain(numpy(example)), split)]
    assert bool(expanded) == (name not in NOT_CHOSEN)
    for each in expanded:
        text = row.form(each)
        assert isinstance(text["inputs"], str) and isinstance(text["targets"], str)
        row.outcomes.of_target(text)
        row.outcomes.of_prediction("a text", text)
