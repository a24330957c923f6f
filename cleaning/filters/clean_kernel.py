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
    CARRIAGE_RETURN,
    CLOSING_BRACKET,
    COLON,
    JAVASCRIPT_AT,
    LOREM_AT,
    NEWLINE,
    PADDING,
    Tables,
    break_at,
    copy_line,
    ends_well,
    find_phrase,
    has_break,
    has_long_word,
    has_words,
    load_tables,
    lower_characters,
    stands_at,
    stripped,
)
from cleaning.lowercase import lower_utf8

_TOO_LONG_WORD, _NO_ENDMARK, _TOO_SHORT, _JAVASCRIPT, _POLICY, _PASSED = map(
    LINE_RULES.index, (TOO_LONG_WORD, NO_ENDMARK, TOO_SHORT, JAVASCRIPT, POLICY, LINE_PASSED)
)
# Columns of a page's row; the counts of LINE_RULES come first.
EXACT, HAS_BREAK, SWALLOWED, DOUBTFUL, HAS_TEXT, OUTCOME, CITED, CHANGED, START, END = range(
    len(LINE_RULES), len(LINE_RULES) + 10
)
COLUMNS = len(LINE_RULES) + 10
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
      rows: int64[pages, COLUMNS].
    """

    kept: NDArray[np.uint8]
    lowered: NDArray[np.uint8]
    rows: NDArray[np.int64]


class JudgedPages(NamedTuple):
    """What the kernel wrote.

    Attributes:
      rows: int64[pages, COLUMNS]: counts of LINE_RULES; EXACT if `reference_pages` must read the
        page, as a line changes its headers or starts another page; HAS_BREAK if it may have line
        breaks other than newlines; SWALLOWED if lines like headers were left out; DOUBTFUL if
        `clean_page` must decide; HAS_TEXT; OUTCOME if a line drops the page; CITED if citations
        were cut from it; CHANGED if `lower_utf8` must lower it; START and END of its kept lines in
      kept, lowered: the lines that passed, and these lowered.
    """

    rows: NDArray[np.int64]
    kept: bytes
    lowered: bytes


def clean_blocks(blocks: list[bytes]) -> list[FoundPage]:
    """The pages of blocks; of one that is not `exact`, `clean_page(page_text(block))`.

    Args:
      blocks: UTF-8 text of each page, as its record holds it.
    """
    data = np.frombuffer(b"\n".join(blocks) + b"\n" + bytes(PADDING), np.uint8)
    ends = np.cumsum(np.array([len(block) + 1 for block in blocks], np.int64)) - 1
    starts = ends - np.array([len(block) for block in blocks], np.int64)
    pages = judge_pages(data, np.stack([starts, ends], axis=1))
    return [_found_page(row, pages.kept, pages.lowered) for row in pages.rows.tolist()]


def judge_pages(data: NDArray[np.uint8], spans: NDArray[np.int64]) -> JudgedPages:
    """The pages of blocks of UTF-8.

    Args:
      data: with PADDING bytes at its end.
      spans: int64[n, 2], start and end of each block in `data`, ascending; behind it is a newline.
    """
    rows = np.zeros((len(spans), COLUMNS), np.int64)
    buffers = Buffers(np.empty(len(data), np.uint8), np.empty(len(data), np.uint8), rows)
    _judge_pages(data, spans, buffers, load_tables())
    used = int(rows[-1, END]) if len(rows) else 0
    return JudgedPages(rows, buffers.kept[:used].tobytes(), buffers.lowered[:used].tobytes())


def passed_page(row: list[int], kept: bytes, lowered: bytes) -> tuple[bytes, bytes] | None:
    """Text and lowered text of a page of `judge_pages`; None if it has too few sentences.

    Args:
      row: of a page that is decided and that no line drops.
    """
    cited, changed, start, end = row[CITED:]
    utf8, lower = kept[start:end], lowered[start:end]
    if row[_PASSED] < MIN_SENTENCES and not (
        row[_PASSED] and has_sentences(utf8.decode().split("\n"))
    ):
        return None
    if cited:  # a citation cut from a line's start leaves its space
        text = utf8.decode().strip()
        return text.encode(), lower_lines(text)
    return utf8, lower_utf8(utf8) if changed else lower


def _found_page(row: list[int], kept: bytes, lowered: bytes) -> FoundPage:
    exact = any(row[EXACT : SWALLOWED + 1])
    if exact or row[DOUBTFUL]:
        return FoundPage(exact, bool(row[HAS_TEXT]), None)
    counts = dict(zip(LINE_RULES, row, strict=False))
    outcome, texts = Outcome(row[OUTCOME]), (b"", b"")
    if outcome is Outcome.PASSED:
        if passed := passed_page(row, kept, lowered):
            texts = passed
        else:
            outcome = Outcome.TOO_FEW_SENTENCES
    return FoundPage(exact, bool(row[HAS_TEXT]), CleanedPage(outcome, counts, *texts))


@compiled_in_place
def _judge_pages(
    data: NDArray[np.uint8], spans: NDArray[np.int64], buffers: Buffers, tables: Tables
) -> None:
    at = 0
    for page in range(len(spans)):
        start, end = spans[page]
        row = buffers.rows[page]
        row[START] = row[END] = at
        row[HAS_BREAK] = has_break(data[start : end + 2])
        _judge_lines(data, start, end, row, buffers, tables)
        at = row[END]


@inlined
def _judge_lines(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    row: NDArray[np.int64],
    buffers: Buffers,
    tables: Tables,
) -> None:
    """The lines of one page, in order. After a line that drops it, only headers are looked for.

    Lines that look like headers are left out.
    """
    while start <= end:
        line_end = _line_end(data, start) if row[HAS_BREAK] else find_byte(data, start, NEWLINE)
        first, last = stripped(data, start, line_end)
        start = line_end + 1
        if first == last:
            continue
        if stands_at(data, first, tables.prefixes):
            if _is_field(data, first, last, tables):
                row[EXACT] = 1
                return
            row[SWALLOWED] = 1
            continue
        row[HAS_TEXT] = 1
        if row[HAS_BREAK]:
            _judge_segments(data, first, last, row, buffers, tables)
        elif row[OUTCOME] == 0:
            _count(_judge(data, first, last, row, buffers, tables), row)


@inlined
def _line_end(data: NDArray[np.uint8], start: int) -> int:
    """The place of the next newline or carriage return."""
    while data[start] != NEWLINE and data[start] != CARRIAGE_RETURN:
        start += 1
    return start


@inlined
def _is_field(data: NDArray[np.uint8], first: int, last: int, tables: Tables) -> bool:
    """True if a line changes a header value, or starts another page."""
    size = stands_at(data, first, tables.fields)
    return size > 0 and (data[first + size - 1] == COLON or last - first == size)


@inlined
def _judge_segments(
    data: NDArray[np.uint8],
    first: int,
    last: int,
    row: NDArray[np.int64],
    buffers: Buffers,
    tables: Tables,
) -> None:
    """The parts of a line between breaks of `str.splitlines`, empty ones too."""
    at = first
    while at <= last and row[OUTCOME] == 0:
        size = break_at(data, at) if at < last else 1
        if size > 0:
            begin, end = stripped(data, first, at)
            rule = _NO_ENDMARK
            if begin < end:
                rule = _judge(data, begin, end, row, buffers, tables)
            _count(rule, row)
            first = at + size
        at += max(size, 1)


@inlined
def _count(rule: int, row: NDArray[np.int64]) -> None:
    """Counts a line by its rule, if it does not drop the page."""
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
    before = row[END]
    begin, line = before + (row[_PASSED] > 0), data[first : last + PADDING]
    size, is_cited = copy_line(line, buffers.kept[begin:], buffers.lowered[begin:], tables)
    end = begin + size
    row[CITED] |= is_cited
    if not ends_well(buffers.kept, begin, end, tables):
        return _NO_ENDMARK
    if not has_words(buffers.kept, begin, end):
        return _TOO_SHORT
    buffers.lowered[end : end + PADDING] = 0
    phrase, has_brace = find_phrase(buffers.lowered[begin : end + PADDING], tables)
    if phrase == JAVASCRIPT_AT:
        return _JAVASCRIPT
    if phrase == LOREM_AT or has_brace:
        row[OUTCOME] = _LOREM_IPSUM if phrase == LOREM_AT else _SQUIGGLY
        return -1
    if phrase < len(tables.phrases):
        return _POLICY
    is_left, has_kelvin = lower_characters(
        buffers.kept[begin : end + PADDING], buffers.lowered[begin:end], tables
    )
    row[CHANGED] |= is_left
    row[DOUBTFUL] |= has_kelvin
    if begin > before:
        buffers.kept[before] = buffers.lowered[before] = NEWLINE
    row[END] = end
    return _PASSED
