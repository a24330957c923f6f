"""The input pipeline of a run: batches of token ids, with a position that can be saved."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import seqio
import tensorflow as tf

from runtime.errors import UsageError
from trainer.config import TrainConfig
from trainer.data.tasks import load_mixture
from trainer.model.sizes import ARCHITECTURES

HostBatch = dict[str, np.ndarray[Any, Any]]


class DataError(UsageError):
    """A split that is missing, damaged, or has too few shards. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """Index of this host and number of hosts, which read different shards (seqio.ShardInfo)."""

    index: int = 0
    count: int = 1


def register_task(config: TrainConfig) -> str:
    """Registers the task or mixture of a configuration, and returns its name."""
    return load_mixture(
        config.corpus,
        config.vocab,
        config.objective,
        config.noise_density,
        config.mean_span,
        config.data_tokens,
        config.prefix,
        config.mixing,
        config.mixing_cap,
        config.mixing_temperature,
    )


def feature_converter(config: TrainConfig) -> seqio.FeatureConverter:
    """seqio's converter from examples to a model's features: packs, shifts, adds loss weights."""
    if ARCHITECTURES[config.architecture].encoder:
        return seqio.EncDecFeatureConverter(pack=config.packing)
    if config.architecture == "prefix_lm":
        return seqio.PrefixLMFeatureConverter(pack=config.packing)
    return seqio.LMFeatureConverter(pack=config.packing)


def open_dataset(config: TrainConfig, split: str, host: HostInfo) -> tf.data.Dataset:
    """Batches of a split.

    For `train` they are shuffled and repeated, and each host reads shards of its own. Other splits
    are read in order and once, by every host in full: they can have fewer shards than hosts, and
    all hosts need the same number of batches.

    Raises:
      DataError: there is no such split, or it has fewer shards than hosts.
    """
    name = register_task(config)
    train = split == "train"
    _check_shards(seqio.get_mixture_or_task(name), split, host.count if train else 1)
    dataset = seqio.get_dataset(
        name,
        task_feature_lengths=config.lengths(),
        dataset_split=split,
        shuffle=train,
        num_epochs=None if train else 1,
        feature_converter=feature_converter(config),
        shard_info=seqio.ShardInfo(host.index, host.count) if train else None,
        use_cached=False,
        seed=config.seed,
        trim_output_features=True,
    )
    rows = config.batch_size // host.count if train else config.batch_size
    return dataset.batch(rows, drop_remainder=train).prefetch(4)


def _check_shards(task: seqio.Task | seqio.Mixture, split: str, hosts: int) -> None:
    if split not in task.splits:
        raise DataError(f"--corpus: it has no split {split!r}, but {', '.join(task.splits)}")
    for part in getattr(task, "tasks", [task]):
        shards = len(part.source.list_shards(split))
        if shards < hosts:
            raise DataError(
                f"--corpus: {part.name} has {shards} shards of {split}, fewer than the {hosts} "
                f"hosts; write the corpus with --shards={hosts} or more"
            )


def batch_spec(dataset: tf.data.Dataset) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of each feature of a batch, without reading one."""
    return {
        name: jax.ShapeDtypeStruct(tuple(spec.shape), spec.dtype.as_numpy_dtype)
        for name, spec in dataset.element_spec.items()
    }


class Batches:
    """Batches of a split in a fixed order. Their position can be saved and restored."""

    def __init__(self, dataset: tf.data.Dataset) -> None:
        self._iterator = iter(dataset)
        self._checkpoint = tf.train.Checkpoint(iterator=self._iterator)

    def __iter__(self) -> Iterator[HostBatch]:
        return self

    def __next__(self) -> HostBatch:
        try:
            batch = next(self._iterator)
        except tf.errors.DataLossError as error:
            raise DataError(
                f"--corpus: a shard is damaged or cut off: {error.message}. Remove the shard and "
                "run the command that wrote the corpus again"
            ) from None
        return {name: tensor.numpy() for name, tensor in batch.items()}

    def skip(self, count: int) -> None:
        """Reads and drops `count` batches."""
        for _ in range(count):
            next(self)

    def save(self, path: str) -> None:
        """Writes the position of the next batch."""
        self._checkpoint.write(path)

    def restore(self, path: str) -> bool:
        """Goes to the position that `save` wrote; False if there is no such file."""
        if not os.path.exists(path + ".index"):
            return False
        self._checkpoint.read(path).assert_consumed()
        return True


def host_rows(batch: HostBatch, rows: int, host: HostInfo) -> HostBatch:
    """The rows of this host in a batch that all read, padded to `rows`; padding has no weight."""
    start, stop = (rows * (host.index + n) // host.count for n in (0, 1))
    return {
        name: np.pad(x, ((0, rows - len(x)), *([(0, 0)] * (x.ndim - 1))))[start:stop]
        for name, x in batch.items()
    }
