"""The options of decoding: how `t5x infer` chooses targets."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from runtime.cli.options import option, parse_choice
from trainer.task_options import TrainConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How targets are chosen by their probabilities.

    Raises:
      TrainConfigError: a value is out of range, or is of another way of decoding.
    """

    decoding: str = option(
        "greedy, beam or sample",
        default="greedy", metavar="NAME", parse=parse_choice(str, ("greedy", "beam", "sample")),
    )  # fmt: skip
    beams: int = option("texts that beam search follows", default=4)
    length_penalty: float = option(
        "beam search divides a log-probability by ((5 + length) / 6)^this", default=0.6
    )
    temperature: float = option("divides the log-probabilities of sampling", default=1.0)
    top_k: int = option("sample from this many most probable ids; 0: from all", default=0)
    top_p: float = option(
        "sample from the fewest most probable ids that have this probability together; 0: from all",
        default=0.0,
    )
    samples: int = option(
        "targets of each line, with tabs between: samples, or the best of the beams", default=1
    )

    def __post_init__(self) -> None:
        if errors := [*self._wrong_numbers(), *self._unused()]:
            raise TrainConfigError("\n".join(errors))

    def _wrong_numbers(self) -> Iterator[str]:
        for name in ("beams", "samples"):
            if getattr(self, name) < 1:
                yield f"--{name}={getattr(self, name)}: expected 1 or more"
        if self.top_k < 0:
            yield f"--top_k={self.top_k}: expected 0 or more"
        if not self.temperature > 0:
            yield f"--temperature={self.temperature:g}: expected more than 0; or --decoding=greedy"
        if not 0 <= self.top_p <= 1:
            yield f"--top_p={self.top_p:g}: expected a probability from 0 to 1"
        if self.decoding == "beam" and self.samples > self.beams:
            yield f"--samples={self.samples}: expected at most --beams={self.beams}"

    def _unused(self) -> Iterator[str]:
        """An error for each option of another way of decoding than the chosen one."""
        ways = {
            "beams": ("beam",), "length_penalty": ("beam",), "samples": ("beam", "sample"),
            "temperature": ("sample",), "top_k": ("sample",), "top_p": ("sample",),
        }  # fmt: skip
        for field in fields(self):
            value = getattr(self, field.name)
            used = ways.get(field.name, (self.decoding,))
            if value != field.default and self.decoding not in used:
                yield (
                    f"--{field.name}={value}: only for --decoding={' or '.join(used)}, not for "
                    f"--decoding={self.decoding}"
                )
