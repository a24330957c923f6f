"""Rows of the multilingual tasks of mT5, one for each language, as xnli.de.

Equal to multilingual-t5. XNLI, PAWS-X, XQuAD and MLQA are trained on English and evaluated in all
languages (zero-shot; Xue et al. 2021, section 4.1): only their English rows have a split `train`.
Scores of the paper are means over languages: `trainer/downstream/groups.py`.
"""

from trainer.downstream import forms, questions
from trainer.downstream import metrics as scores
from trainer.downstream.outcomes import ANSWERS, TEXTS, classes
from trainer.downstream.task import TaskRow

XNLI_LANGUAGES = tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split())
PAWS_X_LANGUAGES = tuple("de en es fr ja ko zh".split())
XQUAD_LANGUAGES = tuple("ar de el en es hi ru th tr vi zh".split())
MLQA_LANGUAGES = tuple("ar de en es hi vi zh".split())
TYDI_QA_LANGUAGES = tuple("ar bn en fi id ko ru sw te".split())
WIKIANN_LANGUAGES = tuple(
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw "
    "ta te th tl tr ur vi yo zh".split()
)
_TYDI_QA_EXAMPLES = {
    "ar": 14_805, "bn": 2_390, "en": 3_696, "fi": 6_855, "id": 5_702, "ko": 1_625, "ru": 6_490,
    "sw": 2_755, "te": 5_563,
}  # fmt: skip
_SMALL_WIKIANN = {
    "af": 5_000, "bn": 10_000, "et": 15_000, "eu": 10_000, "hi": 5_000, "jv": 100, "ka": 10_000,
    "kk": 1_000, "ml": 10_000, "mr": 5_000, "my": 100, "sw": 1_000, "ta": 15_000, "te": 1_000,
    "tl": 10_000, "yo": 100,
}  # fmt: skip
_HELD_OUT = {"validation": "validation", "test": "test"}
_ALL = {"train": "train", **_HELD_OUT}
_PARAPHRASE = ("different_meaning", "paraphrase")


def _xnli(language: str) -> TaskRow:
    english = language == "en"
    return TaskRow(
        name=f"xnli.{language}",
        dataset="xnli:1.1.0",
        splits=_ALL if english else _HELD_OUT,
        form=forms.xnli(language),
        outcomes=TEXTS,
        metrics=(scores.accuracy,),
        labels=("0", "1", "2"),
        train_dataset="multi_nli:1.1.0" if english else "",
        train_examples=392_702 if english else 0,
    )


def _paws_x(language: str) -> TaskRow:
    english = language == "en"
    return TaskRow(
        name=f"paws_x.{language}",
        dataset=f"paws_x_wiki/{language}:1.0.0",
        splits=_ALL if english else _HELD_OUT,
        form=forms.named_fields("paws", ("sentence1", "sentence2"), _PARAPHRASE),
        outcomes=classes(_PARAPHRASE),
        metrics=(scores.accuracy,),
        labels=_PARAPHRASE,
        train_examples=49_401 if english else 0,
    )


def _xquad(language: str) -> TaskRow:
    english = language == "en"
    return TaskRow(
        name=f"xquad.{language}",
        dataset=f"xquad/{language}:3.0.0",
        splits={"train": "train", "test": "test"} if english else {"test": "test"},
        form=questions.multilingual_squad,
        outcomes=ANSWERS,
        metrics=(scores.squad,),
        train_dataset="squad/v1.1:3.0.0" if english else "",
        train_examples=87_599 if english else 0,
    )


def _mlqa(language: str) -> TaskRow:
    english = language == "en"
    return TaskRow(
        name=f"mlqa.{language}",
        dataset=f"mlqa/{language}:1.0.0",
        splits=_ALL if english else _HELD_OUT,
        form=questions.multilingual_squad,
        outcomes=questions.mlqa_answers(language),
        metrics=(scores.normalized_answers,),
        train_dataset="squad/v1.1:3.0.0" if english else "",
        train_examples=87_599 if english else 0,
    )


def _tydi_qa(language: str) -> TaskRow:
    return TaskRow(
        name=f"tydi_qa.{language}",
        dataset="tydi_qa/goldp:3.0.0",
        splits={"train": "train", "validation": "validation"},
        form=questions.multilingual_squad,
        expand=questions.tydi_qa_language(language),
        outcomes=ANSWERS,
        metrics=(scores.squad,),
        train_examples=_TYDI_QA_EXAMPLES[language],
    )


def _wikiann(language: str) -> TaskRow:
    return TaskRow(
        name=f"wikiann.{language}",
        dataset=f"wikiann/{language}:1.0.0",
        splits=_ALL,
        form=forms.wikiann,
        outcomes=TEXTS,
        metrics=(scores.span_f1,),
        train_examples=_SMALL_WIKIANN.get(language, 20_000),
    )


MULTILINGUAL_TASKS: tuple[TaskRow, ...] = (
    *map(_xnli, XNLI_LANGUAGES),
    *map(_paws_x, PAWS_X_LANGUAGES),
    *map(_xquad, XQUAD_LANGUAGES),
    *map(_mlqa, MLQA_LANGUAGES),
    *map(_tydi_qa, TYDI_QA_LANGUAGES),
    *map(_wikiann, WIKIANN_LANGUAGES),
)
