"""Scores of answers: exact match and F1 of words, the best over several right answers.

Normalization and scores are those of the scripts of SQuAD 1.1, TriviaQA and MLQA, as t5 0.9.4
(`qa_utils.py`) and multilingual-t5 (`metrics.py`) compute them.
"""

import functools
import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from trainer.downstream.task import DownstreamError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_TRIVIA_QA_PUNCTUATION = string.punctuation + "‘’´`_"
_MLQA_ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": r"\sال^|ال",
}
_HAN = re.compile(r"[\u4e00-\u9fa5]")


def _normalize(text: str, punctuation: str, replacement: str) -> str:
    table = str.maketrans(dict.fromkeys(punctuation, replacement))
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(table)).split())


def normalize_squad(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces."""
    return _normalize(text, string.punctuation, "")


def normalize_trivia_qa(text: str) -> str:
    """As for SQuAD, but each punctuation mark becomes a space, and there are more of them."""
    return _normalize(text, _TRIVIA_QA_PUNCTUATION, " ")


@functools.cache
def _mlqa_punctuation() -> frozenset[str]:
    marks = (chr(code) for code in range(sys.maxunicode))
    unicode_marks = {mark for mark in marks if unicodedata.category(mark).startswith("P")}
    return frozenset(unicode_marks.union(string.punctuation))


def normalize_mlqa(text: str, language: str) -> str:
    """As for SQuAD, with the punctuation of Unicode and the articles of the language.

    In Chinese each Han character is a word.
    """
    marks = _mlqa_punctuation()
    text = "".join(char for char in text.lower() if char not in marks)
    if language in _MLQA_ARTICLES:
        text = re.sub(_MLQA_ARTICLES[language], " ", text)
    if language == "zh":
        text = _HAN.sub(r" \g<0> ", text)
    return " ".join(text.split())


def exact_match(target: str, prediction: str) -> float:
    """1.0 if both normalized texts are equal."""
    return float(target == prediction)


def word_f1(target: str, prediction: str) -> float:
    """F1 of the words that both normalized texts have, counted with repetitions."""
    predicted, expected = prediction.split(), target.split()
    common = sum((Counter(predicted) & Counter(expected)).values())
    if not common:
        return 0.0
    precision, recall = common / len(predicted), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def answer_scores(
    targets: Sequence[Sequence[str]],
    predictions: Sequence[str],
    normalize: Callable[[str], str],
) -> dict[str, float]:
    """{"em", "f1"}: mean over questions of the best score over the answers, in percent.

    Raises:
      DownstreamError: a question has no answer, as in a test split without labels.
    """
    if empty := sum(not answers for answers in targets):
        raise DownstreamError(f"{empty} of {len(targets)} questions have no answer to compare with")
    scores: dict[str, list[float]] = {"em": [], "f1": []}
    for answers, prediction in zip(targets, predictions, strict=True):
        expected, predicted = [normalize(answer) for answer in answers], normalize(prediction)
        scores["em"].append(max(exact_match(answer, predicted) for answer in expected))
        scores["f1"].append(max(word_f1(answer, predicted) for answer in expected))
    return {name: float(100 * np.mean(values)) for name, values in scores.items()}
