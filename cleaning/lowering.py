"""Lower case of UTF-8 text, by bytes wherever that is exactly `str.lower`.

`str.lower` maps every character of a text with one non-ASCII character in it through Unicode's
tables. Most such texts hold curly quotes and accented small letters only, which no case mapping
changes; for them lowering the ASCII bytes is the same and many times faster.
"""

import functools
import sys

import re2


@functools.cache
def _changed_by_lowering() -> "re2._Regexp[bytes]":
    """Finds a non-ASCII character that `str.lower` of this Python changes."""
    ranges: list[list[int]] = []
    for code in range(0x80, sys.maxunicode + 1):
        if chr(code).lower() != chr(code):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    spans = "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges)
    return re2.compile(f"[{spans}]".encode())


def lower_utf8(text: str) -> bytes:
    """`text.lower().encode()`.

    Raises:
      UnicodeEncodeError: `text` holds a lone surrogate.
    """
    encoded = text.encode()
    if encoded.isascii() or not _changed_by_lowering().search(encoded):
        return encoded.lower()
    return text.lower().encode()
