"""Downstream tasks in seqio's registry, for training and for t5x's own evaluation."""

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import seqio
import tensorflow as tf

from trainer.data.tasks import add_mixture
from trainer.data.vocabularies import load_vocabulary
from trainer.downstream.groups import group_rates
from trainer.downstream.task import DownstreamTask, Outcome, TextExample

_SHUFFLED = 32_768  # examples in the buffer that shuffles a task before each epoch
_KEYS = ("inputs", "targets", "example")
_LONG = ("inputs", "context", "premise", "hypothesis")  # no post-processing reads them


def _as_json(value: object) -> object:
    """NumPy's numbers in JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"expected a text, number or list, got {type(value).__name__}")


def _dataset(
    task: DownstreamTask, split: str, shuffle_files: bool = False, seed: int | None = None
) -> tf.data.Dataset:
    """String features `inputs`, `targets` and `example`, the rest of the text example as JSON.

    Examples are read as they are needed; those without a label are left out. Shuffled ones go
    through a buffer of 32,768 examples in each epoch, in an order that follows from the seed.
    """

    def read() -> Iterator[dict[str, str]]:
        for example in filter(task.is_labelled, task.examples(split)):
            kept = {key: value for key, value in example.items() if key not in _LONG}
            yield {
                "inputs": example["inputs"],
                "targets": example["targets"],
                "example": json.dumps(kept, default=_as_json, ensure_ascii=False),
            }

    signature = {key: tf.TensorSpec([], tf.string) for key in _KEYS}
    dataset = tf.data.Dataset.from_generator(read, output_signature=signature)
    return dataset.shuffle(_SHUFFLED, seed=seed) if shuffle_files else dataset


def _postprocess(task: DownstreamTask) -> Callable[..., Outcome]:
    def postprocess(text: str, example: dict[str, Any], is_target: bool) -> Outcome:
        texts: TextExample = json.loads(example["example"])
        return task.target(texts) if is_target else task.postprocess(text, texts)

    return postprocess


def seqio_name(task: DownstreamTask) -> str:
    """The name of a task in seqio's registry, as xnli_de."""
    return re.sub(r"\W", "_", task.name)


def add_downstream_task(task: DownstreamTask, vocabulary: str) -> str:
    """Registers a task in the place of one of the same name, and returns its name.

    Args:
      vocabulary: a SentencePiece model file, or the folder that has it.
    """
    name = seqio_name(task)
    if name in seqio.TaskRegistry.names():
        seqio.TaskRegistry.remove(name)
    loaded = load_vocabulary(vocabulary)
    features = {
        key: seqio.Feature(loaded, add_eos=True, dtype=tf.int32) for key in ("inputs", "targets")
    }
    seqio.TaskRegistry.add(
        name,
        source=seqio.FunctionDataSource(
            dataset_fn=functools.partial(_dataset, task), splits=task.splits()
        ),
        preprocessors=[
            functools.partial(seqio.preprocessors.tokenize, copy_pretokenized=True),
            seqio.CacheDatasetPlaceholder(),
            seqio.preprocessors.append_eos_after_trim,
        ],
        output_features=features,
        postprocess_fn=_postprocess(task),
        metric_fns=[task.metrics] if task.row.metrics else [],
    )
    return name


def add_downstream_mixture(
    group: str,
    tasks: Sequence[DownstreamTask],
    vocabulary: str,
    cap: int = 0,
    temperature: float = 1.0,
) -> str:
    """Registers the tasks of a group that are trained on, and their mixture; returns its name.

    Args:
      group: glue, super_glue or all, …; its rates are those of `group_rates`.
      tasks: with their data; those without a split `train`, or of another group, are left out.
    """
    rates = group_rates(group, cap, temperature)
    named = {
        add_downstream_task(task, vocabulary): rates[task.name]
        for task in tasks
        if task.name in rates and "train" in task.splits()
    }
    return add_mixture(f"{group}_mixture", named)
