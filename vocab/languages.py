"""Which of a corpus' languages a mixture takes, and what a person should know about it."""

from collections.abc import Iterable

from cleaning.languages import UNKNOWN_LANGUAGE
from vocab.corpora import NO_LANGUAGE, CorpusShard
from vocab.mixtures import Mixture, parse_mixture

_MOST_NAMED = 12


class LanguageError(ValueError):
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
