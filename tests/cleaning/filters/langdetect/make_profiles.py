"""Makes cleaning/filters/langdetect/profiles.npz of the profiles of the installed langdetect 1.0.9.

    python -m tests.cleaning.filters.langdetect.make_profiles

It prints the sha256 of what it wrote, which `profiles.py` states. A test compares the file with it.
"""

import json
from pathlib import Path

import langdetect
import numpy as np
from langdetect.utils.ngram import NGram
from numpy.typing import NDArray

from cleaning.filters.langdetect.profiles import NGRAM, PATH, digest, ngram_key


def arrays_of_langdetect() -> dict[str, NDArray[np.generic]]:
    """The arrays of the file, by name.

    names: codes of languages, in the order of the profiles' names, UTF-8 with spaces between.
    words: uint32[languages, NGRAM], how many n-grams of each size a profile counts.
    ngrams: uint16[rows, NGRAM], characters + 1 of each n-gram, 0 for none; by ascending key.
    languages_of: uint8[rows], how many profiles have it.
    language, frequency: uint8[], uint32[], of each of these.
    kanji, kanji_class: uint16[], characters, and the one that each is taken for.
    """
    folder = Path(langdetect.detector_factory.PROFILES_DIRECTORY)
    profiles = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]
    found: dict[str, list[tuple[int, int]]] = {}
    for number, profile in enumerate(profiles):
        for ngram, frequency in profile["freq"].items():
            found.setdefault(ngram, []).append((number, frequency))
    characters = [[*map(ord, ngram), *[-1] * (NGRAM - len(ngram))] for ngram in found]
    order = np.argsort(ngram_key(np.array(characters)))
    rows = list(found.values())
    pairs = np.array([pair for number in order.tolist() for pair in rows[number]])
    kanji = sorted(NGram.CJK_MAP.items())
    return {
        "names": np.frombuffer(" ".join(p["name"] for p in profiles).encode(), np.uint8),
        "words": np.array([profile["n_words"] for profile in profiles], np.uint32),
        "ngrams": (np.array(characters)[order] + 1).astype(np.uint16),
        "languages_of": np.array([len(rows[number]) for number in order.tolist()], np.uint8),
        "language": pairs[:, 0].astype(np.uint8),
        "frequency": pairs[:, 1].astype(np.uint32),
        "kanji": np.array([ord(character) for character, _ in kanji], np.uint16),
        "kanji_class": np.array([ord(taken) for _, taken in kanji], np.uint16),
    }


if __name__ == "__main__":
    made = arrays_of_langdetect()
    np.savez_compressed(PATH, **made)
    print(digest(made))
