"""Reads the examples of a data set from a local folder: TFDS, Hugging Face, or files of lines.

| folder | holds |
|---|---|
| TFDS | dataset_info.json and features.json, as `tfds build` writes them |
| Hugging Face, saved | dataset_dict.json or state.json, as `save_to_disk` writes them |
| Hugging Face, Parquet | train-00000-of-00001.parquet, … or train.parquet, also in a folder data/ |
| lines | a file for each split: train.jsonl, train.tsv or train.csv |

Nothing is downloaded. Only TFDS needs the library that wrote it. TSV has a header row and no
quotes; CSV has a header row and may have quotes.
"""

import csv
import functools
import glob
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trainer.downstream.task import DownstreamError, Example

_SPLIT = re.compile(r"(\w+)(?:\[(\d*):(\d*)\])?")
_SHARD = re.compile(r"(.+?)(-\d+-of-\d+(-\w+)?)?\.parquet")
_LONGEST_FIELD = 2**31 - 1
_ALIASES = {"validation": ("validation", "dev", "valid", "val"), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class SplitName:
    """A split, or a part of it, as train[:78785]."""

    name: str
    start: int = 0
    stop: int | None = None

    @classmethod
    def parse(cls, text: str) -> "SplitName":
        """From `name`, `name[start:stop]`, with either number left out."""
        found = _SPLIT.fullmatch(text)
        if not found:
            raise DownstreamError(f"split {text!r}: expected a name, or name[start:stop]")
        name, start, stop = found.groups()
        return cls(name, int(start or 0), int(stop) if stop else None)


class Split(NamedTuple):
    """A split of a folder.

    Attributes:
      read: reads all its examples.
      files: that they are read from.
    """

    read: Callable[[], Iterator[Example]]
    files: tuple[str, ...]


Splits = dict[str, Split]


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of examples.

    Attributes:
      path: the folder or file.
      splits: its splits by name.
    """

    path: str
    splits: Mapping[str, Split]

    def find_split(self, split: str, alias: str = "") -> str | None:
        """The name here of a split, or of `alias`, which is another name for it; None without."""
        name = SplitName.parse(split).name
        names = (name, *_ALIASES.get(name, ()), alias, *_ALIASES.get(alias, ()))
        return next((each for each in names if each in self.splits), None)

    def read(self, split: str, alias: str = "") -> Iterator[Example]:
        """Examples of a split or of a part of it."""
        part = SplitName.parse(split)
        name = self.find_split(split, alias)
        if name is None:
            raise DownstreamError(
                f"{self.path}: no split {split!r}; there is {', '.join(self.splits)}"
            )
        # dev.jsonl in place of train[78785:] is read from its beginning
        sliced = name in (part.name, *_ALIASES.get(part.name, ()))
        stop = part.stop if sliced else None
        return itertools.islice(self.splits[name].read(), part.start if sliced else 0, stop)

    def files(self, split: str, alias: str = "") -> tuple[str, ...]:
        """The files that a split is read from; () if there is no such split."""
        name = self.find_split(split, alias)
        return self.splits[name].files if name else ()


def find_source(path: str) -> Source | None:
    """The examples in a folder, or in a file, which is the split train; None if there are none."""
    if os.path.isfile(path):
        ending = os.path.splitext(path)[1]
        if ending not in _LINES:
            raise DownstreamError(f"{path}: expected a file ending in {', '.join(_LINES)}")
        return Source(path, {"train": Split(functools.partial(_LINES[ending], path), (path,))})
    for find in (_find_tfds, _find_saved, _find_parquet, _find_lines):
        if splits := find(path):
            return Source(path, splits)
    return None


def _find_tfds(path: str) -> Splits:
    info = os.path.join(path, "dataset_info.json")
    if not os.path.exists(info) or not os.path.exists(os.path.join(path, "features.json")):
        return {}
    with open(info, encoding="utf-8") as stream:
        names = [split["name"] for split in json.load(stream).get("splits", [])]
    return {
        name: Split(functools.partial(_read_tfds, path, name), _files(path, f"*-{name}.*"))
        for name in names
    }


def _files(folder: str, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(glob.glob(os.path.join(glob.escape(folder), pattern))))


def _read_tfds(path: str, split: str) -> Iterator[Example]:
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(path)
    in_order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    dataset = builder.as_dataset(split=split, shuffle_files=False, read_config=in_order)
    return map(plain, tfds.as_numpy(dataset))


def plain(value: Any) -> Any:
    """A value of TFDS in Python's types: bytes are text, arrays are lists; numbers stay NumPy's."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, np.integer | np.bool_):
        return int(value)
    return value


def _find_saved(path: str) -> Splits:
    """What `save_to_disk` of Hugging Face's datasets writes: Arrow streams."""
    folders: dict[str, str] = {}
    if os.path.exists(os.path.join(path, "dataset_dict.json")):
        with open(os.path.join(path, "dataset_dict.json"), encoding="utf-8") as stream:
            folders = {name: os.path.join(path, name) for name in json.load(stream)["splits"]}
    elif os.path.exists(os.path.join(path, "state.json")):
        folders = {_state(path).get("_split") or "train": path}
    return {
        name: Split(functools.partial(_read_saved, folder), _files(folder, "*.arrow"))
        for name, folder in folders.items()
    }


def _state(folder: str) -> dict[str, Any]:
    with open(os.path.join(folder, "state.json"), encoding="utf-8") as stream:
        state: dict[str, Any] = json.load(stream)
    return state


def _read_saved(folder: str) -> Iterator[Example]:
    for file in _state(folder)["_data_files"]:
        with pa.memory_map(os.path.join(folder, file["filename"])) as stream:
            for batch in pa.ipc.open_stream(stream):
                yield from batch.to_pylist()


def _find_parquet(path: str) -> Splits:
    files = _files(path, "*.parquet") or _files(os.path.join(path, "data"), "*.parquet")
    shards: dict[str, list[str]] = {}
    for file in files:
        if found := _SHARD.fullmatch(os.path.basename(file)):
            shards.setdefault(found.group(1), []).append(file)
    return {
        name: Split(functools.partial(_read_parquet, parts), tuple(parts))
        for name, parts in shards.items()
    }


def _read_parquet(files: list[str]) -> Iterator[Example]:
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=1024):
            yield from batch.to_pylist()


def _find_lines(path: str) -> Splits:
    if not os.path.isdir(path):
        return {}
    splits: Splits = {}
    for name in sorted(os.listdir(path)):
        stem, ending = os.path.splitext(name)
        if ending not in _LINES:
            continue
        if stem in splits:
            raise DownstreamError(f"{path}: expected one file for the split {stem}, found two")
        file = os.path.join(path, name)
        splits[stem] = Split(functools.partial(_LINES[ending], file), (file,))
    return splits


def _lines(path: str) -> Iterator[str]:
    """Lines that end with LF or CRLF, decoded as UTF-8, without a byte-order mark."""
    with open(path, encoding="utf-8-sig", newline="\n") as stream:
        try:
            for line in stream:
                yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DownstreamError(
                f"{path}: expected UTF-8; {error}. Convert it: iconv -f latin1 -t utf-8"
            ) from None


def _read_jsonl(path: str) -> Iterator[Example]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            example = json.loads(line)
        except json.JSONDecodeError as error:
            raise DownstreamError(f"{path}:{number}: expected a JSON object: {error}") from None
        if not isinstance(example, dict):
            raise DownstreamError(f"{path}:{number}: expected a JSON object, got {line[:40]!r}")
        yield example


def _rows(path: str, rows: Iterator[list[str]]) -> Iterator[Example]:
    names = next(rows, [])
    if repeated := [name for name in names if names.count(name) > 1]:
        raise DownstreamError(f"{path}:1: the header row names {repeated[0]!r} twice")
    for number, cells in enumerate(rows, start=2):
        if len(cells) != len(names):
            raise DownstreamError(
                f"{path}:{number}: expected {len(names)} columns as in the header row "
                f"({', '.join(names)}), got {len(cells)}"
            )
        yield dict(zip(names, cells, strict=True))


def _read_tsv(path: str) -> Iterator[Example]:
    return _rows(path, (line.split("\t") for line in _lines(path)))


def _read_csv(path: str) -> Iterator[Example]:
    csv.field_size_limit(_LONGEST_FIELD)
    return _rows(path, csv.reader(line + "\n" for line in _lines(path)))


_LINES: dict[str, Callable[[str], Iterator[Example]]] = {
    ".jsonl": _read_jsonl,
    ".tsv": _read_tsv,
    ".csv": _read_csv,
}
