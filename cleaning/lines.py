"""The lines of a batch of pages that can survive cleaning, found by their last byte.

Six of seven lines of a web page end without a mark and fall there. They are never decoded: one
pass of NumPy over the joined UTF-8 bytes of many pages finds where lines end, what byte they end
in, and which pages need the exact path because a line break or header-like line hides in them.
"""

from dataclasses import dataclass

import numpy as np

from cleaning.clean import MAX_WORD_CHARS
from cleaning.pages import METADATA_PREFIXES

_WHITESPACE = bytes([*range(0x09, 0x0E), *range(0x1C, 0x21)])
# Last bytes of the UTF-8 form of Unicode's other whitespace: U+0085, 00A0, 1680, 2000-200A,
# 2028, 2029, 202F, 205F, 3000.
_WHITESPACE_TAILS = bytes([0x85, 0xA0, *range(0x80, 0x8B), 0xA8, 0xA9, 0xAF, 0x9F])
_MAY_PASS = np.zeros(256, bool)
_MAY_PASS[list(b'.?!"]' + _WHITESPACE + _WHITESPACE_TAILS)] = True
# First bytes of a line that may be header-like: after whitespace, or at once.
_MAY_BE_HEADER = np.zeros(256, bool)
_MAY_BE_HEADER[list(_WHITESPACE)] = True
_PREFIXES = tuple(prefix.encode() for prefix in METADATA_PREFIXES)
_NEWLINE = 0x0A


@dataclass(frozen=True, slots=True)
class PageLines:
    """What one page of a batch has to show for itself.

    Attributes:
      exact: True if the page must be read by the exact path; the rest is then meaningless.
      dropped: lines that end in no mark.
      kept: the other lines, joined by newlines, neither stripped nor decoded.
    """

    exact: bool
    dropped: int
    kept: bytes


def find_lines(blocks: list[bytes]) -> list[PageLines]:
    """Parts each page's lines into those that plainly lack an end mark and the others.

    Args:
      blocks: UTF-8 text of each page, as its record holds it.
    Returns:
      One row per block. On pages that are not `exact`, counting `dropped` as no_endmark and
      cleaning `kept` gives what `clean_page(page_text(block))` gives.
    """
    data = b"\n".join(blocks) + b"\n"
    codes = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    page_ends = np.cumsum([len(block) + 1 for block in blocks]) - 1
    lines_before = np.searchsorted(ends, page_ends, side="right")

    lengths = ends - starts
    filled = lengths > 0
    kept = filled & (_MAY_PASS[codes[ends - 1]] | (lengths > MAX_WORD_CHARS))
    exact = _pages_with(_breaks(data, codes), page_ends, len(blocks))
    exact |= _pages_with(_header_like(data, codes, starts[filled]), page_ends, len(blocks))

    total_before = np.concatenate([[0], np.cumsum(filled)])
    kept_before = np.concatenate([[0], np.cumsum(kept)])
    spans = list(zip(starts[kept].tolist(), ends[kept].tolist(), strict=True))
    rows: list[PageLines] = []
    first_kept = first_total = 0
    for needs_exact, last in zip(exact.tolist(), lines_before.tolist(), strict=True):
        last_kept, last_total = int(kept_before[last]), int(total_before[last])
        dropped = (last_total - first_total) - (last_kept - first_kept)
        text = b"\n".join([data[a:b] for a, b in spans[first_kept:last_kept]])
        rows.append(PageLines(needs_exact, dropped, text))
        first_kept, first_total = last_kept, last_total
    return rows


def _breaks(data: bytes, codes: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> list[int]:
    """Positions of line breaks other than a newline, and of rare control characters."""
    controls = np.flatnonzero((codes - np.uint8(0x0B)) <= 0x1E - 0x0B)
    found: list[int] = controls.tolist()
    if not data.isascii():
        tails = np.flatnonzero(codes == 0x85)  # U+0085 is c2 85
        found += tails[codes[tails - 1] == 0xC2].tolist()
        tails = np.flatnonzero((codes & 0xFE) == 0xA8)  # U+2028 and U+2029 are e2 80 a8 and a9
        tails = tails[codes[tails - 1] == 0x80]
        found += tails[codes[tails - 2] == 0xE2].tolist()
    return found


def _header_like(
    data: bytes,
    codes: "np.ndarray[tuple[int], np.dtype[np.uint8]]",
    starts: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> list[int]:
    """Positions of lines that begin, whitespace aside, as a header does."""
    lead = codes[starts]
    second = codes[np.minimum(starts + 1, len(codes) - 1)]
    suspects = (lead == ord("W")) & (second == ord("A"))
    suspects |= (lead == ord("C")) & ((second == ord("o")) | (second == ord("O")))
    suspects |= _MAY_BE_HEADER[lead] | ((lead == 0xC2) & ((second == 0x85) | (second == 0xA0)))
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
    return found


def _pages_with(
    positions: list[int], page_ends: "np.ndarray[tuple[int], np.dtype[np.int64]]", pages: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """bool[pages]: which pages hold one of the positions."""
    marked = np.zeros(pages, bool)
    marked[np.searchsorted(page_ends, np.asarray(positions, np.int64))] = True
    return marked
