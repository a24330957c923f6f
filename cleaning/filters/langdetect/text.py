"""The characters of a text that langdetect reads: the first step of `kernel`.

The text is valid UTF-8. Characters are numbers, below `CHARACTERS`. `detector.read_text` is the
definition.
"""

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import character_at, compiled, compiled_in_place, inlined
from cleaning.filters.langdetect.detector import MAX_CHARACTERS
from cleaning.filters.langdetect.profiles import CHARACTERS, SPACE
from cleaning.filters.langdetect.tables import (
    FIRST_MARK,
    IN_DOMAIN,
    IN_LINK,
    IN_NAME,
    LAST_MARK,
    Tables,
)

FIRST = 2  # place of the first character: two spaces stand before it
PLACES = 1 << 14
LAST_PLACE = PLACES - 1  # also a mask, by which the compiler sees that no place is negative
_MAX_LINK, _MAX_NAME, _MAX_DOMAIN = 2076, 64, 255  # characters of parts of an address
_SCRIPTS = 0x300  # the first character that counts as one of another script: Latin ones, too
_RARE = CHARACTERS - 1  # in place of characters beyond: no profile has any of them


@compiled_in_place
def has_address(utf8: NDArray[np.uint8]) -> bool:
    """True if the text has an `@` or `:/`."""
    found = False
    for at in range(len(utf8) - 1):
        found |= (utf8[at] == 0x40) | ((utf8[at] == 0x3A) & (utf8[at + 1] == 0x2F))
    return found


@inlined
def _run(utf8: NDArray[np.uint8], start: int, most: int, bit: int, tables: Tables) -> int:
    """How many of the bytes from `start` on, `most` of them at most, are of a class."""
    end = min(start + most, len(utf8))
    at = start
    while at < end and tables.byte_class[utf8[at]] & bit:
        at += 1
    return at - start


@inlined
def _link_start(utf8: NDArray[np.uint8], at: int) -> int:
    """The length of `http://` or `https://` at a place, or 0."""
    if at + 7 >= len(utf8) or utf8[at] != 0x68 or utf8[at + 1] != 0x74:
        return 0
    if utf8[at + 2] != 0x74 or utf8[at + 3] != 0x70:
        return 0
    colon = at + 4 + (utf8[at + 4] == 0x73)
    if utf8[colon] != 0x3A or utf8[colon + 1] != 0x2F or utf8[colon + 2] != 0x2F:
        return 0
    return colon + 3 - at


@compiled
def without_links(utf8: NDArray[np.uint8], tables: Tables) -> NDArray[np.uint8]:
    """Each `https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}` as a space."""
    kept = np.empty(len(utf8), np.uint8)
    size = at = 0
    while at < len(utf8):
        start = _link_start(utf8, at)
        run = _run(utf8, at + start, _MAX_LINK, IN_LINK, tables) if start else 0
        kept[size] = SPACE if run else utf8[at]
        at += start + run if run else 1
        size += 1
    return kept[:size]


@compiled
def without_mails(utf8: NDArray[np.uint8], tables: Tables) -> NDArray[np.uint8]:
    """Each `[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}` as a space."""
    kept = np.empty(len(utf8), np.uint8)
    size = at = name = 0  # name: how many bytes before this one may belong to an address
    while at < len(utf8):
        byte = utf8[at]
        if byte == 0x40 and name:
            domain = _run(utf8, at + 1, _MAX_DOMAIN, IN_DOMAIN, tables)
            rest = _run(utf8, at + 1 + domain, _MAX_DOMAIN, IN_NAME, tables)
            if domain and domain + rest > 1:
                size -= min(name, _MAX_NAME)
                kept[size] = SPACE
                at += 1 + domain + rest
                size += 1
                name = 0
                continue
        name = name + 1 if tables.byte_class[byte] & IN_NAME else 0
        kept[size] = byte
        at += 1
        size += 1
    return kept[:size]


@compiled_in_place
def read_characters(
    utf8: NDArray[np.uint8],
    characters: NDArray[np.uint32],
    symbols: NDArray[np.uint8],
    tables: Tables,
) -> int:
    """Reads the characters, runs of spaces as one; returns their end.

    Args:
      characters: uint32[PLACES], written from FIRST on.
      symbols: uint8[PLACES], that of each character.
    """
    at = read = other = 0
    count = FIRST
    before = np.int32(0)
    while at < len(utf8):
        run = utf8[at : at + MAX_CHARACTERS - read]
        size, count, before = _read_ascii(run, count, before, characters, symbols, tables)
        at += size
        read += size
        if at == len(utf8):
            break
        character, size = character_at(utf8, at)
        joined = _joined(before, character, tables)
        if joined:
            count -= 1
            read -= 1
        elif read == MAX_CHARACTERS:
            break
        character = joined if joined else min(character, _RARE)
        other += character >= _SCRIPTS
        characters[count], symbols[count] = character, tables.symbol[character]
        before = character
        at += size
        read += 1
        count += 1
    if other and 2 * _latin(characters[FIRST:count]) < other:
        return _without_latin(characters, symbols, count)
    return count


@inlined
def _joined(letter: int, mark: int, tables: Tables) -> int:
    """The character that a letter and a mark of Vietnamese make, or 0."""
    if mark < FIRST_MARK or mark > LAST_MARK or letter >= len(tables.marked):
        return np.int32(0)
    return tables.marked[letter, mark - FIRST_MARK]


@inlined
def _read_ascii(
    run: NDArray[np.uint8],
    count: int,
    before: int,
    characters: NDArray[np.uint32],
    symbols: NDArray[np.uint8],
    tables: Tables,
) -> tuple[int, int, int]:
    """Reads ASCII up to another byte; returns its size, the end of characters, and the last one."""
    size = 0
    for byte in run:
        if byte >= 0x80:
            break
        place = count & LAST_PLACE
        characters[place], symbols[place] = byte, tables.symbol[byte]
        count += 1 - ((byte == SPACE) & (before == SPACE))
        before = np.int32(byte)
        size += 1
    return size, count, before


@inlined
def _latin(characters: NDArray[np.uint32]) -> int:
    """How many characters are from `A` to `z`."""
    latin = 0
    for character in characters:
        latin += 0x41 <= character <= 0x7A
    return latin


@inlined
def _without_latin(characters: NDArray[np.uint32], symbols: NDArray[np.uint8], count: int) -> int:
    """Drops the characters from `A` to `z`; returns the end of those left."""
    left = FIRST
    for at in range(FIRST, count):
        if not 0x41 <= characters[at] <= 0x7A:
            characters[left], symbols[left] = characters[at], symbols[at]
            left += 1
    return left
