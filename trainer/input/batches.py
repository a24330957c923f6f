"""The input pipeline of a run: batches of token ids, with a position that can be saved."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import jax
import numpy as np
import seqio
import tensorflow as tf

from runtime.cli.console import say
from runtime.errors import UsageError
from trainer.config import TrainConfig
from trainer.data.corpora import find_corpus
from trainer.data.tasks import (
    has_split,
    load_mixture,
    load_tasks,
    task_names,
)
from trainer.downstream.seqio_tasks import seqio_name
from trainer.input.downstream import (
    is_trained,
    load_tasks_of,
    mix_with_corpora,
    register_downstream,
)
from trainer.input.position import DataIdentity, read_position, write_position
from trainer.model.sizes import ARCHITECTURES

_BIDIRECTIONAL = "decoder_causal_attention"  # seqio's name of the mask of a prefix LM
_PREFETCHED = 4  # batches
_EXAMPLE_ERROR = re.compile(r"DownstreamError: (.*)")
HostBatch = dict[str, np.ndarray[Any, Any]]


class DataError(UsageError):
    """A split that is missing, damaged, or has too few shards. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """Index of this host and number of hosts, which read different shards (seqio.ShardInfo)."""

    index: int = 0
    count: int = 1


def register_tasks(config: TrainConfig) -> list[str]:
    """Registers each corpus and downstream task of a configuration, and returns their names."""
    names = _register_corpora(config)
    return [*names, *map(seqio_name, register_downstream(config, names))]


def _register_corpora(config: TrainConfig) -> list[str]:
    settings = _task_settings(config)
    return load_tasks(config.corpus, **settings, beside_pairs=bool(config.task))


def register_mixture(config: TrainConfig) -> str:
    """Registers the task or mixture that a configuration trains on, and returns its name."""
    if config.task:
        return mix_with_corpora(config, _register_corpora(config))
    return load_mixture(
        config.corpus,
        **_task_settings(config),
        mixing=config.mixing,
        mixing_cap=config.mixing_cap,
        mixing_temperature=config.mixing_temperature,
    )


def names_of_tasks(config: TrainConfig) -> list[str]:
    """The names of the tasks of a configuration, in the order of its corpora."""
    found = [find_corpus(path) for path in config.corpus]
    return task_names(config.corpus, found, config.objective, config.data_tokens)


class _TaskSettings(TypedDict):
    vocabulary: str
    objective: str
    noise_density: float
    mean_span: float
    data_tokens: int
    prefix: str


def _task_settings(config: TrainConfig) -> _TaskSettings:
    return _TaskSettings(
        vocabulary=config.vocab,
        objective=config.objective,
        noise_density=config.noise_density,
        mean_span=config.mean_span,
        data_tokens=config.data_tokens,
        prefix=config.prefix,
    )


def feature_converter(config: TrainConfig) -> seqio.FeatureConverter:
    """seqio's converter from examples to a model's features: packs, shifts, adds loss weights.

    A decoder without encoder reads the inputs of pairs before their targets, with weight 0.
    """
    if ARCHITECTURES[config.architecture].encoder:
        return seqio.EncDecFeatureConverter(pack=config.packing)
    if "inputs" in config.lengths():
        return seqio.PrefixLMFeatureConverter(pack=config.packing)
    return seqio.LMFeatureConverter(pack=config.packing)


def open_dataset(config: TrainConfig, split: str, host: HostInfo) -> tf.data.Dataset:
    """Batches of a split.

    For `train` they are shuffled and repeated. Each host reads shards of documents of its own; of
    pairs and of the first --data_tokens, every `host.count`-th row. Another split is that of a
    single corpus; it is read in order and once, by every host in full: it can have fewer shards
    than hosts, and all hosts need the same number of batches.

    Raises:
      DataError: there is no such split, or it has fewer shards or pairs than hosts.
    """
    if split != "train":
        members, _ = open_members(config, split)
        if len(members) != 1:
            raise DataError(f"--corpus: expected one with a split {split!r}, got {len(members)}")
        return next(iter(members.values()))
    name = register_mixture(config)
    if host.index == 0:
        _say_untrained(config)
    _check_hosts(seqio.get_mixture_or_task(name), host.count)
    dataset = _open(config, name, split, seqio.ShardInfo(host.index, host.count))
    return dataset.batch(config.batch_size // host.count, drop_remainder=True).prefetch(_PREFETCHED)


def _say_untrained(config: TrainConfig) -> None:
    """Names the corpora and downstream tasks of a mixture that are not trained on."""
    missing = [name for name in names_of_tasks(config) if not has_split(name, "train")]
    tasks = load_tasks_of(config).tasks
    missing += [task.name for task in tasks if not is_trained(task)]
    if len(config.corpus) + len(tasks) > 1 and missing:
        say(f"note: no split 'train', not trained on: {', '.join(missing)}")


def open_members(
    config: TrainConfig, split: str
) -> tuple[dict[str, tf.data.Dataset], tuple[str, ...]]:
    """Batches of a split for each corpus and downstream task that has it, by its name.

    Each is read in order and once; the last batch can have fewer rows.

    Returns:
      The batches, and the names of the corpora and tasks without the split.
    Raises:
      DataError: no corpus has the split.
    """
    names = register_tasks(config)
    shown = {seqio_name(task): task.name for task in load_tasks_of(config).tasks}
    missing = tuple(name for name in names if not has_split(name, split))
    found = [name for name in names if name not in missing]
    if not found:
        splits = sorted({other for name in names for other in seqio.TaskRegistry.get(name).splits})
        given = "--corpus: it has" if config.corpus else "--task: it has"
        raise DataError(f"{given} no split {split!r}, but {', '.join(splits)}")
    return {
        shown.get(name, name): _open(config, name, split, None)
        .batch(config.batch_size)
        .prefetch(_PREFETCHED)
        for name in found
    }, tuple(shown.get(name, name) for name in missing)


def _open(
    config: TrainConfig, name: str, split: str, shard: seqio.ShardInfo | None
) -> tf.data.Dataset:
    """Rows of a split: shuffled and repeated if they are a shard for training."""
    dataset = seqio.get_dataset(
        name,
        task_feature_lengths=config.lengths(),
        dataset_split=split,
        shuffle=shard is not None,
        num_epochs=None if shard else 1,
        feature_converter=feature_converter(config),
        shard_info=shard,
        use_cached=False,
        seed=config.seed,
        trim_output_features=True,
    )
    if config.architecture != "decoder_lm" or _BIDIRECTIONAL not in dataset.element_spec:
        return dataset
    return dataset.map(_attend_causally)


def _attend_causally(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """A row without the mask that makes attention bidirectional in the inputs of a decoder."""
    return {name: x for name, x in row.items() if name != _BIDIRECTIONAL}


def _check_hosts(task: seqio.Task | seqio.Mixture, hosts: int) -> None:
    """Checks that each host can have a part of each corpus: shards of documents, rows of pairs."""
    if "train" not in task.splits:
        raise DataError(f"--corpus: it has no split 'train', but {', '.join(task.splits)}")
    for part in getattr(task, "tasks", [task]) if hosts > 1 else ():
        if isinstance(part.source, seqio.TFExampleDataSource):
            count, kind = len(part.source.list_shards("train")), "shards"
            advice = f"write the corpus with --shards={hosts} or more"
        else:
            rows = part.source.get_dataset(split="train", shuffle=False).take(hosts)
            count, kind = sum(1 for _ in rows.as_numpy_iterator()), "examples"
            advice = f"use {count} hosts or fewer"
        if count < hosts:
            raise DataError(
                f"--corpus: {part.name} has {count} {kind} of train, fewer than the {hosts} hosts; "
                f"{advice}"
            )


def batch_spec(dataset: tf.data.Dataset, rows: int = 0) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each feature of a batch, without reading one.

    Args:
      rows: of a batch, for a dataset whose last batch is shorter; 0: as the dataset has them.
    """
    return {
        name: jax.ShapeDtypeStruct(
            (rows or spec.shape[0], *spec.shape[1:]), spec.dtype.as_numpy_dtype
        )
        for name, spec in dataset.element_spec.items()
    }


class Batches:
    """Batches of a split in a fixed order. Their position can be saved and restored.

    The position is a number of rows. To go there, TensorFlow reads and drops the rows before it,
    in the background while the network is compiled.
    """

    def __init__(self, dataset: tf.data.Dataset, data: DataIdentity | None = None) -> None:
        """The batches of a dataset, from the first.

        Args:
          data: their identity, to be saved with the position.
        """
        self._dataset, self._data, self._count = dataset, data or DataIdentity(), 0
        self._iterator: Iterator[Mapping[str, tf.Tensor]] | None = None

    def __iter__(self) -> Iterator[HostBatch]:
        return self

    def __next__(self) -> HostBatch:
        if self._iterator is None:
            self._iterator = iter(self._dataset)
        try:
            batch = next(self._iterator)
        except tf.errors.OpError as error:
            if found := _EXAMPLE_ERROR.search(str(error)):
                raise DataError(f"--task: {found[1]}") from None
            if not isinstance(error, tf.errors.DataLossError):
                raise
            raise DataError(
                f"--corpus: a shard is damaged or cut off: {error.message}. Remove the shard and "
                "run the command that wrote the corpus again"
            ) from None
        self._count += 1
        return {name: tensor.numpy() for name, tensor in batch.items()}

    def skip(self, count: int) -> None:
        """Goes on after `count` batches; starts to read them."""
        self._count += count
        options = tf.data.Options()
        options.experimental_warm_start = True
        rest = self._dataset.skip(self._count).prefetch(_PREFETCHED)
        self._iterator = iter(rest.with_options(options))

    def save(self, path: str) -> None:
        """Writes the position of the next batch to `path`.json."""
        write_position(f"{path}.json", self._count * self._rows(), self._data)

    def restore(self, path: str) -> Sequence[str] | None:
        """Goes to the position that `save` wrote; to the first batch if the data changed.

        With another batch size it goes to the last batch that begins at or before that row.

        Returns:
          What changed, a phrase each; None if there is no such file, and nothing is done.
        """
        if not os.path.exists(f"{path}.json"):
            return None
        rows, before = read_position(f"{path}.json")
        changes = [*self._data.changes(before)]
        if not changes:
            self.skip(rows // self._rows())
        return changes

    def _rows(self) -> int:
        """Rows of a batch of this host."""
        rows: int = next(iter(self._dataset.element_spec.values())).shape[0]
        return rows


def host_rows(batch: HostBatch, rows: int, host: HostInfo) -> HostBatch:
    """The rows of this host in a batch that all read, padded to `rows`; padding has no weight."""
    start, stop = (rows * (host.index + n) // host.count for n in (0, 1))
    return {
        name: np.pad(x, ((0, rows - len(x)), *([(0, 0)] * (x.ndim - 1))))[start:stop]
        for name, x in batch.items()
    }
