"""langdetect's profiles and normal characters, as the package carries them in `profiles.npz`.

They are those of langdetect 1.0.9 (Apache-2.0, see NOTICE), in the order of their names; made from
the installed package by `python -m tests.cleaning.filters.langdetect.make_profiles`.
"""

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PATH = Path(__file__).with_name("profiles.npz")
SHA256 = "a92eaab71742a64d52cb0822a20bcb3694ff052190e1a5bd30227a200184d688"
CHARACTERS = 0x20000
SPACE = 32
NGRAM = 3  # characters of an n-gram at most
KEY_BITS = 21  # of each of its characters
_LATIN_1_EXCLUDED = (0xA0, 0xAB, 0xB0, 0xBB)
_AS_ONE = (  # first and last of a Unicode block, and the character that all of it is taken for
    (0x2000, 0x206F, SPACE),  # General Punctuation
    (0x1EA0, 0x1EFF, 0x1EC3),  # Vietnamese letters of Latin Extended Additional
    (0x3040, 0x309F, 0x3042),  # Hiragana
    (0x30A0, 0x30FF, 0x30A2),  # Katakana
    (0x3100, 0x312F, 0x3105),  # Bopomofo
    (0x31A0, 0x31BF, 0x3105),  # Bopomofo Extended
    (0xAC00, 0xD7AF, 0xAC00),  # Hangul Syllables
)
_CEDILLAS_AND_YEH = ((0x219, 0x15F), (0x21B, 0x163), (0x6CC, 0x64A))


class Profiles(NamedTuple):
    """What langdetect knows of its languages.

    An n-gram is known if a profile has it. Its row says how likely it is in each of these.

    Attributes:
      languages: codes, in the order in which probabilities are multiplied and summed.
      key: uint64[rows], of each known n-gram (`ngram_key`), ascending.
      start: int32[rows + 1], where the languages of a row begin.
      language, likelihood: int32[], float64[], of the rows, one after another.
      normal: int32[CHARACTERS], the character that langdetect takes for each; for itself beyond.
    """

    languages: tuple[str, ...]
    key: NDArray[np.uint64]
    start: NDArray[np.int32]
    language: NDArray[np.int32]
    likelihood: NDArray[np.float64]
    normal: NDArray[np.int32]


def ngram_key(characters: NDArray[np.integer]) -> NDArray[np.uint64]:
    """The keys of n-grams.

    Args:
      characters: [n, NGRAM], from the first on; -1 after the last.
    """
    shifts = np.arange(NGRAM, dtype=np.uint64) * np.uint64(KEY_BITS)
    keys: NDArray[np.uint64] = ((characters + 1).astype(np.uint64) << shifts).sum(
        axis=1, dtype=np.uint64
    )
    return keys


@functools.cache
def load_profiles() -> Profiles:
    """The profiles, read once a process.

    Raises:
      RuntimeError: the file is not the one that was released.
    """
    with np.load(PATH) as stored:
        arrays = {name: stored[name] for name in sorted(stored.files)}
    if digest(arrays) != SHA256:
        raise RuntimeError(f"{PATH.name} of c4forge is damaged; install c4forge again")
    characters = arrays["ngrams"].astype(np.int32) - 1  # 0: none
    sizes = (characters >= 0).sum(axis=1)
    start = np.concatenate([[0], np.cumsum(arrays["languages_of"])]).astype(np.int32)
    language = arrays["language"].astype(np.int32)
    words = arrays["words"][language, np.repeat(sizes, arrays["languages_of"]) - 1]
    return Profiles(
        tuple(arrays["names"].tobytes().decode().split()),
        ngram_key(characters),
        start,
        language,
        arrays["frequency"] / words,  # as Python divides two integers below 2**53
        _normal_characters(arrays["kanji"], arrays["kanji_class"]),
    )


def digest(arrays: dict[str, NDArray[np.generic]]) -> str:
    """The sha256 of arrays, whatever compressed them."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return found.hexdigest()


def _normal_characters(
    kanji: NDArray[np.uint16], kanji_class: NDArray[np.uint16]
) -> NDArray[np.int32]:
    """`Profiles.normal`, by the rules of langdetect's `NGram.normalize`.

    Args:
      kanji, kanji_class: characters, and the one that each is taken for.
    """
    normal = np.arange(CHARACTERS, dtype=np.int32)
    ascii_letters = [*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]
    normal[:0x80] = SPACE
    normal[ascii_letters] = ascii_letters
    normal[list(_LATIN_1_EXCLUDED)] = SPACE
    for first, last, taken in _AS_ONE:
        normal[first : last + 1] = taken
    for character, taken in _CEDILLAS_AND_YEH:
        normal[character] = taken
    normal[kanji] = kanji_class
    return normal
