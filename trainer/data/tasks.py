"""seqio tasks and mixtures of a corpus, a vocabulary and an objective.

Nothing is registered at import. `load_task` adds a task to seqio's registry when it is called, as
`c4_en_span_corruption`. The gin file that `t5x gin` prints calls `load_mixture`.
"""

import functools
import json
from collections.abc import Mapping, Sequence

import seqio
import tensorflow as tf

from trainer.data.corpora import Corpus, StorageFormat, find_corpus
from trainer.data.examples import first_tokens, make_examples
from trainer.data.mixtures import MixtureError, mixing_rates
from trainer.data.objectives import OBJECTIVES, Objective, with_noise
from trainer.data.vocabularies import load_vocabulary


def read_documents(corpus: Corpus) -> seqio.DataSource:
    """The seqio source of documents: string feature `text`."""
    return seqio.TFExampleDataSource(
        split_to_filepattern=corpus.shards,
        feature_description={"text": tf.io.FixedLenFeature([], tf.string)},
        num_input_examples=dict(corpus.examples) or None,
    )


def read_pairs(corpus: Corpus) -> seqio.DataSource:
    """The seqio source of pairs: lines of text, not parsed."""
    return seqio.TextLineDataSource(
        split_to_filepattern=corpus.shards, num_input_examples=dict(corpus.examples)
    )


def split_pairs(dataset: tf.data.Dataset, storage: StorageFormat, prefix: str) -> tf.data.Dataset:
    """Parses lines to `inputs`, with the prefix in front, and `targets`."""

    def of_tsv(line: tf.Tensor) -> dict[str, tf.Tensor]:
        cells = tf.strings.split(line, "\t")
        return {"inputs": prefix + cells[0], "targets": cells[1]}

    def of_json(line: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, targets = tf.numpy_function(_load_pair, [line], [tf.string, tf.string])
        inputs.set_shape([])
        targets.set_shape([])
        return {"inputs": prefix + inputs, "targets": targets}

    return dataset.map(
        of_tsv if storage is StorageFormat.TSV else of_json, num_parallel_calls=tf.data.AUTOTUNE
    )


def _load_pair(line: bytes) -> tuple[bytes, bytes]:
    pair = json.loads(line)
    return pair["inputs"].encode(), pair["targets"].encode()


def _features(vocabulary: seqio.Vocabulary, keys: Sequence[str]) -> dict[str, seqio.Feature]:
    return {key: seqio.Feature(vocabulary, add_eos=True, dtype=tf.int32) for key in keys}


def _add(name: str, source: seqio.DataSource, steps: Sequence[object], **fields: object) -> str:
    """Registers a task in the place of one of the same name, and returns the name."""
    if name in seqio.TaskRegistry.names():
        seqio.TaskRegistry.remove(name)
    seqio.TaskRegistry.add(name, source=source, preprocessors=steps, **fields)
    return name


def add_objective_task(
    corpus: Corpus, objective: Objective, vocabulary: str, data_tokens: int = 0
) -> str:
    """Registers the task of an objective on a corpus of documents, and returns its name.

    Args:
      vocabulary: a SentencePiece model file.
      data_tokens: train on this many tokens only, the first, repeated (section 3.4.2); 0: on all.
        With several hosts each host reads this many.
    """
    limited = [first_tokens(data_tokens)] if data_tokens else []
    keys = ("targets",) if objective.is_causal() else ("inputs", "targets")
    steps = [
        functools.partial(seqio.preprocessors.rekey, key_map={"targets": "text"}),
        functools.partial(seqio.preprocessors.tokenize, copy_pretokenized=False),
        seqio.CacheDatasetPlaceholder(),
        *limited,
        make_examples(objective),
        seqio.preprocessors.append_eos_after_trim,
    ]
    size = f"_{data_tokens}" if data_tokens else ""
    name = f"{corpus.name}_{objective.name}{size}"
    features = _features(load_vocabulary(vocabulary), keys)
    return _add(name, read_documents(corpus), steps, output_features=features)


def add_pairs_task(corpus: Corpus, prefix: str, vocabulary: str) -> str:
    """Registers the task of a corpus of pairs, and returns its name.

    Args:
      prefix: text in front of the inputs, as `translate English to German: ` (section 2.4).
    """
    steps = [
        functools.partial(split_pairs, storage=corpus.format, prefix=prefix),
        functools.partial(seqio.preprocessors.tokenize, copy_pretokenized=True),
        seqio.CacheDatasetPlaceholder(),
        seqio.preprocessors.append_eos_after_trim,
    ]
    features = _features(load_vocabulary(vocabulary), ("inputs", "targets"))
    return _add(corpus.name, read_pairs(corpus), steps, output_features=features)


def load_task(
    corpus: str,
    vocabulary: str,
    objective: str = "span_corruption",
    noise_density: float = 0.0,
    mean_span: float = 0.0,
    data_tokens: int = 0,
    prefix: str = "",
) -> str:
    """Registers the task of one corpus, documents or pairs, and returns its name.

    Raises:
      CorpusError, VocabularyError, ObjectiveError: an argument cannot be used.
    """
    found = find_corpus(corpus)
    if found.format is not StorageFormat.TFRECORD:
        return add_pairs_task(found, prefix, vocabulary)
    row = with_noise(OBJECTIVES[objective], noise_density, mean_span)
    return add_objective_task(found, row, vocabulary, data_tokens)


def load_tasks(
    corpora: Sequence[str],
    vocabulary: str,
    objective: str = "span_corruption",
    noise_density: float = 0.0,
    mean_span: float = 0.0,
    data_tokens: int = 0,
    prefix: str = "",
) -> list[str]:
    """Registers a task for each corpus, and returns their names in the order of the corpora.

    Raises:
      CorpusError, VocabularyError, ObjectiveError: an argument cannot be used.
    """
    shared = (vocabulary, objective, noise_density, mean_span, data_tokens, prefix)
    return [load_task(corpus, *shared) for corpus in corpora]


def load_mixture(
    corpora: Sequence[str],
    vocabulary: str,
    objective: str = "span_corruption",
    noise_density: float = 0.0,
    mean_span: float = 0.0,
    data_tokens: int = 0,
    prefix: str = "",
    mixing: str = "proportional",
    mixing_cap: int = 0,
    mixing_temperature: float = 2.0,
) -> str:
    """Registers the tasks of several corpora and their mixture, or one task; returns its name.

    The mixture has the corpora with a split `train`; the tasks of all are registered.

    Raises:
      CorpusError, VocabularyError, ObjectiveError, MixtureError: an argument cannot be used.
    """
    shared = (vocabulary, objective, noise_density, mean_span, data_tokens, prefix)
    names = load_tasks(corpora, *shared)
    if len(names) == 1:
        return names[0]
    examples = {name: count_examples(name) for name in names if has_split(name, "train")}
    if not examples:
        raise MixtureError(f"--corpus: expected a split train; none of {', '.join(names)} has it")
    rates = mixing_rates(mixing, examples, mixing_cap, mixing_temperature)
    return add_mixture("_and_".join(examples) + f"_{mixing}", rates)


def has_split(task: str, split: str) -> bool:
    """True if the corpus of a registered task has the split."""
    return split in seqio.TaskRegistry.get(task).splits


def count_examples(task: str, split: str = "train") -> int:
    """Number of documents or pairs in a registered task; reads the split if it is not stated."""
    source = seqio.TaskRegistry.get(task).source
    stated = source.num_input_examples(split)
    if stated is not None:
        return int(stated)
    return sum(1 for _ in source.get_dataset(split=split, shuffle=False).as_numpy_iterator())


def add_mixture(name: str, rates: Mapping[str, float]) -> str:
    """Registers a mixture of registered tasks at given rates, and returns its name."""
    if name in seqio.MixtureRegistry.names():
        seqio.MixtureRegistry.remove(name)
    seqio.MixtureRegistry.add(name, list(rates.items()))
    return name
