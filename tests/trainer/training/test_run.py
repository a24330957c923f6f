"""Where a run starts: from --initial_checkpoint of every kind, and again after a stop."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from runtime.errors import UsageError
from tests.trainer.model.bigram import NumpyAdafactor
from trainer.compat.hugging_face import write_hugging_face
from trainer.config import TrainConfig
from trainer.training.loop import train
from trainer.training.progress import read_curve
from trainer.training.run import configure_network, first_step, prepare_run
from trainer.training.run_folder import read_first_step, write_settings


@pytest.fixture(scope="module")
def trained(small_corpus, small_vocabulary, tmp_path_factory):
    """A configuration and the last state of its run. Do not write to its folder."""
    config = TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        architecture="encoder_decoder_half",
        inputs_length=32, batch_size=8, steps=6, learning_rate=0.2, warmup_steps=2,
        checkpoint_period=3, eval_period=0, log_period=1,
        model_dir=str(tmp_path_factory.mktemp("runs") / "first"),
    )  # fmt: skip
    return config, train(config)


@pytest.fixture(params=["a run", "a checkpoint", "Hugging Face"])
def start(request, trained, tmp_path) -> str:
    """A folder with the parameters of the run."""
    config, state = trained
    if request.param == "a run":
        return config.model_dir
    if request.param == "a checkpoint":
        return f"{config.model_dir}/checkpoint_6"
    folder = str(tmp_path / "hf")
    params = jax.tree.map(np.asarray, state.params)
    write_hugging_face(folder, params, configure_network(config), config.vocab)
    return folder


@pytest.fixture(scope="module")
def update(small_vocabulary):
    """What the step of a run is made with: its options and its optimizer. Compiles nothing."""
    ids = jax.ShapeDtypeStruct((4, 8), jnp.int32)
    names = ("decoder_input_tokens", "decoder_target_tokens", "decoder_loss_weights")
    spec = dict.fromkeys(names, ids)
    seen = {}

    def spy(network, optimizer, state, batch, **options):
        seen.update(options, optimizer=optimizer)
        return state, jnp.zeros(()), jnp.zeros(())

    config = TrainConfig(
        vocab=small_vocabulary, size="tiny", architecture="decoder_lm", objective="causal_lm",
        batch_size=4, microbatches=2, z_loss=0.25, decay_rate=0.5, clip_norm=0.1, dropout=0.1,
        seed=7, schedule="constant", learning_rate=0.3,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer.training.run.train_step", spy)
        run = prepare_run(config, spec)
        jax.eval_shape(run.step, run.shapes, spec)
    return seen


def test_options_of_the_step_reach_it(update):
    wanted = {"parts": 2, "z_loss": 0.25, "dropout": True, "seed": 7, "begins": None}
    assert {name: value for name, value in update.items() if name != "optimizer"} == wanted


def test_options_of_the_optimizer_have_their_effect(update):
    start = np.linspace(0.5, 2, 6, dtype=np.float32)
    wanted, optimizer = NumpyAdafactor(start, 0.5, 0.1), update["optimizer"]
    params = {"p": jnp.asarray(start)}
    state = optimizer.init(params)
    for gradient in (start, -0.01 * start[::-1], 0.05 * start):
        updates, state = optimizer.update({"p": jnp.asarray(gradient)}, state, params)
        params = optax.apply_updates(params, updates)
        wanted.update(gradient, 0.3)
    np.testing.assert_allclose(params["p"], wanted.array, rtol=1e-4)


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_steps_count_from_0_with_a_schedule_and_moments_of_their_own(trained, start, tmp_path):
    config, state = trained
    tuned = dataclasses.replace(
        config, initial_checkpoint=start, steps=3, model_dir=str(tmp_path / "tuned")
    )
    found = train(tuned)
    rows = [row for row in read_curve(tuned.model_dir) if "loss" in row]
    assert [row["step"] for row in rows] == [1, 2, 3]
    first = [row for row in read_curve(config.model_dir) if "loss" in row]
    assert rows[0]["learning_rate"] == first[0]["learning_rate"]
    assert rows[0]["loss"] < first[0]["loss"]  # the parameters are the trained ones
    assert int(found.step) == 3
    counts = [int(part.count) for part in found.moments if "count" in part._fields]
    assert counts == [3, 3]
    changed = jax.tree.map(lambda a, b: bool((a != b).any()), found.params, state.params)
    assert all(jax.tree.leaves(changed))


def test_a_stopped_run_goes_on_from_its_own_checkpoint_with_moments_of_adapters(trained, tmp_path):
    config, _ = trained
    tuned = dataclasses.replace(
        config, initial_checkpoint=config.model_dir, steps=4, strategy="adapters", adapter_width=4
    )
    once = train(dataclasses.replace(tuned, model_dir=str(tmp_path / "once")))
    again = dataclasses.replace(tuned, model_dir=str(tmp_path / "again"))
    train(dataclasses.replace(again, steps=3))
    assert_same(train(again), once)


def test_the_optimizer_is_carried_on_if_that_is_asked_for(trained, tmp_path):
    config, _ = trained
    more = dataclasses.replace(
        config, initial_checkpoint=config.model_dir, initial_optimizer=True, steps=8,
        model_dir=str(tmp_path / "more"),
    )  # fmt: skip
    assert int(train(more).step) == 8
    assert read_first_step(more.model_dir) == 6
    assert [row["step"] for row in read_curve(more.model_dir) if "loss" in row] == [7, 8]


def test_a_run_with_the_optimizer_of_another_begins_at_its_step(trained, tmp_path):
    config, _ = trained
    tuned = dataclasses.replace(
        config, initial_checkpoint=config.model_dir, initial_optimizer=True, steps=8,
        architecture="encoder_decoder", strategy="gradual_unfreezing",
        model_dir=str(tmp_path / "tuned"),
    )  # fmt: skip
    assert first_step(tuned, started=False) == 6
    write_settings(tuned, 6)
    gone = dataclasses.replace(tuned, initial_checkpoint=str(tmp_path / "gone"))
    assert first_step(gone, started=True) == 6
    assert first_step(dataclasses.replace(tuned, initial_optimizer=False), started=False) == 0
    with pytest.raises(UsageError, match=r"--steps=7: expected 8 or more .* from step 6 on"):
        first_step(dataclasses.replace(tuned, steps=7), started=False)


def test_no_step_left_is_told(trained, tmp_path):
    config, _ = trained
    done = dataclasses.replace(
        config, initial_checkpoint=config.model_dir, initial_optimizer=True,
        model_dir=str(tmp_path / "done"),
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"--steps=6: .*checkpoint_6 is at step 6"):
        train(done)
    assert not list(Path(done.model_dir).glob("checkpoint_*"))


def test_hugging_faces_layout_has_no_optimizer(trained, tmp_path):
    config, state = trained
    params = jax.tree.map(np.asarray, state.params)
    write_hugging_face(str(tmp_path / "hf"), params, configure_network(config))
    carried = dataclasses.replace(
        config, initial_checkpoint=str(tmp_path / "hf"), initial_optimizer=True,
        model_dir=str(tmp_path / "carried"),
    )  # fmt: skip
    with pytest.raises(UsageError, match="which has no optimizer"):
        train(carried)
