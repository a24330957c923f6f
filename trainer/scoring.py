"""Scores a model on a split of its corpora: loss, and exact-match of pairs."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import seqio

from runtime.cli.console import say
from trainer.config import Decoding, TrainConfig
from trainer.data.tasks import has_split
from trainer.data.vocabularies import load_vocabulary
from trainer.inference import Decode, chunks, make_decoder
from trainer.input.batches import batch_spec, open_members, register_tasks
from trainer.input.lengths import fit_to_data
from trainer.training.evaluation import Evaluator
from trainer.training.run import load_params, prepare_run
from vocab.vocabulary import EOS_ID, UNK_ID

Row = Mapping[str, str | float]


class PairCounts(NamedTuple):
    """Numbers of pairs.

    Attributes:
      pairs: all.
      right: with a decoded text that is the target.
      cut: with a target of more than --targets_length tokens, which cannot be right.
    """

    pairs: int
    right: int
    cut: int

    def row(self) -> dict[str, float]:
        """Share of the pairs that are right, and the numbers; {} without pairs."""
        if not self.pairs:
            return {}
        share = self.right / self.pairs
        return {"exact_match": share, "pairs": self.pairs, "targets_cut": self.cut}


def score_split(config: TrainConfig, checkpoint: str | Sequence[str], split: str = "") -> list[Row]:
    """A row for each corpus with the split, and one for all if they are several.

    Every example counts once. A row has the name of the task, the split, loss, accuracy, number and
    unigram entropy of the targets, and for pairs their number and the share that greedy decoding
    gets exactly right.

    Args:
      checkpoint: a checkpoint_N; "" for the newest in --model_dir; several for an ensemble.
      split: "" for the one of `default_split`.
    Raises:
      DataError: no corpus has the split.
    """
    config, notes = fit_to_data(config)
    for note in notes:
        say(note)
    split = split or default_split(config)
    members, _ = open_members(config, split)
    spec = batch_spec(next(iter(members.values())), config.batch_size)
    evaluator = Evaluator(config, prepare_run(config, spec), split, whole=True)
    rows = evaluator.evaluate_members(load_params(config, checkpoint))
    decode = make_decoder(config, checkpoint, Decoding())
    counts = {name: count_exact(config, decode, name, split) for name in members}
    if len(members) > 1:
        counts["total"] = PairCounts(*map(sum, zip(*counts.values(), strict=True)))
    else:
        del rows["total"]
    return [
        {"task": name, "split": split, **scores, **counts[name].row()}
        for name, scores in rows.items()
    ]


def default_split(config: TrainConfig) -> str:
    """`validation` if a corpus has it, else `test`; `train` if all corpora are single files."""
    names = register_tasks(config)
    for split in ("validation", "test"):
        if any(has_split(name, split) for name in names):
            return split
    return "train" if all(map(os.path.isfile, config.corpus)) else "validation"


def count_exact(config: TrainConfig, decode: Decode, task: str, split: str) -> PairCounts:
    """Counts the pairs whose decoded text is the target; none for documents.

    The target's text is compared, not its ids: a target with characters that the vocabulary does
    not have, or longer than --targets_length, cannot be right. Spaces are compared as one.
    """
    limit = config.lengths()["targets"]
    lengths = {"inputs": config.input_tokens(), "targets": limit}
    dataset = seqio.TaskRegistry.get(task).get_dataset(lengths, split=split, shuffle=False)
    if "targets_pretokenized" not in dataset.element_spec:
        return PairCounts(0, 0, 0)
    vocabulary = load_vocabulary(config.vocab)
    pairs = right = cut = 0
    for number, batch in enumerate(chunks(dataset.as_numpy_iterator(), config.batch_size)):
        decoded = decode([row["inputs"].tolist() for row in batch], number)
        for (ids, *_), row in zip(decoded, batch, strict=True):
            text = vocabulary.decode([i for i in ids if i > EOS_ID])
            target = row["targets_pretokenized"].decode()
            right += UNK_ID not in ids and text.split() == target.split()
            cut += len(vocabulary.encode(target)) >= limit  # EOS comes after
        pairs += len(batch)
    return PairCounts(pairs, right, cut)
