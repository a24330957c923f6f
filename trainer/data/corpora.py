"""Finds the files of a training corpus: TFRecord shards of documents, or files of pairs.

Reads file names, the counts in dataset_info.json, and the lines of files of pairs; no documents.
"""

import glob
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpora.layout import find_missing, format_of, split_of, stem_of
from runtime.errors import UsageError
from trainer.data.pairs import PairFormat, count_pairs

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_PAIR_ENDINGS = {".tsv": "tsv", ".jsonl": "jsonl"}


class CorpusError(UsageError):
    """A corpus that cannot be read. The message names the path and what was expected there."""


class StorageFormat(StrEnum):
    """How a corpus is stored."""

    TFRECORD = "tfrecord"  # documents: shards of tf.train.Example with a feature `text`
    TSV = "tsv"  # pairs: lines of inputs, tab, targets
    JSONL = "jsonl"  # pairs: lines of {"inputs": ..., "targets": ...}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The files of a corpus of documents or pairs.

    Attributes:
      name: first part of the names of its tasks, as c4_en.
      format: how it is stored.
      shards: files of each split, sorted.
      examples: number of documents or pairs in each split; without the splits not counted yet.
    """

    name: str
    format: StorageFormat
    shards: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, int]

    def has_documents(self) -> bool:
        """True for a corpus of documents, False for one of pairs."""
        return self.format is StorageFormat.TFRECORD


def distinct_names(paths: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names of the corpora in these paths; equal ones get a digest of their path at the end.

    Raises:
      CorpusError: a path is given twice.
    """
    real = [os.path.realpath(path) for path in paths]
    for path, found in zip(paths, real, strict=True):
        if real.count(found) > 1:
            raise CorpusError(f"--corpus={path}: it is given twice; give each corpus once")
    return [
        f"{name}_{hashlib.sha256(path.encode()).hexdigest()[:6]}" if names.count(name) > 1 else name
        for name, path in zip(names, real, strict=True)
    ]


def find_corpus(path: str) -> Corpus:
    """The corpus in a folder `…/c4/en/3.1.0`, or the pairs in a file or in a folder of splits.

    Raises:
      CorpusError: there is no corpus, or one of its shards is missing.
      PairsError: a line of a file of pairs is not one.
    """
    if os.path.isfile(path):
        return _find_pairs(path, [path])
    if not os.path.isdir(path):
        raise CorpusError(f"--corpus={path}: no such file or folder")
    names = sorted(os.listdir(path))
    if shards := [name for name in names if _is_tfrecord(name)]:
        return _find_documents(path, shards)
    pairs = [name for name in names if os.path.splitext(name)[1] in _PAIR_ENDINGS]
    if pairs:
        return _find_pairs(path, [os.path.join(path, name) for name in pairs])
    below = sorted(glob.glob(os.path.join(path, "**", "*.tfrecord-00000-of-*"), recursive=True))
    hint = f"; did you mean {os.path.dirname(below[0])}?" if below else ""
    raise CorpusError(
        f"--corpus={path}: expected TFRecord shards, as c4-train.tfrecord-00000-of-00001, or "
        f"pairs in .tsv or .jsonl files{hint}"
    )


def _is_tfrecord(name: str) -> bool:
    """True for a TFRecord shard with a split in its name."""
    row = format_of(name)
    return row is not None and row.name == StorageFormat.TFRECORD and bool(_split(name))


def _split(name: str) -> str:
    """The split of a shard; one of an own name, as books-dev, begins after the dataset's name."""
    return split_of(name) or stem_of(name).partition("-")[2]


def _find_documents(folder: str, names: list[str]) -> Corpus:
    if missing := find_missing(names):
        raise CorpusError(
            f"--corpus={folder}: {missing}; run the command that wrote the corpus again, it "
            "writes the missing shards"
        )
    shards: dict[str, list[str]] = {}
    for name in names:
        shards.setdefault(_split(name), []).append(os.path.join(folder, name))
    return Corpus(
        name=corpus_name(folder),
        format=StorageFormat.TFRECORD,
        shards={split: tuple(files) for split, files in shards.items()},
        examples=_stated_examples(folder),
    )


def corpus_name(folder: str) -> str:
    """c4_en for out/c4/en/3.1.0; the folder's own name where it is not a version."""
    parts = [part for part in os.path.abspath(folder).split(os.sep) if part]
    named = parts[-3:-1] if len(parts) > 2 and _VERSION.fullmatch(parts[-1]) else parts[-1:]
    return re.sub(r"\W", "_", "_".join(named))


def _stated_examples(folder: str) -> dict[str, int]:
    """Documents of each split as dataset_info.json states them; {} without the file."""
    path = os.path.join(folder, "dataset_info.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as stream:
        splits = json.load(stream).get("splits", [])
    return {split["name"]: sum(map(int, split.get("shardLengths", []))) for split in splits}


def _find_pairs(path: str, files: list[str]) -> Corpus:
    """In a folder each file is a split, named after it; a file given alone is the split train."""
    single = path == files[0]
    endings = {os.path.splitext(file)[1] for file in files}
    if len(endings) > 1 or not endings <= _PAIR_ENDINGS.keys():
        raise CorpusError(f"--corpus={path}: expected only .tsv files or only .jsonl files")
    storage = StorageFormat(_PAIR_ENDINGS[endings.pop()])
    form = PairFormat(storage)
    shards, examples = {}, {}
    for file in files:
        split = "train" if single else os.path.splitext(os.path.basename(file))[0]
        shards[split] = (file,)
        examples[split] = count_pairs(file, form)
    stem = os.path.splitext(os.path.basename(os.path.abspath(path)))[0]
    return Corpus(name=re.sub(r"\W", "_", stem), format=storage, shards=shards, examples=examples)
