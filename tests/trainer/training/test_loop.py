import dataclasses
import json
import os
import resource
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
import pytest

from runtime.errors import Terminated
from runtime.storage.space import DiskFull
from tests.trainer.small import sentences, train_vocabulary, write_corpus
from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.input.batches import Batches, DataError
from trainer.training.checkpoints import (
    CheckpointError,
    Checkpoints,
    newest_checkpoint,
    read_params,
)
from trainer.training.divergence import Diverged
from trainer.training.evaluation import Evaluator
from trainer.training.loop import train
from trainer.training.progress import read_curve
from trainer.training.run import this_host
from trainer.training.run_folder import RunFolderError


@pytest.fixture(scope="module")
def finished(small_corpus, small_vocabulary, tmp_path_factory):
    """A configuration, run to its end: (configuration, last state). Do not write to its folder."""
    config = TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        architecture="encoder_decoder_half",
        inputs_length=32, batch_size=8, steps=6, warmup_steps=100, checkpoint_period=3,
        eval_period=3, eval_batches=2, log_period=1, dropout=0.1,
        model_dir=str(tmp_path_factory.mktemp("runs") / "whole"),
    )  # fmt: skip
    return config, train(config)


@pytest.fixture
def config(finished, tmp_path):
    """The same configuration with a folder of its own."""
    return dataclasses.replace(finished[0], model_dir=str(tmp_path / "run"), eval_period=0)


@pytest.fixture
def stopped(finished, config):
    """The same configuration, stopped at step 3."""
    shutil.copytree(finished[0].model_dir, config.model_dir)
    shutil.rmtree(Path(config.model_dir, "checkpoint_6"))
    for file in Path(config.model_dir).glob("data_6*"):
        file.unlink()
    return config


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_stopping_and_going_on_changes_no_bit(finished, config):
    _, whole = finished
    train(dataclasses.replace(config, steps=3))
    assert_same(train(config), whole)


def test_without_the_datas_place_the_same_batches_are_found(finished, stopped):
    """The last line of the curve is cut off, too."""
    _, whole = finished
    for file in Path(stopped.model_dir).glob("data_*"):
        file.unlink()
    curve = Path(stopped.model_dir, "curve.jsonl")
    before = curve.read_text()
    curve.write_text(before + '{"step": 4, "lo')
    assert_same(train(stopped), whole)
    assert curve.read_text().startswith(before + '{"step": 4, "loss": ')


def test_a_run_whose_data_changed_goes_on_with_the_new_data(stopped, tmp_path, capsys):
    other = write_corpus(tmp_path / "c4" / "en" / "3.1.0", {"train": sentences(60, seed=7)})
    changed = train(dataclasses.replace(stopped, corpus=(other,)))
    assert "are not those of checkpoint_3: the files of c4_en_span" in capsys.readouterr().err
    assert int(changed.step) == 6


def test_a_finished_run_is_left_as_it_is(finished, config):
    shutil.copytree(finished[0].model_dir, config.model_dir)
    assert_same(train(config), finished[1])
    assert len(read_curve(config.model_dir)) == len(read_curve(finished[0].model_dir))


def test_what_a_run_writes(finished):
    folder = Path(finished[0].model_dir)
    rows = read_curve(str(folder))
    losses = [row for row in rows if "loss" in row]
    held_out = [row for row in rows if "eval_loss" in row]
    assert [row["step"] for row in losses] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in held_out] == [3, 6]
    assert held_out[1]["eval_loss"] < held_out[0]["eval_loss"]
    assert 1 < held_out[0]["eval_unigram_entropy"] < 6
    for name in ("tokens_per_second", "mfu", "input_share", "learning_rate", "gradient_norm"):
        assert all(row[name] > 0 for row in losses[1:]), name
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    (events,) = folder.glob("events.out.tfevents.*")
    assert events.stat().st_size > 500


def test_old_checkpoints_go_and_the_newest_stay(config):
    train(dataclasses.replace(config, checkpoint_period=1, keep_checkpoints=2))
    names = sorted(path.name for path in Path(config.model_dir).glob("checkpoint_*"))
    assert names == ["checkpoint_5", "checkpoint_6"]
    assert newest_checkpoint(config.model_dir).endswith("checkpoint_6")


def test_a_loss_that_jumps_stops_with_the_batch_saved(config):
    bad = dataclasses.replace(config, spike_factor=0.5, spike_floor=0.0, log_period=6)
    with pytest.raises(Diverged, match=r"step 2: .*are in .*go on with --spike_factor=0"):
        train(bad)
    saved = np.load(Path(config.model_dir, "diverged_2-000.npz"))
    assert saved["decoder_target_tokens"].shape == (8, config.lengths()["targets"])
    assert not list(Path(config.model_dir).glob("checkpoint_*"))


@contextmanager
def files_of_at_most(size):
    """As a full disk: writes beyond `size` bytes of a file fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_last_checkpoint_loadable(finished, stopped):
    with (
        files_of_at_most(8192),
        pytest.raises(
            CheckpointError, match=r"could not be written: .*checkpoint_3 is complete\. Free some"
        ),
    ):
        train(stopped)
    assert Checkpoints(stopped.model_dir, 3).latest() == 3
    assert newest_checkpoint(stopped.model_dir).endswith("checkpoint_3")
    assert "token_embedder" in read_params(newest_checkpoint(stopped.model_dir))
    assert_same(train(stopped), finished[1])


def test_a_checkpoint_without_room_is_told_with_its_size(finished, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("RESOURCE_EXHAUSTED: write: No space left on device [os_error_code='28']")

    checkpoints = Checkpoints(str(tmp_path), 1)
    monkeypatch.setattr(checkpoints._manager, "save", fail)
    with pytest.raises(CheckpointError, match=r"on the disk of .* still needs about \d") as raised:
        checkpoints.save(finished[1], None, this_host())
    assert isinstance(raised.value, DiskFull) and "there is none before it" in str(raised.value)


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name(finished, tmp_path, monkeypatch):
    """TensorStore syncs the arrays itself; the files beside them, and the folders, are ours."""
    synced: set[str] = set()
    sync = os.fsync

    def hear(number: int) -> None:
        sync(number)
        synced.add(os.readlink(f"/proc/self/fd/{number}").replace(".orbax-checkpoint-tmp", ""))

    monkeypatch.setattr(os, "fsync", hear)
    checkpoints = Checkpoints(str(tmp_path), 1)
    checkpoints.save(finished[1], None, this_host())
    checkpoints.close()
    checkpoint = tmp_path / "checkpoint_6"
    (checkpoint / "commit_success.txt").unlink()  # for stores without renaming; written last
    assert {str(path) for path in checkpoint.rglob("*")} <= synced
    assert {str(tmp_path), str(checkpoint)} <= synced
    assert Checkpoints(str(tmp_path), 1).latest() == 6 and "token_embedder" in read_params(
        checkpoint
    )


def test_another_vocabulary_does_not_fit_the_checkpoint(stopped, tmp_path):
    texts = [f"{s} {i * 7919}" for i, s in enumerate(sentences(300))]
    other = train_vocabulary(tmp_path / "larger.model", texts, 200)
    assert load_vocabulary(other).vocab_size == 300
    run = Path(stopped.model_dir)
    before = (run / "config.json").read_bytes()
    with pytest.raises(RunFolderError, match="another vocabulary"):
        train(dataclasses.replace(stopped, vocab=other))
    with pytest.raises(RunFolderError, match=r"--version=v1.0: .* of --version=v1.1"):
        train(dataclasses.replace(stopped, version="v1.0"))
    assert (run / "config.json").read_bytes() == before
    (run / "config.json").unlink()
    (run / "spiece.model").unlink()
    with pytest.raises(CheckpointError, match="256 rows, the vocabulary needs 384"):
        train(dataclasses.replace(stopped, vocab=other))
    with pytest.raises(CheckpointError, match="--size, --version and --architecture"):
        train(dataclasses.replace(stopped, version="v1.0"))
    assert not (run / "config.json").exists()
    assert Checkpoints(stopped.model_dir, 3).latest() == 3


def test_a_truncated_shard_is_told(stopped, tmp_path):
    folder = write_corpus(tmp_path / "c4" / "en" / "3.1.0", {"train": sentences(50)})
    shard = next(Path(folder).glob("*.tfrecord-*"))
    os.truncate(shard, shard.stat().st_size - 10)
    for file in Path(stopped.model_dir).glob("data_*"):
        file.unlink()
    with pytest.raises(DataError, match="damaged or cut off"):
        train(dataclasses.replace(stopped, corpus=(folder,)))
    assert "token_embedder" in read_params(newest_checkpoint(stopped.model_dir))


def test_leftovers_of_a_killed_writer_are_no_checkpoint(stopped):
    run = Path(stopped.model_dir)
    left = run / "checkpoint_6.orbax-checkpoint-tmp-123"
    shutil.copytree(run / "checkpoint_3" / "state", left / "state")
    assert Checkpoints(str(run), 3).latest() == 3
    assert newest_checkpoint(str(run)).endswith("checkpoint_3")


def terminated(config, monkeypatch, during):
    """Trains with a SIGTERM to this process after the first call of `during`."""
    owner, name = during
    plain = getattr(owner, name)

    def call(*given):
        result = plain(*given)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        return result

    with monkeypatch.context() as patch, pytest.raises(Terminated):
        patch.setattr(owner, name, call)
        train(config)


@pytest.mark.parametrize(
    ("during", "step"),
    [((Batches, "__next__"), 1), ((Evaluator, "evaluate"), 3)],
    ids=["a step", "an evaluation"],
)
def test_sigterm_leaves_a_checkpoint_from_which_the_run_goes_on(
    during, step, finished, config, monkeypatch
):
    keep = {"keep_best": "eval_loss"}
    config = dataclasses.replace(config, eval_period=3, checkpoint_period=100, **keep)
    terminated(config, monkeypatch, during)
    assert Checkpoints(config.model_dir, 3).latest() == step
    assert_same(train(config), finished[1])
    evaluated = [(row["step"], row["eval_loss"]) for row in rows_of(config) if "eval_loss" in row]
    whole = [row for row in read_curve(finished[0].model_dir) if "eval_loss" in row]
    assert evaluated == [(row["step"], row["eval_loss"]) for row in whole]
    assert [path.name for path in Path(config.model_dir, "best").glob("ch*")] == ["checkpoint_6"]


def rows_of(config) -> list[dict[str, float]]:
    """All lines of the curve, in the order in which they were written."""
    return [json.loads(line) for line in Path(config.model_dir, "curve.jsonl").open()]


def test_an_evaluation_that_a_signal_ended_at_the_last_step_is_made_up_for(config, monkeypatch):
    config = dataclasses.replace(config, eval_period=3, steps=3)
    terminated(config, monkeypatch, (Evaluator, "evaluate"))
    assert not [row for row in rows_of(config) if "eval_loss" in row]
    train(config)
    assert [row["step"] for row in rows_of(config) if "eval_loss" in row] == [3]


def test_data_without_an_example_are_told(config, tmp_path):
    (tmp_path / "pairs.tsv").write_text("inputs\ttargets\n")
    with pytest.raises(ValueError, match=r"no example to learn|no pairs|empty"):
        train(dataclasses.replace(config, corpus=(str(tmp_path / "pairs.tsv"),)))


def test_a_run_goes_on_with_another_batch_size_and_other_lengths(stopped):
    state = train(dataclasses.replace(stopped, batch_size=4, inputs_length=24))
    assert int(state.step) == 6


def test_what_goes_on_before_the_first_step_is_told(config, capfd):
    train(dataclasses.replace(config, steps=1))
    lines = capfd.readouterr().err.splitlines()
    for told in ("opening the data", "parameters, on", "starting with new parameters",
                 "compiling the step", "compiled in"):  # fmt: skip
        assert any(told in line for line in lines), told
