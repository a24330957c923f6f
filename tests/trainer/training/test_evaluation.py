import types

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.model.bigram import VOCAB, Bigram, bigram_batch, bigram_metrics, bigram_table
from trainer.config import TrainConfig
from trainer.input.batches import HostInfo
from trainer.training.evaluation import Evaluator, unigram_entropy
from trainer.training.partitioning import make_mesh
from trainer.training.step import eval_step


@pytest.mark.parametrize(
    ("counts", "entropy"),
    [([4, 4, 0, 0], np.log(2)), ([9, 0, 0, 0], 0.0), ([1, 1, 1, 1], np.log(4))],
)
def test_unigram_entropy(counts, entropy):
    assert unigram_entropy(np.array(counts, float)) == pytest.approx(entropy)


def test_scores_of_a_split_are_the_means_over_its_targets():
    """Of two corpora, whose last batches are shorter than the others."""
    table, examples = bigram_table(), {"a": bigram_batch(1, rows=5), "b": bigram_batch(2, rows=3)}
    run = types.SimpleNamespace(
        network=types.SimpleNamespace(config=types.SimpleNamespace(vocab_size=VOCAB)),
        host=HostInfo(),
        mesh=make_mesh(1),
        evaluate=lambda params, batch: eval_step(Bigram(), params, batch),
    )
    opened = {
        name: tf.data.Dataset.from_tensor_slices(rows).batch(4) for name, rows in examples.items()
    }
    config = TrainConfig(batch_size=4, eval_period=1)
    found = Evaluator(config, run, whole=True, opened=(opened, ())).evaluate({"table": table})
    sums = {name: np.array(bigram_metrics(table, rows, 0.0)) for name, rows in examples.items()}
    for name, (_, entropy, targets, correct) in sums.items():
        assert found[f"eval_loss/{name}"] == pytest.approx(entropy / targets, rel=1e-5)
        assert found[f"eval_accuracy/{name}"] == pytest.approx(correct / targets)
    _, entropy, targets, correct = sum(sums.values())
    assert 0 < correct < targets == found["eval_targets"]
    assert found["eval_loss"] == pytest.approx(entropy / targets, rel=1e-5)
    assert found["eval_accuracy"] == pytest.approx(correct / targets)
    written = np.concatenate(
        [x["decoder_target_tokens"][x["decoder_loss_weights"] > 0] for x in examples.values()]
    )
    shares = np.unique(written, return_counts=True)[1] / len(written)
    assert found["eval_unigram_entropy"] == pytest.approx(-(shares * np.log(shares)).sum())
