"""Sentences of texts that no rule of Punkt can undo, for many texts at once, in compiled code.

The reasons are those of `cleaning.sentences.count_sentences`, which counts the sentences of the
other texts. Here a period ends a sentence only after a word of ASCII letters, and only the first
bytes of a text are read.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import compiled_in_place, inlined
from cleaning.sentences import reclassified

_PERIOD, _QUESTION, _EXCLAMATION, _SPACE, _NEWLINE = b".?! \n"
_LETTER, _WORD = 1, 2  # bits of `Words.byte_class`
_KEY_BYTES = 8  # of a word, by which it is looked up
_BITS = 12
_PLACES = 1 << _BITS
_SEARCHED_BYTES = 2000  # of a text


class Words(NamedTuple):
    r"""What the kernel looks up.

    Attributes:
      byte_class: uint8[256], _LETTER and _WORD of each ASCII byte, as `re` has
        `[^\W\d_]` and `\w`.
      doubtful: uint64[_PLACES], hash table of the first eight bytes of words, in small letters,
        after which a period may end no sentence; 0 in free places.
    """

    byte_class: NDArray[np.uint8]
    doubtful: NDArray[np.uint64]


def have_certain_sentences(texts: Sequence[bytes], count: int) -> list[bool]:
    """True for texts that certainly have so many sentences; False is no answer.

    Args:
      texts: UTF-8.
      count: two at least, as one sentence needs no break.
    """
    heads = [text[:_SEARCHED_BYTES] for text in texts]
    data = np.frombuffer(b"".join(heads), np.uint8)
    ends = np.cumsum([len(head) for head in heads], dtype=np.int64)
    found = np.zeros(len(texts), np.bool_)
    _have_certain_sentences(data, ends, max(count, 2), found, load_words())
    return found.tolist()


@functools.cache
def load_words() -> Words:
    """The tables, made once a process."""
    byte_class = np.zeros(256, np.uint8)
    for byte in range(0x80):
        character = chr(byte)
        is_word = character.isalnum() or character == "_"
        byte_class[byte] = _LETTER * character.isalpha() | _WORD * is_word
    doubtful = np.zeros(_PLACES, np.uint64)
    for word in sorted(reclassified()):
        if word.isascii() and word.isalpha():
            key = int.from_bytes(word.lower().encode()[:_KEY_BYTES])
            place = int(_place(np.uint64(key)))
            while doubtful[place] not in (0, key):
                place = (place + 1) % _PLACES
            doubtful[place] = key
    return Words(byte_class, doubtful)


@compiled_in_place
def _place(key: np.uint64) -> np.int64:
    return np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _BITS))


@compiled_in_place
def _have_certain_sentences(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    count: int,
    found: NDArray[np.bool_],
    words: Words,
) -> None:
    start = 0
    for text in range(len(ends)):
        found[text] = _certain_sentences(data[start : ends[text]], count, words) == count
        start = ends[text]


@inlined
def _certain_sentences(text: NDArray[np.uint8], at_most: int, words: Words) -> int:
    """How many sentences a text certainly has, or `at_most` where there are more."""
    sentences = 1
    at = 0
    while at + 1 < len(text) and sentences < at_most:
        mark = text[at]
        at += 1
        if mark != _PERIOD and mark != _QUESTION and mark != _EXCLAMATION:
            continue
        after = at
        while after < len(text) and (text[after] == _SPACE or text[after] == _NEWLINE):
            after += 1
        if after == at or after == len(text) or not words.byte_class[text[after]] & _WORD:
            continue
        sentences += mark != _PERIOD or _is_plain_word(text, at - 1, words)
        at = after
    return sentences


@inlined
def _is_plain_word(text: NDArray[np.uint8], end: int, words: Words) -> bool:
    """True if two ASCII letters or more end there, after space, and a period may follow them."""
    start = end
    while start > 0 and words.byte_class[text[start - 1]] & _LETTER:
        start -= 1
    if end - start < 2 or start == 0:
        return False
    if text[start - 1] != _SPACE and text[start - 1] != _NEWLINE:
        return False
    key = np.uint64(0)
    for at in range(start, min(end, start + _KEY_BYTES)):
        key = (key << np.uint64(8)) | np.uint64(text[at] | 0x20)
    place = _place(key)
    while words.doubtful[place] != np.uint64(0):
        if words.doubtful[place] == key:
            return False
        place = (place + 1) & (_PLACES - 1)
    return True
