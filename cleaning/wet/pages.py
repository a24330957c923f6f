"""Pages of a WET record, read line by line as the reference reads them.

TFDS c4_utils.split_wet_file does not parse records. A line that starts with `WARC`, `Content-` or
`CONTENT-` is taken for a header even in the middle of a page, and a line `WARC/1.0` starts a new
page. The spec `tfds-3.1.0` does the same on sound records.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2

from cleaning.patterns import compile_quiet
from cleaning.wet.records import Record

METADATA_PREFIXES = ("WARC", "CONTENT-", "Content-")
MAX_PAGE_CHARS = 190_000  # TFDS c4_utils.is_valid_length
DELIMITER = "WARC/1.0"
FIELDS = ("WARC-Target-URI", "WARC-Date", "Content-Type", "Content-Length")
"""The names of the values of `Headers`, in order."""
TYPE = "WARC-Type"
_DIGEST = re.compile(rb"^WARC-Block-Digest:[ \t]*(\S+)", re.MULTILINE)
_WET_TYPES = ("conversion", "warcinfo", "")


class BodyHeaders(StrEnum):
    """Whether lines in the middle of a page that look like WARC headers are kept."""

    SWALLOWED = "swallowed"  # taken for headers and left out, as in the reference
    KEPT = "kept"


class MalformedPage(ValueError):
    """A framed record that holds no page of a WET file; the message says why."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The header values of a WET record. Missing ones are empty, as in TFDS."""

    url: str = ""
    timestamp: str = ""
    content_type: str = ""
    content_length: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the reference sees it after parsing: stripped lines joined by newlines."""

    headers: Headers
    text: str


def read_headers(record: Record) -> tuple[Headers, bool]:
    """The page's headers, and False if only `reference_pages` reads the record as TFDS does.

    Raises:
      MalformedPage: the header is not UTF-8, or WET files have no records of this type.
    """
    try:
        header = record.header.decode()
    except UnicodeDecodeError as error:
        raise MalformedPage(f"header is not UTF-8: {error.reason} at byte {error.start}") from None
    fields: dict[str, str] = {}
    plain = True
    for line in header.replace("\r\n", "\n").split("\n")[1:]:
        name, colon, value = line.partition(":")
        fields[name] = value.strip()
        plain &= bool(colon) and name.startswith(METADATA_PREFIXES) and "\r" not in line
    kind = fields.get(TYPE, "")
    if kind not in _WET_TYPES:
        raise MalformedPage(f"record of type {kind[:40]!r}; a WET file holds 'conversion' records")
    return _headers(fields), plain


def block_digest(record: Record) -> str:
    """WARC-Block-Digest as the record states it, else its SHA-1 in the same form."""
    if stated := _DIGEST.search(record.header):
        return stated[1].decode()
    digest = hashlib.sha1(record.block, usedforsecurity=False).digest()
    return f"sha1:{base64.b32encode(digest).decode()}"


def page_text(block: str) -> str:
    """The reference's text of a block without header-like lines: stripped, no blank lines."""
    lines = block.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join([stripped for line in lines if (stripped := line.strip())])


def plain_page_text(block: bytes) -> bytes:
    """`page_text`, in UTF-8, of a block that `clean_kernel.clean_blocks` does not call exact.

    Such a block has newlines as its only line breaks, and spaces and tabs as its only other ASCII
    whitespace. So stripping bytes gives the same unless a line begins or ends with a Unicode space.
    In most blocks only the two ends need stripping.
    """
    if not block.isascii() and _unicode_space().search(block):
        return page_text(block.decode()).encode()
    text = block.strip()
    if any(space in text for space in _STRIPPED):
        return b"\n".join([stripped for line in text.split(b"\n") if (stripped := line.strip())])
    return text


_STRIPPED = (b"\n\n", b" \n", b"\n ", b"\t\n", b"\n\t")


@functools.cache
def _unicode_space() -> "re2._Regexp[bytes]":
    spaces = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
    return compile_quiet(f"[{spaces}]".encode())


def reference_pages(record: Record) -> Iterator[Page]:
    """The pages of any record in UTF-8, as split_wet_file finds them among its lines.

    Pages without URL, text or timestamp are yielded too; the caller counts them.

    Raises:
      MalformedPage: the record is not UTF-8.
    """
    try:
        text = (record.header + b"\n\n" + record.block).decode()
    except UnicodeDecodeError as error:
        raise MalformedPage(f"not UTF-8: {error.reason} at byte {error.start}") from None
    fields: dict[str, str] = {}
    lines: list[str] = []
    started = False
    for line in page_text(text).split("\n"):
        if line == DELIMITER:
            if started:
                yield _page(fields, lines)
            fields, lines, started = {}, [], True
        for name in FIELDS:
            if line.startswith(name + ":"):
                fields[name] = line[len(name) + 1 :].strip()
        if not line.startswith(METADATA_PREFIXES):
            lines.append(line)
    yield _page(fields, lines)


def _page(fields: dict[str, str], lines: list[str]) -> Page:
    return Page(_headers(fields), "\n".join(lines))


def _headers(fields: dict[str, str]) -> Headers:
    return Headers(*[fields.get(name, "") for name in FIELDS])
