"""Scores a model on a split of its corpora: loss, and exact-match of pairs."""

from collections.abc import Mapping, Sequence

import seqio

from trainer.config import Decoding, TrainConfig
from trainer.data.vocabularies import load_vocabulary
from trainer.inference import Decode, chunks, make_decoder
from trainer.training.evaluation import Evaluator
from trainer.training.input_pipeline import batch_spec, open_members
from trainer.training.run import load_params, prepare_run
from vocab.vocabulary import EOS_ID, UNK_ID

Row = Mapping[str, str | float]


def score_split(config: TrainConfig, checkpoint: str | Sequence[str], split: str) -> list[Row]:
    """A row for each corpus with the split, and one for all if they are several.

    Every example counts once. A row has the name of the task, loss, accuracy, number and unigram
    entropy of the targets, and for pairs their number and the share that greedy decoding gets
    exactly right.

    Args:
      checkpoint: a checkpoint_N; "" for the newest in --model_dir; several for an ensemble.
    Raises:
      DataError: no corpus has the split.
    """
    members, _ = open_members(config, split)
    spec = batch_spec(next(iter(members.values())), config.batch_size)
    evaluator = Evaluator(config, prepare_run(config, spec), split, whole=True)
    rows = evaluator.evaluate_members(load_params(config, checkpoint))
    decode = make_decoder(config, checkpoint, Decoding())
    scores = {name: count_exact(config, decode, name, split) for name in members}
    found = {name: dict(rows[name]) | exact_share(*scores[name]) for name in members}
    if len(found) > 1:
        right, pairs = (sum(column) for column in zip(*scores.values(), strict=True))
        found["total"] = dict(rows["total"]) | exact_share(right, pairs)
    return [{"task": name, **row} for name, row in found.items()]


def exact_share(right: int, pairs: int) -> dict[str, float]:
    """Share of the pairs that are right, and their number; {} without pairs."""
    return {"exact_match": right / pairs, "pairs": float(pairs)} if pairs else {}


def count_exact(config: TrainConfig, decode: Decode, task: str, split: str) -> tuple[int, int]:
    """Number of pairs whose decoded text is the target, and number of pairs; 0, 0 for documents.

    The target's text is compared, not its ids: a target with characters that the vocabulary does
    not have, or longer than --targets_length, cannot be right. Spaces are compared as one.
    """
    lengths = {"inputs": config.inputs_length, "targets": config.lengths()["targets"]}
    dataset = seqio.TaskRegistry.get(task).get_dataset(lengths, split=split, shuffle=False)
    if "targets_pretokenized" not in dataset.element_spec:
        return 0, 0
    vocabulary = load_vocabulary(config.vocab)
    right = pairs = 0
    for number, batch in enumerate(chunks(dataset.as_numpy_iterator(), config.batch_size)):
        decoded = decode([row["inputs"].tolist() for row in batch], number)
        for (ids, *_), row in zip(decoded, batch, strict=True):
            text = vocabulary.decode([i for i in ids if i > EOS_ID])
            target = row["targets_pretokenized"].decode()
            right += UNK_ID not in ids and text.split() == target.split()
        pairs += len(batch)
    return right, pairs
