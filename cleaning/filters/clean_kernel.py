"""`clean_page` for many pages at once, by one compiled pass over their UTF-8 bytes.

`clean.clean_page` is the definition. Here are its rules in the same order: a line is stripped; one
with a long word is dropped, citations are cut, then lines are dropped without an end mark or with
too few words; lorem ipsum drops the page, `javascript` the line, `{` the page, a policy phrase the
line. A page with a Kelvin sign, whose lower case is `k`, is left to the definition. So is the
question whether one or two lines have three sentences. Pages that only `reference_pages` reads as
the reference does are told apart: those with other line breaks, or with lines like WARC headers.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.byte_search import find_byte
from cleaning.filters.clean import (
    JAVASCRIPT,
    LINE_PASSED,
    LINE_RULES,
    MAX_WORD_CHARS,
    MIN_SENTENCES,
    NO_ENDMARK,
    POLICY,
    TOO_LONG_WORD,
    TOO_SHORT,
    CleanedPage,
    Outcome,
    has_sentences,
    lower_lines,
)
from cleaning.filters.compiled import compiled_in_place, inlined
from cleaning.filters.line_kernel import (
    CLOSING_BRACKET,
    JAVASCRIPT_AT,
    LOREM_AT,
    NEWLINE,
    PADDING,
    Tables,
    copy_line,
    ends_well,
    find_capitals,
    find_phrase,
    has_break,
    has_long_word,
    has_words,
    load_tables,
    stands_at,
    stripped,
)
from cleaning.lowercase import lower_utf8

_TOO_LONG_WORD, _NO_ENDMARK, _TOO_SHORT, _JAVASCRIPT, _POLICY, _PASSED = map(
    LINE_RULES.index, (TOO_LONG_WORD, NO_ENDMARK, TOO_SHORT, JAVASCRIPT, POLICY, LINE_PASSED)
)
# Columns of `Buffers.rows`; the counts of LINE_RULES come first.
_EXACT, _DOUBTFUL, _HAS_TEXT, _OUTCOME, _CITED, _CHANGED, _START, _END = range(
    len(LINE_RULES), len(LINE_RULES) + 8
)
_COLUMNS = len(LINE_RULES) + 8
_LOREM_IPSUM, _SQUIGGLY = int(Outcome.LOREM_IPSUM), int(Outcome.SQUIGGLY_BRACKET)


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of a batch.

    Attributes:
      exact: True if only `reference_pages` reads it as the reference does; nothing else holds then.
      has_text: True if a line of it is more than whitespace.
      cleaned: the page by the reference's rules; None if `clean_page` must decide.
    """

    exact: bool
    has_text: bool
    cleaned: CleanedPage | None


class Buffers(NamedTuple):
    """What the kernel writes to.

    Attributes:
      kept, lowered: uint8[len(data)], the lines that pass, and those with their ASCII lowered.
      rows: int64[pages, _COLUMNS].
    """

    kept: NDArray[np.uint8]
    lowered: NDArray[np.uint8]
    rows: NDArray[np.int64]


def clean_blocks(blocks: list[bytes]) -> list[FoundPage]:
    """The pages of blocks; of one that is not `exact`, `clean_page(page_text(block))`.

    Args:
      blocks: UTF-8 text of each page, as its record holds it.
    """
    data = np.frombuffer(b"\n".join(blocks) + b"\n" + bytes(PADDING), np.uint8)
    rows = np.zeros((len(blocks), _COLUMNS), np.int64)
    buffers = Buffers(np.empty(len(data), np.uint8), np.empty(len(data), np.uint8), rows)
    page_ends = np.cumsum(np.array([len(block) + 1 for block in blocks], np.int64)) - 1
    _judge_pages(data, page_ends, buffers, load_tables())
    used = int(rows[-1, _END]) if blocks else 0
    kept, lowered = buffers.kept[:used].tobytes(), buffers.lowered[:used].tobytes()
    return [_found_page(row, kept, lowered) for row in rows.tolist()]


def _found_page(row: list[int], kept: bytes, lowered: bytes) -> FoundPage:
    exact, doubtful, has_text, outcome, cited, changed, start, end = row[len(LINE_RULES) :]
    if exact or doubtful:
        return FoundPage(bool(exact), bool(has_text), None)
    counts = dict(zip(LINE_RULES, row, strict=False))
    utf8, lower = kept[start:end], lowered[start:end]
    if outcome:
        return FoundPage(False, True, CleanedPage(Outcome(outcome), counts))
    if not _has_enough_sentences(utf8, row[_PASSED]):
        return FoundPage(False, bool(has_text), CleanedPage(Outcome.TOO_FEW_SENTENCES, counts))
    if cited:  # a citation cut from a line's start leaves its space
        text = utf8.decode().strip()
        utf8, lower = text.encode(), lower_lines(text)
    elif changed:
        lower = lower_utf8(utf8)
    return FoundPage(False, True, CleanedPage(Outcome.PASSED, counts, utf8, lower))


def _has_enough_sentences(utf8: bytes, lines: int) -> bool:
    """`has_sentences` of the lines, decoded only where few of them leave a doubt."""
    return lines >= MIN_SENTENCES or (lines > 0 and has_sentences(utf8.decode().split("\n")))


@compiled_in_place
def _judge_pages(
    data: NDArray[np.uint8], page_ends: NDArray[np.int64], buffers: Buffers, tables: Tables
) -> None:
    start = at = 0
    for page in range(len(page_ends)):
        end = page_ends[page]
        row = buffers.rows[page]
        row[_START] = row[_END] = at
        if has_break(data[start : end + 2]):
            row[_EXACT] = 1
        else:
            _judge_lines(data, start, end, row, buffers, tables)
        at = row[_END]
        start = end + 1


@inlined
def _judge_lines(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    row: NDArray[np.int64],
    buffers: Buffers,
    tables: Tables,
) -> None:
    """The lines of one page, in order. After a line that drops it, only headers are looked for."""
    while start <= end:
        line_end = find_byte(data, start, NEWLINE)
        first, last = stripped(data, start, line_end)
        start = line_end + 1
        if first == last:
            continue
        row[_HAS_TEXT] = 1
        if stands_at(data, first, tables.prefixes):
            row[_EXACT] = 1
            return
        if row[_OUTCOME] == 0:
            rule = _judge(data, first, last, row, buffers, tables)
            if rule >= 0:
                row[rule] += 1


@inlined
def _judge(
    data: NDArray[np.uint8],
    first: int,
    last: int,
    row: NDArray[np.int64],
    buffers: Buffers,
    tables: Tables,
) -> int:
    """The row of LINE_RULES that counts a line, or -1 if the line drops its page."""
    if last - first > MAX_WORD_CHARS and has_long_word(data, first, last):
        return _TOO_LONG_WORD
    if not tables.ends_well[data[last - 1]] and data[last - 1] != CLOSING_BRACKET:
        return _NO_ENDMARK
    before = row[_END]
    begin, line = before + (row[_PASSED] > 0), data[first : last + PADDING]
    size, is_cited = copy_line(line, buffers.kept[begin:], buffers.lowered[begin:], tables)
    end = begin + size
    row[_CITED] |= is_cited
    if not ends_well(buffers.kept, begin, end, tables):
        return _NO_ENDMARK
    if not has_words(buffers.kept, begin, end):
        return _TOO_SHORT
    buffers.lowered[end : end + PADDING] = 0
    phrase, has_brace = find_phrase(buffers.lowered[begin : end + PADDING], tables)
    if phrase == JAVASCRIPT_AT:
        return _JAVASCRIPT
    if phrase == LOREM_AT or has_brace:
        row[_OUTCOME] = _LOREM_IPSUM if phrase == LOREM_AT else _SQUIGGLY
        return -1
    if phrase < len(tables.phrases):
        return _POLICY
    changed, has_kelvin = find_capitals(buffers.kept[begin : end + PADDING], tables)
    row[_CHANGED] |= changed
    row[_DOUBTFUL] |= has_kelvin
    if begin > before:
        buffers.kept[before] = buffers.lowered[before] = NEWLINE
    row[_END] = end
    return _PASSED
