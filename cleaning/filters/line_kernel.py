"""The steps by which `clean_kernel` judges a line of a page, compiled.

The bytes are valid UTF-8 with `PADDING` bytes behind them: an index may pass the end of a line by
that. Long loops run over slices, so that the compiler sees that no index is negative and takes many
bytes at once.
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.byte_search import BLOCK, equal_bits, high_bits, lowest_bit
from cleaning.filters.clean import (
    END_MARKS,
    MAX_WORD_CHARS,
    MIN_WORDS_PER_LINE,
    POLICY_PHRASES,
)
from cleaning.filters.compiled import character_at, inlined
from cleaning.wet.pages import DELIMITER, FIELDS, METADATA_PREFIXES

PADDING = BLOCK + 32
_SPACE, NEWLINE, CARRIAGE_RETURN, COLON, _PERIOD, _BRACKET, CLOSING_BRACKET, _BRACE = b" \n\r:.[]{"
_KELVIN = 0x212A
_SIGMA = "Σ"  # its small form depends on its neighbours
_BLOCK_CHARACTERS = 128  # most blocks of so many have nothing to lower
_ELSEWHERE = -1  # lowered by `lowercase.lower_utf8`
PHRASES = ("lorem ipsum", "javascript", *POLICY_PHRASES)
MARKS = ("psu", "jav", "icy", "kie", "f u")  # one is in each phrase, and few in other texts
LOREM_AT, JAVASCRIPT_AT = 0, 1  # of PHRASES; policy phrases follow
_CUT = ("[edit]", "[citation needed]")
_TEXT_BYTES = 32
_CHARACTERS = 0x20000  # `str.lower` changes none beyond, and none beyond is a digit


class Tables(NamedTuple):
    """What the kernel compares with.

    Attributes:
      phrases, cut, prefixes: uint8[n, 32], PHRASES, _CUT, METADATA_PREFIXES, ended by zeros.
      marks: uint8[5, 3], MARKS.
      mark_at: int64[len(PHRASES)], where in a phrase its mark stands.
      fields: uint8[n, 32], header fields of which a page's line may be one, and the line that
        starts another page.
      lower: int32[_CHARACTERS], the character that `str.lower` gives, or _ELSEWHERE.
      is_digit: bool[_CHARACTERS], the decimal digits of Unicode.
      ends_well: bool[256], the bytes that end a line as it should.
    """

    phrases: NDArray[np.uint8]
    cut: NDArray[np.uint8]
    prefixes: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    mark_at: NDArray[np.int64]
    fields: NDArray[np.uint8]
    lower: NDArray[np.int32]
    is_digit: NDArray[np.bool_]
    ends_well: NDArray[np.bool_]


@functools.cache
def load_tables() -> Tables:
    """The tables, made once a process."""
    lower = np.arange(_CHARACTERS, dtype=np.int32)
    is_digit = np.zeros(_CHARACTERS, np.bool_)
    for start in range(0, _CHARACTERS, _BLOCK_CHARACTERS):
        block = "".join(map(chr, range(start, start + _BLOCK_CHARACTERS)))
        if block.lower() != block:
            lower[start : start + len(block)] = [_lower_character(c) for c in block]
        if not block.isalpha():
            is_digit[start : start + len(block)] = [c.isdecimal() for c in block]
    ends_well = np.zeros(256, np.bool_)
    ends_well[list("".join(END_MARKS).encode())] = True
    own_fields = (DELIMITER, *(f"{name}:" for name in FIELDS))
    phrases, cut, prefixes, fields = map(padded, (PHRASES, _CUT, METADATA_PREFIXES, own_fields))
    marks = np.frombuffer("".join(MARKS).encode(), np.uint8).reshape(-1, 3)
    mark_at = np.array([max(map(phrase.find, MARKS)) for phrase in PHRASES])
    return Tables(phrases, cut, prefixes, marks, mark_at, fields, lower, is_digit, ends_well)


def _lower_character(character: str) -> int:
    """`str.lower` of it, if that is one character of as many bytes, whatever stands beside it."""
    lower = character.lower()
    if lower == character:
        return ord(character)
    if character == _SIGMA or len(lower) != 1 or (lower < "\x80") != (character < "\x80"):
        return _ELSEWHERE
    size, lower_size = (len(c.encode(errors="surrogatepass")) for c in (character, lower))
    return ord(lower) if size == lower_size else _ELSEWHERE


def padded(texts: tuple[str, ...]) -> NDArray[np.uint8]:
    """uint8[n, 32], short texts ended by zeros, as `stands_at` compares them."""
    joined = b"".join(text.encode().ljust(_TEXT_BYTES, b"\0") for text in texts)
    return np.frombuffer(joined, np.uint8).reshape(-1, _TEXT_BYTES)


@inlined
def has_break(page: NDArray[np.uint8]) -> bool:
    """True if a page has line breaks other than newlines, or control characters beside those.

    Args:
      page: its bytes, and two more.
    """
    found = False
    for at in range(len(page) - 2):
        first, second, third = page[at], page[at + 1], page[at + 2]
        found |= (first >= 0x0B) & (first <= 0x1F)
        found |= (first == 0xC2) & (second == 0x85)
        found |= (first == 0xE2) & (second == 0x80) & ((third == 0xA8) | (third == 0xA9))
    return found


@inlined
def break_at(data: NDArray[np.uint8], at: int) -> int:
    """The bytes of the line break of `str.splitlines` at a place; 0 if there is none."""
    byte = data[at]
    if byte < 0x80:
        return (byte >= 0x0B and byte <= 0x0C) or (byte >= 0x1C and byte <= 0x1E)
    if byte == 0xC2 and data[at + 1] == 0x85:
        return 2
    if byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] & 0xFE == 0xA8:
        return 3
    return 0


@inlined
def _space_at(data: NDArray[np.uint8], at: int) -> int:
    """The bytes of the whitespace at a place, 0 if there is none."""
    byte = data[at]
    if byte < 0x80:
        return byte == _SPACE or (byte >= 0x09 and byte <= 0x0D) or (byte >= 0x1C and byte <= 0x1F)
    if byte < 0xC2 or byte > 0xE3:
        return 0
    second, third = data[at + 1], data[at + 2]
    if byte == 0xC2:
        return 2 if second == 0xA0 or second == 0x85 else 0
    if byte == 0xE2 and second == 0x80:  # U+2000 to 200A, 2028, 2029, 202F
        return 3 if third <= 0x8A or third & 0xFE == 0xA8 or third == 0xAF else 0
    is_space = byte == 0xE2 and second == 0x81 and third == 0x9F
    is_space |= byte == 0xE1 and second == 0x9A and third == 0x80
    is_space |= byte == 0xE3 and second == 0x80 and third == 0x80
    return 3 if is_space else 0


@inlined
def stripped(data: NDArray[np.uint8], first: int, last: int) -> tuple[int, int]:
    """Start and end of a line without whitespace at its ends; the same if nothing is left."""
    while first < last:
        size = _space_at(data, first)
        if size == 0:
            break
        first += size
    while first < last:
        size = 1
        if data[last - 1] >= 0x80:
            size = 2 if last - first > 1 and data[last - 2] == 0xC2 else 3
        if last - first < size or _space_at(data, last - size) != size:
            break
        last -= size
    return first, last


@inlined
def has_long_word(data: NDArray[np.uint8], first: int, last: int) -> bool:
    """True if a word of a line has more than MAX_WORD_CHARS characters."""
    characters = 0
    at = first
    while at < last:
        size = _space_at(data, at)
        characters = 0 if size else characters + ((data[at] & 0xC0) != 0x80)
        if characters > MAX_WORD_CHARS:
            return True
        at += max(size, 1)
    return False


@inlined
def stands_at(data: NDArray[np.uint8], at: int, texts: NDArray[np.uint8]) -> int:
    """The length of the text that stands at a place, or 0."""
    for number in range(len(texts)):
        size = 0
        while texts[number, size] and data[at + size] == texts[number, size]:
            size += 1
        if not texts[number, size]:
            return size
    return 0


@inlined
def _citation(data: NDArray[np.uint8], at: int, tables: Tables) -> int:
    """The bytes of the citation whose bracket stands at a place, or 0."""
    end = at + 1
    character, size = character_at(data, end)
    while character < _CHARACTERS and tables.is_digit[character]:
        end += size
        character, size = character_at(data, end)
    return end + 1 - at if character == CLOSING_BRACKET else stands_at(data, at, tables.cut)


@inlined
def copy_line(
    line: NDArray[np.uint8], kept: NDArray[np.uint8], lowered: NDArray[np.uint8], tables: Tables
) -> tuple[int, bool]:
    """Copies a line without its citations, and lowered; returns its size, and whether it had any.

    Args:
      line: its bytes, and PADDING more.
    """
    size = len(line) - PADDING
    if not _lower(line[:size], kept, lowered):
        return size, False
    at = to = 0
    while at < size:
        cut = _citation(line, at, tables) if line[at] == _BRACKET else 0
        if cut == 0:
            _lower(line[at : at + 1], kept[to:], lowered[to:])
            to += 1
        at += max(cut, 1)
    return to, to < size


@inlined
def _lower(line: NDArray[np.uint8], kept: NDArray[np.uint8], lowered: NDArray[np.uint8]) -> bool:
    """Copies bytes, and their ASCII lowered; True if a bracket is among them."""
    has_bracket = False
    for at in range(len(line)):
        byte = line[at]
        has_bracket |= byte == _BRACKET
        kept[at] = byte
        lowered[at] = byte | ((byte >= 0x41) & (byte <= 0x5A)) << 5
    return has_bracket


@inlined
def ends_well(kept: NDArray[np.uint8], begin: int, end: int, tables: Tables) -> bool:
    """True if a line ends in a mark and not in three periods."""
    if begin == end or not tables.ends_well[kept[end - 1]]:
        return False
    if kept[end - 1] != _PERIOD or end - begin < 3:
        return True
    return kept[end - 2] != _PERIOD or kept[end - 3] != _PERIOD


@inlined
def has_words(kept: NDArray[np.uint8], begin: int, end: int) -> bool:
    """True if a line has at least MIN_WORDS_PER_LINE words."""
    words = in_word = 0
    at = begin
    while at < end and words < MIN_WORDS_PER_LINE:
        size = _space_at(kept, at)
        words += (size == 0) & (in_word == 0)
        in_word = size == 0
        at += max(size, 1)
    return words == MIN_WORDS_PER_LINE


@inlined
def find_phrase(line: NDArray[np.uint8], tables: Tables) -> tuple[int, bool]:
    """The first phrase of the table that a line holds, or their number; whether it has a brace.

    Each phrase has one of MARKS: only around these it is looked for.

    Args:
      line: its bytes, and PADDING zeros.
    """
    found, has_brace = len(tables.phrases), False
    for start in range(0, len(line) - PADDING, BLOCK):
        has_brace |= equal_bits(line, start, _BRACE) != 0
        bits = _mark_bits(line, start, tables)
        while bits != 0:
            mark = start + lowest_bit(bits)
            bits &= bits - np.uint64(1)
            for number in range(found):
                at = mark - tables.mark_at[number]
                if at >= 0 and stands_at(line, at, tables.phrases[number : number + 1]):
                    found = number
                    break
    return found, has_brace


@inlined
def _mark_bits(line: NDArray[np.uint8], start: int, tables: Tables) -> np.uint64:
    """The places of marks among the BLOCK from `start` on, as bits."""
    found = np.uint64(0)
    for number in range(len(tables.marks)):
        bits = equal_bits(line, start, tables.marks[number, 0])
        bits &= equal_bits(line, start + 1, tables.marks[number, 1])
        found |= bits & equal_bits(line, start + 2, tables.marks[number, 2])
    return found


@inlined
def lower_characters(
    line: NDArray[np.uint8], lowered: NDArray[np.uint8], tables: Tables
) -> tuple[bool, bool]:
    """Lowers the characters of a line that are no ASCII.

    Args:
      line: its bytes, and PADDING more, of which none continues a character.
      lowered: the same with its ASCII lowered already; written to.
    Returns:
      Whether one must be lowered elsewhere; whether one is a Kelvin sign.
    """
    is_left = has_kelvin = False
    size = len(line) - PADDING
    for start in range(0, size, BLOCK):
        bits = high_bits(line, start)
        while bits != 0:
            at = start + lowest_bit(bits)
            bits &= bits - np.uint64(1)
            if at < size and line[at] >= 0xC0:
                character, length = character_at(line, at)
                lower = tables.lower[character] if character < _CHARACTERS else character
                is_left |= lower == _ELSEWHERE
                has_kelvin |= character == _KELVIN
                if lower != character and lower != _ELSEWHERE:
                    _write_character(lower, length, lowered, at)
    return is_left, has_kelvin


@inlined
def _write_character(character: int, size: int, utf8: NDArray[np.uint8], at: int) -> None:
    """Writes a character of 2 to 4 bytes over one of as many; the bits of a first byte stay."""
    for place in range(size - 1, 0, -1):
        utf8[at + place] = 0x80 | character & 0x3F
        character >>= 6
    utf8[at] = (0xC0, 0xE0, 0xF0)[size - 2] | character
