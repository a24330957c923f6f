import dataclasses

import numpy as np
import pytest
import seqio

from tests.trainer.small import sentences, write_corpus
from trainer.config import TrainConfig
from trainer.data.objectives import ObjectiveError
from trainer.data.vocabularies import load_vocabulary
from trainer.evaluation.decoder import encode_inputs
from trainer.input.batches import (
    Batches,
    HostInfo,
    open_dataset,
    open_members,
    register_tasks,
)
from trainer.input.lengths import fit_to_data
from trainer.task_options import TrainConfigError

LINES = [(text[:30], text[:8]) for text in sentences(12)]


@pytest.fixture
def pairs(tmp_path) -> str:
    """A folder of pairs; one target of `validation` is longer than all others."""
    folder = tmp_path / "cut"
    folder.mkdir()
    rows = [f"{inputs}\t{targets}\n" for inputs, targets in LINES]
    (folder / "train.tsv").write_text("".join(rows))
    (folder / "validation.tsv").write_text(f"the sea\t{sentences(1)[0][:60]}\n")
    return str(folder)


@pytest.fixture
def config(pairs, small_vocabulary) -> TrainConfig:
    return TrainConfig(corpus=(pairs,), vocab=small_vocabulary, size="tiny", batch_size=4)


def tokens(config: TrainConfig, text: str) -> int:
    return len(load_vocabulary(config.vocab).encode(text)) + 1


def test_pairs_have_the_lengths_of_their_data(config):
    fitted, notes = fit_to_data(config)
    longest = {
        "inputs": max(tokens(config, inputs) for inputs, _ in LINES),
        "targets": tokens(config, sentences(1)[0][:60]),
    }
    assert notes == [] and fitted.data_form == "pairs"
    assert fitted.lengths() == {name: -(-count // 8) * 8 for name, count in longest.items()}
    assert fit_to_data(fitted) == (fitted, [])


def test_targets_that_are_cut_are_counted(config):
    _, notes = fit_to_data(dataclasses.replace(config, targets_length=16, inputs_length=64))
    (note,) = notes
    longest = tokens(config, sentences(1)[0][:60])
    assert note == (
        "note: cut, validation: 1 of 1 targets are cut at --targets_length=16; the longest has "
        f"{longest} tokens"
    )


def test_lengths_of_documents_follow_from_the_objective(config, small_corpus):
    documents = dataclasses.replace(config, corpus=(small_corpus,))
    fitted, _ = fit_to_data(documents)
    assert fitted == dataclasses.replace(documents, data_form="documents")
    assert fitted.lengths() == {"inputs": 512, "targets": 114}
    both, _ = fit_to_data(dataclasses.replace(config, corpus=(*config.corpus, small_corpus)))
    assert both.lengths() == {"inputs": 512, "targets": 114}


def test_lengths_that_cannot_be_are_refused(config, small_corpus):
    with pytest.raises(TrainConfigError, match=r"--targets_length=1: expected 2 or more"):
        dataclasses.replace(config, targets_length=1)
    short = dataclasses.replace(config, corpus=(small_corpus,), targets_length=20)
    with pytest.raises(ObjectiveError, match="makes targets of 114 tokens"):
        open_dataset(short, "train", HostInfo())


@pytest.fixture
def decoder(config) -> TrainConfig:
    """A decoder without encoder, on pairs."""
    causal = dataclasses.replace(
        config, architecture="decoder_lm", objective="causal_lm", packing=False
    )
    return fit_to_data(causal)[0]


def test_a_decoder_reads_the_inputs_of_pairs_with_weight_0(decoder):
    batch = next(Batches(open_dataset(decoder, "train", HostInfo())))
    assert sorted(batch) == [
        "decoder_input_tokens", "decoder_loss_weights", "decoder_target_tokens",
    ]  # fmt: skip
    vocabulary = load_vocabulary(decoder.vocab)
    expected = {
        (*encode_inputs(decoder, vocabulary, inputs), *vocabulary.encode(targets), 1): tokens(
            decoder, inputs
        )
        for inputs, targets in LINES
    }
    for ids, weights in zip(
        batch["decoder_target_tokens"], batch["decoder_loss_weights"], strict=True
    ):
        row = tuple(ids[ids > 0].tolist())
        assert np.flatnonzero(weights).tolist() == [*range(expected[row], len(row))]


def test_a_decoder_reads_what_that_of_t5x_reads(decoder):
    packed = dataclasses.replace(decoder, packing=True)
    (task,) = register_tasks(packed)
    theirs = seqio.get_dataset(
        task, packed.lengths(), dataset_split="train", shuffle=False, num_epochs=1,
        feature_converter=seqio.DecoderFeatureConverter(pack=True),
    )  # fmt: skip
    (members, _) = open_members(packed, "train")
    ours = list(members[task].unbatch().as_numpy_iterator())
    assert ours
    for expected, row in zip(theirs.as_numpy_iterator(), ours, strict=True):
        assert expected.keys() - row.keys() == {"decoder_causal_attention"}
        for name, ids in row.items():
            np.testing.assert_array_equal(ids, expected[name])


def test_a_decoder_reads_documents_beside_pairs(decoder, tmp_path):
    documents = write_corpus(tmp_path / "books", {"train": sentences(9), "validation": ["the sea"]})
    config = dataclasses.replace(decoder, corpus=(*decoder.corpus, documents))
    config, _ = fit_to_data(dataclasses.replace(config, mixing="equal"))
    next(Batches(open_dataset(config, "train", HostInfo())))
    members, _ = open_members(config, "validation")
    batch = next(Batches(members["books_causal_lm"]))
    weights, ids = batch["decoder_loss_weights"], batch["decoder_target_tokens"]
    assert (weights == (ids > 0)).all() and weights.sum() == tokens(config, "the sea")


def test_a_prompt_of_documents_has_no_end(decoder):
    documents = dataclasses.replace(decoder, data_form="documents")
    assert encode_inputs(documents, load_vocabulary(decoder.vocab), "sea")[-1] != 1
