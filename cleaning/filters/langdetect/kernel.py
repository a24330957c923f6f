"""langdetect's best language of a text, equal to `detector` to the last bit, in compiled code.

The rules are those of `detector`, in their order: addresses become spaces, runs of spaces one;
10,000 characters are read; Latin letters are dropped from text of other scripts; known n-grams of
one to three characters are numbered, those of words in capitals left out; seven trials draw n-grams
by number until a language is certain. Only n-grams that are drawn are looked up: 330 of 8,000.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import compiled, compiled_in_place, inlined
from cleaning.filters.langdetect import detector
from cleaning.filters.langdetect.detector import (
    ALPHA,
    ALPHA_WIDTH,
    BASE_FREQUENCY,
    CERTAIN,
    DRAWS_BETWEEN_SUMS,
    LIKELY,
    MAX_DRAWS,
    NO_FEATURES,
    TRIALS,
    UNKNOWN,
)
from cleaning.filters.langdetect.profiles import SPACE, load_profiles
from cleaning.filters.langdetect.tables import (
    LANGUAGES,
    NO_SYMBOL,
    STREAM,
    WIDTH,
    Tables,
    find_row,
    key_of,
    load_tables,
)
from cleaning.filters.langdetect.text import (
    FIRST,
    PLACES,
    has_address,
    read_characters,
    without_links,
    without_mails,
)

_DENSE_ROWS = 6000
_SYMBOLS = 0x3FFFF  # three symbols of six bits
_ODD = NO_SYMBOL ^ 0x3F  # bits of NO_SYMBOL that no symbol has
_LAST_NUMBER = (1 << 15) - 1  # above 3 * MAX_CHARACTERS; also a mask, as LAST_PLACE
_LAST_WORD = STREAM - 1  # of the stream, which no text takes to its end; also a mask
_BEFORE = 2  # places of `Room.ends` before that of the first number: no n-gram ends there


class Room(NamedTuple):
    """What the kernel writes to, made once.

    Attributes:
      characters, symbols: uint32[PLACES], uint8[PLACES], of `read_characters`.
      ends: uint16[_BEFORE + _LAST_NUMBER + 3], the place at which the n-gram of each number ends.
      dense: float64[_DENSE_ROWS, WIDTH], rows with a column for each language.
      dense_of: int32[rows], which of them has a row, or -1.
      taken: int32[1], how many of them are taken.
      places: int64[DRAWS_BETWEEN_SUMS], those of the rows that were drawn.
      trial, mean: float64[WIDTH], probabilities of a trial and of all.
    """

    characters: NDArray[np.uint32]
    symbols: NDArray[np.uint8]
    ends: NDArray[np.uint16]
    dense: NDArray[np.float64]
    dense_of: NDArray[np.int32]
    taken: NDArray[np.int32]
    places: NDArray[np.int64]
    trial: NDArray[np.float64]
    mean: NDArray[np.float64]


class Kernel:
    """The compiled detector. Not for several threads at once."""

    def __init__(self) -> None:
        profiles = load_profiles()
        self.languages = profiles.languages
        self._tables = load_tables(profiles)
        self._room = Room(
            np.full(PLACES, SPACE, np.uint32),
            np.zeros(PLACES, np.uint8),  # the symbol of a space
            np.zeros(_BEFORE + _LAST_NUMBER + 3, np.uint16),
            np.zeros((_DENSE_ROWS, WIDTH)),
            np.full(len(self._tables.start) - 1, -1, np.int32),
            np.zeros(1, np.int32),
            np.zeros(DRAWS_BETWEEN_SUMS, np.int64),
            np.zeros(WIDTH),
            np.zeros(WIDTH),
        )

    def identify(self, text: str) -> tuple[int, float]:
        """The number of the likeliest language and its probability.

        UNKNOWN if none is likely, NO_FEATURES if no n-gram is known.
        """
        try:
            utf8 = text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return detector.identify(text)
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
    last = read_characters(utf8, room.characters, room.symbols, tables)
    known = _number_ngrams(last, room, tables)
    if known == 0:
        return NO_FEATURES, 0.0
    _try(known, room, tables)
    best = 0
    for language in range(LANGUAGES):
        if room.mean[language] > room.mean[best]:
            best = language
    return (best, room.mean[best]) if room.mean[best] > LIKELY else (UNKNOWN, 0.0)


@compiled_in_place
def _number_ngrams(last: int, room: Room, tables: Tables) -> int:
    """Numbers known n-grams by where they end, shorter ones first; returns how many there are.

    Args:
      last: the end of the characters.
    """
    known = three = 0
    odd = -1  # the last place whose character has no symbol
    for place in range(FIRST, last):
        symbol = np.int64(room.symbols[place])
        three = (three << 6 | symbol & 0x3F) & _SYMBOLS
        number = (known & _LAST_NUMBER) + _BEFORE
        room.ends[number] = place
        room.ends[number + 1] = place
        room.ends[number + 2] = place
        if symbol == NO_SYMBOL:
            odd = place
        if place > odd + 2:
            known += np.int64(tables.known[three])
        elif not (
            tables.upper[room.characters[place]] and tables.upper[room.characters[place - 1]]
        ):
            for size in range(1, 4):
                known += _row(place, size, room, tables) >= 0
    return known


@inlined
def _normal(place: int, room: Room, tables: Tables) -> int:
    """The normal character at a place."""
    return tables.normal[room.characters[place]]


@inlined
def _row(place: int, size: int, room: Room, tables: Tables) -> int:
    """The row of the n-gram of a size that ends at a place, or -1."""
    character = _normal(place, room, tables)
    if size == 1:
        if character == SPACE:
            return -1
        return find_row(key_of(character, -1, -1), tables)
    first = _normal(place - 1, room, tables)
    if size == 2:
        if first == SPACE and character == SPACE:
            return -1
        return find_row(key_of(first, character, -1), tables)
    if first == SPACE:
        return -1
    return find_row(key_of(_normal(place - 2, room, tables), first, character), tables)


@inlined
def _nth_row(number: int, room: Room, tables: Tables) -> int:
    """The row of the n-gram of a number."""
    before = number + _BEFORE
    at = np.int64(room.ends[before])
    one_shorter, two_shorter = room.ends[before - 1] == at, room.ends[before - 2] == at
    skipped = np.int64(one_shorter) + np.int64(one_shorter & two_shorter)
    c, b = np.int64(room.symbols[at]), np.int64(room.symbols[at - 1])
    a = np.int64(room.symbols[at - 2])
    if (a | b | c) & _ODD:
        return _odd_row(at, skipped, room, tables)
    one = np.int64(tables.row_of_one[c])
    two = np.int64(tables.row_of_two[b << 6 | c])
    row = np.int64(tables.row_of_three[(a << 6 | b) << 6 | c])
    row = two if (two >= 0) & (skipped == np.int64(one >= 0)) else row
    return one if (one >= 0) & (skipped == 0) else row


@inlined
def _odd_row(at: int, skipped: int, room: Room, tables: Tables) -> int:
    """The row of a known n-gram that ends at a place, after so many shorter ones."""
    for size in range(1, 4):
        row = _row(at, size, room, tables)
        if row >= 0:
            if skipped == 0:
                return row
            skipped -= 1
    return -1


@inlined
def _dense(row: int, room: Room, tables: Tables) -> int:
    """The place of a row in `room.dense`, where there is room for it."""
    place = room.dense_of[row]
    if place < 0:
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
    high = tables.stream[at & _LAST_WORD] >> np.uint32(5)
    low = tables.stream[at + 1 & _LAST_WORD] >> np.uint32(6)
    return (float(high) * 67108864.0 + float(low)) * (1.0 / 9007199254740992.0)


@compiled_in_place
def _try(known: int, room: Room, tables: Tables) -> None:
    """Fills `room.mean` by the trials."""
    room.mean[:] = 0.0
    at = 0
    spare = 0.0  # `random.Random.gauss` makes two numbers at a time
    for trial in range(TRIALS):
        gauss = spare
        if trial % 2 == 0:
            angle = _random(at, tables) * (2.0 * math.pi)
            radius = math.sqrt(-2.0 * math.log(1.0 - _random(at + 2, tables)))
            gauss, spare = math.cos(angle) * radius, math.sin(angle) * radius
            at += 4
        at = _draw(known, (ALPHA + gauss * ALPHA_WIDTH) / BASE_FREQUENCY, at, room, tables)
        for language in range(LANGUAGES):
            room.mean[language] += room.trial[language] / TRIALS


@inlined
def _draw(known: int, weight: float, at: int, room: Room, tables: Tables) -> int:
    """One trial, into `room.trial`; returns the place of the stream after it.

    The sum is taken after the first draw and after every DRAWS_BETWEEN_SUMS more.
    """
    room.trial[:LANGUAGES] = 1.0 / LANGUAGES
    bits = 0
    while known >> bits:
        bits += 1
    draws, count = 0, 1
    while draws <= MAX_DRAWS:
        if room.taken[0] + count > _DENSE_ROWS:  # no room for these: all rows are dropped
            room.dense_of[:] = -1
            room.taken[0] = 0
        for draw in range(count):
            number = known
            while number >= known:  # `random.Random.choice`
                number = np.int64(tables.stream[at & _LAST_WORD] >> np.uint32(32 - bits))
                at += 1
            room.places[draw] = _dense(_nth_row(number, room, tables), room, tables)
        _multiply(weight, count, room)
        if _is_certain(room):
            break
        draws += count
        count = DRAWS_BETWEEN_SUMS
    return at


@inlined
def _multiply(weight: float, count: int, room: Room) -> None:
    """Multiplies each language by its likelihoods, one after another: of one row or of five."""
    a, b, c = room.places[0], room.places[1], room.places[2]
    d, e = room.places[3], room.places[4]
    if count == 1:
        for language in range(WIDTH):
            room.trial[language] *= weight + room.dense[a, language]
        return
    for language in range(WIDTH):
        likely = room.trial[language] * (weight + room.dense[a, language])
        likely *= weight + room.dense[b, language]
        likely *= weight + room.dense[c, language]
        likely *= weight + room.dense[d, language]
        room.trial[language] = likely * (weight + room.dense[e, language])


@inlined
def _is_certain(room: Room) -> bool:
    """Divides by the sum, which is added up in the order of languages."""
    total = 0.0
    for language in range(LANGUAGES):
        total += room.trial[language]
    certain = False
    for language in range(WIDTH):
        room.trial[language] /= total
        certain |= room.trial[language] > CERTAIN
    return certain
