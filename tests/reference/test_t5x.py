"""Our loop beside t5x's: losses from the same weights and batches, checkpoints both ways."""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flax", reason="needs the trainer's packages: pip install -e '.[trainer]'")
if not (importlib.util.find_spec("t5x") and importlib.util.find_spec("t5x.train")):
    pytest.skip("needs t5x from source on PYTHONPATH", allow_module_level=True)

from tests.conftest import REPOSITORY
from tests.trainer.small import FIRST_WORD, sentences, write_words
from trainer.config import TrainConfig
from trainer.gin import render
from trainer.input.batches import Batches, HostInfo, batch_spec, open_dataset
from trainer.main import main
from trainer.training.checkpoints import CheckpointError, read_params
from trainer.training.loop import train
from trainer.training.optimizer import moments_to_t5x
from trainer.training.run import configure_network, load_initial_state, prepare_run


@pytest.fixture
def config(small_corpus, small_vocabulary, tmp_path):
    return TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        inputs_length=32, batch_size=8, steps=2, warmup_steps=100, checkpoint_period=2,
        eval_period=2, eval_batches=2, log_period=1, model_dir=str(tmp_path / "ours"),
    )  # fmt: skip


def train_with_t5x(config):
    """Plain `python -m t5x.train` on the gin file."""
    run_t5x("train", Path(config.model_dir), render(config))


def run_t5x(script, folder, gin):
    """A program of t5x as it is, in a process, on a gin file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{script}.gin"
    file.write_text(gin)
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", f"t5x.{script}", f"--gin_file={file}", "--alsologtostderr"],
        env=os.environ | {"PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_each_loop_goes_on_from_the_others_checkpoint(config, tmp_path):
    train(config)
    longer = dataclasses.replace(config, steps=4)
    train_with_t5x(longer)
    assert (tmp_path / "ours" / "checkpoint_4").is_dir()
    state = train(dataclasses.replace(config, steps=6))
    assert int(state.step) == 6


@pytest.mark.slow
def test_t5x_evaluates_and_continues_what_was_fine_tuned(config, tmp_path, capsys):
    """Pairs and an own task: the same scores as `t5x eval`, and steps after those of our loop."""
    words = write_words(tmp_path / "words.jsonl", sentences(40))
    (tmp_path / "own.toml").write_text(FIRST_WORD)
    (tmp_path / "pairs").mkdir()
    for split in ("train", "validation"):
        pairs = [f"{row['first']}\t{row['first']}\n" for row in words[:8]]
        (tmp_path / "pairs" / f"{split}.tsv").write_text("".join(pairs))
    train(config)
    tuned = str(tmp_path / "tuned")
    run = [f"--model_dir={tuned}"]
    flags = [f"--initial_checkpoint={config.model_dir}", f"--task={tmp_path / 'own.toml'}",
             f"--corpus={tmp_path / 'pairs'}", "--batch_size=8", "--steps=150",
             "--learning_rate=0.01", "--dropout=0", "--eval_period=150",
             "--checkpoint_period=150", "--targets_length=8"]  # fmt: skip
    assert main(["finetune", *flags, *run]) == 0
    capsys.readouterr()
    assert main(["eval", "--json", *run]) == 0
    ours = {row.get("task"): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert main(["gin", "--script=eval", *run]) == 0
    run_t5x("eval", tmp_path / "eval", capsys.readouterr().out)
    folder = tmp_path / "tuned" / "t5x_eval" / "inference_eval"
    for task, metric in (("first", "accuracy"), ("pairs", "exact_match")):
        (line,) = (folder / f"{task}-metrics.jsonl").read_text().splitlines()
        assert json.loads(line)[metric] == pytest.approx(ours[task][metric])
    assert ours["pairs"]["exact_match"] > 0
    assert main(["gin", "--steps=152", "--checkpoint_period=2", *run]) == 0
    run_t5x("train", tmp_path / "more", capsys.readouterr().out)
    assert (tmp_path / "tuned" / "checkpoint_152").is_dir()
    assert main(["eval", "--json", *run]) == 0


def their_optimizer():
    from t5x import adafactor

    return adafactor.Adafactor(
        decay_rate=0.8, step_offset=0,
        logical_factor_rules=adafactor.standard_logical_factor_rules(),
    )  # fmt: skip


def test_fifty_losses_from_the_same_weights_and_batches(config):
    """At T5's own learning rate: at ten times that, rounding alone grows past any tolerance."""
    config = dataclasses.replace(config, warmup_steps=10_000)
    import jax
    from t5x import models, utils

    from trainer.data.vocabularies import load_vocabulary
    from trainer.model.network import Transformer

    batches = Batches(open_dataset(config, "train", HostInfo()))
    taken = [next(batches) for _ in range(50)]
    run = prepare_run(config, taken[0])
    state = run.start()
    vocabulary = load_vocabulary(config.vocab)
    optimizer = their_optimizer()
    model = models.EncoderDecoderModel(
        Transformer(configure_network(config)), vocabulary, vocabulary, optimizer, z_loss=1e-4
    )
    schedule = utils.create_learning_rate_scheduler(
        factors="constant * rsqrt_decay", base_learning_rate=1.0, warmup_steps=10_000
    )
    params = jax.tree.map(np.asarray, state.params)
    theirs = optimizer.create(params)

    @jax.jit
    def their_step(theirs, batch):
        (_, metrics), gradients = jax.value_and_grad(model.loss_fn, has_aux=True)(
            theirs.target, batch, None
        )
        rate = schedule(theirs.state.step)
        return theirs.apply_gradient(gradients, learning_rate=rate), metrics

    differences = []
    for batch in taken:
        state, ours, _ = run.step(state, batch)
        theirs, metrics = their_step(theirs, batch)
        loss = float(metrics["loss"].compute()) / float(ours.targets)
        differences.append(abs(float(ours.loss / ours.targets) - loss))
    assert len(differences) == 50
    assert max(differences) < 1e-6, differences


def test_a_checkpoint_in_the_published_layout_is_read(config, tmp_path):
    """The layout of T5, T5 1.1 and mT5 as published, written by t5x's own legacy writer."""
    import jax
    from t5x import checkpoints, partitioning, train_state

    state = train(config)
    optimizer = their_optimizer()
    params = jax.tree.map(np.asarray, state.params)
    run = prepare_run(config, batch_spec(open_dataset(config, "train", HostInfo())))
    ids = jax.numpy.ones((1, 4), "int32")
    axes = run.network.init({"params": jax.random.key(0)}, ids, ids, ids, enable_dropout=False)
    theirs = train_state.FlaxOptimTrainState.create(
        optimizer, {"params": params, "params_axes": axes["params_axes"]}
    )
    gradients = jax.tree.map(lambda p: 0.01 * p, params)
    theirs = theirs.apply_gradient(gradients, learning_rate=0.01)
    writer = checkpoints.Checkpointer(
        theirs, partitioning.PjitPartitioner(num_partitions=1), str(tmp_path / "published")
    )
    writer.save(theirs)
    folder = tmp_path / "published" / "checkpoint_1"
    assert (folder / "checkpoint").is_file()
    jax.tree.map(np.testing.assert_array_equal, read_params(str(folder)), theirs.params)
    read = load_initial_state(run, str(tmp_path / "published"), with_optimizer=True)
    assert int(read.step) == 1
    jax.tree.map(np.testing.assert_array_equal, read.params, theirs.params)
    moments = moments_to_t5x(read.moments)["encoder"]["encoder_norm"]["scale"]["v"]
    np.testing.assert_array_equal(
        moments, theirs.param_states["encoder"]["encoder_norm"]["scale"].v
    )
    more = dataclasses.replace(
        config, initial_checkpoint=str(folder), model_dir=str(tmp_path / "more")
    )
    assert int(train(more).step) == 2
    other = dataclasses.replace(config, version="v1.0")
    wrong = prepare_run(other, batch_spec(open_dataset(other, "train", HostInfo())))
    with pytest.raises(CheckpointError, match="--size, --version and --architecture"):
        load_initial_state(wrong, str(folder))
