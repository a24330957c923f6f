"""TFDS's own C4 functions, made to run on the libraries of today.

Four things have changed around TFDS 4.9.10; none of the changes here decides anything:

- its sentence tokenizer is a pickle, which nltk no longer reads: a package has the model;
- cld3 ends the process if TensorFlow was imported before it: import this module before others do;
- tldextract would fetch the list of public suffixes: it is kept to the list that it carries;
- Beam refuses the type hints of `is_realnews_domain`: they are taken off.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

if "tensorflow" not in sys.modules:
    pytest.importorskip("gcld3")
pytest.importorskip("tensorflow_datasets", reason="differential tests need TensorFlow Datasets")

import tldextract
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
from punkt.data import english
from tensorflow_datasets.text import c4, c4_utils
from tensorflow_datasets.text.c4_utils import PageFeatures

__all__ = ["PageFeatures", "c4", "c4_utils", "counting", "probabilities", "punkt"]


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


def probabilities(langdetect: ModuleType, text: str) -> list[tuple[str, float]]:
    """Languages of the text by a package with langdetect's interface; empty where it finds none."""
    langdetect.DetectorFactory.seed = 0
    try:
        return [(found.lang, found.prob) for found in langdetect.detect_langs(text)]
    except langdetect.LangDetectException:
        return []


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
