"""The languages of a sample: which, and how much of each."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cleaning.languages import UNKNOWN_LANGUAGE
from corpora.layout import NO_LANGUAGE, CorpusShard
from runtime.errors import UsageError

_PARTS = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]+)?:\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Mixture:
    """Proportions of languages: fixed, or from the size of each.

    Attributes:
      parts: the proportions by language; empty if `alpha` gives them.
      alpha: a language's proportion is the bytes of its text to this power: 1 keeps the proportions
        of the corpora, 0 gives all languages the same (arXiv:2010.11934, section 3.2: mT5 has 0.3).
    """

    parts: tuple[tuple[str, float], ...] = ()
    alpha: float = 1.0

    def __str__(self) -> str:
        """In the form that `parse_mixture` reads."""
        return ",".join(f"{name}:{part:g}" for name, part in self.parts) or f"{self.alpha:g}"

    def weights(self, available: Mapping[str, int]) -> dict[str, float]:
        """The fraction of a sample for each language, with the sum 1; {} if no language has text.

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

    def quotas(self, available: Mapping[str, int], sample_bytes: int) -> dict[str, int]:
        """Bytes to draw by language: at most `sample_bytes` in all, and at most the available ones.

        The language with the largest fraction sets the scale: the sample is so small that it has
        enough text. Another language may have less text than its fraction; then all of it is taken,
        and no other language gets more instead.

        Example:
          >>> Mixture((("en", 10), ("ro", 1))).quotas({"en": 1000, "ro": 30}, 5000)
          {'en': 1000, 'ro': 30}
        """
        weights = self.weights(available)
        if not weights:
            return {}
        heaviest = max(weights, key=lambda name: (weights[name], name))
        total = min(float(sample_bytes), available[heaviest] / weights[heaviest])
        return {name: min(int(w * total + 1e-6), available[name]) for name, w in weights.items()}


def parse_mixture(text: str) -> Mixture:
    """The mixture that is written as `en:10,de:1` (parts) or `0.3` (alpha).

    Raises:
      ValueError: the text is neither; the message says what is expected.
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
        f"{text!r} is no mixture; expected parts by language, as en:10,de:1, or the power of its "
        "size that a language's share is proportional to, from 0 to 1, as 0.3"
    )


_MOST_NAMED = 12


class LanguageError(UsageError):
    """The corpora have no text for the mixture; the message says what to change."""


def choose_shards(
    shards: Iterable[CorpusShard], mixture: str
) -> tuple[tuple[CorpusShard, ...], str, list[str]]:
    """The shards to learn from, the mixture that applies, and notes on languages left out.

    Splits for evaluation are left out.

    Raises:
      LanguageError: no shard is left, or the language of some shards is not known.
    """
    learned = [shard for shard in shards if not shard.is_held_out()]
    if not learned:
        raise LanguageError(
            "--corpus: there are only splits for validation; give a corpus with others"
        )
    parsed = parse_mixture(mixture)
    languages = sorted({shard.language for shard in learned})
    if languages == [NO_LANGUAGE]:
        note = "the language of the corpus is not known: --mixture is not applied"
        return tuple(learned), str(Mixture()), [note] * bool(parsed.parts)
    if NO_LANGUAGE in languages:
        path = next(shard.path for shard in learned if shard.language == NO_LANGUAGE)
        raise LanguageError(
            f"--corpus={path}: its language is not known, but that of other shards is; "
            f"state it, as --corpus=en={path}"
        )
    wanted = _wanted(parsed, languages)
    taken = wanted.intersection(languages)
    if not taken:
        raise LanguageError(
            f"--mixture={mixture}: the corpus has none of these languages; it has "
            f"{_named(languages)}. Give another corpus, or --mixture=1 to keep its proportions"
        )
    notes = _notes(parsed, sorted(wanted - taken), sorted(set(languages) - taken))
    return tuple(shard for shard in learned if shard.language in taken), mixture, notes


def _wanted(mixture: Mixture, languages: list[str]) -> set[str]:
    """The languages of a mixture: those with parts, else all known ones of the corpora."""
    if mixture.parts:
        return {name for name, part in mixture.parts if part}
    return {name for name in languages if name != UNKNOWN_LANGUAGE} or set(languages)


def _notes(mixture: Mixture, missing: list[str], left: list[str]) -> list[str]:
    notes = []
    if missing:
        notes.append(f"no --corpus has {_named(missing)} of the mixture {mixture}")
    if left:
        notes.append(f"left out: {_named(left)} (not in the mixture {mixture})")
    return notes


def _named(languages: list[str]) -> str:
    more = len(languages) - _MOST_NAMED
    return ", ".join(languages[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
