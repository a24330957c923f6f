"""Text forms of questions: SQuAD and its multilingual relatives, and questions without a context.

Equal to t5 0.9.4 (`preprocessors.py`), multilingual-t5 and t5_closed_book_qa.
"""

from collections.abc import Callable, Iterable, Sequence

import re2

from trainer.downstream.answers import normalize_mlqa
from trainer.downstream.task import Example, Expand, Form, Outcomes, TextExample

_TYDI_QA_LANGUAGES = {
    "ar": "arabic",
    "bn": "bengali",
    "en": "english",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}


def _one_space(text: str) -> str:
    return re2.sub(r"\s+", " ", text)


def pad_ascii_punctuation(text: str) -> str:
    """Spaces around each ASCII punctuation mark, and one space for several (SQuAD)."""
    return _one_space(re2.sub(r"([[:punct:]])", r" \1 ", text))


def pad_punctuation(text: str) -> str:
    """Spaces around all but letters, accents, digits and underscores, in any script (mT5)."""
    return _one_space(re2.sub(r"([^_\s\p{N}\p{L}\p{M}])", r" \1 ", text))


def _with_context(pad: Callable[[str], str]) -> Form:
    def form(example: Example) -> TextExample:
        answers = [pad(answer) for answer in example["answers"]["text"]]
        question, context = pad(example["question"]), pad(example["context"])
        return {
            "inputs": _one_space(f"question: {question} context: {context}"),
            "targets": answers[0] if answers else "",
            "id": example.get("id"),
            "question": question,
            "context": context,
            "answers": answers,
        }

    return form


squad = _with_context(pad_ascii_punctuation)
"""A question, its context, and the first of its answers; metrics compare with all."""
multilingual_squad = _with_context(pad_punctuation)
"""The same for any script: XQuAD, MLQA and TyDi QA."""


def tydi_qa_language(language: str) -> Expand:
    """Only the examples of a language: their ids begin with its name."""
    prefix = _TYDI_QA_LANGUAGES[language] + "-"

    def expand(example: Example, split: str) -> Iterable[Example]:
        del split
        return (example,) if str(example["id"]).startswith(prefix) else ()

    return expand


def mlqa_answers(language: str) -> Outcomes:
    """Answers normalized with the articles of the language."""
    return Outcomes(
        name=f"answers in {language}",
        of_target=lambda example: [normalize_mlqa(each, language) for each in example["answers"]],
        of_prediction=lambda text, example: normalize_mlqa(text, language),
    )


def _closed_book(prefix: str, example: Example, target: str, answers: Sequence[str]) -> TextExample:
    return {"inputs": prefix + example["question"], "targets": target, "answers": list(answers)}


def natural_questions(example: Example) -> TextExample:
    """A question without context, and the first of its answers."""
    answers = example["answer"]
    return _closed_book("nq question: ", example, answers[0] if answers else "", answers)


def web_questions(example: Example) -> TextExample:
    """A question without context, and the first of its answers."""
    answers = example["answers"]
    return _closed_book("wq question: ", example, answers[0] if answers else "", answers)


def trivia_qa(example: Example) -> TextExample:
    """A question without context, and its answer; metrics compare with all its aliases."""
    answer = example["answer"]
    return _closed_book("trivia_qa question: ", example, answer["value"], answer["aliases"])
