"""Reads files of pairs: inputs and targets, one pair a line, in UTF-8.

    .tsv     inputs, one tab, targets. Quotes are text. A line `inputs<tab>targets` is a header.
    .jsonl   {"inputs": "…", "targets": "…"}; other keys are left out.

A byte order mark and the line ends of Windows are read over. Everything else is refused with the
number of the line.
"""

import codecs
import functools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import tensorflow as tf

from runtime.errors import UsageError
from trainer.data.vocabularies import load_vocabulary

_HEADER = ("inputs", "targets")
_MEASURED = 200_000  # pairs of a file; of more, as many at equal distances
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Lengths = np.ndarray[Any, np.dtype[np.int32]]


class PairsError(UsageError):
    """A file of pairs that cannot be read. The message has file, line and what to change."""


class PairFormat(StrEnum):
    """How pairs are stored."""

    TSV = "tsv"
    JSONL = "jsonl"


def read_pairs(path: str, form: PairFormat) -> Iterator[tuple[str, str]]:
    """The inputs and targets of each line, without the header.

    Raises:
      PairsError: a line is not a pair, or there is none.
    """
    count = quoted = 0
    for number, line in _lines(path):
        try:
            pair = _of_tsv(line) if form is PairFormat.TSV else _of_json(line)
        except ValueError as error:
            raise PairsError(f"{path}:{number}: {error}") from None
        if form is PairFormat.TSV and pair == _HEADER:
            continue
        count += 1
        quoted += form is PairFormat.TSV and all(map(_is_quoted, pair))
        yield pair
    if not count:
        raise PairsError(f"{path}: the file is empty; expected a pair on each line")
    if quoted == count:
        raise PairsError(
            f"{path}:1: each cell stands in quotes, as in CSV, but quotes are text here; write the "
            "file without quoting, or as .jsonl"
        )


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line, without its end."""
    with open(path, "rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1 and line.startswith(_UTF16):
                raise PairsError(f"{path}:1: expected UTF-8, got UTF-16; convert it with iconv")
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise PairsError(
                    f"{path}:{number}: expected UTF-8, got byte 0x{line[error.start]:02x} after "
                    f"{error.start} bytes; is it Latin-1? iconv -f LATIN1 -t UTF-8 converts it"
                ) from None
            yield number, text.removesuffix("\n").removesuffix("\r")


def _of_tsv(line: str) -> tuple[str, str]:
    cells = line.split("\t")
    if len(cells) != len(_HEADER):
        raise ValueError(f"expected inputs, one tab, targets; got {len(cells) - 1} tabs")
    if "\r" in line:
        raise ValueError("expected lines that end with a line feed; got a carriage return in one")
    if any(_is_quoted(cell) and '""' in cell[1:-1] for cell in cells):
        raise ValueError(
            "expected text without CSV's quotes, got a quoted cell with doubled quotes; write the "
            "file without quoting, or as .jsonl"
        )
    if tuple(cell.lower() for cell in cells) == _HEADER[::-1]:
        raise ValueError("the header has targets first; expected inputs, one tab, targets")
    return cells[0], cells[1]


def _is_quoted(cell: str) -> bool:
    """True if CSV would read the cell as quoted text."""
    within = cell[1:-1].replace('""', "")
    return len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in within


def _of_json(line: str) -> tuple[str, str]:
    expected = 'expected {"inputs": "…", "targets": "…"}'
    try:
        pair = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{expected}; {error.msg} at column {error.colno}") from None
    if not isinstance(pair, dict):
        raise ValueError(f"{expected}; got no object")
    for key in _HEADER:
        if not isinstance(pair.get(key), str):
            raise ValueError(f"{expected}; got {'no text for' if key in pair else 'no'} {key}")
        if any("\ud800" <= character <= "\udfff" for character in pair[key]):
            raise ValueError(f"{key} has half a surrogate pair, which is no character")
    return pair["inputs"], pair["targets"]


def count_pairs(path: str, form: PairFormat) -> int:
    """Number of pairs in a file. Checks each line, once as long as the file stays as it is.

    Raises:
      PairsError: a line is not a pair, or there is none.
    """
    return _count_pairs(path, form, _stamp(path))


@functools.lru_cache(maxsize=256)
def _count_pairs(path: str, form: PairFormat, stamp: tuple[int, int]) -> int:
    del stamp  # part of the key
    return sum(1 for _ in read_pairs(path, form))


def _stamp(path: str) -> tuple[int, int]:
    """Size and time of a file, which differ when it was written again."""
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def parse_pairs(dataset: tf.data.Dataset, form: PairFormat, prefix: str) -> tf.data.Dataset:
    """Parses lines that `count_pairs` has checked to `inputs`, after the prefix, and `targets`."""

    def of_tsv(line: tf.Tensor) -> dict[str, tf.Tensor]:
        cells = tf.strings.split(line, "\t")
        return {"inputs": prefix + cells[0], "targets": cells[1]}

    def of_json(line: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, targets = tf.numpy_function(_encode_json, [line], [tf.string, tf.string])
        inputs.set_shape([])
        targets.set_shape([])
        return {"inputs": prefix + inputs, "targets": targets}

    def without_mark(line: tf.Tensor) -> tf.Tensor:
        return tf.strings.regex_replace(line, "^\ufeff", "")

    dataset = dataset.map(without_mark, num_parallel_calls=tf.data.AUTOTUNE)
    if form is PairFormat.TSV:
        dataset = dataset.filter(lambda line: line != "\t".join(_HEADER))
    return dataset.map(
        of_tsv if form is PairFormat.TSV else of_json, num_parallel_calls=tf.data.AUTOTUNE
    )


def _encode_json(line: bytes) -> tuple[bytes, bytes]:
    inputs, targets = _of_json(line.decode())
    return inputs.encode(), targets.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLengths:
    """Tokens of the pairs of a file, EOS included.

    Attributes:
      inputs, targets: int32[n], of n pairs: all, or if they are very many a sample.
    """

    inputs: Lengths
    targets: Lengths


def measure_pairs(path: str, form: PairFormat, prefix: str, vocabulary: str) -> PairLengths:
    """Tokens of the pairs of a file; of more than 200,000 those of as many at equal distances.

    Args:
      vocabulary: a SentencePiece model file.
    """
    every = -(-count_pairs(path, form) // _MEASURED)
    chosen = [pair for row, pair in enumerate(read_pairs(path, form)) if row % every == 0]
    return measure_texts([(prefix + inputs, targets) for inputs, targets in chosen], vocabulary)


def measure_texts(texts: Sequence[tuple[str, str]], vocabulary: str) -> PairLengths:
    """Tokens of inputs and targets.

    Args:
      vocabulary: a SentencePiece model file.
    """
    model = load_vocabulary(vocabulary).tokenizer
    inputs = model.encode([inputs for inputs, _ in texts])
    targets = model.encode([targets for _, targets in texts])
    return PairLengths(
        inputs=np.array([len(ids) + 1 for ids in inputs], np.int32),
        targets=np.array([len(ids) + 1 for ids in targets], np.int32),
    )
