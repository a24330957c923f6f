"""Normalized URLs, and digests of URLs: C4 takes them wherever it needs a random choice."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_SCHEME = re.compile(r"https?:\/\/(www\.)?")
_SCHEME_ANY_CASE = re.compile(_SCHEME.pattern, re.IGNORECASE)
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_TRACKING = re.compile(r"\?(utm_|ref|feed).*")
_TRACKING_PARAMETER = re.compile(r"utm_[^=]*|ref|feed")
VALIDATION_MODULUS = 1000

Digests = NDArray[np.uint64]
"""uint64[n, 2]: 128-bit digests, high half first, so that rows sort like hexadecimals."""


class SchemeCase(StrEnum):
    """Whether schemes and `www.` in capitals are cut."""

    EXACT = "exact"  # only those in small letters
    ANY = "any"


class SchemePlace(StrEnum):
    """Where in a URL schemes are cut."""

    ANYWHERE = "anywhere"
    START = "start"


class Tracking(StrEnum):
    """How tracking parameters are found."""

    PREFIX = "prefix"  # the query begins with one: all of it is cut
    PARAMETER = "parameter"  # by name: that parameter alone is cut


@dataclass(frozen=True, slots=True)
class UrlRules:
    """How URLs are normalized; the defaults are the reference's."""

    case: SchemeCase = SchemeCase.EXACT
    place: SchemePlace = SchemePlace.ANYWHERE
    tracking: Tracking = Tracking.PREFIX


def normalize_url(url: str) -> str:
    """The key that all captures of a page share (TFDS c4_utils.normalize_url).

    Every `http(s)://` with an optional `www.` is cut wherever it occurs, then everything from
    `?utm_`, `?ref` or `?feed` to the end of the line, then trailing slashes.
    """
    return _TRACKING.sub("", _SCHEME.sub("", url)).rstrip("/")


def host_of(url: str) -> str:
    """The host of a URL, in small letters, without login and port.

    Example:
      >>> host_of("https://me@News.a.example:80/page?x=https://b.example/")
      'news.a.example'
    """
    rest = url[found.end() :] if (found := _ANY_SCHEME.match(url)) else url
    for end in "/?#":
        rest = rest.partition(end)[0]
    host = rest.rpartition("@")[2].lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def load_normalizer(rules: UrlRules) -> Callable[[str], str]:
    """`normalize_url` under these rules."""
    if rules == UrlRules():
        return normalize_url
    scheme = _SCHEME_ANY_CASE if rules.case is SchemeCase.ANY else _SCHEME
    by_prefix = rules.tracking is Tracking.PREFIX

    def normalize(url: str) -> str:
        if rules.place is SchemePlace.ANYWHERE:
            url = scheme.sub("", url)
        elif found := scheme.match(url):
            url = url[found.end() :]
        return (_TRACKING.sub("", url) if by_prefix else _cut_parameters(url)).rstrip("/")

    return normalize


def _cut_parameters(url: str) -> str:
    """The URL without the tracking parameters of its query."""
    before, mark, after = url.partition("?")
    if not mark:
        return url
    query, number_sign, fragment = after.partition("#")
    pairs = [
        pair
        for pair in query.split("&")
        if not _TRACKING_PARAMETER.fullmatch(pair.partition("=")[0])
    ]
    mark = mark if pairs else ""
    return f"{before}{mark}{'&'.join(pairs)}{number_sign}{fragment}"


def md5(text: str) -> bytes:
    """16-byte md5 of the UTF-8 text, the hash that the reference decides by.

    Raises:
      UnicodeEncodeError: `text` holds a lone surrogate, which no decoded page does.
    """
    return md5_utf8(text.encode())


def md5_utf8(utf8: bytes) -> bytes:
    """The same of bytes."""
    return hashlib.md5(utf8, usedforsecurity=False).digest()


def pack_digests(digests: list[bytes]) -> Digests:
    """16-byte digests as an array uint64[n, 2] that sorts like their hexadecimal strings."""
    return np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2).astype(np.uint64)


def are_held_out(normalized_url_digest: Digests) -> NDArray[np.bool_]:
    """True for the thousandth of pages that C4 holds out (TFDS c4.C4._split_generators).

    Args:
      normalized_url_digest: uint64[n, 2], md5 of the normalized URL, a number of 128 bits.
    """
    high, low = (normalized_url_digest % np.uint64(VALIDATION_MODULUS)).T
    remainder = high * np.uint64(2**64 % VALIDATION_MODULUS) + low
    held_out: NDArray[np.bool_] = remainder % np.uint64(VALIDATION_MODULUS) == 0
    return held_out


def shard_key(url: str) -> int:
    """64 bits that place a document in the shuffled order of the output.

    Not md5: the page whose md5(url) is smallest keeps every line it shares, so md5 order would
    gather repeated lines in the first shards.
    """
    digest = hashlib.blake2b(url.encode(), digest_size=8, person=b"c4forge.shards").digest()
    return int.from_bytes(digest)
