"""What an HTTP answer says, by its status and headers (RFC 9110), apart from how it was fetched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)", re.IGNORECASE)
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429)
# S3 sends SlowDown with a 503; CloudFront, in front of Common Crawl, blocks who asks too fast with
# a 403 that says so. Any other 403 is a file that is not there or not public.
_TOO_FAST = re.compile(
    rb"SlowDown|Request blocked|too much traffic|Rate exceeded|TooManyRequests", re.IGNORECASE
)


class Meaning(Enum):
    """What to do after an answer."""

    BODY = "the file, or the asked part of it"
    REDIRECT = "it is elsewhere"
    OUTSIDE = "the asked part is not there"
    LATER = "it may be had later"
    NEVER = "asking again does not help"


@dataclass(frozen=True, slots=True)
class ContentRange:
    """A Content-Range header.

    Attributes:
      first, last: positions of the first and the last byte of the body; -1 if there is no body.
      total: of the whole file; -1 if not told.
    """

    first: int
    last: int
    total: int


def meaning(status: int, body: bytes) -> Meaning:
    """What an answer means.

    Args:
      body: its start, where the status is no success.
    """
    if status in (200, 206):
        return Meaning.BODY
    if status in _REDIRECTS:
        return Meaning.REDIRECT
    if status == 416:
        return Meaning.OUTSIDE
    if status in _LATER or 500 <= status < 600 or (status == 403 and _TOO_FAST.search(body)):
        return Meaning.LATER
    return Meaning.NEVER


def describe(status: int, body: bytes) -> str:
    """The answer in words of our own: what a server writes belongs in no log."""
    try:
        name = f" {HTTPStatus(status).phrase}"
    except ValueError:
        name = ""
    hint = " (slow down)" if status >= 400 and _TOO_FAST.search(body) else ""
    return f"answered {status}{name}{hint}"


def parse_content_range(value: str) -> ContentRange | None:
    """The header's numbers; None if it is not well formed."""
    found = _CONTENT_RANGE.fullmatch(value.strip())
    if not found:
        return None
    first, last = (-1 if number is None else int(number) for number in found.groups()[:2])
    total = -1 if found[3] == "*" else int(found[3])
    if last < first or (0 <= total <= last):
        return None
    return ContentRange(first, last, total)


def validator(headers: Mapping[str, str]) -> str:
    """What tells this state of the file from another, for If-Range; "" if the server tells none.

    A weak ETag does not promise the same bytes.
    """
    etag = headers.get("ETag", "").strip()
    if etag.startswith('"'):
        return etag
    return headers.get("Last-Modified", "").strip()
