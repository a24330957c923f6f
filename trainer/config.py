"""The configuration of a run: one frozen dataclass. Each field is an option and a TOML key."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from runtime.cli.options import OptionError, closest, option, parse_choice
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import OBJECTIVES, lengths, with_noise
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS


class TrainConfigError(OptionError):
    """An option out of range. The message names the option, its value and the expected values."""


DTYPES = ("float32", "bfloat16")
BACKENDS = ("auto", "ours", "t5x")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
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
    inputs_length: int = option(
        "tokens of the inputs; of the targets for a causal objective", default=512
    )
    targets_length: int = option(
        "tokens of the targets; 0: as many as the objective makes", default=0
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
        "start from this folder: a checkpoint_N, or a model of Hugging Face", default=""
    )
    # Training.
    steps: int = option("updates until the run ends", default=10_000)
    batch_size: int = option("rows of a batch, over all hosts", default=128)
    microbatches: int = option("parts of a batch, whose gradients are accumulated", default=1)
    learning_rate: float = option(
        "factor of the learning rate factor / sqrt(max(step, warmup_steps))", default=1.0
    )
    warmup_steps: int = option("steps at constant learning rate", default=10_000)
    decay_rate: float = option(
        "decay of Adafactor's second moments: 1 - step^-decay_rate", default=0.8
    )
    clip_norm: float = option("largest global norm of the gradients; 0: no clipping", default=0.0)
    z_loss: float = option("weight of the z-loss, the squared log-normalizer", default=1e-4)
    seed: int = option("seed of parameters, dropout and the order of examples", default=0)
    model_parallel: int = option("devices that share each layer", default=1)
    shard_parameters: bool = option("shard parameters over the data axis too", default=False)
    spike_factor: float = option(
        "stop if a loss is this many times the running mean; 0: never", default=10.0
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
    eval_batches: int = option("batches of the validation split in an evaluation", default=20)
    log_period: int = option("steps between points of the loss curve", default=10)

    def __post_init__(self) -> None:
        errors = [*self._wrong_choices()]
        errors = errors or [*self._wrong_numbers(), *self._contradictions()]
        if errors:
            raise TrainConfigError("\n".join(errors))
        self.lengths()

    def _wrong_choices(self) -> Iterator[str]:
        choices: dict[str, Collection[str]] = {
            "objective": OBJECTIVES, "mixing": MIXINGS, "size": SIZES, "version": ("", *VERSIONS),
            "architecture": ARCHITECTURES, "dtype": DTYPES, "backend": BACKENDS,
        }  # fmt: skip
        for name, known in choices.items():
            value = getattr(self, name)
            if value not in known:
                told = closest(value, [choice for choice in known if choice])
                yield f"--{name}={value}: unknown; {told}"

    def _wrong_numbers(self) -> Iterator[str]:
        for name in ("steps", "batch_size", "microbatches", "model_parallel", "checkpoint_period",
                     "log_period", "warmup_steps", "eval_batches"):  # fmt: skip
            if getattr(self, name) < 1:
                yield f"--{name}={getattr(self, name)}: expected 1 or more"
        if not 0 <= self.host_index < self.host_count:
            yield (
                f"--host_index={self.host_index}: expected 0 or more, and less than "
                f"--host_count={self.host_count}"
            )
        if not 0 <= self.dropout < 1:
            yield f"--dropout={self.dropout:g}: expected a share from 0 to below 1"

    def _contradictions(self) -> Iterator[str]:
        if self.microbatches > 0 and self.batch_size % self.microbatches:
            yield (
                f"--batch_size={self.batch_size} is not divisible by "
                f"--microbatches={self.microbatches}"
            )
        arrangement = ARCHITECTURES[self.architecture]
        if arrangement.shared and self.scan_layers:
            yield f"--scan_layers: --architecture={self.architecture} cannot scan its shared layers"
        causal = OBJECTIVES[self.objective].is_causal()
        if causal == arrangement.encoder and (causal or self.architecture != "prefix_lm"):
            wanted = "decoder_lm" if causal else "prefix_lm or encoder_decoder"
            yield (
                f"--objective={self.objective} does not fit --architecture={self.architecture}; "
                f"try --architecture={wanted}"
            )

    def lengths(self) -> dict[str, int]:
        """Tokens of each feature of a task: inputs and targets, or only targets."""
        row = with_noise(OBJECTIVES[self.objective], self.noise_density, self.mean_span)
        derived = lengths(row, self.inputs_length)
        targets = self.targets_length or derived.targets
        return (
            {"inputs": derived.inputs, "targets": targets}
            if derived.inputs
            else {"targets": targets}
        )
