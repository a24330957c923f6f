import numpy as np
import pytest

from trainer.training.evaluation import unigram_entropy


@pytest.mark.parametrize(
    ("counts", "entropy"),
    [([4, 4, 0, 0], np.log(2)), ([9, 0, 0, 0], 0.0), ([1, 1, 1, 1], np.log(4))],
)
def test_unigram_entropy(counts, entropy):
    assert unigram_entropy(np.array(counts, float)) == pytest.approx(entropy)
