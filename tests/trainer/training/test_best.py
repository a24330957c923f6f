import json
from pathlib import Path

import jax.numpy as jnp
import pytest

from trainer.config import TrainConfig
from trainer.input.batches import HostInfo
from trainer.task_options import TrainConfigError
from trainer.training.best import BestCheckpoint, check_keep_best
from trainer.training.checkpoints import newest_checkpoint
from trainer.training.optimizer import adafactor, learning_rate
from trainer.training.run_folder import run_folder
from trainer.training.step import State


@pytest.fixture
def config(tmp_path) -> TrainConfig:
    """That keeps the best, and stops after two worse ones."""
    return TrainConfig(model_dir=str(tmp_path / "run"), keep_best="eval_loss", patience=2)


def state(step: int, config: TrainConfig) -> State:
    params = {"scale": jnp.full(3, float(step))}
    return State(jnp.array(step), params, adafactor(learning_rate(config)).init(params))


def add(best: BestCheckpoint, config: TrainConfig, losses: dict[int, float]) -> None:
    """Adds an evaluation for each step, and writes it to the curve as a run does."""
    curve = Path(config.model_dir, "curve.jsonl")
    for step, loss in losses.items():
        best.add({"eval_loss": loss, "eval_accuracy": 1 - loss}, state(step, config))
        with curve.open("a") as stream:
            stream.write(json.dumps({"step": step, "eval_loss": loss}) + "\n")
    best.close()


def test_the_best_is_kept_and_known_again_after_a_stop(config):
    best = BestCheckpoint(config, HostInfo(), 0)
    add(best, config, {1: 0.5, 2: 0.2, 3: 0.3})
    folder = Path(config.model_dir, "best")
    assert [path.name for path in folder.glob("checkpoint_*")] == ["checkpoint_2"]
    assert best.describe() == f"best: step 2, eval_loss 0.2000: {folder}"
    assert run_folder(newest_checkpoint(str(folder))) == config.model_dir
    again = BestCheckpoint(config, HostInfo(), 3)
    assert (again.step, again.score, again.worse) == (2, 0.2, 1)
    assert not again.exhausted()
    add(again, config, {4: 0.25})
    assert again.exhausted() and "2 evaluations without a better one" in again.describe()


def test_a_larger_accuracy_is_better(config):
    config = TrainConfig(model_dir=config.model_dir, keep_best="eval_accuracy")
    best = BestCheckpoint(config, HostInfo(), 0)
    add(best, config, {1: 0.5, 2: 0.9})
    assert best.step == 1 and not best.exhausted()


def test_an_unknown_score_is_told(config):
    best = BestCheckpoint(config, HostInfo(), 0)
    with pytest.raises(TrainConfigError, match="no such score; choose from eval_bleu"):
        best.add({"eval_bleu": 1.0}, state(1, config))


def test_without_the_option_nothing_is_kept(tmp_path):
    config = TrainConfig(model_dir=str(tmp_path / "run"))
    best = BestCheckpoint(config, HostInfo(), 0)
    best.add({"eval_loss": 1.0}, state(1, config))
    assert best.describe() == "" and not (tmp_path / "run").exists()


def test_a_best_of_a_later_step_than_the_start_is_not_taken_for_that_of_the_run(config):
    best = BestCheckpoint(config, HostInfo(), 0)
    add(best, config, {1: 0.5, 2: 0.6, 3: 0.2})
    again = BestCheckpoint(config, HostInfo(), 2)
    folder = Path(config.model_dir, "best")
    assert (again.step, again.worse) == (None, 0) and not [*folder.glob("checkpoint_*")]
    again.resume(state(2, config))
    assert again.step is None  # step 1 was better, and is gone
    add(again, config, {3: 0.4})
    (kept,) = folder.glob("checkpoint_*")
    assert again.step == 3 and kept.name == "checkpoint_3"


def test_the_state_of_the_start_is_kept_if_it_is_the_best_so_far(config):
    add(BestCheckpoint(config, HostInfo(), 0), config, {1: 0.5, 2: 0.3, 3: 0.2})
    again = BestCheckpoint(config, HostInfo(), 2)
    again.resume(state(2, config))
    again.close()
    (kept,) = Path(config.model_dir, "best").glob("checkpoint_*")
    assert (again.step, again.score, kept.name) == (2, 0.3, "checkpoint_2")


def test_a_score_that_never_came_is_told(config):
    best = BestCheckpoint(config, HostInfo(), 0)
    assert best.describe().startswith("note: no evaluation gave eval_loss")


def test_the_number_of_targets_is_no_score_to_keep_the_best_by():
    with pytest.raises(TrainConfigError, match="choose from eval_loss;"):
        check_keep_best("eval_targets", ["eval_loss", "eval_targets", "eval_unigram_entropy"])
