"""Normalized URLs, and the digests of URLs by which C4 decides a page's fate without chance."""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

_SCHEME = re.compile(r"https?:\/\/(www\.)?")
_TRACKING = re.compile(r"\?(utm_|ref|feed).*")
VALIDATION_MODULUS = 1000

Digests = NDArray[np.uint64]
"""uint64[n, 2]: 128-bit digests, most significant half first, so rows sort as hexadecimals do."""


def normalize_url(url: str) -> str:
    """The key under which captures of a page meet (TFDS c4_utils.normalize_url).

    Every `http(s)://` with an optional `www.` goes wherever it stands, then everything from
    `?utm_`, `?ref` or `?feed` to the end of the line, then trailing slashes.
    """
    return _TRACKING.sub("", _SCHEME.sub("", url)).rstrip("/")


def md5(text: str) -> bytes:
    """16-byte md5 of the UTF-8 text, the hash of all the reference's decisions.

    Raises:
      UnicodeEncodeError: `text` holds a lone surrogate, which no decoded page does.
    """
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def pack_digests(digests: list[bytes]) -> Digests:
    """16-byte digests as an array uint64[n, 2] that sorts as their hexadecimal strings do."""
    return np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2).astype(np.uint64)


def is_validation(normalized_url_digest: bytes) -> bool:
    """True for the thousandth of pages that C4 holds out (TFDS c4.C4._split_generators)."""
    return int.from_bytes(normalized_url_digest) % VALIDATION_MODULUS == 0


def shard_key(url: str) -> int:
    """64 bits that place a document in the shuffled order of the output.

    Not md5: the page whose md5(url) is smallest keeps every line it shares, so md5 order would
    gather repeated lines in the first shards.
    """
    digest = hashlib.blake2b(url.encode(), digest_size=8, person=b"c4forge.shards").digest()
    return int.from_bytes(digest)
