"""The configuration of a run: one frozen dataclass. Each field is an option and a TOML key."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from runtime.cli.options import closest, option, parse_choice
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import DEFAULT_INPUTS, OBJECTIVES, lengths, with_noise
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS, stack_layers
from trainer.strategies import SCHEDULES, STRATEGIES
from trainer.task_options import TaskOptions, TrainConfigError

DTYPES = ("float32", "bfloat16")
PAIRS = "pairs"
DATA_FORMS = ("auto", "documents", PAIRS)
BACKENDS = ("auto", "ours", "t5x")
DEFAULT_SPIKE_FACTOR = 10.0
FINETUNE: dict[str, object] = {
    "schedule": "constant",
    "learning_rate": 0.001,
    "dropout": 0.1,
    "keep_best": "eval_loss",
}
"""Defaults of `t5x finetune` that differ (Raffel et al. 2020, section 3.1.2, 3.1.3)."""
_TRAINING = """objective noise_density mean_span data_tokens mixing mixing_cap mixing_temperature
    packing dropout remat scan_layers initial_optimizer steps microbatches schedule learning_rate
    warmup_steps decay_rate clip_norm z_loss shard_parameters spike_factor spike_floor backend
    checkpoint_period keep_checkpoints eval_period keep_best patience eval_batches log_period
    eval_examples"""
OF_TRAINING = frozenset(_TRAINING.split())
"""Options that have no effect on evaluation, prediction and export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig(TaskOptions):
    """All settings of a run.

    The defaults are those of Raffel et al. 2020, section 3.1, except steps and batch size, which
    fit one machine.

    Raises:
      TrainConfigError: a value is out of range, or two contradict each other.
    """

    # Data.
    corpus: tuple[str, ...] = option(
        "corpus folder, or file of pairs; repeat it for a mixture",
        default=(),
        many=True,
        metavar="PATH",
    )
    vocab: str = option(
        "output folder of c4forge vocab train, or a SentencePiece model file", default=""
    )
    objective: str = option(
        "how a text becomes inputs and targets", default="span_corruption", table=OBJECTIVES
    )
    noise_density: float = option(
        "share of tokens that is noise; 0: as the objective has it", default=0.0
    )
    mean_span: float = option(
        "mean length of a noise span in tokens; 0: as the objective has it", default=0.0
    )
    prefix: str = option(
        "text in front of the inputs of pairs, to name the task", default="", may_be_empty=True
    )
    data_tokens: int = option(
        "train on this many tokens, the first, repeated; 0: on all", default=0
    )
    mixing: str = option(
        "how often each task of a mixture is sampled", default="proportional", table=MIXINGS
    )
    mixing_cap: int = option("most examples of a task that count for its rate; 0: all", default=0)
    mixing_temperature: float = option("temperature of --mixing=temperature", default=2.0)
    data_form: str = option(
        "documents or pairs; auto: as the files of --corpus are",
        default="auto",
        parse=parse_choice(str, DATA_FORMS),
    )
    inputs_length: int = option(
        "tokens of the inputs; of the targets for a causal objective; 0: 512, of pairs the longest",
        default=0,
    )
    targets_length: int = option(
        "tokens of the targets; 0: as many as the objective makes, of pairs the longest", default=0
    )
    packing: bool = option("put several short examples in one row", default=True)
    # Network.
    size: str = option("a published size", default="small", table=SIZES)
    version: str = option(
        "v1.0 or v1.1; default: the version of the size", default="", table=VERSIONS
    )
    architecture: str = option(
        "encoder and decoder, or decoder only", default="encoder_decoder", table=ARCHITECTURES
    )
    dropout: float = option("dropout rate; T5 fine-tunes with 0.1", default=0.0)
    dtype: str = option(
        "float32 or bfloat16, for the computation; parameters are float32",
        default="bfloat16",
        parse=parse_choice(str, DTYPES),
    )
    remat: bool = option(
        "recompute activations in the backward pass, to save memory", default=False
    )
    scan_layers: bool = option(
        "compile one layer and scan over all, instead of compiling each", default=False
    )
    initial_checkpoint: str = option(
        "start from the parameters in this folder: a run, a checkpoint_N, or a model of Hugging "
        "Face",
        default="",
    )
    initial_optimizer: bool = option(
        "carry on the step and the optimizer of --initial_checkpoint too", default=False
    )
    strategy: str = option("which parameters fine-tuning updates", default="all", table=STRATEGIES)
    adapter_width: int = option(
        "inner width of the adapters of --strategy=adapters; the paper tries 32 to 2048", default=0
    )
    # Training.
    steps: int = option(
        "updates of this run, from 0; with --initial_optimizer from the step of the checkpoint",
        default=10_000,
    )
    batch_size: int = option("rows of a batch, over all hosts", default=128)
    microbatches: int = option("parts of a batch, whose gradients are accumulated", default=1)
    schedule: str = option(
        "how the learning rate changes with the step",
        default="inverse_square_root",
        table=SCHEDULES,
    )
    learning_rate: float = option(
        "factor of --schedule: of 1 / sqrt(step), or the largest rate", default=1.0
    )
    warmup_steps: int = option(
        "first steps, in which the learning rate is constant, or grows from 0 if --schedule is "
        "linear or cosine",
        default=10_000,
    )
    decay_rate: float = option(
        "decay of Adafactor's second moments: 1 - step^-decay_rate", default=0.8
    )
    clip_norm: float = option("largest global norm of the gradients; 0: no clipping", default=0.0)
    z_loss: float = option("weight of the z-loss, the squared log-normalizer", default=1e-4)
    seed: int = option("seed of parameters, dropout and the order of examples", default=0)
    model_parallel: int = option("devices that share each layer", default=1)
    shard_parameters: bool = option("shard parameters over the data axis too", default=False)
    spike_factor: float = option(
        "stop if a loss is this many times the running mean; 0: never; -1: 10, but 0 for a start "
        "from --initial_checkpoint with a new optimizer",
        default=-1.0,
    )
    spike_floor: float = option(
        "running means below this many nats a token count as this for --spike_factor", default=0.5
    )
    backend: str = option(
        "training loop: ours, t5x, or auto: t5x if it can be imported",
        default="auto",
        parse=parse_choice(str, BACKENDS),
    )
    coordinator: str = option("for several hosts: HOST:PORT of the first, or auto", default="")
    host_count: int = option("number of hosts, with --coordinator=HOST:PORT", default=1)
    host_index: int = option("number of this host, from 0", default=0)
    # Output.
    model_dir: str = option("folder of checkpoints, events and the loss curve", default="")
    checkpoint_period: int = option("steps between checkpoints", default=1000)
    keep_checkpoints: int = option("number of newest checkpoints to keep; 0: all", default=3)
    eval_period: int = option("steps between evaluations; 0: none", default=1000)
    keep_best: str = option(
        "keep the checkpoint with the best of these scores in model_dir/best: eval_loss, "
        "eval_accuracy, TASK/METRIC, average, or another of the curve; empty: keep none",
        default="",
        metavar="NAME",
        may_be_empty=True,
    )
    patience: int = option(
        "stop after this many evaluations without a better --keep_best; 0: never", default=0
    )
    eval_batches: int = option("batches of the validation split in an evaluation", default=20)
    log_period: int = option("steps between points of the loss curve", default=10)

    def __post_init__(self) -> None:
        errors = [*self._wrong_choices(), *self.wrong_task_options()]
        errors = errors or [*self._wrong_numbers(), *self._contradictions()]
        if errors:
            raise TrainConfigError("\n".join(errors))
        self.lengths()

    def _wrong_choices(self) -> Iterator[str]:
        choices: dict[str, Collection[str]] = {
            "objective": OBJECTIVES, "mixing": MIXINGS, "size": SIZES, "version": ("", *VERSIONS),
            "architecture": ARCHITECTURES, "schedule": SCHEDULES, "dtype": DTYPES,
            "backend": BACKENDS, "data_form": DATA_FORMS, "strategy": STRATEGIES,
        }  # fmt: skip
        for name, known in choices.items():
            value = getattr(self, name)
            if value not in known:
                hint = closest(value, [choice for choice in known if choice])
                yield f"--{name}={value}: unknown; {hint}"

    def _wrong_numbers(self) -> Iterator[str]:
        for name in ("steps", "batch_size", "microbatches", "model_parallel", "checkpoint_period",
                     "log_period", "warmup_steps", "eval_batches"):  # fmt: skip
            if getattr(self, name) < 1:
                yield f"--{name}={getattr(self, name)}: expected 1 or more"
        for name in ("inputs_length", "targets_length"):
            if getattr(self, name) < 0 or getattr(self, name) == 1:
                yield f"--{name}={getattr(self, name)}: expected 2 or more, or 0 for the default"
        if not 0 <= self.host_index < self.host_count:
            yield (
                f"--host_index={self.host_index}: expected 0 or more, and less than "
                f"--host_count={self.host_count}"
            )
        for name in ("patience", "eval_period", "keep_checkpoints", "data_tokens", "mixing_cap",
                     "clip_norm", "z_loss", "spike_floor"):  # fmt: skip
            if not getattr(self, name) >= 0:
                yield f"--{name}={getattr(self, name)}: expected 0 or more"
        for name in ("learning_rate", "mixing_temperature"):
            if not 0 < getattr(self, name) < math.inf:
                yield f"--{name}={getattr(self, name):g}: expected more than 0"
        if not 0 < self.decay_rate <= 1:
            yield f"--decay_rate={self.decay_rate:g}: expected more than 0, and at most 1"
        if not 0 <= self.dropout < 1:
            yield f"--dropout={self.dropout:g}: expected a share from 0 to below 1"

    def _contradictions(self) -> Iterator[str]:
        if self.microbatches > 0 and self.batch_size % self.microbatches:
            yield (
                f"--batch_size={self.batch_size} is not divisible by "
                f"--microbatches={self.microbatches}"
            )
        arrangement = ARCHITECTURES[self.architecture]
        if self.patience and not self.keep_best:
            yield f"--patience={self.patience}: expected --keep_best, as --keep_best=eval_loss"
        if self.keep_best and not self.eval_period:
            yield f"--keep_best={self.keep_best}: expected --eval_period of 1 or more"
        if self.schedule in ("linear", "cosine") and self.warmup_steps >= self.steps:
            yield (
                f"--warmup_steps={self.warmup_steps}: expected fewer than --steps={self.steps} for "
                f"--schedule={self.schedule}"
            )
        if self.initial_optimizer and not self.initial_checkpoint:
            yield "--initial_optimizer: expected --initial_checkpoint, whose optimizer to carry on"
        yield from self._wrong_strategy()
        if arrangement.shared and self.scan_layers:
            yield f"--scan_layers: --architecture={self.architecture} cannot scan its shared layers"
        causal = OBJECTIVES[self.objective].is_causal()
        if causal == arrangement.encoder and (causal or self.architecture != "prefix_lm"):
            wanted = "decoder_lm" if causal else "prefix_lm or encoder_decoder"
            yield (
                f"--objective={self.objective} does not fit --architecture={self.architecture}; "
                f"try --architecture={wanted}"
            )

    def _wrong_strategy(self) -> Iterator[str]:
        width = self.adapter_width
        if self.strategy == "adapters" and width < 1:
            yield f"--adapter_width={width}: expected 1 or more, as --adapter_width=32"
        if self.strategy != "adapters" and width:
            yield f"--adapter_width={width}: only for --strategy=adapters"
        episodes = STRATEGIES[self.strategy].episodes(self.layers())
        if 0 < self.steps < episodes:
            yield (
                f"--steps={self.steps}: expected {episodes} or more for --strategy={self.strategy}"
                ", one for each layer"
            )
        if self.strategy != "all" and self.backend == "t5x":
            yield f"--backend=t5x: --strategy={self.strategy} runs in our loop only; use ours"

    def layers(self) -> int:
        """Number of layers of each stack."""
        return stack_layers(SIZES[self.size], self.architecture)

    def fine_tunes(self) -> bool:
        """True for a start from another model's parameters with a new optimizer."""
        return bool(self.initial_checkpoint) and not self.initial_optimizer

    def spike_limit(self) -> float:
        """The factor of --spike_factor: 0 for none."""
        if self.spike_factor >= 0:
            return self.spike_factor
        return 0.0 if self.fine_tunes() else DEFAULT_SPIKE_FACTOR

    def input_tokens(self) -> int:
        """Tokens of the inputs, or of a prompt."""
        return self.inputs_length or DEFAULT_INPUTS

    def lengths(self) -> dict[str, int]:
        """Tokens of each feature of a task: inputs and targets, or only targets."""
        row = with_noise(OBJECTIVES[self.objective], self.noise_density, self.mean_span)
        derived = lengths(row, self.input_tokens())
        targets = self.targets_length or derived.targets
        if derived.inputs or self.data_form == PAIRS:
            return {"inputs": self.input_tokens(), "targets": targets}
        return {"targets": targets}
