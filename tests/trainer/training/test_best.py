import json
from pathlib import Path

import jax.numpy as jnp
import pytest

from trainer.config import TrainConfig, TrainConfigError
from trainer.input.batches import HostInfo
from trainer.training.best import BestCheckpoint
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
    best = BestCheckpoint(config, HostInfo())
    add(best, config, {1: 0.5, 2: 0.2, 3: 0.3})
    folder = Path(config.model_dir, "best")
    assert [path.name for path in folder.glob("checkpoint_*")] == ["checkpoint_2"]
    assert best.describe() == f"best: step 2, eval_loss 0.2000: {folder}"
    assert run_folder(newest_checkpoint(str(folder))) == config.model_dir
    again = BestCheckpoint(config, HostInfo())
    assert (again.step, again.score, again.worse) == (2, 0.2, 1)
    assert not again.exhausted()
    add(again, config, {4: 0.25})
    assert again.exhausted() and "2 evaluations without a better one" in again.describe()


def test_a_larger_accuracy_is_better(config, tmp_path):
    config = TrainConfig(model_dir=config.model_dir, keep_best="eval_accuracy")
    best = BestCheckpoint(config, HostInfo())
    add(best, config, {1: 0.5, 2: 0.9})
    assert best.step == 1 and not best.exhausted()


def test_an_unknown_score_is_told(config):
    best = BestCheckpoint(config, HostInfo())
    with pytest.raises(TrainConfigError, match="no such score; choose from eval_bleu"):
        best.add({"eval_bleu": 1.0}, state(1, config))


def test_without_the_option_nothing_is_kept(tmp_path):
    config = TrainConfig(model_dir=str(tmp_path / "run"))
    best = BestCheckpoint(config, HostInfo())
    best.add({"eval_loss": 1.0}, state(1, config))
    assert best.describe() == "" and not (tmp_path / "run").exists()
