"""The configuration of a run: one frozen dataclass, every field a flag and a key of a TOML file."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from runtime.cli.options import OptionError, closest, option, parse_choice
from trainer.data.mixtures import MIXINGS
from trainer.data.objectives import OBJECTIVES, lengths, with_noise
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS


class TrainConfigError(OptionError):
    """A value that cannot be; the message names the flag, the value and what was expected."""


DTYPES = ("float32", "bfloat16")
BACKENDS = ("auto", "ours", "t5x")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """What a run trains, on what, how, and where to.

    The defaults are those of Raffel et al. 2020, section 3.1, but for steps and batches, which fit
    one machine.

    Raises:
      TrainConfigError: a value is out of its range.
    """

    # What to train on.
    corpus: tuple[str, ...] = option(
        "corpus folder, or file of pairs; again for a mixture",
        default=(),
        many=True,
        metavar="PATH",
    )
    vocab: str = option("folder of c4forge vocab train, or SentencePiece model file", default="")
    objective: str = option(
        "what is read and what is written", default="span_corruption", table=OBJECTIVES
    )
    noise_density: float = option("share of noise; 0: the objective's own", default=0.0)
    mean_span: float = option("tokens of a span of noise; 0: the objective's own", default=0.0)
    prefix: str = option("put before the inputs of pairs, to name the task", default="")
    data_tokens: int = option("train on the first so many tokens, repeated; 0: all", default=0)
    mixing: str = option("rates of a mixture's tasks", default="proportional", table=MIXINGS)
    mixing_cap: int = option("examples that count of a task at most; 0: all", default=0)
    mixing_temperature: float = option("T of --mixing=temperature", default=2.0)
    inputs_length: int = option(
        "tokens of inputs; of targets where there are no inputs", default=512
    )
    targets_length: int = option("tokens of targets; 0: as the objective gives", default=0)
    packing: bool = option("several short examples in one row", default=True)
    # What to train.
    size: str = option("a published size", default="small", table=SIZES)
    version: str = option("v1.0 or v1.1; default: the size's own", default="", table=VERSIONS)
    architecture: str = option(
        "how layers are arranged", default="encoder_decoder", table=ARCHITECTURES
    )
    dropout: float = option("share that is dropped; 0.1 for fine-tuning", default=0.0)
    dtype: str = option(
        "of the computation; parameters are float32",
        default="bfloat16",
        parse=parse_choice(str, DTYPES),
    )
    remat: bool = option("compute activations twice instead of keeping them", default=False)
    scan_layers: bool = option("compile one layer for all", default=False)
    initial_checkpoint: str = option(
        "start from a folder: checkpoint_N, or Hugging Face's", default=""
    )
    # How.
    steps: int = option("updates in all", default=10_000)
    batch_size: int = option("rows of a step", default=128)
    microbatches: int = option("parts of a batch whose gradients are added up", default=1)
    learning_rate: float = option("times 1/sqrt(max(step, warm-up))", default=1.0)
    warmup_steps: int = option("of constant learning rate", default=10_000)
    decay_rate: float = option("of Adafactor's second moments", default=0.8)
    clip_norm: float = option("largest norm of all gradients together; 0: any", default=0.0)
    z_loss: float = option("weight of the squared log-normalizer", default=1e-4)
    seed: int = option("of parameters, dropout and the order of examples", default=0)
    model_parallel: int = option("devices that share a layer", default=1)
    shard_parameters: bool = option("parameters are sharded over the data axis too", default=False)
    spike_factor: float = option(
        "stop if a loss is so many times the running one; 0: never", default=10.0
    )
    backend: str = option("auto, ours or t5x", default="auto", parse=parse_choice(str, BACKENDS))
    coordinator: str = option(
        "of several hosts: HOST:PORT of the first, or auto; none for one", default=""
    )
    host_count: int = option("hosts of a run with --coordinator=HOST:PORT", default=1)
    host_index: int = option("which of them this one is, from 0", default=0)
    # Where to, and when.
    model_dir: str = option("folder of checkpoints, events and the loss curve", default="")
    checkpoint_period: int = option("steps between checkpoints", default=1000)
    keep_checkpoints: int = option("newest that stay; 0: all", default=3)
    eval_period: int = option("steps between evaluations; 0: none", default=1000)
    eval_batches: int = option("of the validation split in an evaluation", default=20)
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
        arranged = ARCHITECTURES[self.architecture]
        if arranged.shared and self.scan_layers:
            yield "--scan_layers: layers shared by both stacks cannot be scanned"
        causal = OBJECTIVES[self.objective].is_causal()
        if causal == arranged.encoder and (causal or self.architecture != "prefix_lm"):
            wanted = "decoder_lm" if causal else "prefix_lm or encoder_decoder"
            yield (
                f"--objective={self.objective} does not fit --architecture={self.architecture}; "
                f"try --architecture={wanted}"
            )

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
