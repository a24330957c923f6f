r"""Text forms: one example of a data set as {"inputs", "targets", …}, equal to t5 0.9.4.

A form is a plain function of one example, without TensorFlow. Regular expressions are RE2's, as in
`tf.strings.regex_replace`: classes as \s are ASCII. Reference: t5 `preprocessors.py`; Raffel et
al. 2020, section 2.4 and appendix D.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import re2

from trainer.downstream.task import (
    UNKNOWN_LABEL,
    DownstreamError,
    Example,
    Expand,
    Form,
    TextExample,
)

_LANGUAGES = {"de": "German", "en": "English", "fr": "French", "ro": "Romanian"}


def label_text(label: Any, labels: Sequence[str]) -> str:
    """The text of a label: of its number, as in TFDS, or itself; -1 is `<unk>`.

    Args:
      label: int, bool, or text of a label or of its number, as files of lines have it.
    Raises:
      DownstreamError: it is none of the labels.
    """
    if isinstance(label, str) and label in labels:
        return label
    number = len(labels)
    if isinstance(label, int) or re.fullmatch(r"-?\d+(\.0+)?", str(label)):
        number = int(float(label))
    if number == -1:
        return UNKNOWN_LABEL
    if not 0 <= number < len(labels):
        raise DownstreamError(
            f"label {label!r}: expected one of {', '.join(labels)}, or its number from 0 to "
            f"{len(labels) - 1}, or -1 for none"
        )
    return labels[number]


def named_fields(name: str, fields: Sequence[str], labels: Sequence[str]) -> Form:
    """`name field: … field: …`, and a label as target: GLUE, SuperGLUE and PAWS-X."""

    def form(example: Example) -> TextExample:
        parts = [f"{field}: {example[field]}" for field in fields]
        text: TextExample = {
            "inputs": " ".join([name, *parts]),
            "targets": label_text(example["label"], labels),
        }
        if "idx" in example:
            text["idx"] = example["idx"]
        return text

    return form


def renamed(names: Mapping[str, str]) -> Expand:
    """Examples with other names of their fields."""

    def expand(example: Example, split: str) -> Iterable[Example]:
        del split
        return ({names.get(key, key): value for key, value in example.items()},)

    return expand


def stsb(example: Example) -> TextExample:
    """Similarity of two sentences, rounded to the nearest 0.2 (section 2.4), in float32."""
    score = np.round(np.float32(example["label"]) * np.float32(5)) / np.float32(5)
    return {
        "inputs": f"stsb sentence1: {example['sentence1']} sentence2: {example['sentence2']}",
        "targets": f"{score:.1f}",
        "idx": example.get("idx"),
    }


_MULTIRC_FIELDS = ("question", "answer", "paragraph")


def multirc(example: Example) -> TextExample:
    """A question, one of its answers and a paragraph without HTML, true or false."""
    parts = [f"{field}: {example[field]}" for field in _MULTIRC_FIELDS]
    inputs = re2.sub("<br>", " ", " ".join(["multirc", *parts]))
    return {
        "inputs": re2.sub("<(/)?b>", "", inputs),
        "targets": label_text(example["label"], ("False", "True")),
        **{f"idx/{key}": example["idx"][key] for key in ("paragraph", "question", "answer")},
    }


def each_answer(example: Example, split: str) -> Iterable[Example]:
    """A ReCoRD example for each of its answers; one with `<unk>` if there are none."""
    del split
    for answer in example["answers"] or (UNKNOWN_LABEL,):
        yield {**example, "answer": answer}


def record(example: Example) -> TextExample:
    """A query, its entities, and a passage whose highlights are joined as sentences."""
    passage = re2.sub(r"(\.|\?|\!|\"|\')\n@highlight\n", r"\1 ", example["passage"])
    passage = re2.sub(r"\n@highlight\n", ". ", passage)
    entities = ", ".join(example["entities"])
    return {
        "inputs": f"record query: {example['query']} entities: {entities} passage: {passage}",
        "targets": example["answer"],
        "answers": list(example["answers"]),
        "idx/passage": example["idx"]["passage"],
        "idx/query": example["idx"]["query"],
    }


def summarize(example: Example) -> TextExample:
    """`summarize: article`, and its highlights."""
    return {"inputs": f"summarize: {example['article']}", "targets": example["highlights"]}


def translate(source: str, target: str) -> Form:
    """`translate English to German: …`. Hugging Face holds a pair in the field `translation`."""
    prefix = f"translate {_LANGUAGES[source]} to {_LANGUAGES[target]}: "

    def form(example: Example) -> TextExample:
        pair = example.get("translation", example)
        return {"inputs": prefix + pair[source], "targets": pair[target]}

    return form


def wikiann(example: Example) -> TextExample:
    """Tokens joined by spaces, and their entities as `PER: name $$ LOC: place` (mT5)."""
    return {
        "inputs": "tag: " + " ".join(example["tokens"]),
        "targets": " $$ ".join(example["spans"]),
    }


def _of_language(texts: Any, language: str) -> str:
    """XNLI's hypotheses are two lists, its premises a mapping; other data hold one text."""
    if isinstance(texts, str):
        return texts
    if "language" in texts:
        texts = dict(zip(texts["language"], texts["translation"], strict=True))
    return str(texts[language])


def xnli(language: str) -> Form:
    """Premise and hypothesis of a language; the target is the number of the label (mT5)."""

    def form(example: Example) -> TextExample:
        premise = _of_language(example["premise"], language)
        hypothesis = _of_language(example["hypothesis"], language)
        return {
            "inputs": f"xnli: premise: {premise} hypothesis: {hypothesis}",
            "targets": str(int(example["label"])),
        }

    return form
