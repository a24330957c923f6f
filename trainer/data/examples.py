"""Preprocessors from tokenized documents to examples: select, concatenate, split, corrupt.

A preprocessor takes a seed from seqio where its counterpart in t5 0.9.4 takes one, used or not, so
that those after it get the seeds of the reference.
"""

from collections.abc import Callable

import seqio
import tensorflow as tf

from trainer.data.corruption import corrupt
from trainer.data.objectives import Noise, Objective, ObjectiveError, lengths

CHUNK_TOKENS = 65536  # of a longer document each epoch takes one random chunk
CONCATENATED_DOCUMENTS = 128

Preprocessor = Callable[..., tf.data.Dataset]


def select_chunks(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Documents, of those over 65,536 tokens one random chunk (t5: select_random_chunk)."""

    @seqio.map_over_dataset(num_seeds=1)
    def take(document: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        tokens = document["targets"]
        start_seed = tf.random.experimental.stateless_split(seed, 2)[1]
        chunks = tf.cast(tf.math.ceil(tf.size(tokens) / CHUNK_TOKENS), tf.int32)
        start = CHUNK_TOKENS * tf.random.stateless_uniform(
            [], maxval=chunks, dtype=tf.int32, seed=start_seed
        )
        return {"targets": tokens[start : start + CHUNK_TOKENS]}

    return take(drop_empty(dataset))


def _has_tokens(document: dict[str, tf.Tensor]) -> tf.Tensor:
    return tf.size(document["targets"]) > 0


def concatenate_documents(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Concatenates 128 documents at a time, without padding ids (t5: reduce_concat_tokens)."""

    def join(documents: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        tokens = tf.reshape(documents["targets"], [-1])  # int32[documents, n] -> int32[-1]
        return {"targets": tf.boolean_mask(tokens, tokens != 0)}

    joined = dataset.padded_batch(CONCATENATED_DOCUMENTS, padded_shapes={"targets": [-1]})
    return joined.map(join, num_parallel_calls=tf.data.AUTOTUNE)


def split_documents(dataset: tf.data.Dataset, length: int) -> tf.data.Dataset:
    """Splits documents into `length` tokens each; the last may be shorter (t5: split_tokens)."""

    @seqio.map_over_dataset(num_seeds=1)
    def cut(document: dict[str, tf.Tensor], seed: tf.Tensor) -> tf.data.Dataset:
        del seed  # the reference can draw the length
        return tf.data.Dataset.from_tensor_slices(document["targets"]).batch(length)

    pieces = cut(drop_empty(dataset)).flat_map(lambda piece: piece)
    return pieces.map(lambda tokens: {"targets": tokens}, num_parallel_calls=tf.data.AUTOTUNE)


def drop_empty(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Tokenized documents without those of no token."""
    return dataset.filter(_has_tokens)


def add_empty_inputs(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Examples of a causal objective with `inputs` of no token."""
    return dataset.map(lambda example: {**example, "inputs": tf.zeros([0], tf.int32)})


def first_tokens(dataset: tf.data.Dataset, limit: int) -> tf.data.Dataset:
    """The first `limit` tokens of documents (`text`: int32[n]), in order (section 3.4.2).

    The last document is cut. One of over 65,536 tokens becomes several, so that each epoch has all.
    """

    def advance(
        seen: tf.Tensor, document: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        tokens = document["text"][: tf.maximum(limit - seen, 0)]
        return seen + tf.size(document["text"], tf.int64), {"text": tokens}

    def cut(document: dict[str, tf.Tensor]) -> tf.data.Dataset:
        parts = tf.data.Dataset.from_tensor_slices(document["text"]).batch(CHUNK_TOKENS)
        return parts.map(lambda tokens: {"text": tokens})

    full = dataset.filter(lambda document: tf.size(document["text"]) > 0)
    limited = full.scan(tf.constant(0, tf.int64), advance)
    return limited.take_while(lambda document: tf.size(document["text"]) > 0).flat_map(cut)


def make_examples(objective: Objective) -> Preprocessor:
    """The preprocessor from tokenized documents (`targets`) to examples of an objective."""

    def make(
        dataset: tf.data.Dataset,
        sequence_length: dict[str, int],
        output_features: dict[str, seqio.Feature],
    ) -> tf.data.Dataset:
        key = "targets" if objective.is_causal() else "inputs"
        needed = lengths(objective, sequence_length[key])
        if sequence_length["targets"] < needed.targets and objective.noise is Noise.SPANS:
            raise ObjectiveError(
                f"--targets_length={sequence_length['targets']}: {objective.name} makes targets "
                f"of {needed.targets} tokens from --inputs_length={needed.inputs}; leave it out"
            )
        vocab_size = output_features["targets"].vocabulary.vocab_size

        @seqio.map_over_dataset(num_seeds=1)
        def corrupt_piece(piece: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
            return corrupt(objective, piece["targets"], seed, vocab_size)

        dataset = select_chunks(dataset)
        if objective.joins:
            dataset = concatenate_documents(dataset)
        return corrupt_piece(split_documents(dataset, needed.raw))

    return make
