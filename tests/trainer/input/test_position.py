import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.trainer.small import sentences, write_corpus
from trainer.config import TrainConfig
from trainer.input.batches import Batches, HostInfo, open_dataset
from trainer.input.position import PositionError, identify_data, read_position


@pytest.fixture
def config(tmp_path, small_vocabulary) -> TrainConfig:
    """A configuration of documents and pairs of its own."""
    documents = write_corpus(tmp_path / "books", {"train": sentences(20)}, shards=2)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("the sea\ta river\n" * 5)
    return TrainConfig(
        corpus=(documents, str(pairs)), vocab=small_vocabulary, inputs_length=32, batch_size=4
    )


def changes(config: TrainConfig, before) -> list[str]:
    return [*identify_data(config).changes(before)]


def test_a_moved_copy_is_the_same_data(config, tmp_path):
    before = identify_data(config)
    moved = tuple(str(tmp_path / "moved" / Path(path).name) for path in config.corpus)
    (tmp_path / "moved").mkdir()
    for source, target in zip(config.corpus, moved, strict=True):
        shutil.move(source, target)
    vocabulary = shutil.copy(config.vocab, tmp_path / "copy.model")
    again = dataclasses.replace(config, corpus=moved, vocab=vocabulary, batch_size=8, steps=5)
    assert changes(again, before) == []


def test_changed_files_are_named(config, tmp_path):
    before = identify_data(config)
    Path(config.corpus[1]).write_text("the sea\ta RIVER\n" * 5)
    assert changes(config, before) == ["the files of pairs changed"]
    write_corpus(tmp_path / "books", {"train": sentences(21)}, shards=2)
    assert len(changes(config, before)) == 2


OTHERS = [
    ({"prefix": "reverse: "}, "--prefix changed"),
    ({"inputs_length": 40, "targets_length": 20}, "--inputs_length changed"),
    ({"seed": 3}, "--seed changed"),
    ({"packing": False}, "--packing changed"),
    ({"objective": "bert_style"}, "books_bert_style is new in --corpus or --task"),
]


@pytest.mark.parametrize(("fields", "change"), OTHERS)
def test_changed_settings_are_named(config, fields, change):
    assert change in changes(dataclasses.replace(config, **fields), identify_data(config))


def test_corpora_that_come_and_go_are_named(config):
    before = identify_data(config)
    one = dataclasses.replace(config, corpus=config.corpus[1:])
    assert changes(one, before) == ["books_span_corruption is not in --corpus or --task any more"]
    turned = dataclasses.replace(config, corpus=config.corpus[::-1])
    assert changes(turned, before) == ["--corpus or --task has another order"]


def test_changed_data_are_read_from_their_start(config, tmp_path):
    pairs = dataclasses.replace(config, corpus=config.corpus[1:], packing=False)
    batches = Batches(open_dataset(pairs, "train", HostInfo()), identify_data(pairs))
    next(batches)
    batches.save(str(tmp_path / "data_1"))
    Path(pairs.corpus[0]).write_text("the cat\told roofs\n" * 5)
    again = Batches(open_dataset(pairs, "train", HostInfo()), identify_data(pairs))
    assert again.restore(str(tmp_path / "data_1")) == ["the files of pairs changed"]
    assert (next(again)["encoder_input_tokens"] != next(batches)["encoder_input_tokens"]).any()


def test_a_damaged_position_is_told(tmp_path):
    file = tmp_path / "data_1.json"
    for text in ("{", "[]", '{"rows": 3}'):
        file.write_text(text)
        with pytest.raises(PositionError, match=r"data_1\.json: expected the position"):
            read_position(str(file))
