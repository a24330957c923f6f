"""The lines of a batch of pages that may pass cleaning, found in their bytes.

Six of seven lines of a web page are dropped because they end without a mark. Most others hold only
plain words. NumPy decides about both for many pages at once, on their joined UTF-8 bytes: by where
lines end, the last byte of each and its number of spaces. Lines with citations, other whitespace or
very long words are left to `clean_lines`. Pages with other line breaks or with lines like WARC
headers are left to the exact path: `reference_pages` and `clean_page`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.clean import (
    MAX_WORD_CHARS,
    MIN_WORDS_PER_LINE,
    CleanedPage,
    clean_kept,
    clean_lines,
)
from cleaning.wet.pages import METADATA_PREFIXES

_SPACE, _NEWLINE, _TAB, _BRACKET, _PERIOD = b" \n\t[."
_WHITESPACE = bytes([*range(0x09, 0x0E), *range(0x1C, 0x21)])
# Last bytes of the UTF-8 form of Unicode's other whitespace: U+0085, 00A0, 1680, 2000-200A,
# 2028, 2029, 202F, 205F, 3000.
_WHITESPACE_TAILS = bytes([0x85, 0xA0, *range(0x80, 0x8B), 0xA8, 0xA9, 0xAF, 0x9F])
_MAY_PASS = np.zeros(256, bool)
_MAY_PASS[list(b'.?!"]' + _WHITESPACE + _WHITESPACE_TAILS)] = True
_ENDS_WELL = np.zeros(256, bool)
_ENDS_WELL[list(b'.?!"')] = True
_IS_WHITESPACE = np.zeros(256, bool)
_IS_WHITESPACE[list(_WHITESPACE)] = True
_OPENS_CITATION = np.zeros(256, bool)  # bytes after the `[` of [12], [], [edit], [citation needed]
_OPENS_CITATION[list(b"0123456789]ec")] = True
_PARTING_SPACES = MIN_WORDS_PER_LINE - 1
_PREFIXES = tuple(prefix.encode() for prefix in METADATA_PREFIXES)

Codes = NDArray[np.uint8]
Positions = NDArray[np.int64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PageLines:
    """The lines of one page of a batch.

    Attributes:
      exact: True if the page needs the exact path; the other fields mean nothing then.
      settled: True if every line is decided: `kept` are those with an end mark and five words.
      no_endmark: number of lines without an end mark.
      short: number of lines with an end mark and fewer words; 0 unless settled.
      kept: the other lines, joined by newlines; neither stripped nor decoded unless settled.
    """

    exact: bool
    settled: bool
    no_endmark: int
    short: int
    kept: bytes


def find_lines(blocks: list[bytes]) -> list[PageLines]:
    """Separates the lines of each page that may pass cleaning from those that its bytes drop.

    Args:
      blocks: UTF-8 text of each page, as its record holds it.
    Returns:
      One row per block. For pages that are not `exact`, `clean_found` of it equals
      `clean_page(page_text(block))`.
    """
    data = b"\n".join(blocks) + b"\n"
    codes = np.frombuffer(data, np.uint8)
    spaces = np.flatnonzero((codes == _SPACE) | (codes == _NEWLINE))
    ends = spaces[codes[spaces] == _NEWLINE]
    starts = np.concatenate([[0], ends[:-1] + 1])
    page_ends = np.cumsum([len(block) + 1 for block in blocks]) - 1
    page_lines = np.searchsorted(ends, page_ends, side="right")  # lines up to each page's end
    first_lines = np.concatenate([[0], page_lines[:-1]])
    filled = ends > starts
    unicode_spaces, unicode_breaks = _unicode_whitespace(codes)
    unusual = _unusual_lines(codes, ends, spaces, unicode_spaces)
    candidate = filled & (_MAY_PASS[codes[ends - 1]] | unusual)
    exact = _exact_pages(data, codes, starts[filled], unicode_breaks, page_ends)
    lines = np.flatnonzero(candidate)
    first, last = starts[lines], ends[lines]
    long_enough = np.searchsorted(spaces, last) - np.searchsorted(spaces, first) >= _PARTING_SPACES
    ends_well = _ENDS_WELL[codes[last - 1]] & ~_is_ellipsis(codes, last)
    page = np.searchsorted(page_lines, lines, side="right")
    unsettled = np.zeros(len(blocks), bool)
    unsettled[page[unusual[lines]]] = True
    taken = unsettled[page] | (ends_well & long_enough)
    short = np.bincount(page[ends_well & ~long_enough], minlength=len(blocks))
    filled_lines = np.add.reduceat(filled, first_lines, dtype=np.int64)
    spans = list(zip(first[taken].tolist(), last[taken].tolist(), strict=True))
    taken_before = np.searchsorted(page[taken], np.arange(len(blocks) + 1)).tolist()
    columns = (exact, unsettled, filled_lines, short)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        _page_lines(data, spans[taken_before[number] : taken_before[number + 1]], *of_page)
        for number, of_page in enumerate(rows)
    ]


def _exact_pages(
    data: bytes, codes: Codes, starts: Positions, unicode_breaks: Positions, page_ends: Positions
) -> Marks:
    """bool[pages]: pages with line breaks other than a newline, or lines like WARC headers."""
    # The line breaks of ASCII, and the few control characters beside them.
    controls = np.flatnonzero((codes - np.uint8(0x0B)) <= 0x1F - 0x0B)
    found_at = (controls, unicode_breaks, _header_like(data, codes, starts))
    return _pages_with(np.concatenate(found_at), page_ends)


def _page_lines(
    data: bytes, spans: list[tuple[int, int]], exact: bool, unsettled: bool, lines: int, short: int
) -> PageLines:
    """The row of one page.

    Args:
      spans: start and end of each line that is kept for now.
      lines: number of lines of the page that are not empty.
      short: number of these that are known to be too short.
    """
    short = 0 if unsettled else short
    kept = b"\n".join([data[start:end] for start, end in spans])
    return PageLines(exact, not unsettled, lines - len(spans) - short, short, kept)


def clean_found(found: PageLines) -> CleanedPage | None:
    """The page cleaned; None if `clean_page` must count in order. Not for `exact` pages."""
    if found.settled:
        return clean_kept(found.kept, 0, found.no_endmark, found.short)
    return clean_lines(found.kept, found.no_endmark)


def _unusual_lines(
    codes: Codes, ends: Positions, spaces: Positions, unicode_spaces: Positions
) -> Marks:
    """The lines whose words cannot be counted by their spaces.

    Spaces are enough in a line whose only whitespace is single spaces between words, if it holds no
    word of over 1,000 bytes and no citation.

    Args:
      codes: the bytes.
      ends: position of each line's end.
      spaces: positions of spaces and newlines.
      unicode_spaces: positions of other spaces.
    """
    word_bytes = np.diff(spaces, prepend=-1) - 1
    marks = np.flatnonzero((codes == _TAB) | (codes == _BRACKET))
    found_at = [
        spaces[(word_bytes == 0) | (word_bytes > MAX_WORD_CHARS)],
        marks[(codes[marks] == _TAB) | _OPENS_CITATION[codes[marks + 1]]],
        unicode_spaces,
    ]
    unusual = np.zeros(len(ends), bool)
    unusual[np.searchsorted(ends, np.concatenate(found_at))] = True
    return unusual


def _unicode_whitespace(codes: Codes) -> tuple[Positions, Positions]:
    """Positions of U+00A0, 1680, 2000-200A, 202F, 205F, 3000 and of U+0085, 2028, 2029."""
    two = np.flatnonzero(codes == 0xC2)
    follows = codes[two + 1]
    three = np.flatnonzero((codes - np.uint8(0xE1)) <= 2)
    first, second, third = codes[three], codes[three + 1], codes[three + 2]
    general = (first == 0xE2) & (second == 0x80)
    spaces = general & ((third <= 0x8A) | (third == 0xAF))
    spaces |= (first == 0xE2) & (second == 0x81) & (third == 0x9F)
    spaces |= (first == 0xE1) & (second == 0x9A) & (third == 0x80)
    spaces |= (first == 0xE3) & (second == 0x80) & (third == 0x80)
    breaks = general & ((third & 0xFE) == 0xA8)
    return (
        np.concatenate([two[follows == 0xA0], three[spaces]]),
        np.concatenate([two[follows == 0x85], three[breaks]]),
    )


def _is_ellipsis(codes: Codes, last: Positions) -> Marks:
    """True for lines whose last three bytes are periods; a line's first byte follows a newline."""
    first, second, third = (codes[last - back] == _PERIOD for back in (3, 2, 1))
    both: Marks = first & second & third
    return both


def _header_like(data: bytes, codes: Codes, starts: Positions) -> Positions:
    """Positions of lines that begin like a WARC header, whitespace before it ignored."""
    lead = codes[starts]
    second = codes[np.minimum(starts + 1, len(codes) - 1)]
    suspects = (lead == ord("W")) & (second == ord("A"))
    suspects |= (lead == ord("C")) & ((second == ord("o")) | (second == ord("O")))
    suspects |= _IS_WHITESPACE[lead] | ((lead == 0xC2) & ((second == 0x85) | (second == 0xA0)))
    suspects |= ((lead == 0xE1) & (second == 0x9A)) | ((lead == 0xE3) & (second == 0x80))
    suspects |= (lead == 0xE2) & ((second == 0x80) | (second == 0x81))
    found: list[int] = []
    for start in starts[suspects].tolist():
        if data.startswith(_PREFIXES, start):
            found.append(start)
        elif data[start] in _WHITESPACE or data[start] > 0x7F:
            line = data[start : data.find(b"\n", start)].decode(errors="replace")
            if line.strip().startswith(METADATA_PREFIXES):
                found.append(start)
    return np.array(found, np.int64)


def _pages_with(positions: Positions, page_ends: Positions) -> Marks:
    """bool[pages], True for pages that hold one of the positions."""
    marked = np.zeros(len(page_ends), bool)
    marked[np.searchsorted(page_ends, positions)] = True
    return marked
