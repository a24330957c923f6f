"""The gin file of a configuration, for plain `python -m t5x.train --gin_file=…`."""

import os
from collections.abc import Mapping

from runtime.errors import UsageError
from trainer.config import TrainConfig
from trainer.input.lengths import fit_to_data
from trainer.model.sizes import ARCHITECTURES
from trainer.training.run import configure_network


class GinError(UsageError):
    """A configuration that t5x cannot run. The message says what to change."""


def render(config: TrainConfig) -> str:
    """The text of the gin file: our network and tasks, t5x's loop, optimizer and checkpoints.

    Raises:
      GinError: t5x has no counterpart for a value of the configuration.
    """
    ours = ("linear", "cosine")
    if config.architecture == "prefix_lm" or config.clip_norm or config.schedule in ours:
        raise GinError(
            "--backend=t5x: --architecture=prefix_lm, --clip_norm, and --schedule=linear and "
            "cosine run in our loop only; use --backend=ours"
        )
    if config.task:
        raise GinError("--backend=t5x: --task runs in our loop only; use --backend=ours")
    if config.keep_best:
        raise GinError("--backend=t5x: --keep_best runs in our loop only; use --backend=ours")
    if config.strategy != "all":
        raise GinError(
            f"--backend=t5x: --strategy={config.strategy} runs in our loop only; use --backend=ours"
        )
    if config.fine_tunes():
        raise GinError(
            "--backend=t5x: --initial_checkpoint starts at step 0 with a new optimizer in our loop "
            "only; t5x carries them on: use --backend=ours, or --initial_optimizer"
        )
    if all(map(os.path.exists, config.corpus)):  # a file for another machine can name others
        config, _ = fit_to_data(config)
    sections = (
        _HEADER,
        _data(config),
        _model(config),
        _network(config),
        _optimizer(config),
        _loop(config),
    )
    return "\n".join(sections)


_HEADER = """\
from __gin__ import dynamic_registration
import __main__ as train_script
import seqio
from t5x import adafactor
from t5x import gin_utils
from t5x import models
from t5x import partitioning
from t5x import trainer as t5x_trainer
from t5x import utils
from trainer.data import tasks
from trainer.model import config as model_config
from trainer.model import network
"""


def _bind(name: str, values: Mapping[str, object]) -> str:
    """A block of bindings. Strings that begin with @ or % are references to other names."""
    lines = [f"{name}:"]
    for key, value in values.items():
        plain = isinstance(value, str) and not value.startswith(("@", "%"))
        lines.append(f"  {key} = {value!r}" if plain or not isinstance(value, str) else
                     f"  {key} = {value}")  # fmt: skip
    return "\n".join(lines) + "\n"


def _data(config: TrainConfig) -> str:
    shared = {
        "corpora": list(config.corpus),
        "vocabulary": config.vocab,
        "objective": config.objective,
        "noise_density": config.noise_density,
        "mean_span": config.mean_span,
        "data_tokens": config.data_tokens,
        "prefix": config.prefix,
        "mixing": config.mixing,
        "mixing_cap": config.mixing_cap,
        "mixing_temperature": config.mixing_temperature,
    }
    common = {
        "mixture_or_task_name": "@tasks.load_mixture()",
        "task_feature_lengths": config.lengths(),
        "batch_size": config.batch_size,
        "use_cached": False,
        "pack": config.packing,
        "module": None,
    }
    train = {**common, "split": "train", "shuffle": True, "seed": config.seed}
    held_out = {**common, "split": "validation", "shuffle": False, "seed": 42}
    return "\n".join(
        (
            _bind("tasks.load_mixture", shared),
            _bind("train/utils.DatasetConfig", train),
            _bind("train_eval/utils.DatasetConfig", held_out),
        )
    )


def _model(config: TrainConfig) -> str:
    encoder = ARCHITECTURES[config.architecture].encoder
    common = {
        "optimizer_def": "@adafactor.Adafactor()",
        "z_loss": config.z_loss,
        "label_smoothing": 0.0,
        "loss_normalizing_factor": None,
    }
    vocabulary = _bind("tasks.load_vocabulary", {"path": config.vocab})
    if encoder:
        model = {
            "module": "@network.Transformer()",
            "input_vocabulary": "@tasks.load_vocabulary()",
            "output_vocabulary": "@tasks.load_vocabulary()",
        }
        return vocabulary + "\n" + _bind("models.EncoderDecoderModel", model | common)
    model = {"module": "@network.LanguageModel()", "vocabulary": "@tasks.load_vocabulary()"}
    return vocabulary + "\n" + _bind("models.DecoderOnlyModel", model | common)


def _network(config: TrainConfig) -> str:
    made = configure_network(config)
    module = "Transformer" if made.num_encoder_layers else "LanguageModel"
    fields: dict[str, object] = {
        name: getattr(made, name) for name in made.__dataclass_fields__ if name != "dtype"
    }
    return f"network.{module}.config = @model_config.NetworkConfig()\n" + _bind(
        "model_config.NetworkConfig", {"dtype": config.dtype, **fields}
    )


def _optimizer(config: TrainConfig) -> str:
    schedule = {
        "factors": "constant" if config.schedule == "constant" else "constant * rsqrt_decay",
        "base_learning_rate": config.learning_rate,
        "warmup_steps": config.warmup_steps,
    }
    return "\n".join(
        (
            _bind(
                "adafactor.Adafactor",
                {
                    "decay_rate": config.decay_rate,
                    "step_offset": 0,
                    "logical_factor_rules": "@adafactor.standard_logical_factor_rules()",
                },
            ),
            _bind("utils.create_learning_rate_scheduler", schedule),
        )
    )


def _loop(config: TrainConfig) -> str:
    encoder = ARCHITECTURES[config.architecture].encoder
    train = {
        "model": "@models.EncoderDecoderModel()" if encoder else "@models.DecoderOnlyModel()",
        "model_dir": config.model_dir,
        "train_dataset_cfg": "@train/utils.DatasetConfig()",
        "train_eval_dataset_cfg": "@train_eval/utils.DatasetConfig()",
        "infer_eval_dataset_cfg": None,
        "checkpoint_cfg": "@utils.CheckpointConfig()",
        "partitioner": "@partitioning.PjitPartitioner()",
        "trainer_cls": "@t5x_trainer.Trainer",
        "total_steps": config.steps,
        "eval_steps": config.eval_batches,
        "eval_period": config.eval_period or config.steps,
        "random_seed": config.seed,
        "use_hardware_rng": False,
        "summarize_config_fn": "@gin_utils.summarize_gin_config",
    }
    trainer = {
        "num_microbatches": config.microbatches if config.microbatches > 1 else None,
        "learning_rate_fn": "@utils.create_learning_rate_scheduler()",
    }
    return "\n".join(
        (
            _bind("train_script.train", train),
            _bind("t5x_trainer.Trainer", trainer),
            _partitioner(config),
            _checkpoints(config),
        )
    )


def _partitioner(config: TrainConfig) -> str:
    partitioner = {
        "num_partitions": config.model_parallel,
        "model_parallel_submesh": None,
        "logical_axis_rules": "@partitioning.standard_logical_axis_rules()",
    }
    rules = {"parameter_partitioning_dims": 2 if config.shard_parameters else 1}
    return "\n".join(
        (
            _bind("partitioning.PjitPartitioner", partitioner),
            _bind("partitioning.standard_logical_axis_rules", rules),
        )
    )


def _checkpoints(config: TrainConfig) -> str:
    start = [config.initial_checkpoint] if config.initial_checkpoint else []
    checkpoints = {
        "restore": "@utils.RestoreCheckpointConfig()",
        "save": "@utils.SaveCheckpointConfig()",
    }
    save = {
        "period": config.checkpoint_period,
        "dtype": "float32",
        "keep": config.keep_checkpoints or None,
        "save_dataset": False,
    }
    return "\n".join(
        (
            _bind("utils.CheckpointConfig", checkpoints),
            _bind("utils.RestoreCheckpointConfig", {"path": start, "mode": "latest"}),
            _bind("utils.SaveCheckpointConfig", save),
        )
    )
