import dataclasses

import numpy as np
import pytest

from trainer.config import TrainConfig
from trainer.input.batches import (
    Batches,
    DataError,
    HostInfo,
    batch_spec,
    host_rows,
    open_dataset,
)
from trainer.input.position import identify_data


@pytest.fixture(scope="module")
def config(small_corpus, small_vocabulary):
    return TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", inputs_length=32, batch_size=8
    )


def test_batches_have_the_specified_shapes(config):
    dataset = open_dataset(config, "train", HostInfo())
    spec = batch_spec(dataset)
    batch = next(Batches(dataset))
    assert spec["encoder_input_tokens"].shape == (8, 32)
    assert {name: (x.shape, x.dtype) for name, x in batch.items()} == {
        name: (x.shape, x.dtype) for name, x in spec.items()
    }


def test_a_saved_position_is_restored(config, tmp_path):
    batches = Batches(open_dataset(config, "train", HostInfo()), identify_data(config))
    batches.skip(2)
    batches.save(str(tmp_path / "data_2"))
    assert [path.stat().st_size < 4096 for path in tmp_path.iterdir()] == [True]
    expected = next(batches)
    again = Batches(open_dataset(config, "train", HostInfo()), identify_data(config))
    assert again.restore(str(tmp_path / "data_1")) is None
    assert again.restore(str(tmp_path / "data_2")) == []
    for name, array in next(again).items():
        np.testing.assert_array_equal(array, expected[name])


def test_a_saved_position_holds_for_another_batch_size(config, tmp_path):
    batches = Batches(open_dataset(config, "train", HostInfo()), identify_data(config))
    batches.skip(3)
    batches.save(str(tmp_path / "data"))
    rows = np.concatenate([next(batches)["encoder_input_tokens"] for _ in range(2)])
    other = dataclasses.replace(config, batch_size=6)
    again = Batches(open_dataset(other, "train", HostInfo()), identify_data(other))
    assert again.restore(str(tmp_path / "data")) == []
    np.testing.assert_array_equal(next(again)["encoder_input_tokens"], rows[:6])


def test_fewer_shards_than_hosts_is_told(config):
    with pytest.raises(DataError, match=r"2 shards of train, fewer than the 3 hosts.*--shards=3"):
        open_dataset(config, "train", HostInfo(index=0, count=3))


def test_rows_of_pairs_are_dealt_out_to_hosts(tmp_path, small_vocabulary):
    words = ["sea", "cat", "old", "rain", "salt"]
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"{word}\t{word}\n" for word in words))
    pairs = TrainConfig(
        corpus=(str(file),), vocab=small_vocabulary, inputs_length=8, targets_length=8,
        batch_size=4, packing=False,
    )  # fmt: skip
    seen = []
    for index in range(2):
        batches = Batches(open_dataset(pairs, "train", HostInfo(index=index, count=2)))
        rows = [tuple(row) for _ in range(6) for row in next(batches)["encoder_input_tokens"]]
        assert len(rows) == 12
        seen.append(set(rows))
    assert sorted(map(len, seen)) == [2, 3] and not seen[0] & seen[1]
    with pytest.raises(DataError, match="pairs has 5 examples of train, fewer than the 6 hosts"):
        open_dataset(pairs, "train", HostInfo(index=0, count=6))


def test_a_split_that_is_not_there_is_told(config):
    with pytest.raises(DataError, match="no split 'test', but train, validation"):
        open_dataset(config, "test", HostInfo())


def test_hosts_share_the_rows_of_a_batch_that_all_read():
    batch = {"decoder_loss_weights": np.ones((5, 3))}
    parts = [
        host_rows(batch, 8, HostInfo(index=i, count=3))["decoder_loss_weights"] for i in range(3)
    ]
    assert [len(part) for part in parts] == [2, 3, 3]
    assert np.concatenate(parts).sum(axis=1).tolist() == [3] * 5 + [0] * 3
