import dataclasses

import jax
import pytest

from trainer.config import TrainConfig
from trainer.training.memory import microbatch, network_of, step_memory
from trainer.training.run import param_shapes
from trainer.training.step import sum_gradients

CONFIG = TrainConfig(size="tiny", dtype="float32", inputs_length=64, batch_size=8)
ROWS = 128


def memory(**changes):
    config = dataclasses.replace(CONFIG, **changes)
    return step_memory(config, network_of(config, ROWS, config.architecture))


def test_activations_are_near_what_xla_sets_aside():
    network = network_of(CONFIG, ROWS, CONFIG.architecture)
    step = jax.jit(lambda params, batch: sum_gradients(network, params, batch, 1e-4, None, 1))
    compiled = step.lower(param_shapes(network), microbatch(CONFIG)).compile()
    given = compiled.memory_analysis().temp_size_in_bytes
    assert 0.5 * given < memory().activations < 3 * given


def test_activations_are_those_of_a_microbatch():
    one = memory().activations
    assert memory(batch_size=16).activations == pytest.approx(2 * one, rel=0.1)
    assert memory(batch_size=16, microbatches=2).activations == one
    assert memory(remat=True).activations < one < memory(dropout=0.1).activations


def test_a_decoder_alone_has_inputs_and_targets_in_one_sequence():
    config = dataclasses.replace(
        CONFIG, architecture="prefix_lm", objective="prefix_lm", targets_length=10
    )
    lengths = config.lengths()
    shapes = {name: x.shape for name, x in microbatch(config).items()}
    assert shapes["decoder_target_tokens"] == (8, lengths["inputs"] + 10)
    assert "encoder_input_tokens" not in shapes
