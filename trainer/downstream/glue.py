"""Rows of GLUE, SuperGLUE and definite pronoun resolution, in the text form of T5.

Fields stand in alphabetical order, as in t5 0.9.4, but for MultiRC and WiC. WSC, DPR and WNLI are
Winograd schemas (`trainer/downstream/pronouns.py`); `glue_wnli_labels` has WNLI's own labels.
"""

from collections.abc import Mapping

from trainer.downstream import forms, pronouns
from trainer.downstream import metrics as scores
from trainer.downstream.outcomes import MULTIRC, NUMBERS, RECORD, REFERENTS, TEXTS, classes
from trainer.downstream.task import UNKNOWN_LABEL, Metric, TaskRow, one

T5 = "Raffel et al. 2020, table 14"
ALL_SPLITS = {"train": "train", "validation": "validation", "test": "test"}
_TEST = {"test": "test"}
_HELD_OUT = {"validation": "validation", "test": "test"}
_ENTAILMENT = ("entailment", "not_entailment")
_MNLI = ("entailment", "neutral", "contradiction")
_TRUTH = ("False", "True")


def _labelled(
    name: str,
    dataset: str,
    fields: tuple[str, ...],
    labels: tuple[str, ...],
    metrics: tuple[Metric, ...],
    train_examples: int = 0,
    paper: Mapping[str, float] | None = None,
    *,
    splits: Mapping[str, str] = ALL_SPLITS,
    prefix: str = "",
    expand: Mapping[str, str] | None = None,
) -> TaskRow:
    """A row with fields, labels and class ids. The prefix is the name of the configuration."""
    config = dataset.partition("/")[2].partition(":")[0]
    return TaskRow(
        name=name,
        dataset=dataset,
        splits=splits,
        form=forms.named_fields(prefix or config, fields, labels),
        expand=forms.renamed(expand) if expand else one,
        outcomes=classes(labels),
        metrics=metrics,
        labels=labels,
        train_examples=train_examples,
        paper=paper or {},
        source=T5 if paper else "",
    )


_PAIR = ("sentence1", "sentence2")
_NLI = ("hypothesis", "premise")
_ACCURACY: tuple[Metric, ...] = (scores.accuracy,)
_F1_ACCURACY: tuple[Metric, ...] = (scores.f1, scores.accuracy)
GLUE_TASKS: tuple[TaskRow, ...] = (
    _labelled(
        "glue_cola",
        "glue/cola:2.0.0",
        ("sentence",),
        ("unacceptable", "acceptable"),
        (scores.matthews_corrcoef,),
        8_551,
        {"matthews_corrcoef": 51.1},
    ),
    _labelled(
        "glue_sst2",
        "glue/sst2:2.0.0",
        ("sentence",),
        ("negative", "positive"),
        _ACCURACY,
        67_349,
        {"accuracy": 95.2},
    ),
    _labelled(
        "glue_mrpc",
        "glue/mrpc:2.0.0",
        _PAIR,
        ("not_equivalent", "equivalent"),
        _F1_ACCURACY,
        3_668,
        {"f1": 90.7, "accuracy": 87.5},
    ),
    _labelled(
        "glue_qqp",
        "glue/qqp:2.0.0",
        ("question1", "question2"),
        ("not_duplicate", "duplicate"),
        _F1_ACCURACY,
        363_849,
        {"f1": 72.6, "accuracy": 89.4},
    ),
    TaskRow(
        name="glue_stsb",
        dataset="glue/stsb:2.0.0",
        splits=ALL_SPLITS,
        form=forms.stsb,
        outcomes=NUMBERS,
        metrics=(scores.pearson_corrcoef, scores.spearman_corrcoef),
        train_examples=5_749,
        unlabelled=(UNKNOWN_LABEL, "-1.0"),
        paper={"pearson_corrcoef": 89.4, "spearman_corrcoef": 88.6},
        source=T5,
    ),
    _labelled(
        "glue_mnli",
        "glue/mnli:2.0.0",
        _NLI,
        _MNLI,
        _ACCURACY,
        392_702,
        splits={"train": "train"},
    ),
    _labelled(
        "glue_mnli_matched",
        "glue/mnli_matched:2.0.0",
        _NLI,
        _MNLI,
        _ACCURACY,
        paper={"accuracy": 87.1},
        splits=_HELD_OUT,
        prefix="mnli",
    ),
    _labelled(
        "glue_mnli_mismatched",
        "glue/mnli_mismatched:2.0.0",
        _NLI,
        _MNLI,
        _ACCURACY,
        paper={"accuracy": 86.2},
        splits=_HELD_OUT,
        prefix="mnli",
    ),
    _labelled(
        "glue_qnli",
        "glue/qnli:2.0.0",
        ("question", "sentence"),
        _ENTAILMENT,
        _ACCURACY,
        104_743,
        {"accuracy": 93.7},
    ),
    _labelled(
        "glue_rte", "glue/rte:2.0.0", _PAIR, _ENTAILMENT, _ACCURACY, 2_490, {"accuracy": 80.1}
    ),
    TaskRow(
        name="glue_wnli",
        dataset="glue/wnli:2.0.0",
        splits=_HELD_OUT,
        form=pronouns.wnli,
        outcomes=REFERENTS,
        metrics=_ACCURACY,
        paper={"accuracy": 78.8},
        source=T5,
    ),
    _labelled(
        "glue_wnli_labels",
        "glue/wnli:2.0.0",
        _PAIR,
        ("not_entailment", "entailment"),
        _ACCURACY,
        635,
    ),
    _labelled("glue_ax", "glue/ax:2.0.0", _NLI, _MNLI, (), splits=_TEST, prefix="mnli"),
)
SUPER_GLUE_TASKS: tuple[TaskRow, ...] = (
    _labelled(
        "super_glue_boolq",
        "super_glue/boolq:1.0.2",
        ("passage", "question"),
        _TRUTH,
        _ACCURACY,
        9_427,
        {"accuracy": 81.4},
    ),
    _labelled(
        "super_glue_cb",
        "super_glue/cb:1.0.2",
        _NLI,
        ("entailment", "contradiction", "neutral"),
        (scores.mean_3class_f1, scores.accuracy),
        250,
        {"mean_3class_f1": 86.2, "accuracy": 94.0},
    ),
    _labelled(
        "super_glue_copa",
        "super_glue/copa:1.0.2",
        ("choice1", "choice2", "premise", "question"),
        ("choice1", "choice2"),
        _ACCURACY,
        400,
        {"accuracy": 71.2},
    ),
    TaskRow(
        name="super_glue_multirc",
        dataset="super_glue/multirc:1.0.2",
        splits=ALL_SPLITS,
        form=forms.multirc,
        outcomes=MULTIRC,
        metrics=(scores.multirc_f1, scores.multirc_exact_match),
        labels=_TRUTH,
        train_examples=27_243,
        paper={"f1": 79.7, "exact_match": 43.1},
        source=T5,
    ),
    TaskRow(
        name="super_glue_record",
        dataset="super_glue/record:1.0.2",
        splits=ALL_SPLITS,
        form=forms.record,
        expand=forms.each_answer,
        outcomes=RECORD,
        metrics=(scores.record,),
        train_examples=138_854,
        paper={"f1": 75.0, "em": 74.2},
        source=T5,
    ),
    _labelled(
        "super_glue_rte",
        "super_glue/rte:1.0.2",
        _NLI,
        _ENTAILMENT,
        _ACCURACY,
        2_490,
        {"accuracy": 81.5},
    ),
    _labelled(
        "super_glue_wic",
        "super_glue/wic:1.0.2",
        (*_PAIR, "word"),
        _TRUTH,
        _ACCURACY,
        5_428,
        {"accuracy": 68.3},
    ),
    TaskRow(
        name="super_glue_wsc",
        dataset="super_glue/wsc.fixed:1.0.2",
        splits=ALL_SPLITS,
        form=pronouns.wsc,
        expand=pronouns.right_referents,
        outcomes=REFERENTS,
        metrics=_ACCURACY,
        train_examples=259,
        paper={"accuracy": 80.8},
        source=T5,
    ),
    TaskRow(
        name="dpr",
        dataset="definite_pronoun_resolution:1.1.0",
        splits={"train": "train", "test": "test"},
        form=pronouns.dpr,
        outcomes=TEXTS,
        metrics=_ACCURACY,
        train_examples=1_322,
    ),
    _labelled(
        "super_glue_axb",
        "super_glue/axb:1.0.2",
        _NLI,
        _ENTAILMENT,
        (),
        splits=_TEST,
        prefix="rte",
        expand={"sentence1": "premise", "sentence2": "hypothesis"},
    ),
    _labelled(
        "super_glue_axg",
        "super_glue/axg:1.0.2",
        _NLI,
        _ENTAILMENT,
        (),
        splits=_TEST,
        prefix="rte",
    ),
)
