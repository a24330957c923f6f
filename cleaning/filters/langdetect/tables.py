"""What langdetect knows, as arrays for `kernel`."""

import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import compiled, inlined
from cleaning.filters.langdetect.detector import MARKED_LETTERS, MARKS
from cleaning.filters.langdetect.profiles import CHARACTERS, KEY_BITS, SPACE, Profiles

LANGUAGES = 55
WIDTH = 56  # of a row of probabilities: one more, which is always 0, so that vectors are full
CAPITALS = 26  # of LETTERS
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NO_SYMBOL = 255
IN_LINK, IN_NAME, IN_DOMAIN = 1, 2, 4  # bits of `Tables.byte_class`
STREAM = 1 << 15  # more than seven trials can take of it
_LINK_MARKS, _NAME_MARKS, _DOMAIN_MARKS = b"-_.?&~;+=/#", b"-_.", b"-_"
_MARKED_LETTERS = ord(max(MARKED_LETTERS)) + 1
FIRST_MARK, LAST_MARK = ord(min(MARKS)), ord(max(MARKS))
_MARKS = LAST_MARK - FIRST_MARK + 1


class Tables(NamedTuple):
    """What the kernel looks up.

    The row of an n-gram is found by its symbols if all its characters have one, else by its key.

    Attributes:
      normal: int32[CHARACTERS], of `Profiles`.
      symbol: uint8[CHARACTERS], of `normal`: 0 of a space, 1 to 52 of LETTERS, else NO_SYMBOL.
      upper: bool[CHARACTERS], whether `normal` is a capital.
      marked: int32[_MARKED_LETTERS, _MARKS], the character that a letter and a mark of Vietnamese
        make, or 0; marks are counted from FIRST_MARK.
      known: uint8[64**3], how many known n-grams of one to three characters end with three symbols;
        0 if the last two are capitals, as in words in capitals.
      row_of_one, row_of_two, row_of_three: int32[64], [64**2], [64**3], row by symbols, or -1.
      key, key_row: uint64[m] and int32[m], hash table from key to row, -1 in free places.
      start, language, likelihood: of `Profiles`.
      byte_class: uint8[256], IN_LINK, IN_NAME and IN_DOMAIN of each byte.
      stream: uint32[STREAM], the random numbers of `random.Random(0).getrandbits(32)`.
    """

    normal: NDArray[np.int32]
    symbol: NDArray[np.uint8]
    upper: NDArray[np.bool_]
    marked: NDArray[np.int32]
    known: NDArray[np.uint8]
    row_of_one: NDArray[np.int32]
    row_of_two: NDArray[np.int32]
    row_of_three: NDArray[np.int32]
    key: NDArray[np.uint64]
    key_row: NDArray[np.int32]
    start: NDArray[np.int32]
    language: NDArray[np.int32]
    likelihood: NDArray[np.float64]
    byte_class: NDArray[np.uint8]
    stream: NDArray[np.uint32]


def load_tables(profiles: Profiles) -> Tables:
    """The tables of profiles."""
    rows = len(profiles.key)
    table = _hash_table(profiles.key, 1 << (2 * rows).bit_length())
    by_character = np.full(CHARACTERS, NO_SYMBOL, np.uint8)
    by_character[[SPACE, *map(ord, LETTERS)]] = range(len(LETTERS) + 1)
    is_upper = np.array([chr(c).isupper() for c in range(CHARACTERS)])
    letters = np.array([SPACE, *map(ord, LETTERS)], np.int64)
    return Tables(
        profiles.normal, by_character[profiles.normal], is_upper[profiles.normal], _marked(),
        *_symbol_tables(letters, *table), *table, profiles.start, profiles.language,
        profiles.likelihood, _byte_class(), _stream(),
    )  # fmt: skip


def _stream() -> NDArray[np.uint32]:
    """NumPy seeds with [0] as Python does with 0."""
    return np.frombuffer(np.random.RandomState([0]).bytes(4 * STREAM), "<u4").astype(np.uint32)


def _marked() -> NDArray[np.int32]:
    """`Tables.marked`."""
    marked = np.zeros((_MARKED_LETTERS, _MARKS), np.int32)
    for letter in MARKED_LETTERS:
        for mark in MARKS:
            joined = unicodedata.normalize("NFC", letter + mark)
            marked[ord(letter), ord(mark) - FIRST_MARK] = ord(joined)
    return marked


def _byte_class() -> NDArray[np.uint8]:
    found = np.zeros(256, np.uint8)
    classes = (IN_LINK, _LINK_MARKS), (IN_NAME, _NAME_MARKS), (IN_DOMAIN, _DOMAIN_MARKS)
    for bit, marks in classes:
        found[list(marks + b"0123456789" + LETTERS.encode())] |= bit
    return found


@inlined
def key_of(first: int, second: int, third: int) -> np.uint64:
    """The key of an n-gram by its characters; -1 for those after its end."""
    return (
        np.uint64(first + 1)
        | (np.uint64(second + 1) << np.uint64(KEY_BITS))
        | (np.uint64(third + 1) << np.uint64(2 * KEY_BITS))
    )


@inlined
def _place(key: np.uint64, places: int) -> np.int64:
    """The first place of a key in a hash table of 2**n places."""
    return np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & (places - 1)


@compiled
def _hash_table(
    keys: NDArray[np.uint64], places: int
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    table, row_of = np.zeros(places, np.uint64), np.full(places, -1, np.int32)
    for row in range(len(keys)):
        place = _place(keys[row], places)
        while row_of[place] >= 0:
            place = (place + 1) & (places - 1)
        table[place], row_of[place] = keys[row], row
    return table, row_of


@inlined
def find_row(key: np.uint64, tables: "Tables") -> int:
    """The row of a key, or -1."""
    place = _place(key, len(tables.key))
    while tables.key_row[place] >= 0:
        if tables.key[place] == key:
            return np.int64(tables.key_row[place])
        place = (place + 1) & (len(tables.key) - 1)
    return np.int64(-1)


@inlined
def _find(key: np.uint64, table: NDArray[np.uint64], row_of: NDArray[np.int32]) -> int:
    """The same, from the table alone."""
    place = _place(key, len(table))
    while row_of[place] >= 0:
        if table[place] == key:
            return np.int64(row_of[place])
        place = (place + 1) & (len(table) - 1)
    return np.int64(-1)


@compiled
def _symbol_tables(
    letters: NDArray[np.int64], table: NDArray[np.uint64], row_of: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """`known`, `row_of_one`, `row_of_two`, `row_of_three`, by the rules of n-grams.

    None is a space alone or two spaces, and none has a space in its middle. `known` leaves out
    those that end within a word in capitals.
    """
    one, two = np.full(64, -1, np.int32), np.full(64**2, -1, np.int32)
    three, known = np.full(64**3, -1, np.int32), np.zeros(64**3, np.uint8)
    for c in range(1, len(letters)):
        one[c] = _find(key_of(letters[c], -1, -1), table, row_of)
    for b in range(len(letters)):
        for c in range(len(letters)):
            if b or c:
                two[b * 64 + c] = _find(key_of(letters[b], letters[c], -1), table, row_of)
            for a in range(len(letters)):
                at = (a * 64 + b) * 64 + c
                if b:
                    key = key_of(letters[a], letters[b], letters[c])
                    three[at] = _find(key, table, row_of)
                if not (1 <= b <= CAPITALS and 1 <= c <= CAPITALS):
                    known[at] = (one[c] >= 0) + (two[b * 64 + c] >= 0) + (three[at] >= 0)
    return known, one, two, three
