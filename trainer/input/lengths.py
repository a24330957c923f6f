"""Lengths of a run's examples that follow from its data, and what is cut at them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from trainer.config import PAIRS, TrainConfig
from trainer.data.corpora import Corpus, find_corpus
from trainer.data.objectives import DEFAULT_INPUTS, OBJECTIVES
from trainer.data.pairs import Lengths, PairFormat, PairLengths, measure_pairs
from trainer.data.vocabularies import model_file
from trainer.input.downstream import (
    load_tasks_of,
    measure_downstream,
    unwritable_labels,
)

_MULTIPLE = 8  # lengths of pairs are rounded up to a multiple of it


def fit_to_data(config: TrainConfig) -> tuple[TrainConfig, list[str]]:
    """The configuration with --data_form and lengths of its data, and a note for what is cut.

    Lengths that are given stay. Those of documents follow from the objective, those of pairs and of
    downstream tasks are the longest of all splits, rounded up to a multiple of 8, and at most 512.
    A mixture of both has the larger ones. Of a split of a downstream task the first 10,000 examples
    are read, and none if both lengths are given. Members of a group without data are noted too.
    """
    corpora = [find_corpus(path) for path in config.corpus]
    pairs = [corpus for corpus in corpora if not corpus.has_documents()]
    loaded = load_tasks_of(config)
    notes = [f"note: left out: {missing}" for missing in loaded.missing]
    if config.scoring == "generation":
        notes += unwritable_labels(loaded.tasks, config.vocab)
    if not pairs and not loaded.tasks:
        return replace(config, data_form="documents"), []
    measured = {
        (corpus.name, split): part
        for corpus in pairs
        for split, part in _measure(corpus, config).items()
    }
    if not (config.inputs_length and config.targets_length):
        for name, split, part in measure_downstream(loaded.tasks, config.vocab):
            measured[name, split] = part
    config = _with_lengths(config, list(measured.values()), len(pairs) < len(corpora))
    return config, [*notes, *_cuts(config, measured)]


def _measure(corpus: Corpus, config: TrainConfig) -> dict[str, PairLengths]:
    """Lengths of the pairs of each split."""
    form, vocabulary = PairFormat(corpus.format), model_file(config.vocab)
    return {
        split: measure_pairs(path, form, config.prefix, vocabulary)
        for split, (path,) in corpus.shards.items()
    }


def _with_lengths(
    config: TrainConfig, parts: list[PairLengths], with_documents: bool
) -> TrainConfig:
    causal = OBJECTIVES[config.objective].is_causal()
    inputs = config.inputs_length
    if not inputs and not (with_documents and not causal):
        inputs = _longest([part.inputs for part in parts])
    targets = config.targets_length
    if not targets:
        of_documents = config.lengths()["targets"] if with_documents else 0
        targets = max(of_documents, _longest([part.targets for part in parts]))
    return replace(config, data_form=PAIRS, inputs_length=inputs, targets_length=targets)


def _longest(parts: list[Lengths]) -> int:
    longest = max((int(part.max()) for part in parts), default=DEFAULT_INPUTS)
    return min(-(-longest // _MULTIPLE) * _MULTIPLE, DEFAULT_INPUTS)


def _cuts(config: TrainConfig, measured: Mapping[tuple[str, str], PairLengths]) -> Iterator[str]:
    """A note for each split with inputs or targets longer than their length."""
    limits = {"inputs": config.input_tokens(), "targets": config.lengths()["targets"]}
    for (name, split), part in measured.items():
        for feature, limit in limits.items():
            tokens: Lengths = getattr(part, feature)
            if cut := int(np.sum(tokens > limit)):
                yield (
                    f"note: {name}, {split}: {cut:,} of {len(tokens):,} {feature} are cut at "
                    f"--{feature}_length={limit}; the longest has {int(tokens.max()):,} tokens"
                )
