"""Table of metrics. Each takes targets and predictions and gives scores by name, in percent.

Equal to t5 0.9.4, `metrics.py`, and computed by the same libraries: scikit-learn, SciPy, sacrebleu
and rouge-score. They are imported when a metric is computed.
"""

import importlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from trainer.downstream.answers import answer_scores, normalize_squad, normalize_trivia_qa
from trainer.downstream.outcomes import Grouped
from trainer.downstream.task import DownstreamError, Metric

Scores = dict[str, float]
_ROUGE = ("rouge1", "rouge2", "rougeLsum")
_SPAN_DELIMITER = " $$ "
_TINY = 1e-13


class MetricsMissing(DownstreamError):
    """A library that computes a metric is not installed."""


def _library(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MetricsMissing(
            f"metrics of downstream tasks need {module.partition('.')[0]} ({error}): "
            "pip install 'c4forge[trainer]'"
        ) from None


def accuracy(targets: Sequence[int | str], predictions: Sequence[int | str]) -> Scores:
    """Share of predictions equal to their target."""
    score = _library("sklearn.metrics").accuracy_score(list(targets), list(predictions))
    return {"accuracy": float(100 * score)}


def matthews_corrcoef(targets: Sequence[int], predictions: Sequence[int]) -> Scores:
    """Matthews' correlation of two classes; an invalid prediction is a third one."""
    score = _library("sklearn.metrics").matthews_corrcoef(list(targets), list(predictions))
    return {"matthews_corrcoef": float(100 * score)}


def f1(targets: Sequence[int], predictions: Sequence[int]) -> Scores:
    """F1 of class 1 of two. An invalid prediction counts as the wrong class."""
    expected, predicted = np.asarray(targets), np.asarray(predictions)
    valid = (predicted == 0) | (predicted == 1)
    predicted = np.where(valid, predicted, 1 - expected)
    return {"f1": float(100 * _library("sklearn.metrics").f1_score(expected, predicted))}


def mean_3class_f1(targets: Sequence[int], predictions: Sequence[int]) -> Scores:
    """Mean of the F1 of three classes (CommitmentBank)."""
    score = _library("sklearn.metrics").fbeta_score(
        list(targets), list(predictions), beta=1, labels=range(3), average="macro"
    )
    return {"mean_3class_f1": float(100 * score)}


def macro_f1(targets: Sequence[int], predictions: Sequence[int]) -> Scores:
    """Mean of the F1 of the classes of the targets."""
    score = _library("sklearn.metrics").f1_score(
        list(targets), list(predictions), labels=sorted(set(targets)), average="macro"
    )
    return {"macro_f1": float(100 * score)}


def pearson_corrcoef(targets: Sequence[float], predictions: Sequence[float]) -> Scores:
    """Pearson's correlation; of fewer than two examples it is no number."""
    return {"pearson_corrcoef": _correlation("pearsonr", targets, predictions)}


def spearman_corrcoef(targets: Sequence[float], predictions: Sequence[float]) -> Scores:
    """Spearman's rank correlation; of fewer than two examples it is no number."""
    return {"spearman_corrcoef": _correlation("spearmanr", targets, predictions)}


def _correlation(name: str, targets: Sequence[float], predictions: Sequence[float]) -> float:
    if len(targets) < 2:
        return math.nan
    return float(100 * getattr(_library("scipy.stats"), name)(list(targets), list(predictions))[0])


def bleu(targets: Sequence[str], predictions: Sequence[str]) -> Scores:
    """BLEU of the corpus: cased, tokens of mteval-v14 `--international-tokenization`."""
    score = _library("sacrebleu").corpus_bleu(
        list(predictions),
        [list(targets)],
        smooth_method="exp",
        smooth_value=0.0,
        force=False,
        lowercase=False,
        tokenize="intl",
        use_effective_order=False,
    )
    return {"bleu": float(score.score)}


@contextmanager
def _seeded() -> Iterator[None]:
    """NumPy's global generator from seed 0; afterwards as before. rouge-score draws from it."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


def rouge(targets: Sequence[str], predictions: Sequence[str]) -> Scores:
    """ROUGE-1, -2 and -L (of summaries) F1, without stemming; the median of 1,000 resamplings.

    t5 draws the resamples with NumPy's global generator: its last digits change from run to run.
    Here the seed is always 0.
    """
    scorer = _library("rouge_score.rouge_scorer").RougeScorer(rouge_types=_ROUGE)
    aggregator = _library("rouge_score.scoring").BootstrapAggregator()
    for target, prediction in zip(targets, predictions, strict=True):
        texts = (target.replace(" . ", " .\n"), prediction.replace(" . ", " .\n"))
        aggregator.add_scores(scorer.score(target=texts[0], prediction=texts[1]))
    with _seeded():
        result = aggregator.aggregate()
    return {key: float(100 * result[key].mid.fmeasure) for key in _ROUGE}


def squad(targets: Sequence[Sequence[str]], predictions: Sequence[str]) -> Scores:
    """Exact match and F1 of words, the best over the answers, normalized as SQuAD does."""
    return answer_scores(targets, predictions, normalize_squad)


def trivia_qa(targets: Sequence[Sequence[str]], predictions: Sequence[str]) -> Scores:
    """As `squad`, normalized as TriviaQA does."""
    return answer_scores(targets, predictions, normalize_trivia_qa)


def normalized_answers(targets: Sequence[Sequence[str]], predictions: Sequence[str]) -> Scores:
    """As `squad`, of answers that are normalized already (MLQA)."""
    return answer_scores(targets, predictions, str)


def record(targets: Sequence[Grouped], predictions: Sequence[Grouped]) -> Scores:
    """As `squad`, of the first example of each query (ReCoRD has one for each right answer)."""
    first: dict[tuple[int, ...], tuple[Sequence[str], str]] = {}
    for target, prediction in zip(targets, predictions, strict=True):
        first.setdefault(target.group, (target.value, prediction.value))
    return squad([answers for answers, _ in first.values()], [text for _, text in first.values()])


def multirc_f1(targets: Sequence[Grouped], predictions: Sequence[Grouped]) -> Scores:
    """F1 over all answers of all questions (MultiRC F1a)."""
    return f1([target.value for target in targets], [each.value for each in predictions])


def multirc_exact_match(targets: Sequence[Grouped], predictions: Sequence[Grouped]) -> Scores:
    """Share of questions with all answers right (MultiRC EM)."""
    right: dict[tuple[int, ...], bool] = defaultdict(lambda: True)
    for target, prediction in zip(targets, predictions, strict=True):
        right[target.group] &= target.value == prediction.value
    return {"exact_match": float(100 * np.mean(list(right.values())))}


def _spans(text: str) -> Counter[tuple[str, str]]:
    """(tag, entity) of each span in `PER: Ada Lovelace $$ LOC: London`; others are left out."""
    parts = (part.split(":") for part in text.split(_SPAN_DELIMITER))
    return Counter((part[0].strip(), part[1].strip()) for part in parts if len(part) == 2)


def span_f1(targets: Sequence[str], predictions: Sequence[str]) -> Scores:
    """F1 of the entities of all texts (WikiANN). mT5's function gives it from 0 to 1."""
    found = wrong = missed = 0
    for target, prediction in zip(targets, predictions, strict=True):
        expected, predicted = _spans(target), _spans(prediction)
        common = (expected & predicted).total()
        found += common
        wrong += predicted.total() - common
        missed += expected.total() - common
    precision, recall = found / (found + wrong + _TINY), found / (found + missed + _TINY)
    return {"span_f1": 100 * 2 * precision * recall / (precision + recall + _TINY)}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric that a task of one's own can name.

    Attributes:
      compute: the metric.
      outcomes: kinds of values that it compares, as in Outcomes.name.
      meaning: one line for the docs.
    """

    compute: Metric
    outcomes: tuple[str, ...]
    meaning: str


METRICS: dict[str, MetricRow] = {
    "accuracy": MetricRow(
        accuracy, ("classes", "texts"), "share of predictions equal to the target"
    ),
    "f1": MetricRow(f1, ("classes",), "F1 of the second of two labels"),
    "macro_f1": MetricRow(macro_f1, ("classes",), "mean of the labels' F1"),
    "matthews_corrcoef": MetricRow(matthews_corrcoef, ("classes",), "Matthews' correlation"),
    "pearson_corrcoef": MetricRow(pearson_corrcoef, ("numbers",), "Pearson's correlation"),
    "spearman_corrcoef": MetricRow(spearman_corrcoef, ("numbers",), "Spearman's correlation"),
    "bleu": MetricRow(bleu, ("texts",), "BLEU of sacrebleu, international tokenization"),
    "rouge": MetricRow(rouge, ("texts",), "ROUGE-1, ROUGE-2 and ROUGE-L, F1"),
    "squad": MetricRow(squad, ("answers",), "exact match and F1 of words, normalized as SQuAD"),
    "trivia_qa": MetricRow(trivia_qa, ("answers",), "the same, normalized as TriviaQA"),
    "span_f1": MetricRow(span_f1, ("texts",), "F1 of entities in `PER: name $$ LOC: place`"),
}
