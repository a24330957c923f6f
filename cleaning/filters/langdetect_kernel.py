"""langdetect's best language of a text, equal to langdetect-rs to the last bit, in compiled code.

The rules are those of `langdetect.detector.Detector` and `langdetect.utils.ngram.NGram` (1.0.9), in
their order: addresses become spaces, runs of spaces one; 10,000 characters are read; Latin letters
are dropped from text of other scripts; known n-grams of one to three characters are numbered, those
of words in capitals left out; seven trials draw n-grams by number until a language is certain.
Only an n-gram that is drawn is looked up, about 330 of 8,000.

The library must decide about a text with combining marks of
Vietnamese, with characters from U+20000 on, or with fewer than three characters: HANDED_OVER.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import compiled, inlined
from cleaning.filters.langdetect_tables import (
    CAPITALS,
    LANGUAGES,
    NO_SYMBOL,
    SPACE,
    STREAM,
    WIDTH,
    Tables,
    find_row,
    key_of,
    load_tables,
)
from cleaning.filters.langdetect_text import (
    MAX_CHARACTERS,
    has_address,
    read_characters,
    without_links,
    without_mails,
)

TRIALS, MAX_DRAWS, DRAWS_BETWEEN_SUMS = 7, 1000, 5
ALPHA, ALPHA_WIDTH, BASE_FREQUENCY = 0.5, 0.05, 10_000.0
CERTAIN, LIKELY = 0.99999, 0.1
UNKNOWN, NO_FEATURES, HANDED_OVER = -1, -2, -3  # in place of a language's number
_DENSE_ROWS = 6000
_SYMBOLS = 0x3FFFF  # three symbols of six bits


class Room(NamedTuple):
    """What the kernel writes to, made once.

    Attributes:
      characters: uint32[MAX_CHARACTERS].
      ends: uint16[3 * MAX_CHARACTERS + 3], the character at which the n-gram of each number ends.
      dense: float64[_DENSE_ROWS, WIDTH], rows with a column for each language.
      dense_of: int32[rows], which of them has a row, or -1.
      taken: int32[1], how many of them are taken.
      trial, mean: float64[WIDTH], probabilities of a trial and of all.
    """

    characters: NDArray[np.uint32]
    ends: NDArray[np.uint16]
    dense: NDArray[np.float64]
    dense_of: NDArray[np.int32]
    taken: NDArray[np.int32]
    trial: NDArray[np.float64]
    mean: NDArray[np.float64]


class Kernel:
    """The compiled detector. Not for several threads at once.

    Args:
      detector: langdetect-rs with its 55 profiles and the sums of Python 3.11.
    """

    def __init__(self, detector: Any) -> None:
        self.languages: list[str] = detector.langs()
        self._tables = load_tables(detector.__reduce__()[1][0])
        self._room = Room(
            np.zeros(MAX_CHARACTERS, np.uint32),
            np.zeros(3 * MAX_CHARACTERS + 3, np.uint16),
            np.zeros((_DENSE_ROWS, WIDTH)),
            np.full(len(self._tables.start) - 1, -1, np.int32),
            np.zeros(1, np.int32),
            np.zeros(WIDTH),
            np.zeros(WIDTH),
        )

    def identify(self, text: str) -> tuple[int, float]:
        """The number of the likeliest language and its probability.

        UNKNOWN if none is likely, NO_FEATURES if no n-gram is known, HANDED_OVER if the library
        must decide.
        """
        try:
            utf8 = text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return HANDED_OVER, 0.0
        (number,), (probability,) = self.identify_all([utf8])
        return number, probability

    def identify_all(self, texts: Sequence[bytes]) -> tuple[list[int], list[float]]:
        """The same of many texts, in UTF-8: numbers, and probabilities."""
        sizes = np.array([len(text) for text in texts], np.int64)
        numbers, probabilities = np.empty(len(texts), np.int64), np.empty(len(texts))
        data = np.frombuffer(b"".join(texts), np.uint8)
        _identify_all(data, sizes, numbers, probabilities, self._room, self._tables)
        return numbers.tolist(), probabilities.tolist()


@compiled
def _identify_all(
    data: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    numbers: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    room: Room,
    tables: Tables,
) -> None:
    start = 0
    for text in range(len(sizes)):
        end = start + sizes[text]
        numbers[text], probabilities[text] = _identify(data[start:end], room, tables)
        start = end


@compiled
def _identify(utf8: NDArray[np.uint8], room: Room, tables: Tables) -> tuple[int, float]:
    if has_address(utf8):
        utf8 = without_mails(without_links(utf8, tables), tables)
    count = read_characters(utf8, room.characters, tables)
    if count < 3:
        return HANDED_OVER, 0.0
    known = _number_ngrams(count, room, tables)
    if known == 0:
        return NO_FEATURES, 0.0
    if not _try(known, room, tables):
        return HANDED_OVER, 0.0
    best, most = UNKNOWN, LIKELY
    for language in range(LANGUAGES):
        if room.mean[language] > most:
            best, most = language, room.mean[language]
    return best, most


@compiled
def _number_ngrams(count: int, room: Room, tables: Tables) -> int:
    """Numbers known n-grams by where they end, shorter ones first; returns how many there are."""
    characters, ends = room.characters, room.ends
    known, symbols, plain = 0, 0, 3  # plain: how many of the last characters have a symbol
    was_upper = in_capitals = False
    for at in range(count):
        symbol = tables.symbol[characters[at]]
        plain = plain + 1 if symbol != NO_SYMBOL else 0
        is_upper = 1 <= symbol <= CAPITALS if plain else tables.upper[characters[at]]
        in_capitals = is_upper & (was_upper | in_capitals)
        was_upper = is_upper
        symbols = (symbols << 6 | (symbol & 0x3F)) & _SYMBOLS
        ends[known] = ends[known + 1] = ends[known + 2] = at
        if plain >= 3:
            known += 0 if in_capitals else tables.known[symbols]
        elif not in_capitals:
            second, first, character = _last_three(characters, at, tables)
            for size in range(1, 4):
                known += _row(second, first, character, size, tables) >= 0
    return known


@inlined
def _last_three(characters: NDArray[np.uint32], at: int, tables: Tables) -> tuple[int, int, int]:
    """The normal characters up to a place, spaces before the first."""
    first = characters[at - 1] if at > 0 else np.uint32(SPACE)
    second = characters[at - 2] if at > 1 else np.uint32(SPACE)
    return tables.normal[second], tables.normal[first], tables.normal[characters[at]]


@inlined
def _row(second: int, first: int, character: int, size: int, tables: Tables) -> int:
    """The row of the n-gram of a size that ends with a character, or -1."""
    if size == 1:
        if character == SPACE:
            return -1
        return find_row(key_of(character, -1, -1), tables.key, tables.key_row)
    if size == 2:
        if first == SPACE and character == SPACE:
            return -1
        return find_row(key_of(first, character, -1), tables.key, tables.key_row)
    if first == SPACE:
        return -1
    return find_row(key_of(second, first, character), tables.key, tables.key_row)


@inlined
def _nth_row(number: int, room: Room, tables: Tables) -> int:
    """The row of the n-gram of a number."""
    ends = room.ends
    at = np.int64(ends[number])
    skipped = 0  # known n-grams that end there too and are shorter
    while number > skipped and ends[number - skipped - 1] == at:
        skipped += 1
    second, first, character = _last_three(room.characters, at, tables)
    c, b, a = tables.symbol[character], tables.symbol[first], tables.symbol[second]
    plain = c != NO_SYMBOL and b != NO_SYMBOL and a != NO_SYMBOL
    for size in range(1, 4):
        if not plain:
            row = _row(second, first, character, size, tables)
        elif size == 1:
            row = np.int64(tables.row_of_one[c])
        elif size == 2:
            row = np.int64(tables.row_of_two[np.int64(b) << 6 | c])
        else:
            row = np.int64(tables.row_of_three[(np.int64(a) << 6 | b) << 6 | c])
        if row >= 0:
            if skipped == 0:
                return row
            skipped -= 1
    return -1


@inlined
def _dense(row: int, room: Room, tables: Tables) -> int:
    """The place of a row in `room.dense`; if there is no room for it, all rows are dropped."""
    place = room.dense_of[row]
    if place < 0:
        if room.taken[0] == _DENSE_ROWS:
            room.dense_of[:] = -1
            room.taken[0] = 0
        place = room.taken[0]
        room.taken[0] += 1
        room.dense_of[row] = place
        room.dense[place, :] = 0.0
        for number in range(tables.start[row], tables.start[row + 1]):
            room.dense[place, tables.language[number]] = tables.likelihood[number]
    return np.int64(place)


@inlined
def _random(at: int, tables: Tables) -> float:
    """`random.Random.random` from a place of the stream."""
    high, low = tables.stream[at] >> np.uint32(5), tables.stream[at + 1] >> np.uint32(6)
    return (float(high) * 67108864.0 + float(low)) * (1.0 / 9007199254740992.0)


@compiled
def _try(known: int, room: Room, tables: Tables) -> bool:
    """Fills `room.mean` by the trials; False if the stream ends before them."""
    room.mean[:] = 0.0
    at = 0
    spare = 0.0  # `random.Random.gauss` makes two numbers at a time
    for trial in range(TRIALS):
        gauss = spare
        if trial % 2 == 0:
            if at + 4 > STREAM:
                return False
            angle = _random(at, tables) * (2.0 * math.pi)
            radius = math.sqrt(-2.0 * math.log(1.0 - _random(at + 2, tables)))
            gauss, spare = math.cos(angle) * radius, math.sin(angle) * radius
            at += 4
        at = _draw(known, (ALPHA + gauss * ALPHA_WIDTH) / BASE_FREQUENCY, at, room, tables)
        if at < 0:
            return False
        for language in range(LANGUAGES):
            room.mean[language] += room.trial[language] / TRIALS
    return True


@inlined
def _draw(known: int, weight: float, at: int, room: Room, tables: Tables) -> int:
    """One trial, into `room.trial`; returns the place of the stream after it, or -1."""
    trial = room.trial
    trial[:LANGUAGES] = 1.0 / LANGUAGES
    bits = 0
    while known >> bits:
        bits += 1
    for draws in range(MAX_DRAWS + 1):
        number = known
        while number >= known:  # `random.Random.choice`
            if at == STREAM:
                return -1
            number = np.int64(tables.stream[at] >> np.uint32(32 - bits))
            at += 1
        place = _dense(_nth_row(number, room, tables), room, tables)
        for language in range(WIDTH):
            trial[language] *= weight + room.dense[place, language]
        if draws % DRAWS_BETWEEN_SUMS == 0 and _is_certain(trial):
            break
    return at


@inlined
def _is_certain(trial: NDArray[np.float64]) -> bool:
    """Divides by the sum, which is added up in the order of languages."""
    total = 0.0
    for language in range(LANGUAGES):
        total += trial[language]
    certain = False
    for language in range(WIDTH):
        trial[language] /= total
        certain |= trial[language] > CERTAIN
    return certain
