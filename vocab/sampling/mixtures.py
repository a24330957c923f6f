"""How much of each language a sample takes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cleaning.languages import UNKNOWN_LANGUAGE
from corpora.layout import NO_LANGUAGE, CorpusShard
from runtime.errors import UsageError

_PARTS = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]+)?:\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of languages: in fixed parts, or by the size of what there is of each.

    Attributes:
      parts: by language; empty if `alpha` decides.
      alpha: a language's share goes with the bytes that there are of it, to this power: 1 is as
        they come, 0 the same for all. mT5's "temperature" (arXiv:2010.11934, section 3.2: 0.3).
    """

    parts: tuple[tuple[str, float], ...] = ()
    alpha: float = 1.0

    def __str__(self) -> str:
        """As `parse_mixture` reads it."""
        return ",".join(f"{name}:{part:g}" for name, part in self.parts) or f"{self.alpha:g}"

    def weights(self, available: Mapping[str, int]) -> dict[str, float]:
        """Each language's share of a sample, together 1; {} if there is none of any.

        Args:
          available: bytes of text by language.
        """
        there = {name: size for name, size in sorted(available.items()) if size}
        if self.parts:
            raw = {name: part for name, part in self.parts if name in there and part}
        else:
            raw = {name: size**self.alpha for name, size in there.items()}
        total = sum(raw.values())
        return {name: weight / total for name, weight in raw.items()}

    def shares(self, available: Mapping[str, int], sample_bytes: int) -> dict[str, int]:
        """Bytes to draw by language: within `sample_bytes` together, and each within what is there.

        The language with the largest share sets the scale, so that it is never short and the
        others keep their proportion to it. Another that has less than its share gives all it has,
        and the rest is not handed on: ten parts English to one Romanian never become less English.

        Example:
          >>> Mixture((("en", 10), ("ro", 1))).shares({"en": 1000, "ro": 30}, 5000)
          {'en': 1000, 'ro': 30}
        """
        weights = self.weights(available)
        if not weights:
            return {}
        heaviest = max(weights, key=lambda name: (weights[name], name))
        total = min(float(sample_bytes), available[heaviest] / weights[heaviest])
        return {name: min(int(w * total + 1e-6), available[name]) for name, w in weights.items()}


def parse_mixture(text: str) -> Mixture:
    """The mixture of `en:10,de:1` (parts) or `0.3` (alpha).

    Raises:
      ValueError: it is neither; the message says what is expected.
    """
    fields = [field.strip() for field in text.split(",")]
    if all(_PARTS.fullmatch(field) for field in fields):
        pairs = [field.rsplit(":", 1) for field in fields]
        names = [name for name, _ in pairs]
        if len(set(names)) == len(names) and any(float(part) for _, part in pairs):
            return Mixture(tuple((name, float(part)) for name, part in pairs))
    elif re.fullmatch(r"\d+(\.\d+)?", text.strip()) and float(text) <= 1:
        return Mixture(alpha=float(text))
    raise ValueError(
        f"{text!r} is no mixture; expected parts by language, as en:10,de:1, or the power of a "
        "language's size that its share goes with, from 0 to 1, as 0.3"
    )


_MOST_NAMED = 12


class LanguageError(UsageError):
    """A mixture that the corpora cannot give; the message says what would."""


def choose_shards(
    shards: Iterable[CorpusShard], mixture: str
) -> tuple[tuple[CorpusShard, ...], str, list[str]]:
    """The shards to learn from, the mixture that applies, and notes on what is left out.

    Splits held out for evaluation are never learned from.

    Raises:
      LanguageError: nothing is left, or a language is not known that must be.
    """
    learned = [shard for shard in shards if not shard.is_held_out()]
    if not learned:
        raise LanguageError("--corpus: only splits for validation; a vocabulary learns from others")
    parsed = parse_mixture(mixture)
    languages = sorted({shard.language for shard in learned})
    if languages == [NO_LANGUAGE]:
        notes = ["the corpus names no language: taken as it comes"] if parsed.parts else []
        return tuple(learned), str(Mixture()), notes
    if NO_LANGUAGE in languages:
        path = next(shard.path for shard in learned if shard.language == NO_LANGUAGE)
        raise LanguageError(
            f"--corpus={path}: its language is not known, that of other corpora is; "
            f"state it, as --corpus=en={path}"
        )
    wanted = {name for name, part in parsed.parts if part} if parsed.parts else set(languages)
    if not parsed.parts and len(languages) > 1:
        wanted.discard(UNKNOWN_LANGUAGE)
    there = wanted.intersection(languages)
    if not there:
        raise LanguageError(
            f"--mixture={mixture}: the corpus has none of these languages; it has "
            f"{_named(languages)}. Give a corpus that has some, or --mixture=1 for all as they come"
        )
    return tuple(s for s in learned if s.language in there), mixture, _notes(
        parsed, sorted(wanted - there), sorted(set(languages) - there)
    )  # fmt: skip


def _notes(mixture: Mixture, missing: list[str], left: list[str]) -> list[str]:
    notes = []
    if missing:
        notes.append(f"the mixture {mixture} wants {_named(missing)} too, which no --corpus has")
    if left:
        notes.append(f"left out, as the mixture {mixture} has no part for it: {_named(left)}")
    return notes


def _named(languages: list[str]) -> str:
    more = len(languages) - _MOST_NAMED
    return ", ".join(languages[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
