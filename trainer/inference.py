"""Runs a trained model: targets for lines of text."""

import re
from collections.abc import Iterable, Iterator, Sequence

from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.decoding_options import Decoding
from trainer.evaluation.decoder import batches_of, encode_inputs, make_decoder
from trainer.model.network import build_network
from trainer.training.run import configure_network, load_params
from vocab.vocabulary import EOS_ID


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
    params, network = load_params(config, checkpoint), build_network(configure_network(config))
    decode = make_decoder(config, network, params, decoding)
    encoded = (encode_inputs(config, vocabulary, config.prefix + line) for line in lines)
    breaks = re.compile(r"\r\n|[\r\n]" if decoding.samples == 1 else r"\r\n|[\r\n\t]")
    for number, batch in enumerate(batches_of(encoded, config.batch_size)):
        for targets in decode(batch, number):
            texts = (vocabulary.decode([i for i in ids if i > EOS_ID]) for ids in targets)
            yield "\t".join(breaks.sub(" ", text) for text in texts)
