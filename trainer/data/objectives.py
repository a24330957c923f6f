"""Objectives: what of a text the model reads and what it must write. One row each.

A row is a point on independent axes, as Raffel et al. 2020, section 3.3, compares them: which
tokens are noise, what the encoder reads in their place, what the decoder writes, how much is noise,
in spans of what length. `trainer/data/corruption.py` has the functions of each axis.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from runtime.errors import UsageError


class ObjectiveError(UsageError):
    """An objective that cannot be; the message names the value and what was expected."""


class Noise(StrEnum):
    """Which tokens are noise."""

    IID = "iid"  # each by itself
    SPANS = "spans"  # spans of random lengths with a given mean
    PREFIX = "prefix"  # all up to a random place
    NONE = "none"  # none: the text itself is what is written


class Reads(StrEnum):
    """What the encoder reads."""

    SENTINELS = "sentinels"  # the text, each noise span replaced by its own sentinel
    MASKS = "masks"  # the text, each noise token replaced by the first sentinel
    MASKS_OR_RANDOM = "masks or random tokens"  # the same, but for a tenth that are random tokens
    REST = "rest"  # the text without its noise
    NOISE = "noise"  # the noise only
    SHUFFLED = "shuffled"  # the text, its noise tokens in random order
    NOTHING = "nothing"  # there is no encoder


class Writes(StrEnum):
    """What the decoder writes."""

    SENTINELS = "sentinels"  # the noise, each span after its sentinel
    NOISE = "noise"  # the noise
    REST = "rest"  # all but the noise
    ALL = "all"  # the whole text


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One row of the table.

    Attributes:
      name: as given to --objective, and the end of the task's name.
      meaning: one line for --help.
      noise: which tokens are noise.
      reads: what the encoder reads.
      writes: what the decoder writes.
      density: share of the tokens that is noise.
      mean_span: mean length of a noise span in tokens; for Noise.SPANS only.
      joins: True if documents are joined end to end before they are cut into examples.
      paper: tables of Raffel et al. 2020 in which it is compared.
      reference: the objective file of t5 0.9.4.

    Raises:
      ObjectiveError: a number is out of its range.
    """

    name: str
    meaning: str
    noise: Noise
    reads: Reads
    writes: Writes
    density: float = 0.15
    mean_span: float = 1.0
    joins: bool = True
    paper: str
    reference: str

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise ObjectiveError(
                f"--noise_density={self.density:g}: expected a share above 0 and up to 1, as 0.15"
            )
        if self.noise is Noise.SPANS and (self.density > 0.9 or self.mean_span < 1):
            raise ObjectiveError(
                f"{self.name}: expected at most 0.9 of noise in spans of a mean length of 1 or "
                f"more, got {self.density:g} and {self.mean_span:g}"
            )

    def sentinels_per_example(self, inputs_length: int) -> int:
        """The most sentinels that an example of full length needs; 0 if it uses none."""
        if self.reads in (Reads.MASKS, Reads.MASKS_OR_RANDOM):
            return 1
        if self.reads is not Reads.SENTINELS:
            return 0
        raw = lengths(self, inputs_length).raw
        if self.noise is Noise.SPANS:
            # A text may begin with the rest and so its targets with a sentinel of their own.
            return _noise_spans(self, _noise_tokens(self, raw)) + 1
        return min(_bound(raw * self.density * (1 - self.density), raw * self.density / 2), raw) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Of an example, in tokens.

    Attributes:
      raw: of the text that it is made from.
      inputs: of what the encoder reads, with its EOS; 0 without an encoder.
      targets: of what the decoder writes, with its EOS.
    """

    raw: int
    inputs: int
    targets: int


_DEVIATIONS = 4  # i.i.d. targets longer than this many standard deviations over the mean are cut


def lengths(objective: Objective, inputs_length: int) -> Lengths:
    """How long a text fills the inputs, and how long its targets are (section 3.1.4, 3.3.4).

    With spans of noise both are exact: 512 inputs take 568 tokens and give 114 targets. With i.i.d.
    noise the targets' length varies: four standard deviations above the mean are room enough. The
    objective files of t5 0.9.4 have numbers typed by hand there (192 for 15%, here 200).

    Args:
      inputs_length: what the encoder reads; without one, what the decoder writes.
    Raises:
      ObjectiveError: nothing can be made of inputs so short.
    """
    if inputs_length < 8:
        raise ObjectiveError(f"--inputs_length={inputs_length}: expected 8 or more")
    if objective.noise is Noise.NONE:
        return Lengths(raw=inputs_length - 1, inputs=0, targets=inputs_length)
    if objective.noise is Noise.SPANS and objective.reads is Reads.SENTINELS:
        return _span_lengths(objective, inputs_length)
    raw = inputs_length - 1  # and an EOS
    if objective.noise is Noise.IID and objective.writes is Writes.SENTINELS:
        # A target stands for token i if i is noise, or is the rest after noise: i or i-1 is noise.
        share = 1 - (1 - objective.density) ** 2
        both = objective.density + (1 - objective.density) * objective.density**2
        variance = raw * (share * (1 - share) + 2 * (both - share**2))
        targets = min(_bound(raw * share, variance) + 2, inputs_length)  # first sentinel, EOS
    elif objective.noise is Noise.IID and objective.writes is Writes.NOISE:
        mean = raw * objective.density
        targets = min(_bound(mean, mean * (1 - objective.density)) + 1, inputs_length)
    else:
        targets = inputs_length
    return Lengths(raw=raw, inputs=inputs_length, targets=targets)


def _bound(mean: float, variance: float) -> int:
    return math.ceil(mean + _DEVIATIONS * math.sqrt(max(variance, 0.0)))


def _noise_tokens(objective: Objective, raw: int) -> int:
    return round(raw * objective.density)


def _noise_spans(objective: Objective, noise_tokens: int) -> int:
    return round(noise_tokens / objective.mean_span)


def _span_lengths(objective: Objective, inputs_length: int) -> Lengths:
    """The longest text whose corrupted form fits the inputs (t5 preprocessors.random_spans_helper).

    Half of noise gives targets a token longer than the inputs: the reference takes one token less.
    """

    def corrupted(raw: int) -> tuple[int, int]:
        noise = _noise_tokens(objective, raw)
        spans = _noise_spans(objective, noise)
        return raw - noise + spans + 1, noise + spans + 1  # a sentinel each, an EOS

    raw = inputs_length - 1
    while corrupted(raw + 1)[0] <= inputs_length:
        raw += 1
    inputs, targets = corrupted(raw)
    if objective.density == 0.5 and targets > inputs:
        raw, targets = raw - 1, targets - 1
    return Lengths(raw=raw, inputs=inputs_length, targets=targets)


_SPAN = Objective(
    name="span_corruption",
    meaning="random spans of noise, each replaced by a sentinel: T5's final choice",
    noise=Noise.SPANS,
    reads=Reads.SENTINELS,
    writes=Writes.SENTINELS,
    mean_span=3.0,
    paper="3, 7",
    reference="span_3_15_u_u",
)
_REPLACE = Objective(
    name="iid_replace_spans",
    meaning="i.i.d. noise, each span of it replaced by a sentinel: the study's baseline",
    noise=Noise.IID,
    reads=Reads.SENTINELS,
    writes=Writes.SENTINELS,
    paper="3, 5, 6, 7",
    reference="iid_15_u_u",
)


def _spans_of(mean_span: int) -> Objective:
    return replace(
        _SPAN,
        name=f"span_corruption_{mean_span}",
        meaning=f"span corruption, spans of {mean_span} tokens on average",
        mean_span=float(mean_span),
        paper="7",
        reference=f"span_{mean_span}_15_u_u",
    )


def _replaced(percent: int) -> Objective:
    return replace(
        _REPLACE,
        name=f"iid_replace_spans_{percent}pct",
        meaning=f"i.i.d. replaced spans, {percent}% of noise",
        density=percent / 100,
        paper="6",
        reference=f"iid_{percent}_u_u",
    )


OBJECTIVES: dict[str, Objective] = {
    row.name: row
    for row in (
        Objective(
            name="causal_lm",
            meaning="language modelling: every token from those before it",
            noise=Noise.NONE,
            reads=Reads.NOTHING,
            writes=Writes.ALL,
            paper="2",
            reference="lm",
        ),
        Objective(
            name="prefix_lm",
            meaning="the rest of a text from its start",
            noise=Noise.PREFIX,
            reads=Reads.NOISE,
            writes=Writes.REST,
            density=0.5,
            joins=False,
            paper="3, 4",
            reference="prefix_lm",
        ),
        Objective(
            name="bert_style",
            meaning="the whole text from one with masks and a few random tokens (BERT)",
            noise=Noise.IID,
            reads=Reads.MASKS_OR_RANDOM,
            writes=Writes.ALL,
            paper="3, 4, 5",
            reference="iid_15_r10s90_f",
        ),
        Objective(
            name="mass_style",
            meaning="the whole text from one with masks (MASS)",
            noise=Noise.IID,
            reads=Reads.MASKS,
            writes=Writes.ALL,
            paper="3, 5",
            reference="iid_15_m_f",
        ),
        Objective(
            name="deshuffling",
            meaning="the text from its tokens in random order",
            noise=Noise.IID,
            reads=Reads.SHUFFLED,
            writes=Writes.ALL,
            density=1.0,
            joins=False,
            paper="3, 4",
            reference="all_permute",
        ),
        _REPLACE,
        _replaced(10),
        _replaced(25),
        _replaced(50),
        Objective(
            name="iid_drop_tokens",
            meaning="i.i.d. noise left out, and written alone",
            noise=Noise.IID,
            reads=Reads.REST,
            writes=Writes.NOISE,
            paper="3, 5",
            reference="iid_15_d_d",
        ),
        _SPAN,
        _spans_of(2),
        _spans_of(5),
        _spans_of(10),
    )
}


def with_noise(objective: Objective, density: float = 0.0, mean_span: float = 0.0) -> Objective:
    """The row with another share of noise or length of spans; 0 leaves the row's own.

    Raises:
      ObjectiveError: the row has no such axis, or the value is out of range.
    """
    if density and objective.noise not in (Noise.IID, Noise.SPANS):
        raise ObjectiveError(f"--noise_density: {objective.name} has no share of noise to choose")
    if mean_span and objective.noise is not Noise.SPANS:
        raise ObjectiveError(f"--mean_span: {objective.name} has no spans; try span_corruption")
    return replace(
        objective,
        density=density or objective.density,
        mean_span=mean_span or objective.mean_span,
    )
