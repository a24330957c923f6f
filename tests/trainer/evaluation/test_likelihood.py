"""Log-likelihoods beside a plain computation, one example and one label at a time."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.evaluation.decoder import encode_inputs
from trainer.evaluation.likelihood import make_likelihood
from trainer.evaluation.predictor import choose_labels, make_predictor
from trainer.model.network import build_network
from trainer.training.run import configure_network, param_shapes

INPUTS = ("the cat sat on a warm stone", "rain", "old roofs and slow rivers")
LABELS = ("old", "the sea", "a warm stone")
ARCHITECTURES = {
    "encoder_decoder_half": "span_corruption",
    "decoder_lm": "causal_lm",
    "prefix_lm": "prefix_lm",
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def config(request, small_vocabulary) -> TrainConfig:
    return TrainConfig(
        vocab=small_vocabulary, size="tiny", dtype="float32", architecture=request.param,
        objective=ARCHITECTURES[request.param], data_form="pairs", inputs_length=32,
        targets_length=24, batch_size=4,
    )  # fmt: skip


def models(config: TrainConfig, count: int):
    network = build_network(configure_network(config))
    shapes = param_shapes(network)
    leaves, tree = jax.tree.flatten(shapes)
    random = np.random.default_rng(0)

    def one():
        drawn = [random.normal(0, 0.3, leaf.shape).astype(np.float32) for leaf in leaves]
        return jax.tree.unflatten(tree, drawn)

    return network, tuple(one() for _ in range(count))


def filled(ids: list[int]) -> np.ndarray:
    """The ids in a row of 64."""
    return np.array([ids + [0] * (64 - len(ids))], np.int32)


def brute_force(config, apply, inputs: list[int], targets: list[int]) -> float:
    """The sum of the log-probability of each target, from the logits of one row."""
    if config.architecture == "encoder_decoder_half":
        logits = apply(filled(inputs), filled([0, *targets[:-1]]), filled(targets))[0]
    else:
        row = inputs + targets
        prefix = filled([1] * (len(inputs) + 1))
        named = {"decoder_causal_attention": prefix} if config.architecture == "prefix_lm" else {}
        logits = apply(filled([0, *row[:-1]]), filled(row), **named)[0, len(inputs) :]
    found = np.asarray(logits, np.float64)[: len(targets)]
    return sum(
        row[target] - np.log(np.exp(row).sum()) for row, target in zip(found, targets, strict=True)
    )


def test_labels_are_ranked_by_their_log_likelihood(config):
    network, (params,) = models(config, 1)
    vocabulary = load_vocabulary(config.vocab)
    apply = jax.jit(functools.partial(network.apply, {"params": params}, enable_dropout=False))
    predict = make_predictor(dataclasses.replace(config, scoring="options"), network, params)
    found = predict([{"inputs": text} for text in INPUTS], LABELS)
    for text, prediction in zip(INPUTS, found, strict=True):
        inputs = encode_inputs(config, vocabulary, text)
        expected = {
            label: brute_force(config, apply, inputs, [*vocabulary.encode(label), 1])
            for label in LABELS
        }
        assert prediction.options == pytest.approx(expected, abs=1e-4)
        assert prediction.text == max(expected, key=expected.get)
        assert prediction.score == max(prediction.options.values())


@pytest.mark.parametrize("config", ["prefix_lm"], indirect=True)
def test_an_ensemble_averages_logits(config):
    network, both = models(config, 2)
    ids = [[*load_vocabulary(config.vocab).encode("old"), 1]]
    alone = [make_likelihood(config, network, params)(ids, ids)[0] for params in both]
    (together,) = make_likelihood(config, network, both)(ids, ids)
    (same,) = make_likelihood(config, network, (both[0], both[0]))(ids, ids)
    assert same == pytest.approx(alone[0], abs=1e-4)
    assert together not in (pytest.approx(alone[0]), pytest.approx(alone[1]))


def test_the_first_of_equal_labels_is_chosen():
    found = choose_labels([[5]], ("no", "yes"), [[1], [1]], lambda _, targets: [-1.0] * 2)
    assert found[0].text == "no" and found[0].options == {"no": -1.0, "yes": -1.0}
