"""Table of pre-training objectives: how a text becomes inputs and targets. One row each.

A row combines independent axes, as Raffel et al. 2020, section 3.3, compares them: which tokens
are noise, the inputs made of the text, the targets, the share of noise, the length of its spans.
`trainer/data/corruption.py` has a function for each value of the first three.

To add an objective, write a row in OBJECTIVES and its row in `docs/trainer.md`; its lengths go into
`tests/trainer/data/test_objectives.py`. Only a new value of an axis needs a function in
`corruption.py`.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from runtime.errors import UsageError

DEFAULT_INPUTS = 512  # tokens of the inputs (section 3.1.2)


class ObjectiveError(UsageError):
    """A noise setting or length that no objective can have. The message names it and its range."""


class Noise(StrEnum):
    """Which tokens are noise."""

    IID = "iid"  # each token, independently of the others
    SPANS = "spans"  # spans of random lengths with a given mean
    PREFIX = "prefix"  # all tokens before a random position
    NONE = "none"  # no token: the text itself is the target


class Inputs(StrEnum):
    """The encoder's input tokens."""

    SENTINELS = "sentinels"  # the text, each noise span replaced by its own sentinel
    MASKS = "masks"  # the text, each noise token replaced by the first sentinel
    MASKS_OR_RANDOM = "masks or random tokens"  # as MASKS, but 10% of them are random tokens
    REST = "rest"  # the text without its noise
    NOISE = "noise"  # the noise only
    SHUFFLED = "shuffled"  # the text, its noise tokens in random order
    NOTHING = "nothing"  # there is no encoder


class Targets(StrEnum):
    """The decoder's target tokens."""

    SENTINELS = "sentinels"  # the noise, each span after its sentinel
    NOISE = "noise"  # the noise only
    REST = "rest"  # the text without its noise
    ALL = "all"  # the full text


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One row of the table.

    Attributes:
      name: as given to --objective, and the end of the task's name.
      meaning: one line for --help.
      noise: which tokens are noise.
      inputs: how the inputs are made from the text.
      targets: which tokens the targets are.
      density: share of the tokens that is noise.
      mean_span: mean length of a noise span in tokens; for Noise.SPANS only.
      joins: True if documents are joined end to end before they are cut into examples.
      paper: tables of Raffel et al. 2020 in which it is compared; "" if none.
      reference: the objective file of t5 0.9.4, without .gin; "" if there is none.

    Raises:
      ObjectiveError: a number is out of its range.
    """

    name: str
    meaning: str
    noise: Noise
    inputs: Inputs
    targets: Targets
    density: float = 0.15
    mean_span: float = 1.0
    joins: bool = True
    paper: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise ObjectiveError(
                f"--noise_density={self.density:g}: expected a share above 0 and up to 1, as 0.15"
            )
        if self.noise is Noise.SPANS and (self.density > 0.9 or self.mean_span < 1):
            raise ObjectiveError(
                f"--noise_density={self.density:g} --mean_span={self.mean_span:g}: {self.name} "
                "needs a share of noise up to 0.9, in spans with a mean length of 1 or more"
            )

    def is_causal(self) -> bool:
        """True if the text itself is the target: for a decoder without inputs."""
        return self.noise is Noise.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Numbers of tokens in an example.

    Attributes:
      raw: of the text that it is made from.
      inputs: of the encoder's inputs, EOS included; 0 without an encoder.
      targets: of the decoder's targets, EOS included.
    """

    raw: int
    inputs: int
    targets: int


_DEVIATIONS = 4  # i.i.d. targets longer than the mean and this many standard deviations are cut


def lengths(objective: Objective, inputs_length: int) -> Lengths:
    """Tokens of text that fill the inputs, and of their targets (section 3.1.4, 3.3.4).

    With spans of noise both are exact: 568 tokens of text give 512 inputs and 114 targets. With
    i.i.d. noise the number of targets varies; the length is their mean and four standard
    deviations. The objective files of t5 0.9.4 have constants there (192 for 15%, here 200).

    Args:
      inputs_length: of the inputs; of the targets if the objective has no inputs.
    Raises:
      ObjectiveError: the inputs are shorter than 8 tokens.
    """
    if inputs_length < 8:
        raise ObjectiveError(f"--inputs_length={inputs_length}: expected 8 or more")
    if objective.noise is Noise.NONE:
        return Lengths(raw=inputs_length - 1, inputs=0, targets=inputs_length)
    if objective.noise is Noise.SPANS and objective.inputs is Inputs.SENTINELS:
        return _span_lengths(objective, inputs_length)
    raw = inputs_length - 1  # without EOS
    if objective.noise is Noise.IID and objective.targets is Targets.SENTINELS:
        # Token i adds a target if it is noise, or if a sentinel stands for the span that begins at
        # i, which follows noise: if i or i - 1 is noise.
        share = 1 - (1 - objective.density) ** 2
        both = objective.density + (1 - objective.density) * objective.density**2
        variance = raw * (share * (1 - share) + 2 * (both - share**2))
        targets = min(_bound(raw * share, variance) + 2, inputs_length)  # first sentinel, EOS
    elif objective.noise is Noise.IID and objective.targets is Targets.NOISE:
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

    With a density of 0.5 the targets can be longer than the inputs; as the reference does, the
    text is then one token shorter.
    """

    def corrupted(raw: int) -> tuple[int, int]:
        noise = _noise_tokens(objective, raw)
        spans = _noise_spans(objective, noise)
        return raw - noise + spans + 1, noise + spans + 1  # a sentinel for each span, and EOS

    raw = inputs_length - 1
    while corrupted(raw + 1)[0] <= inputs_length:
        raw += 1
    inputs, targets = corrupted(raw)
    if objective.density == 0.5 and targets > inputs:
        raw, targets = raw - 1, targets - 1
    return Lengths(raw=raw, inputs=inputs_length, targets=targets)


_SPAN = Objective(
    name="span_corruption",
    meaning="spans of noise, each replaced by a sentinel: T5's final choice",
    noise=Noise.SPANS,
    inputs=Inputs.SENTINELS,
    targets=Targets.SENTINELS,
    mean_span=3.0,
    paper="3, 7",
    reference="span_3_15_u_u",
)
_REPLACE = Objective(
    name="iid_replace_spans",
    meaning="i.i.d. noise, each run of it replaced by a sentinel: the study's baseline",
    noise=Noise.IID,
    inputs=Inputs.SENTINELS,
    targets=Targets.SENTINELS,
    paper="3, 5, 6, 7",
    reference="iid_15_u_u",
)


def _spans_of(mean_span: int) -> Objective:
    return replace(
        _SPAN,
        name=f"span_corruption_{mean_span}",
        meaning=f"span_corruption with spans of {mean_span} tokens on average",
        mean_span=float(mean_span),
        paper="7",
        reference=f"span_{mean_span}_15_u_u",
    )


def _replaced(percent: int) -> Objective:
    return replace(
        _REPLACE,
        name=f"iid_replace_spans_{percent}pct",
        meaning=f"iid_replace_spans with {percent}% of noise",
        density=percent / 100,
        paper="6",
        reference=f"iid_{percent}_u_u",
    )


OBJECTIVES: dict[str, Objective] = {
    row.name: row
    for row in (
        Objective(
            name="causal_lm",
            meaning="language modelling: predicts each token from those before it",
            noise=Noise.NONE,
            inputs=Inputs.NOTHING,
            targets=Targets.ALL,
            paper="2",
            reference="lm",
        ),
        Objective(
            name="prefix_lm",
            meaning="predicts the rest of a text from its start",
            noise=Noise.PREFIX,
            inputs=Inputs.NOISE,
            targets=Targets.REST,
            density=0.5,
            joins=False,
            paper="3, 4",
            reference="prefix_lm",
        ),
        Objective(
            name="bert_style",
            meaning="restores a text in which tokens are masked or random (BERT)",
            noise=Noise.IID,
            inputs=Inputs.MASKS_OR_RANDOM,
            targets=Targets.ALL,
            paper="3, 4, 5",
            reference="iid_15_r10s90_f",
        ),
        Objective(
            name="mass_style",
            meaning="restores a text in which tokens are masked (MASS)",
            noise=Noise.IID,
            inputs=Inputs.MASKS,
            targets=Targets.ALL,
            paper="3, 5",
            reference="iid_15_m_f",
        ),
        Objective(
            name="deshuffling",
            meaning="restores a text from its tokens in random order",
            noise=Noise.IID,
            inputs=Inputs.SHUFFLED,
            targets=Targets.ALL,
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
            meaning="drops i.i.d. noise from the inputs; the targets are the noise",
            noise=Noise.IID,
            inputs=Inputs.REST,
            targets=Targets.NOISE,
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
    """The row with another share of noise or mean span length; 0 keeps the row's own value.

    Raises:
      ObjectiveError: the objective has no such setting, or the value is out of range.
    """
    if density and objective.noise not in (Noise.IID, Noise.SPANS):
        raise ObjectiveError(
            f"--noise_density: --objective={objective.name} has a fixed share of noise"
        )
    if mean_span and objective.noise is not Noise.SPANS:
        raise ObjectiveError(
            f"--mean_span: --objective={objective.name} has no spans of noise; try span_corruption"
        )
    return replace(
        objective,
        density=density or objective.density,
        mean_span=mean_span or objective.mean_span,
    )
