"""Predictions of a batch of examples: generated texts, or the most probable of the labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flax import linen as nn

from trainer.config import TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.decoding_options import Decoding
from trainer.downstream.task import TextExample
from trainer.evaluation.decoder import Place, encode_inputs, make_decoder
from trainer.evaluation.likelihood import Likelihood, make_likelihood
from vocab.vocabulary import EOS_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model predicts for an example.

    Attributes:
      text: the predicted text, or label.
      score: its log-likelihood in nats, EOS included.
      options: the log-likelihood of each label, if they were compared.
    """

    text: str
    score: float
    options: Mapping[str, float] = field(default_factory=dict)


Predict = Callable[[Sequence[TextExample], Sequence[str]], list[Prediction]]
"""(at most --batch_size examples, the labels to choose from or none) -> a prediction of each."""


def make_predictor(
    config: TrainConfig, network: nn.Module, params: Any, place: Place = np.asarray
) -> Predict:
    """The function that predicts with the parameters of a model: greedily, or among labels.

    Args:
      params: of one model, or a tuple of those of an ensemble, whose logits are averaged.
    """
    vocabulary = load_vocabulary(config.vocab)
    decode = make_decoder(config, network, params, Decoding(), place)
    likelihood = make_likelihood(config, network, params, place)

    def predict(examples: Sequence[TextExample], labels: Sequence[str]) -> list[Prediction]:
        inputs = [encode_inputs(config, vocabulary, example["inputs"]) for example in examples]
        if labels:
            written = [[*vocabulary.encode(label), EOS_ID] for label in labels]
            return choose_labels(inputs, labels, written, likelihood)
        found = [[i for i in ids if i > 0] for ids, *_ in decode(inputs, 0)]
        return [
            Prediction(text=vocabulary.decode([i for i in ids if i > EOS_ID]), score=score)
            for ids, score in zip(found, likelihood(inputs, found), strict=True)
        ]

    return predict


def choose_labels(
    inputs: list[list[int]],
    labels: Sequence[str],
    written: list[list[int]],
    likelihood: Likelihood,
) -> list[Prediction]:
    """The label with the highest log-likelihood, the first of equal ones (rank classification).

    A log-likelihood is the sum over the ids of a label and EOS, not divided by their number, as
    seqio's `rank_classification` has it by default.

    Args:
      written: ids of each label, with EOS.
    """
    each = [ids for ids in inputs for _ in labels]
    scores = np.array(likelihood(each, written * len(inputs))).reshape(len(inputs), len(labels))
    return [
        Prediction(
            text=labels[int(np.argmax(row))],
            score=float(row.max()),
            options=dict(zip(labels, row.tolist(), strict=True)),
        )
        for row in scores
    ]
