"""t5 0.9.4, multilingual-t5 and t5_closed_book_qa on the cases of downstream tasks.

pip install --no-deps t5==0.9.4; pip install editdistance babel gin-config
PYTHONPATH: google-research/multilingual-t5 at 9dcd60f, and t5_closed_book_qa of
google-research/google-research
"""

import functools
import importlib.util
import string
import sys
import unicodedata
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from t5.data import glue_utils, postprocessors, preprocessors
from t5.evaluation import metrics

from tests.trainer.downstream.cases import CASES
from tests.trainer.downstream.goldens import in_json
from trainer.downstream.table import DOWNSTREAM_TASKS

_MARKS = set(string.punctuation).union(
    mark for mark in map(chr, range(sys.maxunicode)) if unicodedata.category(mark)[0] == "P"
)
_PAWS = ["different_meaning", "paraphrase"]


def _module(package, name):
    """A module of a package on PYTHONPATH, without the package's own tasks; None if not there."""
    for folder in sys.path:
        file = Path(folder) / package / f"{name}.py"
        if file.exists():
            spec = importlib.util.spec_from_file_location(f"{package}_{file.stem}_alone", file)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # AutoGraph looks for it there
            spec.loader.exec_module(module)
            return module
    return None


MT5 = _module("multilingual_t5", "preprocessors")
MT5_METRICS = _module("multilingual_t5", "evaluation/metrics")
CLOSED_BOOK = _module("t5_cbqa", "preprocessors")


def identity(text, example=None, is_target=False):
    return text


def _of_glue(name, split):
    suite, _, config = DOWNSTREAM_TASKS[name].dataset.partition(":")[0].partition("/")
    text = tfds.text
    builders = text.glue.Glue if suite == "glue" else text.super_glue.SuperGlue
    builder = builders.builder_configs[config]
    steps = [glue_utils.get_glue_text_preprocessor(builder)]
    if config == "axb":
        keys = {"premise": "sentence1", "hypothesis": "sentence2", "label": "label", "idx": "idx"}
        steps.insert(0, functools.partial(preprocessors.rekey, key_map=keys))
    find = glue_utils.get_glue_metric if suite == "glue" else glue_utils.get_super_glue_metric
    return steps, glue_utils.get_glue_postprocess_fn(builder), find(config)


def _translate(name, split):
    language = name[-2:]
    step = functools.partial(
        preprocessors.translate, source_language="en", target_language=language
    )
    return [step], identity, [metrics.bleu]


def _wsc(name, split):
    step = functools.partial(preprocessors.wsc_simple, correct_referent_only=split == "train")
    return [step], postprocessors.wsc_simple, [metrics.accuracy]


def _closed_book(name, split):
    step = getattr(CLOSED_BOOK, f"{name}_open")
    metric = metrics.trivia_qa if name == "trivia_qa" else metrics.squad
    return [step], postprocessors.qa, [metric]


def _paws_x(name, split):
    step = functools.partial(
        preprocessors.glue, benchmark_name="paws", label_names=_PAWS,
        feature_names=["sentence1", "sentence2"], id_key=None,
    )  # fmt: skip
    to_class = functools.partial(postprocessors.string_label_to_class_id, label_classes=_PAWS)
    return [step], to_class, [metrics.accuracy]


def _mlqa(name, split):
    """Normalized when post-processed, as ours, which the metric's own normalization keeps."""
    language = name[-2:]

    def qa(text, example=None, is_target=False):
        value = postprocessors.qa(text, example=example, is_target=is_target)
        normalize = functools.partial(MT5_METRICS.normalize_mlqa, lang=language, punct=_MARKS)
        return list(map(normalize, value)) if is_target else normalize(value)

    return [MT5.xquad], qa, [functools.partial(MT5_METRICS.mlqa, lang=language)]


def _tydi_qa(name, split):
    languages = {"en": "english", "bn": "bengali"}
    step = functools.partial(MT5.filter_tydiqa_by_language, lang=languages[name[-2:]])
    return [MT5.xquad, step], postprocessors.qa, [metrics.squad]


def _span_f1(targets, predictions):
    return {key: 100 * score for key, score in MT5_METRICS.span_f1(targets, predictions).items()}


def _xnli(name, split):
    step = functools.partial(MT5.process_xnli, target_languages=[name[-2:]])
    return [step], identity, [metrics.accuracy]


def _fixed(step, postprocess, *metric_fns):
    return lambda name, split: ([step], postprocess, list(metric_fns))


def _rouge(targets, predictions):
    np.random.seed(0)
    return metrics.rouge(targets, predictions)


PIPELINES = {
    "glue_wnli": _fixed(preprocessors.wnli_simple, postprocessors.wsc_simple, metrics.accuracy),
    "super_glue_wsc": _wsc,
    "dpr": _fixed(preprocessors.definite_pronoun_resolution_simple, identity, metrics.accuracy),
    "cnn_dailymail": _fixed(
        functools.partial(preprocessors.summarize, article_key="article", summary_key="highlights"),
        identity,
        _rouge,
    ),
    "squad": _fixed(preprocessors.squad, postprocessors.qa, metrics.squad),
    "wmt": _translate,
    "trivia": _closed_book,
    "natural": _closed_book,
    "web": _closed_book,
    "xnli": _xnli,
    "paws_x": _paws_x,
    "xquad": lambda name, split: ([MT5.xquad], postprocessors.qa, [metrics.squad]),
    "mlqa": _mlqa,
    "tydi_qa": _tydi_qa,
    "wikiann": lambda name, split: ([MT5.wikiann], identity, [_span_f1]),
}
"""Name of a row, or its beginning -> (row, split) -> preprocessors, post-processing, metrics."""


def needs(name):
    """What is missing for a row's reference; "" if nothing."""
    family = name.partition(".")[0]
    if family in ("xnli", "xquad", "mlqa", "tydi_qa", "wikiann") and MT5 is None:
        return "google-research/multilingual-t5 on PYTHONPATH"
    if family in ("trivia_qa", "natural_questions", "web_questions") and CLOSED_BOOK is None:
        return "google-research/google-research/t5_closed_book_qa on PYTHONPATH"
    return ""


def pipeline(name, split="validation"):
    for key in (name, name.partition(".")[0], name.partition("_")[0]):
        if key in PIPELINES and not (key == "glue_wnli" and name != key):
            return PIPELINES[key](name, split)
    return _of_glue(name, split)


def tensors(value):
    if isinstance(value, dict):
        return {key: tensors(each) for key, each in value.items()}
    if isinstance(value, list):
        return tf.constant(value, tf.int32 if value and isinstance(value[0], int) else tf.string)
    if isinstance(value, float):
        return tf.constant(value, tf.float32)
    return tf.constant(value, tf.int32 if isinstance(value, int) else tf.string)


def texts(name, example, split="validation"):
    """The text examples that t5 makes of one example of the data set, given in tensors."""
    steps, _, _ = pipeline(name, split)
    dataset = tf.data.Dataset.from_tensors(example)
    for step in steps:
        dataset = step(dataset)
    return list(tfds.as_numpy(dataset))


def reference(name, split="validation"):
    """{"texts": [...], "metrics": {...}} of t5 for the cases of a row."""
    _, postprocess, metric_fns = pipeline(name, split)
    rows, targets, predictions = [], [], []
    for example, prediction in CASES[name]:
        for place, text in enumerate(texts(name, tensors(example), split)):
            shown = text | {"targets_pretokenized": text["targets"]}
            target = postprocess(text["targets"].decode(), example=shown, is_target=True)
            row = {key: text[key] for key in ("inputs", "targets")} | {"target": target}
            each = prediction[place] if isinstance(prediction, list) else prediction
            if each is not None:
                row["prediction"] = postprocess(each, example=shown, is_target=False)
                targets.append(target)
                predictions.append(row["prediction"])
            rows.append(in_json(row))
    scores = {}
    for metric in metric_fns:
        scores |= metric(targets, predictions)
    return {"texts": rows, "metrics": in_json(scores)}
