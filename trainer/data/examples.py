"""From tokenized documents to examples: chunks, joined, cut, corrupted. Steps over tf.data.

Every step that draws, or whose counterpart in t5 0.9.4 takes a seed, takes one from seqio, so that
the seeds of the steps after it are the reference's.
"""

from collections.abc import Callable

import seqio
import tensorflow as tf

from trainer.data.corruption import corrupt
from trainer.data.objectives import Noise, Objective, lengths

MOST_TOKENS = 65536  # of one document in an epoch: longer ones give a random chunk
JOINED_DOCUMENTS = 128

Step = Callable[..., tf.data.Dataset]


def take_chunks(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Of a document over 65,536 tokens one chunk at random, whole documents otherwise."""

    @seqio.map_over_dataset(num_seeds=1)
    def take(document: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        tokens = document["targets"]
        of_start = tf.random.experimental.stateless_split(seed, 2)[1]
        chunks = tf.cast(tf.math.ceil(tf.size(tokens) / MOST_TOKENS), tf.int32)
        start = MOST_TOKENS * tf.random.stateless_uniform(
            [], maxval=chunks, dtype=tf.int32, seed=of_start
        )
        return {"targets": tokens[start : start + MOST_TOKENS]}

    return take(dataset.filter(_has_tokens))


def _has_tokens(document: dict[str, tf.Tensor]) -> tf.Tensor:
    return tf.size(document["targets"]) > 0


def join_documents(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """128 documents become one, end to end; padding ids in them are left out."""

    def join(documents: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        tokens = tf.reshape(documents["targets"], [-1])  # int32[documents, n] -> int32[-1]
        return {"targets": tf.boolean_mask(tokens, tokens != 0)}

    joined = dataset.padded_batch(JOINED_DOCUMENTS, padded_shapes={"targets": [-1]})
    return joined.map(join, num_parallel_calls=tf.data.AUTOTUNE)


def cut_documents(dataset: tf.data.Dataset, length: int) -> tf.data.Dataset:
    """Pieces of `length` tokens, in order; the last one of a document may be shorter."""

    @seqio.map_over_dataset(num_seeds=1)
    def cut(document: dict[str, tf.Tensor], seed: tf.Tensor) -> tf.data.Dataset:
        del seed  # the reference's counterpart can draw the length
        return tf.data.Dataset.from_tensor_slices(document["targets"]).batch(length)

    pieces = cut(dataset.filter(_has_tokens)).flat_map(lambda piece: piece)
    return pieces.map(lambda tokens: {"targets": tokens}, num_parallel_calls=tf.data.AUTOTUNE)


def first_tokens(limit: int) -> Step:
    """The step that keeps the first `limit` tokens of a dataset, to be repeated (section 3.4.2)."""

    def take(dataset: tf.data.Dataset) -> tf.data.Dataset:
        def advance(
            seen: tf.Tensor, document: dict[str, tf.Tensor]
        ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            left = tf.maximum(limit - seen, 0)
            tokens = document["targets"][:left]
            return seen + tf.size(tokens, tf.int64), {"targets": tokens}

        return dataset.scan(tf.constant(0, tf.int64), advance).take_while(_has_tokens)

    return take


def make_examples(objective: Objective) -> Step:
    """The step from tokenized documents (`targets`) to examples of an objective."""

    def make(
        dataset: tf.data.Dataset,
        sequence_length: dict[str, int],
        output_features: dict[str, seqio.Feature],
    ) -> tf.data.Dataset:
        key = "targets" if objective.noise is Noise.NONE else "inputs"
        needed = lengths(objective, sequence_length[key])
        if sequence_length["targets"] < needed.targets and objective.noise is Noise.SPANS:
            raise ValueError(
                f"{objective.name}: inputs of {needed.inputs} tokens give targets of "
                f"{needed.targets}, but targets_length is {sequence_length['targets']}"
            )
        vocab_size = output_features["targets"].vocabulary.vocab_size

        @seqio.map_over_dataset(num_seeds=1)
        def corrupt_piece(piece: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
            return corrupt(objective, piece["targets"], seed, vocab_size)

        dataset = take_chunks(dataset)
        if objective.joins:
            dataset = join_documents(dataset)
        return corrupt_piece(cut_documents(dataset, needed.raw))

    return make
