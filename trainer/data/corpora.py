"""What there is to train on: corpus folders as c4forge or TFDS writes them, and people's own pairs.

Nothing is read here but file names, the counts that a folder states, and lines of small files.
"""

import glob
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runtime.errors import UsageError

_SHARD = re.compile(r"(?P<dataset>[\w.]+)-(?P<split>[\w.-]+?)\.tfrecord-\d{5}-of-(?P<count>\d{5})")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_PAIR_ENDINGS = {".tsv": "tsv", ".jsonl": "jsonl"}


class CorpusError(UsageError):
    """A corpus that cannot be read; the message names it and what was expected."""


class Form(StrEnum):
    """How a corpus is stored."""

    DOCUMENTS = "documents"  # TFRecord shards of tf.train.Example with a feature `text`
    TSV = "tsv"  # lines of inputs, tab, targets
    JSONL = "jsonl"  # lines of {"inputs": ..., "targets": ...}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Where the documents or pairs are.

    Attributes:
      name: what its tasks' names begin with, as c4_en.
      form: how it is stored.
      shards: files of each split, sorted.
      examples: how many documents or pairs each split has; a split is absent if nobody counted.
    """

    name: str
    form: Form
    shards: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, int]


def find_corpus(path: str) -> Corpus:
    """The corpus in a folder `…/c4/en/3.1.0`, or of own pairs: a file, or a folder of one a split.

    Raises:
      CorpusError: nothing there can be trained on, or a shard is missing.
    """
    if os.path.isfile(path):
        return _find_pairs(path, [path])
    if not os.path.isdir(path):
        raise CorpusError(f"--corpus={path}: no such file or folder")
    names = sorted(os.listdir(path))
    shards = [name for name in names if _SHARD.fullmatch(name)]
    if shards:
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


def _find_documents(folder: str, names: list[str]) -> Corpus:
    shards: dict[str, list[str]] = {}
    for name in names:
        shard = _SHARD.fullmatch(name)
        assert shard is not None
        shards.setdefault(shard["split"], []).append(os.path.join(folder, name))
    for split, files in shards.items():
        expected = int(files[0].rpartition("-of-")[2])
        if len(files) != expected:
            raise CorpusError(
                f"--corpus={folder}: {len(files)} of {expected} shards of {split} are there; "
                "run the corpus's command again, it writes what is missing"
            )
    return Corpus(
        name=corpus_name(folder),
        form=Form.DOCUMENTS,
        shards={split: tuple(files) for split, files in shards.items()},
        examples=_stated_examples(folder),
    )


def corpus_name(folder: str) -> str:
    """c4_en of out/c4/en/3.1.0; the folder's own name elsewhere."""
    parts = [part for part in os.path.abspath(folder).split(os.sep) if part]
    named = parts[-3:-1] if len(parts) > 2 and _VERSION.fullmatch(parts[-1]) else parts[-1:]
    return re.sub(r"\W", "_", "_".join(named))


def _stated_examples(folder: str) -> dict[str, int]:
    """Documents of each split as dataset_info.json states them; {} without one."""
    path = os.path.join(folder, "dataset_info.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as stream:
        splits = json.load(stream).get("splits", [])
    return {split["name"]: sum(map(int, split.get("shardLengths", []))) for split in splits}


def _find_pairs(path: str, files: list[str]) -> Corpus:
    """Pairs: the file's name is the split if there is a folder of them, train otherwise."""
    single = path == files[0]
    forms = {os.path.splitext(file)[1] for file in files}
    if len(forms) > 1 or not forms <= _PAIR_ENDINGS.keys():
        raise CorpusError(f"--corpus={path}: expected files all .tsv or all .jsonl")
    form = Form(_PAIR_ENDINGS[forms.pop()])
    shards, examples = {}, {}
    for file in files:
        split = "train" if single else os.path.splitext(os.path.basename(file))[0]
        shards[split] = (file,)
        examples[split] = _count_pairs(file, form)
    stem = os.path.splitext(os.path.basename(os.path.abspath(path)))[0]
    return Corpus(name=re.sub(r"\W", "_", stem), form=form, shards=shards, examples=examples)


def _count_pairs(path: str, form: Form) -> int:
    """Lines of a file of pairs, each of which is looked at.

    Raises:
      CorpusError: a line is no pair.
    """
    count = 0
    with open(path, encoding="utf-8") as stream:
        for count, line in enumerate(stream, start=1):
            if form is Form.TSV and line.rstrip("\n").count("\t") != 1:
                raise CorpusError(f"{path}:{count}: expected inputs, one tab, targets")
            if form is Form.JSONL and not _is_pair(line):
                raise CorpusError(f'{path}:{count}: expected {{"inputs": "…", "targets": "…"}}')
    if not count:
        raise CorpusError(f"{path}: no pairs in it")
    return count


def _is_pair(line: str) -> bool:
    try:
        pair = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(pair, dict) and all(
        isinstance(pair.get(key), str) for key in ("inputs", "targets")
    )
