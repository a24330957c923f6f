"""The documents of corpora that meet conditions: on URL, domain, length, text; a sample of them."""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cleaning.patterns import compile_quiet
from cleaning.urls import host_of, normalize_url
from corpora.documents import read_rows
from corpora.features import FEATURES
from corpora.layout import CorpusShard
from runtime.cli.options import closest
from runtime.errors import UsageError
from runtime.storage.matching import InputError

if TYPE_CHECKING:
    import re2

_PERSON = b"c4forge.inspect"


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document of a corpus.

    Attributes:
      text, url, timestamp: of it; "" where the corpus states none.
      shard: its file.
      row: its number in the shard, from 0.
    """

    text: str
    url: str
    timestamp: str
    shard: CorpusShard
    row: int


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a document must meet; what is not given, every document meets.

    Attributes:
      url: any URL of its page.
      domain: of its URL's host, or one that the host is a subdomain of.
      min_length, max_length: characters of its text; 0: no limit.
      regex: RE2 pattern that is found in its text.
    """

    url: str = ""
    domain: str = ""
    min_length: int = 0
    max_length: int = 0
    regex: str = ""

    def are_met(self, text: str, url: str) -> bool:
        """True for a document that meets all of them."""
        if self.url and normalize_url(url) != self._normalized:
            return False
        if self.domain and not _is_within(host_of(url), self.domain.lower()):
            return False
        if len(text) < self.min_length or (self.max_length and len(text) > self.max_length):
            return False
        return not self.regex or self.match(text) is not None

    def match(self, text: str) -> tuple[int, int] | None:
        """Where the pattern is first found, in characters; None if it is not, or there is none."""
        utf8 = text.encode(errors="surrogatepass")
        found = self._pattern.search(utf8) if self.regex else None
        if found is None:
            return None
        start = len(utf8[: found.start()].decode(errors="replace"))
        return start, start + len(found.group().decode(errors="replace"))

    @cached_property
    def _normalized(self) -> str:
        return normalize_url(self.url)

    @cached_property
    def _pattern(self) -> "re2._Regexp[bytes]":
        return parse_regex(self.regex)


def parse_regex(value: str) -> "re2._Regexp[bytes]":
    """A pattern of RE2: the time of a search grows with the text only, whatever the pattern.

    Raises:
      UsageError: it is none.
    """
    import re2

    try:
        return compile_quiet(value.encode())
    except (re2.error, UnicodeEncodeError) as error:
        raise UsageError(f"expected a pattern of RE2: {error}") from None


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def choose_shards(
    shards: Sequence[CorpusShard], *, language: str = "", split: str = ""
) -> list[CorpusShard]:
    """The shards of a language and of a split; "" for any.

    Raises:
      InputError: no shard is; the message lists what their names and folders state.
    """
    chosen = list(shards)
    for name, value in (("language", language), ("split", split)):
        known = dict.fromkeys(getattr(shard, name) for shard in chosen)
        if value and value not in known:
            stated = [text for text in known if text]
            there = closest(value, stated) if stated else "the names of the files state none"
            raise InputError(f"--{name}={value}: no such {name} is there; {there}")
        chosen = [shard for shard in chosen if not value or getattr(shard, name) == value]
    return chosen


def find_documents(
    shards: Sequence[CorpusShard], conditions: Conditions
) -> Iterator[FoundDocument]:
    """The documents that meet the conditions, in the order of the shards.

    Raises:
      DamagedShard: a shard cannot be read to its end.
    """
    for shard in shards:
        for row, values in enumerate(read_rows(shard.path, shard.format, FEATURES)):
            text, url = values["text"] or "", values["url"] or ""
            if conditions.are_met(text, url):
                yield FoundDocument(text, url, values["timestamp"] or "", shard, row)


def sample_documents(
    shards: Sequence[CorpusShard], conditions: Conditions, count: int
) -> list[FoundDocument]:
    """So many of the documents that meet the conditions, chosen by a hash: the same every time.

    Those of the smallest hashes of URL and text; memory is that of them. In the order of the
    shards.
    """
    chosen = heapq.nsmallest(count, find_documents(shards, conditions), key=_hash)
    return sorted(chosen, key=lambda found: (found.shard.number, found.row))


def _hash(found: FoundDocument) -> tuple[bytes, int, int]:
    text = f"{found.url}\n{found.text if not found.url else ''}".encode(errors="surrogatepass")
    digest = hashlib.blake2b(text, digest_size=16, person=_PERSON).digest()
    return digest, found.shard.number, found.row
