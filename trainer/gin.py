"""The gin file of a run, for plain `python -m t5x.train --gin_file=…` and `t5x.eval`."""

import os
from collections.abc import Iterator, Mapping

from runtime.errors import UsageError
from trainer.config import TrainConfig
from trainer.downstream.loading import split_toml
from trainer.input.lengths import fit_to_data
from trainer.model.sizes import ARCHITECTURES
from trainer.training.checkpoints import holds_checkpoint
from trainer.training.run import configure_network

_OURS = ("linear", "cosine")
_TASKS = (
    *("corpus", "task", "data_dir", "objective", "noise_density", "mean_span", "data_tokens"),
    *("prefix", "mixing", "mixing_cap", "mixing_temperature", "architecture"),
)


class GinError(UsageError):
    """A configuration that t5x cannot run. The message says what to change."""


def render(config: TrainConfig) -> str:
    """The gin file of `t5x.train`: our network and tasks, t5x's loop, optimizer and checkpoints.

    A run that has a checkpoint goes on from it.

    Raises:
      GinError: t5x has no counterpart for a value of the configuration.
    """
    for error in _refused(config):
        raise GinError(f"--backend=t5x: {error}; use --backend=ours")
    config = _fitted(config)
    sections = (
        _HEADER,
        _training_data(config),
        _model(config),
        _network(config),
        _optimizer(config),
        _loop(config),
    )
    return "\n".join(sections)


def render_evaluation(config: TrainConfig, checkpoint: str, split: str, examples: int = 0) -> str:
    """The gin file of `t5x.eval`: tasks and pairs of a run, predicted from a checkpoint.

    Args:
      checkpoint: a folder checkpoint_N.
      split: of each task.
      examples: of each task; 0 for all.
    Raises:
      GinError: t5x cannot predict with the network.
    """
    if not ARCHITECTURES[config.architecture].encoder or config.strategy == "adapters":
        raise GinError(
            "--script=eval: t5x predicts with encoder-decoders without adapters only; use t5x eval"
        )
    config = _fitted(config)
    sections = (
        _HEADER.replace("train_script", "eval_script"),
        _evaluation_data(config, split),
        _model(config),
        _network(config),
        _optimizer(config),
        _evaluation(config, checkpoint, examples),
    )
    return "\n".join(sections)


def _refused(config: TrainConfig) -> Iterator[str]:
    """What our loop has and t5x's has not."""
    if config.architecture == "prefix_lm" or config.clip_norm or config.schedule in _OURS:
        yield (
            "--architecture=prefix_lm, --clip_norm, and --schedule=linear and cosine run in our "
            "loop only"
        )
    if config.strategy != "all":
        yield f"--strategy={config.strategy} runs in our loop only"
    if holds_checkpoint(config.model_dir):
        return
    if config.keep_best:
        yield "--keep_best runs in our loop only"
    if config.fine_tunes():
        yield (
            "--initial_checkpoint starts at step 0 with a new optimizer in our loop only; t5x "
            "carries them on with --initial_optimizer"
        )


def _fitted(config: TrainConfig) -> TrainConfig:
    """With the lengths of the data, if they are here: a gin file can be for another machine."""
    names = [*config.corpus, *(toml for toml, _ in map(split_toml, config.task) if toml)]
    names += [config.data_dir] if config.data_dir else []
    return fit_to_data(config)[0] if all(map(os.path.exists, names)) else config


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
from trainer import config as train_config
from trainer.data import vocabularies
from trainer.evaluation import members
from trainer.input import batches
from trainer.model import config as model_config
from trainer.model import network
"""


class _Name(str):
    """What gin reads as it stands: names of functions, with @."""


def _bind(name: str, values: Mapping[str, object]) -> str:
    """A block of bindings. A value is written as a literal, unless it is a reference."""
    shown = {k: v if isinstance(v, _Name) else repr(v) for k, v in values.items()}
    return "".join([f"{name}:\n", *(f"  {key} = {value}\n" for key, value in shown.items())])


def _settings(config: TrainConfig) -> str:
    """The fields of TrainConfig that its tasks follow from."""
    values = {name: getattr(config, name) for name in _TASKS}
    return _bind("train_config.TrainConfig", {"vocab": config.vocab} | values)


def _dataset(config: TrainConfig) -> dict[str, object]:
    return {
        "task_feature_lengths": config.lengths(),
        "batch_size": config.batch_size,
        "use_cached": False,
        "module": None,
    }


def _training_data(config: TrainConfig) -> str:
    common = {"mixture_or_task_name": _Name("@batches.register_mixture()"), **_dataset(config)}
    common["pack"] = config.packing
    train = {**common, "split": "train", "shuffle": True, "seed": config.seed}
    held_out = {**common, "split": "validation", "shuffle": False, "seed": 42}
    return "\n".join(
        (
            _bind("batches.register_mixture", {"config": _Name("@train_config.TrainConfig()")}),
            _settings(config),
            _bind("train/utils.DatasetConfig", train),
            _bind("train_eval/utils.DatasetConfig", held_out),
        )
    )


def _evaluation_data(config: TrainConfig, split: str) -> str:
    of_split = {"config": _Name("@train_config.TrainConfig()"), "split": split}
    dataset = {
        "mixture_or_task_name": _Name("@members.register_members()"),
        **_dataset(config),
        "split": split,
        "shuffle": False,
        "seed": 42,
        "pack": False,
    }
    return "\n".join(
        (
            _bind("members.register_members", of_split),
            _settings(config),
            _bind("utils.DatasetConfig", dataset),
        )
    )


def _model(config: TrainConfig) -> str:
    encoder = ARCHITECTURES[config.architecture].encoder
    common = {
        "optimizer_def": _Name("@adafactor.Adafactor()"),
        "z_loss": config.z_loss,
        "label_smoothing": 0.0,
        "loss_normalizing_factor": None,
    }
    vocabulary = _bind("vocabularies.load_vocabulary", {"path": config.vocab})
    if encoder:
        model = {
            "module": _Name("@network.Transformer()"),
            "input_vocabulary": _Name("@vocabularies.load_vocabulary()"),
            "output_vocabulary": _Name("@vocabularies.load_vocabulary()"),
        }
        return vocabulary + "\n" + _bind("models.EncoderDecoderModel", model | common)
    model = {
        "module": _Name("@network.LanguageModel()"),
        "vocabulary": _Name("@vocabularies.load_vocabulary()"),
    }
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
                    "logical_factor_rules": _Name("@adafactor.standard_logical_factor_rules()"),
                },
            ),
            _bind("utils.create_learning_rate_scheduler", schedule),
        )
    )


def _loop(config: TrainConfig) -> str:
    encoder = ARCHITECTURES[config.architecture].encoder
    train = {
        "model": _Name(f"@models.{'EncoderDecoder' if encoder else 'DecoderOnly'}Model()"),
        "model_dir": config.model_dir,
        "train_dataset_cfg": _Name("@train/utils.DatasetConfig()"),
        "train_eval_dataset_cfg": _Name("@train_eval/utils.DatasetConfig()"),
        "infer_eval_dataset_cfg": None,
        "checkpoint_cfg": _Name("@utils.CheckpointConfig()"),
        "partitioner": _Name("@partitioning.PjitPartitioner()"),
        "trainer_cls": _Name("@t5x_trainer.Trainer"),
        "total_steps": config.steps,
        "eval_steps": config.eval_batches,
        "eval_period": config.eval_period or config.steps,
        "random_seed": config.seed,
        "use_hardware_rng": False,
        "summarize_config_fn": _Name("@gin_utils.summarize_gin_config"),
    }
    trainer = {
        "num_microbatches": config.microbatches if config.microbatches > 1 else None,
        "learning_rate_fn": _Name("@utils.create_learning_rate_scheduler()"),
    }
    return "\n".join(
        (
            _bind("train_script.train", train),
            _bind("t5x_trainer.Trainer", trainer),
            _partitioner(config),
            _checkpoints(config),
        )
    )


def _evaluation(config: TrainConfig, checkpoint: str, examples: int) -> str:
    evaluation = {
        "model": _Name("@models.EncoderDecoderModel()"),
        "dataset_cfg": _Name("@utils.DatasetConfig()"),
        "partitioner": _Name("@partitioning.PjitPartitioner()"),
        "restore_checkpoint_cfg": _Name("@utils.RestoreCheckpointConfig()"),
        "output_dir": os.path.join(config.model_dir, "t5x_eval"),
        "inference_evaluator_cls": _Name("@seqio.Evaluator"),
    }
    evaluator = {
        "logger_cls": _Name(
            "[@seqio.PyLoggingLogger, @seqio.TensorBoardLogger, @seqio.JSONLogger]"
        ),
        "num_examples": examples or None,
        "use_memory_cache": False,
    }
    restored = {"path": checkpoint, "mode": "specific"}
    return "\n".join(
        (
            _bind("eval_script.evaluate", evaluation),
            _bind("seqio.Evaluator", evaluator),
            _bind("utils.RestoreCheckpointConfig", restored),
            _partitioner(config),
        )
    )


def _partitioner(config: TrainConfig) -> str:
    partitioner = {
        "num_partitions": config.model_parallel,
        "model_parallel_submesh": None,
        "logical_axis_rules": _Name("@partitioning.standard_logical_axis_rules()"),
    }
    rules = {"parameter_partitioning_dims": 2 if config.shard_parameters else 1}
    return "\n".join(
        (
            _bind("partitioning.PjitPartitioner", partitioner),
            _bind("partitioning.standard_logical_axis_rules", rules),
        )
    )


def _checkpoints(config: TrainConfig) -> str:
    new = config.initial_checkpoint and not holds_checkpoint(config.model_dir)
    start = [config.initial_checkpoint] if new else []
    checkpoints = {
        "restore": _Name("@utils.RestoreCheckpointConfig()"),
        "save": _Name("@utils.SaveCheckpointConfig()"),
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
