"""Ordinary records read by one compiled pass: their header values, normalized URLs, UTF-8.

A record is ordinary if its header is of printable ASCII, each line with a colon and a name as WARC
has them, it has a URL and a date, it is of type `conversion` or of none, and its block is UTF-8.
Almost all are. `pages.read_headers` and `urls.normalize_url` are the definitions of what is read of
these, and any other record is left to them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.byte_search import find_byte, high_bits, lowest_bit
from cleaning.filters.compiled import compiled_in_place, inlined
from cleaning.filters.line_kernel import padded, stands_at
from cleaning.wet.pages import FIELDS, METADATA_PREFIXES, TYPE

_NAMES = (*FIELDS, TYPE)
_URL, _DATE, _TYPE = 0, 1, len(FIELDS)
# Columns of a record's row; start and end of the value of each of _NAMES come first.
IS_ORDINARY, URL_START, URL_END = range(2 * len(_NAMES), 2 * len(_NAMES) + 3)
_COLUMNS = 2 * len(_NAMES) + 3
_NEWLINE, _RETURN, _TAB, _SPACE, _COLON, _QUERY, _SLASH, _LETTER_H = b"\n\r\t :?/h"


class _Tables(NamedTuple):
    """What the kernel compares with: uint8[n, 32] each, ended by zeros."""

    names: NDArray[np.uint8]
    prefixes: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    schemes: NDArray[np.uint8]
    www: NDArray[np.uint8]
    tracking: NDArray[np.uint8]


_TABLES = _Tables(
    padded(tuple(f"{name}:" for name in _NAMES)),
    padded(METADATA_PREFIXES),
    padded(("conversion",)),
    padded(("https://", "http://")),
    padded(("www.",)),
    padded(("?utm_", "?ref", "?feed")),
)


def read_records(
    data: NDArray[np.uint8], spans: NDArray[np.int64]
) -> tuple[NDArray[np.int64], bytes]:
    """Where the header values of records are, and their normalized URLs.

    Args:
      data: with PADDING bytes at its end.
      spans: int64[n, 4], start and end of each record's header and block in `data`; behind each of
        them is a newline.
    Returns:
      int64[n, _COLUMNS], of which all but IS_ORDINARY hold for ordinary records only; and the URLs
      that URL_START and URL_END refer to.
    """
    rows = np.zeros((len(spans), _COLUMNS), np.int64)
    size = int((spans[:, 1] - spans[:, 0]).sum()) + padded(("",)).size
    normalized = np.zeros(size, np.uint8)
    _read(data, spans, rows, normalized, _TABLES)
    return rows, normalized.tobytes()


@compiled_in_place
def _read(
    data: NDArray[np.uint8],
    spans: NDArray[np.int64],
    rows: NDArray[np.int64],
    normalized: NDArray[np.uint8],
    tables: _Tables,
) -> None:
    at = 0
    for number in range(len(spans)):
        row, span = rows[number], spans[number]
        if _read_header(data, span[0], span[1], row, tables) and _is_utf8(data, span[2], span[3]):
            row[IS_ORDINARY] = 1
            row[URL_START] = at
            at = _normalize(data, row[2 * _URL], row[2 * _URL + 1], normalized, at, tables)
            row[URL_END] = at


@inlined
def _read_header(
    data: NDArray[np.uint8], start: int, end: int, row: NDArray[np.int64], tables: _Tables
) -> bool:
    """Writes where the values are; False if something about the header is not ordinary."""
    at = find_byte(data, start, _NEWLINE) + 1
    while at <= end:
        line_end = find_byte(data, at, _NEWLINE)
        last = line_end - (line_end < end and data[line_end - 1] == _RETURN)
        colon = at
        while colon < last and data[colon] != _COLON:
            colon += 1
        if colon == last or not stands_at(data, at, tables.prefixes):
            return False
        if not _is_printable(data[at:last]):
            return False
        for name in range(len(tables.names)):
            if stands_at(data, at, tables.names[name : name + 1]) > 0:
                row[2 * name], row[2 * name + 1] = _stripped(data, colon + 1, last)
        at = line_end + 1
    if row[2 * _URL] == row[2 * _URL + 1] or row[2 * _DATE] == row[2 * _DATE + 1]:
        return False
    kind, kind_end = row[2 * _TYPE], row[2 * _TYPE + 1]
    return kind == kind_end or stands_at(data, kind, tables.kind) == kind_end - kind


@inlined
def _is_printable(line: NDArray[np.uint8]) -> bool:
    """True if all bytes are printable ASCII, or tabs."""
    is_odd = False
    for at in range(len(line)):
        is_odd |= ((line[at] < _SPACE) & (line[at] != _TAB)) | (line[at] > 0x7E)
    return not is_odd


@inlined
def _stripped(data: NDArray[np.uint8], first: int, last: int) -> tuple[int, int]:
    """Start and end of a value without spaces and tabs at its ends."""
    while first < last and (data[first] == _SPACE or data[first] == _TAB):
        first += 1
    while first < last and (data[last - 1] == _SPACE or data[last - 1] == _TAB):
        last -= 1
    return first, last


@inlined
def _is_utf8(data: NDArray[np.uint8], first: int, last: int) -> bool:
    """True if bytes are UTF-8 (Unicode, table 3-7); behind them is a newline."""
    at = first
    while at < last:
        bits = high_bits(data, at)
        if bits == 0:
            at += 64
            continue
        at += lowest_bit(bits)
        while at < last and data[at] >= 0x80:
            size = _sequence(data, at)
            if size == 0:
                return False
            at += size
    return True


@inlined
def _sequence(data: NDArray[np.uint8], at: int) -> int:
    """The bytes of the character beyond ASCII that starts at a place, or 0 if none does."""
    first, second = data[at], data[at + 1]
    if first < 0xE0:
        return 2 if first >= 0xC2 and second & 0xC0 == 0x80 else 0
    least, most = 0x80, 0xBF
    if first == 0xE0:
        least = 0xA0
    elif first == 0xED:
        most = 0x9F
    elif first == 0xF0:
        least = 0x90
    elif first == 0xF4:
        most = 0x8F
    if second < least or second > most or data[at + 2] & 0xC0 != 0x80 or first > 0xF4:
        return 0
    if first < 0xF0:
        return 3
    return 4 if data[at + 3] & 0xC0 == 0x80 else 0


@inlined
def _normalize(
    data: NDArray[np.uint8],
    first: int,
    last: int,
    normalized: NDArray[np.uint8],
    start: int,
    tables: _Tables,
) -> int:
    """Writes the URL as `urls.normalize_url` does; returns its end. Behind it are zeros."""
    end = start
    while first < last:
        scheme = stands_at(data, first, tables.schemes) if data[first] == _LETTER_H else 0
        if scheme > 0:
            first += scheme
            first += stands_at(data, first, tables.www)
        else:
            normalized[end] = data[first]
            end += 1
            first += 1
    cut = start
    while cut < end and not (
        normalized[cut] == _QUERY and stands_at(normalized, cut, tables.tracking)
    ):
        cut += 1
    while cut > start and normalized[cut - 1] == _SLASH:
        cut -= 1
    normalized[cut:end] = 0
    return cut
