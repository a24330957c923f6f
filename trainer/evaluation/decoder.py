"""Decodes the targets of batches of inputs, with the ids that training reads."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import jax
import numpy as np
import seqio
from flax import linen as nn

from trainer.config import PAIRS, TrainConfig
from trainer.decoding_options import Decoding
from trainer.model.decoding import beam_search, sample
from vocab.vocabulary import EOS_ID

Decode = Callable[[list[list[int]], int], list[list[list[int]]]]
"""(ids of each input, number of the batch) -> ids of the targets of each, the best one first."""
Ids = np.ndarray[Any, np.dtype[np.int32]]
Place = Callable[[Ids], Any]
"""Puts an array of a batch, int32[rows, length], on the devices."""
Item = TypeVar("Item")


def batches_of(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items in order; the last one may be shorter."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def encode_inputs(config: TrainConfig, vocabulary: seqio.Vocabulary, text: str) -> list[int]:
    """Token ids as in training: with EOS, except where the target continues a document."""
    ids = vocabulary.encode(text)
    if config.architecture == "decoder_lm" and config.data_form != PAIRS:
        return list(ids[: config.input_tokens()])
    return [*ids[: config.input_tokens() - 1], EOS_ID]


def padded(rows: list[list[int]], count: int, length: int) -> Ids:
    """Rows of ids, and rows of padding after them: int32[count, length]."""
    ids = np.zeros((count, length), np.int32)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
    return ids


def make_decoder(
    config: TrainConfig, network: nn.Module, params: Any, way: Decoding, place: Place = np.asarray
) -> Decode:
    """The function that decodes a batch with the parameters of a model.

    Args:
      params: of one model, or a tuple of those of an ensemble.
    """
    length, rows = config.lengths()["targets"], config.batch_size
    prefix = config.architecture == "prefix_lm"
    temperature = way.temperature if way.decoding == "sample" else 0.0

    def decode(batch: list[list[int]], number: int) -> list[list[list[int]]]:
        ids = place(padded(batch, rows, config.input_tokens()))
        if way.decoding == "beam":
            decoded, _ = beam_search(
                network, params, ids, length, way.beams, way.length_penalty, prefix
            )  # [rows, beams, length]
        else:
            keys = jax.random.split(
                jax.random.fold_in(jax.random.key(config.seed), number), way.samples
            )
            found = [
                sample(network, params, ids, length, key, temperature, way.top_k, way.top_p, prefix)
                for key in keys
            ]
            decoded = jax.numpy.stack(found, axis=1)  # [rows, samples, length]
        targets: list[list[list[int]]] = np.asarray(decoded)[: len(batch), : way.samples].tolist()
        return targets

    return decode
