"""Every objective against t5 0.9.4's own objective files: same seeds, same examples."""

import functools
from pathlib import Path

import pytest

t5_preprocessors = pytest.importorskip(
    "t5.data.preprocessors", reason="needs t5: pip install --no-deps t5==0.9.4"
)
gin = pytest.importorskip("gin")
import seqio
import t5
import tensorflow as tf

from tests.trainer.small import sentences
from trainer.data.corruption import NOISE_MASKS
from trainer.data.examples import make_examples
from trainer.data.objectives import OBJECTIVES, Noise, lengths

_INPUTS = 64
_GIN = Path(t5.__file__).parent / "models" / "gin"
_ROWS = {name: row for name, row in OBJECTIVES.items() if row.reference}
"""Objectives of our own have no reference to compare with."""


@pytest.fixture
def features(small_vocabulary):
    feature = seqio.Feature(seqio.SentencePieceVocabulary(small_vocabulary, extra_ids=100))
    return {"inputs": feature, "targets": feature}


def documents(features):
    encode = features["targets"].vocabulary.encode
    tokens = [encode(text) for text in sentences(70, seed=5)]
    tokens[3] = []
    return tf.data.Dataset.from_generator(
        lambda: ({"targets": ids} for ids in tokens),
        output_signature={"targets": tf.TensorSpec([None], tf.int32)},
    )


def examples(make, dataset):
    with seqio.map_seed_manager(42):
        made = make(dataset)
    return [{k: v.tolist() for k, v in row.items()} for row in made.as_numpy_iterator()]


def reference(row, features):
    """The pipeline of the row's own gin file, for shorter inputs."""
    gin.clear_config()
    gin.add_config_file_search_path(str(_GIN))
    text = (_GIN / "objectives" / f"{row.reference}.gin").read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("utils.", "vocabularies."))]
    with gin.unlock_config():
        gin.parse_config("\n".join(kept), skip_unknown=True)
        if row.noise is Noise.SPANS:
            gin.parse_config(f"preprocessors.random_spans_helper.inputs_length = {_INPUTS}")
    length = {"inputs": _INPUTS, "targets": _INPUTS}
    return functools.partial(
        t5_preprocessors.unsupervised, output_features=features, sequence_length=length
    )


@pytest.mark.parametrize("name", _ROWS)
def test_examples_are_those_of_the_reference(name, features):
    row = OBJECTIVES[name]
    ours = functools.partial(
        make_examples(row),
        output_features=features,
        sequence_length={"inputs": _INPUTS, "targets": _INPUTS},
    )
    expected = examples(reference(row, features), documents(features))
    assert len(expected) > 20
    assert examples(ours, documents(features)) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 568])
@pytest.mark.parametrize("name", [n for n, row in _ROWS.items() if not row.is_causal()])
def test_masks_are_those_of_the_reference(name, length):
    row = OBJECTIVES[name]
    if length == 1 and row.noise is Noise.PREFIX:
        pytest.skip("a text of one token has no prefix in either")
    masks = {
        Noise.IID: t5_preprocessors.iid_noise_mask,
        Noise.PREFIX: t5_preprocessors.random_prefix_noise_mask,
        Noise.SPANS: functools.partial(
            t5_preprocessors.random_spans_noise_mask, mean_noise_span_length=row.mean_span
        ),
    }
    for seed in range(5):
        seeds = tf.constant([[seed, 7], [11, seed]])
        expected = masks[row.noise](tf.constant(length), row.density, seeds=seeds)
        found = NOISE_MASKS[row.noise](row, tf.constant(length), seeds)
        assert found.numpy().tolist() == expected.numpy().tolist()


@pytest.mark.parametrize("inputs", [16, 64, 512, 1024])
@pytest.mark.parametrize("density", [0.1, 0.15, 0.25, 0.5])
@pytest.mark.parametrize("mean_span", [2, 3, 5, 10])
def test_lengths_are_those_of_the_reference(inputs, density, mean_span):
    from trainer.data.objectives import with_noise

    row = with_noise(OBJECTIVES["span_corruption"], density, mean_span)
    raw, targets = t5_preprocessors.random_spans_helper(
        inputs_length=inputs,
        noise_density=density,
        mean_noise_span_length=float(mean_span),
        extra_tokens_per_span_inputs=1,
        extra_tokens_per_span_targets=1,
    )
    found = lengths(row, inputs)
    assert (found.raw, found.targets) == (raw, targets)
