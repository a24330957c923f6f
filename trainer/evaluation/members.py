"""What is evaluated: downstream tasks, and corpora of pairs as tasks with exact match."""

import functools
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from trainer.config import TrainConfig
from trainer.data.corpora import Corpus, find_corpus
from trainer.data.pairs import PairFormat, read_pairs
from trainer.data.tasks import add_mixture
from trainer.downstream.outcomes import TEXTS
from trainer.downstream.seqio_tasks import add_downstream_task
from trainer.downstream.task import DownstreamTask, Example, TaskRow, TextExample
from trainer.input.batches import DataError, names_of_tasks
from trainer.input.downstream import load_tasks_of


def exact_match(targets: Sequence[str], predictions: Sequence[str]) -> dict[str, float]:
    """Share of predictions equal to the target in percent; several spaces count as one."""
    pairs = zip(targets, predictions, strict=True)
    return {"exact_match": float(100 * np.mean([a.split() == b.split() for a, b in pairs]))}


def evaluated_members(config: TrainConfig) -> list[DownstreamTask]:
    """The corpora of pairs, then the downstream tasks of a configuration."""
    names = names_of_tasks(config)
    corpora = zip(names, map(find_corpus, config.corpus), strict=True)
    pairs = [
        pairs_task(name, corpus, config.prefix)
        for name, corpus in corpora
        if not corpus.has_documents()
    ]
    return [*pairs, *load_tasks_of(config).tasks]


def register_members(config: TrainConfig, split: str) -> str:
    """Registers the members that have the split and metrics with seqio, for t5x's own evaluation.

    Returns:
      The name of a mixture of them.
    Raises:
      DataError: there is none.
    """
    members = [
        task for task in evaluated_members(config) if split in task.splits() and task.row.metrics
    ]
    if not members:
        raise DataError(f"no pairs and no task with metrics have a split {split!r}")
    names = [add_downstream_task(task, config.vocab) for task in members]
    return add_mixture(f"evaluated_on_{split}", dict.fromkeys(names, 1.0))


def pairs_task(name: str, corpus: Corpus, prefix: str) -> DownstreamTask:
    """A corpus of pairs as a task; the texts are those that it is trained on."""

    def read(path: str) -> Iterator[Example]:
        for inputs, targets in read_pairs(path, PairFormat(corpus.format)):
            yield {"inputs": prefix + inputs, "targets": targets}

    row = TaskRow(
        name=name, dataset="", splits={}, form=dict, outcomes=TEXTS, metrics=(exact_match,)
    )
    return DownstreamTask(
        row=row,
        readers={split: functools.partial(read, path) for split, (path,) in corpus.shards.items()},
    )


def chosen_examples(task: DownstreamTask, split: str, most: int = 0) -> Iterator[TextExample]:
    """The examples of a split in order: all, or about `most` of them.

    They are those with the smallest hash of their number, so that a sorted split is met evenly, and
    of a question with several examples (MultiRC, ReCoRD) all or none. Reads the split twice then.

    Args:
      most: 0 for all; a few more if the last question has several examples.
    """
    if not most:
        yield from task.examples(split)
        return
    hashes = [_hash(task, number, example) for number, example in enumerate(task.examples(split))]
    if not hashes:
        return
    limit = sorted(hashes)[min(most, len(hashes)) - 1]
    for example, digest in zip(task.examples(split), hashes, strict=True):
        if digest <= limit:
            yield example


def _hash(task: DownstreamTask, number: int, example: TextExample) -> bytes:
    """Of the question of an example, or of its number in the split."""
    question = getattr(task.target(example), "group", ()) or (number,)
    return hashlib.sha256(repr(question).encode()).digest()[:8]
