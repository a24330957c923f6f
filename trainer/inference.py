"""Runs a trained model: targets for lines of text."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import jax
import numpy as np
import seqio

from trainer.config import PAIRS, TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.model.decoding import beam_search, sample
from trainer.model.network import build_network
from trainer.training.run import configure_network, load_params
from vocab.vocabulary import EOS_ID

Decode = Callable[[list[list[int]], int], list[list[int]]]
"""(ids of each input, number of the batch) -> ids of each target."""
Item = TypeVar("Item")
DECODINGS = ("greedy", "beam", "sample")


def infer(
    config: TrainConfig, checkpoint: str, decoding: str, lines: Iterable[str]
) -> Iterator[str]:
    """Decodes the target of each line, in order.

    Args:
      checkpoint: a checkpoint_N; "" for the newest in --model_dir.
      decoding: one of DECODINGS.
    """
    vocabulary = load_vocabulary(config.vocab)
    decode = make_decoder(config, checkpoint, decoding)
    encoded = (_encode(config, vocabulary, line.rstrip("\n")) for line in lines)
    for number, batch in enumerate(chunks(encoded, config.batch_size)):
        for ids in decode(batch, number):
            yield vocabulary.decode([i for i in ids if i > EOS_ID]).replace("\n", " ")


def _encode(config: TrainConfig, vocabulary: seqio.Vocabulary, line: str) -> list[int]:
    """Token ids as in training: with EOS, except where the target continues a document."""
    ids = vocabulary.encode(config.prefix + line)
    if config.architecture == "decoder_lm" and config.data_form != PAIRS:
        return list(ids[: config.input_tokens()])
    return [*ids[: config.input_tokens() - 1], EOS_ID]


def make_decoder(config: TrainConfig, checkpoint: str, decoding: str) -> Decode:
    """The function that decodes a batch with the parameters of a checkpoint."""
    params, network = load_params(config, checkpoint), build_network(configure_network(config))
    length, rows = config.lengths()["targets"], config.batch_size
    prefix = config.architecture == "prefix_lm"

    def decode(batch: list[list[int]], number: int) -> list[list[int]]:
        ids = np.zeros((rows, config.input_tokens()), np.int32)
        for row, encoded in enumerate(batch):
            ids[row, : len(encoded)] = encoded
        if decoding == "beam":
            decoded = beam_search(network, params, ids, length, prefix=prefix)[0][:, 0]
        else:
            key = jax.random.fold_in(jax.random.key(config.seed), number)
            temperature = 1.0 if decoding == "sample" else 0.0
            decoded = sample(network, params, ids, length, key, temperature, prefix=prefix)
        rows_of_ids: list[list[int]] = np.asarray(decoded)[: len(batch)].tolist()
        return rows_of_ids

    return decode


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items; the last one may be shorter."""
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, size)):
        yield chunk
