"""Table of downstream tasks: all rows by name; here those of summaries, translation, questions.

`paper` holds the test scores of T5-Base in Raffel et al. 2020, table 14, and of closed-book T5-Base
in Roberts et al. 2020, table 1. Data sets have the versions that TFDS 4.9.10 prepares. Numbers of
training examples are t5's (`glue_utils.py`), or those of the data set.
"""

import difflib

from trainer.downstream import forms, questions
from trainer.downstream import metrics as scores
from trainer.downstream.glue import ALL_SPLITS, GLUE_TASKS, SUPER_GLUE_TASKS, T5
from trainer.downstream.multilingual import MULTILINGUAL_TASKS
from trainer.downstream.outcomes import ANSWERS, TEXTS
from trainer.downstream.task import DownstreamError, TaskRow

_CLOSED_BOOK = "Roberts et al. 2020, table 1"


def _translation(name: str, dataset: str, target: str, examples: int, bleu: float) -> TaskRow:
    return TaskRow(
        name=name,
        dataset=dataset,
        splits=ALL_SPLITS,
        form=forms.translate("en", target),
        outcomes=TEXTS,
        metrics=(scores.bleu,),
        train_examples=examples,
        paper={"bleu": bleu},
        source=T5,
    )


_GENERATION = (
    TaskRow(
        name="cnn_dailymail",
        dataset="cnn_dailymail:3.4.0",
        splits=ALL_SPLITS,
        form=forms.summarize,
        outcomes=TEXTS,
        metrics=(scores.rouge,),
        train_examples=287_113,
        paper={"rouge1": 42.05, "rouge2": 20.34, "rougeLsum": 39.40},
        source=T5,
    ),
    TaskRow(
        name="squad",
        dataset="squad/v1.1:3.0.0",
        splits={"train": "train", "validation": "validation"},
        form=questions.squad,
        outcomes=ANSWERS,
        metrics=(scores.squad,),
        train_examples=87_599,
        paper={"em": 85.44, "f1": 92.08},
        source=f"{T5} (validation)",
    ),
    _translation("wmt_ende", "wmt_t2t_translate/de-en:1.0.0", "de", 4_592_289, 30.9),
    _translation("wmt_enfr", "wmt15_translate/fr-en:1.0.0", "fr", 40_853_298, 41.2),
    _translation("wmt_enro", "wmt16_translate/ro-en:1.0.0", "ro", 610_320, 28.0),
    TaskRow(
        name="trivia_qa",
        dataset="trivia_qa/unfiltered.nocontext:1.1.0",
        splits={"train": "train[:78785]", "validation": "train[78785:]", "test": "validation"},
        form=questions.trivia_qa,
        outcomes=ANSWERS,
        metrics=(scores.trivia_qa,),
        train_examples=78_785,
        paper={"em": 23.8},
        source=_CLOSED_BOOK,
    ),
    TaskRow(
        name="natural_questions",
        dataset="natural_questions_open:1.0.0",
        splits={"train": "train[:79168]", "validation": "train[79168:]", "test": "validation"},
        form=questions.natural_questions,
        outcomes=ANSWERS,
        metrics=(scores.squad,),
        train_examples=79_168,
        paper={"em": 25.9},
        source=_CLOSED_BOOK,
    ),
    TaskRow(
        name="web_questions",
        dataset="web_questions:1.0.0",
        splits={"train": "train[:3417]", "validation": "train[3417:]", "test": "test"},
        form=questions.web_questions,
        outcomes=ANSWERS,
        metrics=(scores.squad,),
        train_examples=3_417,
        paper={"em": 27.9},
        source=_CLOSED_BOOK,
    ),
)

DOWNSTREAM_TASKS: dict[str, TaskRow] = {
    row.name: row for row in (*GLUE_TASKS, *SUPER_GLUE_TASKS, *_GENERATION, *MULTILINGUAL_TASKS)
}


def find_row(name: str) -> TaskRow:
    """The row of a name; `glue_` or `super_glue_` may be left out where only one row is meant.

    Raises:
      DownstreamError: there is no such task, or two.
    """
    meant = [name] if name in DOWNSTREAM_TASKS else []
    prefixed = (f"glue_{name}", f"super_glue_{name}")
    meant = meant or [each for each in prefixed if each in DOWNSTREAM_TASKS]
    if len(meant) == 1:
        return DOWNSTREAM_TASKS[meant[0]]
    if meant:
        raise DownstreamError(f"task {name!r}: expected {' or '.join(meant)}")
    near = difflib.get_close_matches(name, DOWNSTREAM_TASKS, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise DownstreamError(
        f"task {name!r}: expected a task of the table in docs/trainer.md, or a TOML file{hint}"
    )
