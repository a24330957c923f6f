"""The meaning of an HTTP response: status, first bytes and headers (RFC 9110). Pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)", re.IGNORECASE)
_REDIRECTS = (301, 302, 303, 307, 308)
_RETRYABLE = (408, 425, 429)
# S3 sends SlowDown with a 503. CloudFront, in front of Common Crawl, blocks clients that send too
# many requests with a 403 that says so. Any other 403 is a file that is missing or not public.
_RATE_LIMITED = re.compile(
    rb"SlowDown|Request blocked|too much traffic|Rate exceeded|TooManyRequests", re.IGNORECASE
)


class ResponseKind(Enum):
    """What a client does after a response."""

    CONTENT = "read it: the file, or the requested range of it"
    REDIRECT = "request the Location"
    RANGE_NOT_SATISFIABLE = "check the length: the requested range is outside the file"
    RETRYABLE = "wait and send the request again"
    FINAL = "give up: the same request gets the same response"


@dataclass(frozen=True, slots=True)
class ContentRange:
    """A Content-Range header (RFC 9110, section 14.4).

    Attributes:
      first, last: positions of the first and the last byte of the body; -1 if there is no body.
      total: bytes of the complete file; -1 if unknown.
    """

    first: int
    last: int
    total: int


def classify(status: int, body: bytes) -> ResponseKind:
    """The kind of a response.

    Args:
      body: its first bytes, where the status is an error.
    """
    if status in (200, 206):
        return ResponseKind.CONTENT
    if status in _REDIRECTS:
        return ResponseKind.REDIRECT
    if status == 416:
        return ResponseKind.RANGE_NOT_SATISFIABLE
    if status in _RETRYABLE or 500 <= status < 600 or (status == 403 and _is_rate_limit(body)):
        return ResponseKind.RETRYABLE
    return ResponseKind.FINAL


def _is_rate_limit(body: bytes) -> bool:
    return _RATE_LIMITED.search(body) is not None


def describe(status: int, body: bytes) -> str:
    """The status in words. Nothing of the server's own text goes into a log."""
    try:
        name = f" {HTTPStatus(status).phrase}"
    except ValueError:
        name = ""
    hint = " (slow down)" if status >= 400 and _is_rate_limit(body) else ""
    return f"answered {status}{name}{hint}"


def parse_content_range(value: str) -> ContentRange | None:
    """The numbers of a Content-Range header; None if it is malformed."""
    found = _CONTENT_RANGE.fullmatch(value.strip())
    if not found:
        return None
    first, last = (-1 if number is None else int(number) for number in found.groups()[:2])
    total = -1 if found[3] == "*" else int(found[3])
    if last < first or (0 <= total <= last):
        return None
    return ContentRange(first, last, total)


def validator(headers: Mapping[str, str]) -> str:
    """The validator to send as If-Range (RFC 9110, section 8.8); "" if the server gives none.

    A weak ETag does not promise the same bytes.
    """
    etag = headers.get("ETag", "").strip()
    if etag.startswith('"'):
        return etag
    return headers.get("Last-Modified", "").strip()
