"""Text forms of Winograd schemas: `wsc: … *he* …`, and the referent as target (section 2.4).

Equal to t5 0.9.4, `preprocessors.py`. Models learn from DPR and from the WSC examples whose
referent is right; WSC and WNLI are then asked which referent the model names.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainer.downstream.task import DownstreamError, Example, TextExample

_PREFIX = "wsc: "
_MARKS = (".", ",", "?", "!")
_PRONOUNS = frozenset("he she they it her his their them him".split())
_ARTICLES = ("a", "an", "the")
# Two WSC texts whose pronoun is not the word at its index: text -> part with the pronoun marked.
_IRREGULAR = {
    "The boy continued to whip the pony , and eventually the pony threw him over. John laughed "
    'out quite loud. "Good for him," he said. ': (
        'Good for him," he said. ',
        'Good for X ," he said.',
    ),
    "When they had eventually calmed down a bit , and had gotten home, Mr. Farley put the magic "
    "pebble in an iron safe . Some day they might want to use it , but really for now, what more "
    "could they wish for?": ("to use it , but", "to use X , but"),
}


def dpr(example: Example) -> TextExample:
    """Definite pronoun resolution: the first such pronoun is marked; the right candidate."""
    pronoun = re.escape(example["pronoun"])
    marked = re.sub(f" ({pronoun})( |\\.|,)", r" *\1*\2", example["sentence"], count=1)
    return {
        "inputs": _PREFIX + marked,
        "targets": example["candidates"][int(example["label"])],
    }


def right_referents(example: Example, split: str) -> Iterable[Example]:
    """In training only the WSC examples whose referent is right; elsewhere all."""
    return (example,) if split != "train" or int(example.get("label", 0)) else ()


def wsc(example: Example) -> TextExample:
    """SuperGLUE WSC: the pronoun is marked; the target is the candidate, right or not.

    Raises:
      DownstreamError: the word at `span2_index` is not the pronoun, or begins the text.
    """
    text, pronoun = example["text"], example["span2_text"]
    blank = _blanked(text, pronoun, int(example["span2_index"]))
    return {
        "inputs": _PREFIX + blank.replace(" X ", f" *{pronoun}* "),
        "targets": example["span1_text"],
        "label": int(example.get("label", 0)),
        "idx": example.get("idx"),
    }


def _blanked(text: str, pronoun: str, index: int) -> str:
    """The text with X for the pronoun."""
    if text in _IRREGULAR:
        return text.replace(*_IRREGULAR[text])
    words = text.split(" ")
    if not 0 < index < len(words) or words[index] != pronoun:
        raise DownstreamError(
            f"WSC: expected the pronoun {pronoun!r} as word {index} (from 0; not the first) of "
            f"{text!r}"
        )
    return " ".join([" ".join(words[:index]), "X", " ".join(words[index + 1 :])])


@dataclass(frozen=True, slots=True)
class _Match:
    """Words of the premise around a pronoun that the hypothesis has too."""

    words: int
    index: int
    candidate: str


def wnli(example: Example) -> TextExample:
    """WNLI as a Winograd schema: the words of the hypothesis in place of a pronoun (appendix D).

    Only for evaluation. t5 checked it by hand on the validation and test data.

    Raises:
      DownstreamError: the premise has no pronoun, or no words of the hypothesis stand for one.
    """
    premise, hypothesis = example["sentence1"], example["sentence2"]
    words, expected = _words(premise), _words(hypothesis)
    matches = [_match(words, expected, i) for i, word in enumerate(words) if word in _PRONOUNS]
    if not matches:
        raise DownstreamError(f"WNLI: expected a pronoun in {premise!r}")
    best = max(matches, key=lambda match: match.words)
    return {
        "inputs": _PREFIX + _highlighted(premise, best.index),
        "targets": _as_written(best.candidate, hypothesis),
        "premise": premise,
        "hypothesis": hypothesis,
        "label": int(example.get("label", 0)),
        "idx": example.get("idx"),
    }


def _words(text: str) -> list[str]:
    """Lower-case words, without a punctuation mark at the end."""
    words = (re.sub(r"[.,?!]$", "", word) for word in text.strip().lower().split(" "))
    return [word for word in words if word]


def _common(words: Sequence[str], text: str) -> int:
    """Number of first words that, joined, are a part of the text."""
    for count in range(len(words), 0, -1):
        if all(" ".join(words[:shorter]) in text for shorter in range(1, count + 1)):
            return count
    return 0


def _match(premise: list[str], hypothesis: list[str], index: int) -> _Match:
    before, after = premise[:index], premise[index + 1 :]
    words_before = _common(before[::-1], " ".join(hypothesis[::-1]))
    words_after = _common(after, " ".join(hypothesis))
    if not words_before + words_after:
        return _Match(0, index, "")
    left, right = before[len(before) - words_before :], after[:words_after]
    text = " ".join(hypothesis)  # as in t5, words are used as regular expressions
    for pattern in ([*left, "(.+)", *right], ["^(.+)", *right], [*left, "(.+)$"]):
        if found := re.search(" ".join(pattern), text):
            return _Match(words_before + words_after, index, found.group(1))
    return _Match(words_before + words_after, index, "")


def _as_written(candidate: str, hypothesis: str) -> str:
    """The candidate from its last article on, as the hypothesis writes it, not possessive."""
    words = candidate.split(" ")
    start = max((words.index(article) for article in _ARTICLES if article in words), default=0)
    pattern = " ".join(re.escape(word) + r"[.,?!]?" for word in words[start:])
    found = re.search(pattern, hypothesis, re.IGNORECASE)
    if not found:
        raise DownstreamError(f"WNLI: no {candidate!r} in the hypothesis {hypothesis!r}")
    text = found.group()
    text = text[:-1] if text.endswith(_MARKS) else text
    return text.removesuffix("'") if text.endswith("'") else text.removesuffix("'s")


def _highlighted(sentence: str, index: int) -> str:
    """The sentence with stars around a word; a punctuation mark after it stands apart."""
    words = sentence.split(" ")
    word = words[index]
    if word.endswith(_MARKS):
        words[index] = f"*{word[:-1]}* {word[-1]}"
    else:
        words[index] = f"*{word}*"
    return " ".join(words)
