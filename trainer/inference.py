"""Runs a trained model: targets for lines of text."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import jax
import numpy as np
import seqio

from trainer.config import PAIRS, Decoding, TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.model.decoding import beam_search, sample
from trainer.model.network import build_network
from trainer.training.run import configure_network, load_params
from vocab.vocabulary import EOS_ID

Decode = Callable[[list[list[int]], int], list[list[list[int]]]]
"""(ids of each input, number of the batch) -> ids of the targets of each, the best one first."""
Item = TypeVar("Item")


def split_lines(data: bytes) -> list[str]:
    r"""The lines of a UTF-8 file, which end with \n or \r\n; the last one need not.

    Other characters that Python's `splitlines` splits at, as U+2028, stay in their line.

    Raises:
      UnicodeDecodeError: it is not UTF-8.
    """
    *lines, last = data.decode("utf-8-sig").split("\n")
    return [line.removesuffix("\r") for line in (*lines, *([last] if last else []))]


def infer(
    config: TrainConfig, checkpoint: str | Sequence[str], decoding: Decoding, lines: Iterable[str]
) -> Iterator[str]:
    """Decodes the target of each line, in order; several ones with tabs between them.

    Line breaks in targets become spaces, and so do tabs in several ones.

    Args:
      checkpoint: a checkpoint_N; "" for the newest in --model_dir; several for an ensemble.
    """
    vocabulary = load_vocabulary(config.vocab)
    decode = make_decoder(config, checkpoint, decoding)
    encoded = (_encode(config, vocabulary, line) for line in lines)
    breaks = re.compile(r"\r\n|[\r\n]" if decoding.samples == 1 else r"\r\n|[\r\n\t]")
    for number, batch in enumerate(chunks(encoded, config.batch_size)):
        for targets in decode(batch, number):
            texts = (vocabulary.decode([i for i in ids if i > EOS_ID]) for ids in targets)
            yield "\t".join(breaks.sub(" ", text) for text in texts)


def _encode(config: TrainConfig, vocabulary: seqio.Vocabulary, line: str) -> list[int]:
    """Token ids as in training: with EOS, except where the target continues a document."""
    ids = vocabulary.encode(config.prefix + line)
    if config.architecture == "decoder_lm" and config.data_form != PAIRS:
        return list(ids[: config.input_tokens()])
    return [*ids[: config.input_tokens() - 1], EOS_ID]


def make_decoder(
    config: TrainConfig, checkpoint: str | Sequence[str], decoding: Decoding
) -> Decode:
    """The function that decodes a batch with the parameters of a checkpoint or an ensemble."""
    params, network = load_params(config, checkpoint), build_network(configure_network(config))
    length, rows = config.lengths()["targets"], config.batch_size
    prefix = config.architecture == "prefix_lm"

    way = decoding
    temperature = way.temperature if way.decoding == "sample" else 0.0

    def decode(batch: list[list[int]], number: int) -> list[list[list[int]]]:
        ids = np.zeros((rows, config.input_tokens()), np.int32)
        for row, encoded in enumerate(batch):
            ids[row, : len(encoded)] = encoded
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


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items; the last one may be shorter."""
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, size)):
        yield chunk
