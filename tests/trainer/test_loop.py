import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.trainer.small import sentences, train_vocabulary, write_corpus
from trainer.batches import Hosts, InputError, open_dataset
from trainer.checkpoints import CheckpointError, Checkpoints, newest, read_params
from trainer.config import TrainConfig
from trainer.loop import Diverged, train
from trainer.meshes import MeshError
from trainer.vocabularies import load_vocabulary


@pytest.fixture
def config(small_corpus, small_vocabulary, tmp_path):
    return TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        inputs_length=32, batch_size=8, steps=6, warmup_steps=100, checkpoint_period=3,
        eval_period=3, eval_batches=2, log_period=1, model_dir=str(tmp_path / "run"), dropout=0.1,
    )  # fmt: skip


def curve(folder):
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_stopping_and_going_on_changes_no_bit(config, tmp_path):
    whole = train(config)
    split = dataclasses.replace(config, model_dir=str(tmp_path / "split"))
    train(dataclasses.replace(split, steps=3))
    assert_same(train(split), whole)
    rows = [
        json.loads(line) for line in (tmp_path / "run" / "curve.jsonl").read_text().splitlines()
    ]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in rows if "eval_loss" in row] == [3, 6]
    assert (tmp_path / "run" / "loss.png").stat().st_size > 1000
    # Without the data's place the same batches are found by reading past those before.
    shutil.rmtree(tmp_path / "split" / "checkpoint_6")
    for file in (tmp_path / "split").glob("data_*"):
        file.unlink()
    assert_same(train(split), whole)


def test_old_checkpoints_go_and_the_newest_stay(config, tmp_path):
    train(dataclasses.replace(config, checkpoint_period=1, keep_checkpoints=2, eval_period=0))
    names = sorted(path.name for path in (tmp_path / "run").glob("checkpoint_*"))
    assert names == ["checkpoint_5", "checkpoint_6"]
    assert newest(str(tmp_path / "run")).endswith("checkpoint_6")


def test_microbatches_change_only_rounding(config, tmp_path):
    still = dataclasses.replace(config, dropout=0.0, steps=3, eval_period=0)
    one = train(still)
    parts = dataclasses.replace(still, microbatches=4, model_dir=str(tmp_path / "parts"))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), train(parts).params, one.params
    )


def test_a_loss_that_is_no_number_stops_with_the_batch_saved(config, tmp_path):
    bad = dataclasses.replace(config, learning_rate=1e30, eval_period=0, steps=20)
    with pytest.raises(Diverged, match=r"ids are in .*newest checkpoint is from before"):
        train(bad)
    saved = np.load(next((tmp_path / "run").glob("diverged_*.npz")))
    assert saved["decoder_target_tokens"].shape == (8, config.lengths()["targets"])


def test_a_full_disk_leaves_the_last_checkpoint_loadable(config, monkeypatch):
    train(dataclasses.replace(config, steps=3, eval_period=0))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orbax.checkpoint.CheckpointManager.save", full)
    with pytest.raises(CheckpointError, match=r"No space left.*checkpoint_3 is whole; make room"):
        train(dataclasses.replace(config, eval_period=0))
    monkeypatch.undo()
    assert int(train(dataclasses.replace(config, eval_period=0)).step) == 6


def test_another_vocabulary_does_not_fit_the_checkpoint(config, tmp_path):
    train(dataclasses.replace(config, steps=1, eval_period=0))
    other = train_vocabulary(
        tmp_path / "larger.model", [f"{s} {i * 7919}" for i, s in enumerate(sentences(300))], 200
    )
    assert load_vocabulary(other).vocab_size == 300
    with pytest.raises(CheckpointError, match="256 rows, the vocabulary needs 384"):
        train(dataclasses.replace(config, vocab=other))
    with pytest.raises(CheckpointError, match="--size, --version or --architecture"):
        train(dataclasses.replace(config, version="v1.0"))


def test_fewer_shards_than_hosts_is_told(config):
    with pytest.raises(InputError, match=r"2 shards of train for 3 hosts.*--shards=3"):
        open_dataset(config, "train", Hosts(index=0, count=3))


def test_a_truncated_shard_is_told(config, tmp_path):
    folder = write_corpus(tmp_path / "c4" / "en" / "3.1.0", {"train": sentences(50)})
    shard = next(Path(folder).glob("*.tfrecord-*"))
    os.truncate(shard, shard.stat().st_size - 10)
    with pytest.raises(InputError, match="damaged or cut off"):
        train(dataclasses.replace(config, corpus=(folder,)))


def test_leftovers_of_a_killed_writer_are_no_checkpoint(config, tmp_path):
    train(dataclasses.replace(config, steps=3, eval_period=0))
    run = tmp_path / "run"
    left = run / "checkpoint_6.orbax-checkpoint-tmp-123"
    shutil.copytree(run / "checkpoint_3" / "state", left / "state")
    assert Checkpoints(str(run), 3).latest() == 3
    assert "token_embedder" in read_params(newest(str(run)))


_MESHES = {
    "data": {},
    "model": {"model_parallel": 4},
    "sharded": {"shard_parameters": True},
    "all": {"model_parallel": 2, "shard_parameters": True},
}
_SCRIPT = """
import json, sys
from trainer.config import TrainConfig
from trainer.loop import train
values = json.loads(sys.argv[1])
train(TrainConfig(**{**values, "corpus": tuple(values["corpus"])}))
"""


def losses_with_devices(config, count):
    environment = os.environ | {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}",
        "JAX_PLATFORMS": "cpu",
    }
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(dataclasses.asdict(config))],
        check=True, env=environment, capture_output=True, timeout=300,
    )  # fmt: skip
    rows = [
        json.loads(line) for line in Path(config.model_dir, "curve.jsonl").read_text().splitlines()
    ]
    return [row["loss"] for row in rows if "loss" in row]


@pytest.fixture(scope="module")
def losses_of_one(small_corpus, small_vocabulary, tmp_path_factory):
    config = TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        inputs_length=32, batch_size=8, steps=4, warmup_steps=100, eval_period=0, log_period=1,
        model_dir=str(tmp_path_factory.mktemp("one")),
    )  # fmt: skip
    return config, losses_with_devices(config, 1)


@pytest.mark.parametrize("mesh", _MESHES)
def test_eight_devices_give_the_losses_of_one(mesh, losses_of_one, tmp_path):
    config, expected = losses_of_one
    other = dataclasses.replace(config, model_dir=str(tmp_path), **_MESHES[mesh])
    np.testing.assert_allclose(losses_with_devices(other, 8), expected, rtol=2e-4)


def test_a_batch_that_does_not_divide_is_told(monkeypatch):
    from trainer.meshes import check_batch

    class Mesh:
        shape = {"data": 8, "model": 1}  # noqa: RUF012

    with pytest.raises(MeshError, match=r"12 rows a microbatch .* 8 devices .*--batch_size=16"):
        check_batch(12, 1, Mesh())
