"""The downstream tasks of a run: with their data, in seqio's registry, with their rates."""

import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence

from runtime.errors import UsageError
from trainer.config import TrainConfig
from trainer.data.mixtures import MixtureError, mixing_rates
from trainer.data.pairs import PairLengths, measure_texts
from trainer.data.tasks import add_mixture, count_examples, has_split
from trainer.data.vocabularies import load_vocabulary, model_file
from trainer.downstream.groups import halve_shared
from trainer.downstream.loading import LoadedTasks, load_all
from trainer.downstream.seqio_tasks import add_downstream_task, seqio_name
from trainer.downstream.task import DownstreamTask

MEASURED = 10_000  # examples of a split whose lengths are measured: the first
_TEXT_FILES = (".jsonl", ".tsv", ".csv")


class TaskNameError(UsageError):
    """Two tasks of one name. The message says where both are from."""


def load_tasks_of(config: TrainConfig) -> LoadedTasks:
    """The tasks of --task with their data.

    Raises:
      DownstreamError: there is no such task, or no data for it.
      TaskNameError: two have the same name.
    """
    if not config.task:
        return LoadedTasks((), ())
    loaded = load_all(config.task, config.data_dir)
    by_name: dict[str, DownstreamTask] = {}
    for task in loaded.tasks:
        other = by_name.setdefault(seqio_name(task), task)
        if other is not task:
            places = [
                each.row.source if each.row.definition else "the table" for each in (other, task)
            ]
            raise TaskNameError(
                f"--task: two tasks are named {task.name}, of {' and of '.join(places)}; rename one"
            )
    return loaded


def register_downstream(config: TrainConfig, others: Sequence[str] = ()) -> list[DownstreamTask]:
    """Registers the tasks of --task with seqio, and returns them.

    Args:
      others: names of the tasks of corpora, which are registered already.
    Raises:
      TaskNameError: a corpus has the name of a task.
    """
    tasks = list(load_tasks_of(config).tasks)
    for task in tasks:
        if seqio_name(task) in others:
            raise TaskNameError(
                f"--corpus: the name of a corpus is that of the task {task.name}; rename its file"
            )
        add_downstream_task(task, config.vocab)
    return tasks


def is_trained(task: DownstreamTask) -> bool:
    """True for own tasks, and for rows with a number of training examples, with a split `train`."""
    return "train" in task.splits() and bool(task.row.train_examples or task.row.definition)


def mix_with_corpora(config: TrainConfig, corpora: Sequence[str]) -> str:
    """Registers the tasks of --task, and their mixture with registered corpora; returns its name.

    The rate of a task follows from its number of training examples: that of the table as t5 weighs
    tasks, of own tasks as many as there are. GLUE's and SuperGLUE's RTE count half each if both are
    there. A single task is no mixture.

    Raises:
      MixtureError: none has a split train, or one of these has no example with a label.
    """
    trained = [task for task in register_downstream(config, corpora) if is_trained(task)]
    with_train = [name for name in corpora if has_split(name, "train")]
    names = [*with_train, *map(seqio_name, trained)]
    if not names:
        raise MixtureError(
            f"--task={', '.join(config.task)}: expected a task with a split train; none has it"
        )
    for task in trained:
        if not any(map(task.is_labelled, task.examples("train"))):
            raise MixtureError(f"--task={task.name}: its split train has no example with a label")
    if len(names) == 1:
        return names[0]
    examples = {name: count_examples(name) for name in with_train}
    examples |= {seqio_name(task): count_training_examples(task) for task in trained}
    rates = mixing_rates(config.mixing, examples, config.mixing_cap, config.mixing_temperature)
    return add_mixture(f"mixture_of_{len(names)}_{config.mixing}", halve_shared(rates))


def count_training_examples(task: DownstreamTask) -> int:
    """The table's number of training examples; of own tasks that of their data, which are read."""
    return task.row.train_examples or sum(map(task.is_labelled, task.examples("train")))


def measure_downstream(
    tasks: Sequence[DownstreamTask], vocabulary: str
) -> Iterator[tuple[str, str, PairLengths]]:
    """Name, split and lengths of each split of the tasks: of its first 10,000 labelled examples."""
    for task in tasks:
        for split in task.splits():
            labelled = filter(task.is_labelled, task.examples(split))
            texts = [
                (example["inputs"], example["targets"])
                for example in itertools.islice(labelled, MEASURED)
            ]
            if texts:
                yield task.name, split, measure_texts(texts, model_file(vocabulary))


def unwritable_labels(tasks: Sequence[DownstreamTask], vocabulary: str) -> Iterator[str]:
    """A note for each label with characters that the vocabulary does not have."""
    pieces = load_vocabulary(vocabulary)
    for task in tasks:
        for label in task.labels:
            if (decoded := pieces.decode(pieces.encode(label))) != label:
                yield (
                    f"note: {task.name}: the vocabulary writes the label {label!r} as {decoded!r}, "
                    "so that a generated text is never this label; use --scoring=options or "
                    "another vocabulary"
                )


def identify_downstream(config: TrainConfig) -> Mapping[str, str]:
    """Digest of the definition and training files of each task of --task, by its name in seqio."""
    return {
        seqio_name(task): _digest(task) for task in load_tasks_of(config).tasks if is_trained(task)
    }


def _digest(task: DownstreamTask) -> str:
    """Of the lines of text files, of the names and sizes of others, and of an own task's table."""
    digest = hashlib.sha256(f"{task.row.dataset}\n{task.row.definition}\n".encode())
    for path in task.files.get("train", ()):
        if not path.endswith(_TEXT_FILES):
            digest.update(f"{os.path.basename(path)} {os.path.getsize(path)}\n".encode())
            continue
        with open(path, "rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
