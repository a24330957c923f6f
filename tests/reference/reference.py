"""TFDS's own C4 functions, made to run on the libraries of today.

Five things are changed around TFDS 4.9.10; none of them decides anything:

- its sentence tokenizer is a pickle, which nltk no longer reads: a package has the model;
- cld3 ends the process if TensorFlow was imported before it: import this module before others do;
- tldextract would fetch the list of public suffixes: it is kept to the list that it carries;
- Beam refuses the type hints of `is_realnews_domain`: they are taken off;
- langdetect loads its profiles in the order of the disk, which shows in the last bits of its
  probabilities: here it is that of their names.
"""

import math
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if "tensorflow" not in sys.modules:
    pytest.importorskip("gcld3")
pytest.importorskip("tensorflow_datasets", reason="differential tests need TensorFlow Datasets")

import langdetect
import tldextract
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
from punkt.data import english
from tensorflow_datasets.text import c4, c4_utils
from tensorflow_datasets.text.c4_utils import PageFeatures

__all__ = [
    "PageFeatures",
    "best_language",
    "c4",
    "c4_utils",
    "counting",
    "has_best_language",
    "punkt",
]


def punkt() -> PunktSentenceTokenizer:
    """nltk's tokenizer with Punkt's English model, built without a line of ours."""
    model = PunktParameters()
    for word in english.ABBREV_TYPES:
        model.abbrev_types.add(word)
    for pair in english.COLLOCATIONS:
        model.collocations.add(pair)
    for word in english.SENT_STARTERS:
        model.sent_starters.add(word)
    for word, context in english.ORTHO_CONTEXT.items():
        model.add_ortho_context(word, context)
    return PunktSentenceTokenizer(model)


c4_utils._load_sentence_tokenizer = punkt
c4_utils.is_realnews_domain.__annotations__.clear()
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())


def _load_profiles_by_name() -> None:
    """langdetect's profiles in the order of their names; its own order is that of the disk."""
    profiles = sorted(Path(langdetect.detector_factory.PROFILES_DIRECTORY).iterdir())
    factory = langdetect.DetectorFactory()
    factory.load_json_profile([profile.read_text(encoding="utf-8") for profile in profiles])
    langdetect.DetectorFactory.seed = 0
    langdetect.detector_factory._factory = factory


_load_profiles_by_name()


def best_language(text: str) -> tuple[str, float]:
    """langdetect's best language of the text and its probability; ("", 0) if it finds none."""
    try:
        found = langdetect.detect_langs(text)
    except langdetect.LangDetectException:
        found = []
    return (found[0].lang, found[0].prob) if found else ("", 0.0)


def has_best_language(text: str, language: str, probability: float) -> bool:
    """True if langdetect finds the same: to the last bit by the sums of Python before 3.12."""
    best, theirs = best_language(text)
    allowed = 1e-13 if sys.version_info >= (3, 12) else 0.0
    return language == best and math.isclose(probability, theirs, rel_tol=allowed)


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """What the reference counts inside the block, by `namespace/counter`."""
    counts: Counter[str] = Counter()
    original = c4_utils.get_counter_inc_fn

    def counter_inc_fn(namespace: str):
        def increment(counter: str, amount: int = 1) -> None:
            counts[f"{namespace}/{counter}"] += amount

        return increment

    c4_utils.get_counter_inc_fn = counter_inc_fn
    try:
        yield counts
    finally:
        c4_utils.get_counter_inc_fn = original
