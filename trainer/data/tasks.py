"""seqio tasks and mixtures of a corpus, a vocabulary and an objective.

Nothing is registered at import. `load_tasks` adds tasks to seqio's registry when it is called, as
`c4_en_span_corruption`.
"""

import functools
from collections.abc import Mapping, Sequence

import seqio
import tensorflow as tf

from trainer.data.corpora import Corpus, distinct_names, find_corpus
from trainer.data.examples import add_empty_inputs, drop_empty, first_tokens, make_examples
from trainer.data.mixtures import MixtureError, mixing_rates
from trainer.data.objectives import OBJECTIVES, Objective, with_noise
from trainer.data.pairs import PairFormat, parse_pairs
from trainer.data.vocabularies import load_vocabulary

_DOCUMENT = {"text": tf.io.FixedLenFeature([], tf.string)}
_SHUFFLED_DOCUMENTS = 1000  # in the buffer that shuffles the first tokens


def read_documents(corpus: Corpus) -> seqio.DataSource:
    """The seqio source of documents: string feature `text`."""
    return seqio.TFExampleDataSource(
        split_to_filepattern=corpus.shards,
        feature_description=_DOCUMENT,
        num_input_examples=dict(corpus.examples) or None,
    )


def read_first_tokens(corpus: Corpus, vocabulary: seqio.Vocabulary, limit: int) -> seqio.DataSource:
    """The seqio source of the first `limit` tokens of `train`, and of all other splits.

    The first are those of the documents in the order of the shards, so that they are the same in
    each epoch, and for c4forge's corpora whatever the number of shards. seqio repeats and shuffles
    the source, and deals its documents out to hosts. A document longer than a chunk comes in parts.

    Returns:
      A source with the feature `text`: int32[n], the tokens of a document.
    """
    documents = read_documents(corpus)

    def read(split: str, shuffle_files: bool, seed: int | None = None) -> tf.data.Dataset:
        def tokenize(document: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            return {"text": vocabulary.encode_tf(document["text"])}

        if split != "train":
            texts = documents.get_dataset(split=split, shuffle=shuffle_files, seed=seed)
            return texts.map(tokenize, num_parallel_calls=tf.data.AUTOTUNE)
        records = tf.data.TFRecordDataset(list(corpus.shards[split]))  # one shard after the other
        texts = records.map(lambda record: tf.io.parse_single_example(record, _DOCUMENT))
        tokens = texts.map(tokenize, num_parallel_calls=tf.data.AUTOTUNE)
        limited = first_tokens(tokens, limit)
        return limited.shuffle(_SHUFFLED_DOCUMENTS, seed=seed) if shuffle_files else limited

    return seqio.FunctionDataSource(read, splits=corpus.shards.keys())


def read_lines(corpus: Corpus) -> seqio.DataSource:
    """The seqio source of pairs: lines of text, not parsed."""
    return seqio.TextLineDataSource(
        split_to_filepattern=corpus.shards, num_input_examples=dict(corpus.examples)
    )


def _features(vocabulary: seqio.Vocabulary, keys: Sequence[str]) -> dict[str, seqio.Feature]:
    return {key: seqio.Feature(vocabulary, add_eos=True, dtype=tf.int32) for key in keys}


def _add(name: str, source: seqio.DataSource, steps: Sequence[object], **fields: object) -> str:
    """Registers a task in the place of one of the same name, and returns the name."""
    if name in seqio.TaskRegistry.names():
        seqio.TaskRegistry.remove(name)
    seqio.TaskRegistry.add(name, source=source, preprocessors=steps, **fields)
    return name


def add_objective_task(
    name: str,
    corpus: Corpus,
    objective: Objective,
    vocabulary: str,
    data_tokens: int = 0,
    *,
    beside_pairs: bool = False,
) -> str:
    """Registers the task of an objective on a corpus of documents, and returns its name.

    Args:
      vocabulary: a SentencePiece model file.
      data_tokens: train on this many tokens only, the first, repeated (section 3.4.2); 0: on all.
      beside_pairs: True to give the examples of a causal objective empty inputs, because those of
        the pairs in the same mixture have inputs.
    """
    pieces = load_vocabulary(vocabulary)
    source = read_first_tokens(corpus, pieces, data_tokens) if data_tokens else None
    tokenize = functools.partial(seqio.preprocessors.tokenize, copy_pretokenized=False)
    steps = [
        functools.partial(seqio.preprocessors.rekey, key_map={"targets": "text"}),
        drop_empty if source else tokenize,
        seqio.CacheDatasetPlaceholder(),
        make_examples(objective),
        seqio.preprocessors.append_eos_after_trim,
    ]
    features = _features(pieces, ("targets",) if objective.is_causal() else ("inputs", "targets"))
    if objective.is_causal() and beside_pairs:
        steps.append(add_empty_inputs)
        features["inputs"] = seqio.Feature(pieces, add_eos=False, dtype=tf.int32)
    return _add(name, source or read_documents(corpus), steps, output_features=features)


def add_pairs_task(name: str, corpus: Corpus, prefix: str, vocabulary: str) -> str:
    """Registers the task of a corpus of pairs, and returns its name.

    Args:
      prefix: text in front of the inputs, as `translate English to German: ` (section 2.4).
    """
    steps = [
        functools.partial(parse_pairs, form=PairFormat(corpus.format), prefix=prefix),
        functools.partial(seqio.preprocessors.tokenize, copy_pretokenized=True),
        seqio.CacheDatasetPlaceholder(),
        seqio.preprocessors.append_eos_after_trim,
    ]
    features = _features(load_vocabulary(vocabulary), ("inputs", "targets"))
    return _add(name, read_lines(corpus), steps, output_features=features)


def load_tasks(
    corpora: Sequence[str],
    vocabulary: str,
    objective: str = "span_corruption",
    noise_density: float = 0.0,
    mean_span: float = 0.0,
    data_tokens: int = 0,
    prefix: str = "",
    *,
    beside_pairs: bool = False,
) -> list[str]:
    """Registers a task for each corpus, and returns their names in the order of the corpora.

    Args:
      beside_pairs: True if the mixture has examples with inputs that are of no corpus.
    Raises:
      CorpusError, VocabularyError, ObjectiveError: an argument cannot be used.
    """
    row = with_noise(OBJECTIVES[objective], noise_density, mean_span)
    found = [find_corpus(path) for path in corpora]
    names = task_names(corpora, found, objective, data_tokens)
    mixed = beside_pairs or not all(corpus.has_documents() for corpus in found)
    for name, corpus in zip(names, found, strict=True):
        if corpus.has_documents():
            add_objective_task(name, corpus, row, vocabulary, data_tokens, beside_pairs=mixed)
        else:
            add_pairs_task(name, corpus, prefix, vocabulary)
    return names


def task_names(
    paths: Sequence[str], corpora: Sequence[Corpus], objective: str, data_tokens: int = 0
) -> list[str]:
    """The names of the tasks of corpora, all different: as c4_en_span_corruption, or pairs."""
    size = f"_{data_tokens}" if data_tokens else ""
    names = [
        f"{corpus.name}_{objective}{size}" if corpus.has_documents() else corpus.name
        for corpus in corpora
    ]
    return distinct_names(paths, names)


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
