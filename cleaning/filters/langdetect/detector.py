"""langdetect's decision about a text, as a rule book: the definition of `kernel`.

It is that of `langdetect.detector.Detector` and `langdetect.utils.ngram.NGram` (1.0.9) with seed 0,
to the last bit of a probability, on every Python: likelihoods are multiplied in the order of the
profiles' names, and floats are added one after another, as `sum` did before Python 3.12.
"""

import math
import re
import unicodedata
from collections.abc import Iterator

import numpy as np

from cleaning.filters.langdetect.profiles import (
    CHARACTERS,
    KEY_BITS,
    NGRAM,
    Profiles,
    load_profiles,
)

MAX_CHARACTERS = 10_000
TRIALS, MAX_DRAWS, DRAWS_BETWEEN_SUMS = 7, 1000, 5
ALPHA, ALPHA_WIDTH, BASE_FREQUENCY = 0.5, 0.05, 10_000.0
CERTAIN, LIKELY = 0.99999, 0.1
UNKNOWN, NO_FEATURES = -1, -2  # in place of a language's number
MARKED_LETTERS = "AEIOUYaeiouyÂÊÔâêôĂăƠơƯư"
MARKS = "\u0300\u0301\u0303\u0309\u0323"
_LINK = re.compile(r"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}")
_MAIL = re.compile(r"[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}")
_MARKED = re.compile(f"[{MARKED_LETTERS}][{MARKS}]")
_SPACES = re.compile(" +")


def identify(text: str) -> tuple[int, float]:
    """The number of the likeliest language and its probability.

    UNKNOWN if none is likely, NO_FEATURES if no n-gram is known; 0.0 then.
    """
    profiles = load_profiles()
    rows = known_rows(read_text(text), profiles)
    if not rows:
        return NO_FEATURES, 0.0
    stream, mean = Stream(), [0.0] * len(profiles.languages)
    for _ in range(TRIALS):
        for language, probability in enumerate(_try(rows, stream, profiles)):
            mean[language] += probability / TRIALS
    best = max(range(len(mean)), key=mean.__getitem__)
    return (best, mean[best]) if mean[best] > LIKELY else (UNKNOWN, 0.0)


def read_text(text: str) -> str:
    """What langdetect reads of a text.

    Addresses become spaces, letters with Vietnamese marks one character; runs of spaces in the
    first 10,000 characters become one. Then text of other scripts loses what is from `A` to `z`.
    """
    text = _MAIL.sub(" ", _LINK.sub(" ", text))
    text = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    text = _SPACES.sub(" ", text[:MAX_CHARACTERS])
    latin = sum("A" <= character <= "z" for character in text)
    other = sum(character >= "\u0300" for character in text)  # Latin Extended Additional, too
    if 2 * latin < other:
        text = "".join(character for character in text if not "A" <= character <= "z")
    return text


def known_rows(text: str, profiles: Profiles) -> list[int]:
    """The rows of the known n-grams of a text, by where they end, shorter ones first."""
    keys = np.fromiter(_keys(text, profiles), np.uint64)
    places = np.searchsorted(profiles.key, keys)
    places[places == len(profiles.key)] = 0
    found: list[int] = places[profiles.key[places] == keys].tolist()
    return found


def _keys(text: str, profiles: Profiles) -> Iterator[int]:
    """The keys of n-grams of one to three characters.

    None is a space alone or has a space in its middle. None ends within a word in capitals: at a
    capital after another.
    """
    word, was_upper = " ", False
    for character in text:
        code = ord(character)
        normal = chr(profiles.normal[code]) if code < CHARACTERS else character
        if word[-1] == " ":
            word = " "
            if normal == " ":
                was_upper = False
                continue
        word = (word + normal)[-NGRAM:]
        in_capitals = normal.isupper() and was_upper
        was_upper = normal.isupper()
        for size in range(1, len(word) + 1):
            ngram = word[-size:]
            if ngram != " " and not in_capitals:
                yield sum((ord(c) + 1) << (KEY_BITS * at) for at, c in enumerate(ngram))


class Stream:
    """The numbers of `random.Random(0)`, on every Python."""

    def __init__(self) -> None:
        self._words = np.random.RandomState([0])  # seeds with [0] as Python does with 0
        self._spare: float | None = None

    def _bits(self, count: int) -> int:
        """As `getrandbits`, of 32 at most."""
        return int.from_bytes(self._words.bytes(4), "little") >> (32 - count)

    def _fraction(self) -> float:
        """As `random`."""
        high, low = self._bits(27), self._bits(26)
        return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)

    def gauss(self) -> float:
        """As `gauss(0.0, 1.0)`: it makes two numbers at a time."""
        if self._spare is not None:
            found, self._spare = self._spare, None
            return found
        angle = self._fraction() * (2.0 * math.pi)
        radius = math.sqrt(-2.0 * math.log(1.0 - self._fraction()))
        self._spare = math.sin(angle) * radius
        return math.cos(angle) * radius

    def below(self, count: int) -> int:
        """As `randrange(count)`, by which `choice` chooses."""
        bits = count.bit_length()
        while (number := self._bits(bits)) >= count:
            pass
        return number


def _try(rows: list[int], stream: Stream, profiles: Profiles) -> list[float]:
    """The probability of each language by one trial."""
    count = len(profiles.languages)
    probabilities = [1.0 / count] * count
    weight = (ALPHA + stream.gauss() * ALPHA_WIDTH) / BASE_FREQUENCY
    for draws in range(MAX_DRAWS + 1):
        row = rows[stream.below(len(rows))]
        likelihoods = [0.0] * count
        for at in range(profiles.start[row], profiles.start[row + 1]):
            likelihoods[profiles.language[at]] = float(profiles.likelihood[at])
        for language, likelihood in enumerate(likelihoods):
            probabilities[language] *= weight + likelihood
        if draws % DRAWS_BETWEEN_SUMS == 0:
            total = 0.0
            for probability in probabilities:
                total += probability
            probabilities = [probability / total for probability in probabilities]
            if max(probabilities) > CERTAIN:
                break
    return probabilities
