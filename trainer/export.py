"""Writes the model of a run in another layout: a function for each row of LAYOUTS."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp

from runtime.storage.files import read_object
from runtime.storage.ownership import claim
from runtime.storage.space import telling_need
from trainer.compat.adapters import FILE_NAME, AdapterError, holds_adapters, write_adapters
from trainer.compat.hugging_face import MODEL_FILES, write_hugging_face
from trainer.config import TrainConfig
from trainer.model.network import build_network
from trainer.task_options import TrainConfigError
from trainer.training.checkpoints import (
    Checkpoints,
    checkpoint_step,
    holds_checkpoint,
    newest_checkpoint,
)
from trainer.training.optimizer import adafactor, learning_rate
from trainer.training.run import configure_network, first_updates_of, load_params, this_host
from trainer.training.run_folder import RUN_FILES, read_settings, write_settings
from trainer.training.step import State, trained_arrays

Paths = Sequence[str]


def export_hugging_face(config: TrainConfig, checkpoint: Paths, output: str) -> str:
    """Writes a model folder of Hugging Face; returns a line that says how to load it.

    Raises:
      AdapterError: the model has adapters.
    """
    if config.adapter_width:
        # An adapter is a function of the feed-forward block's output. After a nonlinear layer it
        # cannot be part of that block's two kernels, and T5 has no third.
        raise AdapterError(
            "--to=hf: Hugging Face's T5 has no adapters, and they cannot be folded into its "
            "feed-forward blocks; --to=checkpoint writes the complete model, --to=adapters the "
            "adapters alone"
        )
    if read_settings(output) or holds_checkpoint(output) or holds_adapters(output):
        raise TrainConfigError(f"--output={output}: it has a run or its model; give another folder")
    claim(output, MODEL_FILES, "--output")
    params = load_params(config, checkpoint)
    with telling_need(output, lambda: array_bytes(params)):
        longest = config.lengths()["targets"]
        write_hugging_face(output, params, configure_network(config), config.vocab, longest)
    return f"T5ForConditionalGeneration.from_pretrained({output!r}) loads it"


def export_adapters(config: TrainConfig, checkpoint: Paths, output: str) -> str:
    """Writes adapters and norms, configuration and vocabulary; returns a line with the size.

    Raises:
      AdapterError: the model has no adapters.
    """
    _check_output(output)
    claim(output, [*RUN_FILES, FILE_NAME], "--output")
    params = load_params(config, checkpoint)
    write_settings(replace(config, model_dir=output))
    with telling_need(output):
        size = write_adapters(output, params)
    return f"{size:,} bytes: {output}; they belong to {config.initial_checkpoint}"


def export_checkpoint(config: TrainConfig, checkpoint: Paths, output: str) -> str:
    """Writes a folder like that of a run, with one checkpoint: all parameters and new moments."""
    _check_output(output)
    claim(output, RUN_FILES, "--output")
    found = next(iter(checkpoint), config.model_dir)
    step = 0 if holds_adapters(found) else checkpoint_step(newest_checkpoint(found))
    params = jax.tree.map(jnp.asarray, load_params(config, checkpoint))
    begins = first_updates_of(config, build_network(configure_network(config)))
    optimizer = adafactor(learning_rate(config), config.decay_rate, config.clip_norm)
    moments = optimizer.init(trained_arrays(params, begins)[0])
    write_settings(replace(config, model_dir=output))
    checkpoints = Checkpoints(output, keep=1)
    checkpoints.save(State(jnp.asarray(step, jnp.int32), params, moments), None, this_host())
    checkpoints.close()
    return f"{os.path.join(output, f'checkpoint_{step}')}: all parameters"


def array_bytes(tree: object) -> int:
    """The bytes of all arrays of a tree."""
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))


def _check_output(output: str) -> None:
    """Refuses a folder whose model would be replaced or mixed with this one."""
    theirs = "d_model" in read_object(os.path.join(output, "config.json"))
    if theirs or holds_checkpoint(output) or holds_adapters(output):
        raise TrainConfigError(f"--output={output}: it has a model already; give another folder")


EXPORTS: dict[str, Callable[[TrainConfig, Paths, str], str]] = {
    "hf": export_hugging_face,
    "adapters": export_adapters,
    "checkpoint": export_checkpoint,
}
