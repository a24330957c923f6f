"""The configuration of a run: one frozen dataclass, every field a flag and a key of a TOML file."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from runtime.cli.options import OptionError, closest
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import OBJECTIVES, lengths, with_noise
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS


class TrainConfigError(OptionError):
    """A value that cannot be; the message names the flag, the value and what was expected."""


DTYPES = ("float32", "bfloat16")
BACKENDS = ("auto", "ours", "t5x")


def _flag(default: object, meaning: str) -> Any:  # as `field`: of the default's type
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """What a run trains, on what, how, and where to.

    The defaults are those of Raffel et al. 2020, section 3.1, but for steps and batches, which fit
    one machine. `metadata["meaning"]` of a field is its line in --help.

    Raises:
      TrainConfigError: a value is out of its range.
    """

    # What to train on.
    corpus: tuple[str, ...] = _flag((), "corpus folder, or file of pairs; again for a mixture")
    vocab: str = _flag("", "folder of python -m vocab.train, or SentencePiece model file")
    objective: str = _flag("span_corruption", "what is read and what is written")
    noise_density: float = _flag(0.0, "share of noise; 0: the objective's own")
    mean_span: float = _flag(0.0, "tokens of a span of noise; 0: the objective's own")
    prefix: str = _flag("", "put before the inputs of pairs, to name the task")
    data_tokens: int = _flag(0, "train on the first so many tokens, repeated; 0: all")
    mixing: str = _flag("proportional", "rates of a mixture's tasks")
    mixing_cap: int = _flag(0, "examples that count of a task at most; 0: all")
    mixing_temperature: float = _flag(2.0, "T of --mixing=temperature")
    inputs_length: int = _flag(512, "tokens of inputs; of targets where there are no inputs")
    targets_length: int = _flag(0, "tokens of targets; 0: as the objective gives")
    packing: bool = _flag(True, "several short examples in one row")
    # What to train.
    size: str = _flag("small", "a published size")
    version: str = _flag("", "v1.0 or v1.1; default: the size's own")
    architecture: str = _flag("encoder_decoder", "how layers are arranged")
    dropout: float = _flag(0.0, "share that is dropped; 0.1 for fine-tuning")
    dtype: str = _flag("bfloat16", "of the computation; parameters are float32")
    remat: bool = _flag(False, "compute activations twice instead of keeping them")
    scan_layers: bool = _flag(False, "compile one layer for all")
    initial_checkpoint: str = _flag("", "start from a folder: checkpoint_N, or Hugging Face's")
    # How.
    steps: int = _flag(10_000, "updates in all")
    batch_size: int = _flag(128, "rows of a step")
    microbatches: int = _flag(1, "parts of a batch whose gradients are added up")
    learning_rate: float = _flag(1.0, "times 1/sqrt(max(step, warm-up))")
    warmup_steps: int = _flag(10_000, "of constant learning rate")
    decay_rate: float = _flag(0.8, "of Adafactor's second moments")
    clip_norm: float = _flag(0.0, "largest norm of all gradients together; 0: any")
    z_loss: float = _flag(1e-4, "weight of the squared log-normalizer")
    seed: int = _flag(0, "of parameters, dropout and the order of examples")
    model_parallel: int = _flag(1, "devices that share a layer")
    shard_parameters: bool = _flag(False, "parameters are sharded over the data axis too")
    spike_factor: float = _flag(10.0, "stop if a loss is so many times the running one; 0: never")
    backend: str = _flag("auto", "auto, ours or t5x")
    coordinator: str = _flag("", "of several hosts: HOST:PORT of the first, or auto; none for one")
    host_count: int = _flag(1, "hosts of a run with --coordinator=HOST:PORT")
    host_index: int = _flag(0, "which of them this one is, from 0")
    # Where to, and when.
    model_dir: str = _flag("", "folder of checkpoints, events and the loss curve")
    checkpoint_period: int = _flag(1000, "steps between checkpoints")
    keep_checkpoints: int = _flag(3, "newest that stay; 0: all")
    eval_period: int = _flag(1000, "steps between evaluations; 0: none")
    eval_batches: int = _flag(20, "of the validation split in an evaluation")
    log_period: int = _flag(10, "steps between points of the loss curve")

    def __post_init__(self) -> None:
        _one_of("objective", self.objective, OBJECTIVES)
        _one_of("mixing", self.mixing, MIXINGS)
        _one_of("size", self.size, SIZES)
        _one_of("version", self.version, ("", *VERSIONS))
        _one_of("architecture", self.architecture, ARCHITECTURES)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("backend", self.backend, BACKENDS)
        for name in ("steps", "batch_size", "microbatches", "model_parallel", "checkpoint_period",
                     "log_period", "warmup_steps", "eval_batches"):  # fmt: skip
            if getattr(self, name) < 1:
                raise TrainConfigError(f"--{name}={getattr(self, name)}: expected 1 or more")
        if not 0 <= self.host_index < self.host_count:
            raise TrainConfigError(
                f"--host_index={self.host_index}: expected 0 or more, and less than "
                f"--host_count={self.host_count}"
            )
        if not 0 <= self.dropout < 1:
            raise TrainConfigError(
                f"--dropout={self.dropout:g}: expected a share from 0 to below 1"
            )
        if self.batch_size % self.microbatches:
            raise TrainConfigError(
                f"--batch_size={self.batch_size} is not divisible by "
                f"--microbatches={self.microbatches}"
            )
        arranged = ARCHITECTURES[self.architecture]
        if arranged.shared and self.scan_layers:
            raise TrainConfigError("--scan_layers: layers shared by both stacks cannot be scanned")
        if (OBJECTIVES[self.objective].name == "causal_lm") == arranged.encoder:
            wanted = "decoder_lm" if arranged.encoder else "prefix_lm or encoder_decoder"
            if self.architecture != "prefix_lm" or self.objective == "causal_lm":
                raise TrainConfigError(
                    f"--objective={self.objective} does not fit --architecture="
                    f"{self.architecture}; try --architecture={wanted}"
                )
        self.lengths()

    def lengths(self) -> dict[str, int]:
        """Tokens of each feature: inputs and targets, or targets alone."""
        row = with_noise(OBJECTIVES[self.objective], self.noise_density, self.mean_span)
        derived = lengths(row, self.inputs_length)
        targets = self.targets_length or derived.targets
        return (
            {"inputs": derived.inputs, "targets": targets}
            if derived.inputs
            else {"targets": targets}
        )


def _one_of(flag: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        known = [choice for choice in choices if choice]
        raise TrainConfigError(f"--{flag}={value}: unknown; {closest(value, known)}")
