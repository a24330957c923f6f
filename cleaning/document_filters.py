"""Filters of finished documents, a row each, and the variants that keep a document.

A row names its step, loads its lists or model, and decides. The language of a distinct text is
identified once, and its bad words are searched for once, however many variants need the result.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from cleaning.counts import Rule, Unit
from cleaning.filters.badwords import (
    BadWords,
    Matcher,
    WordCase,
    is_kept_softly,
    list_language,
    load_matcher,
)
from cleaning.filters.language import (
    ENGLISH_RULE,
    IDENTIFIERS,
    Identified,
    UncertainLanguage,
    english_rules,
    language_rules,
)
from cleaning.filters.own import OwnFilter
from cleaning.signatures import HAS_BAD_WORDS
from cleaning.specs import BadWordsScope, SpecSettings
from cleaning.variants import (
    BAD_WORDS,
    ENGLISH,
    LANGUAGE,
    OWN_FILTER,
    SOFT_BAD_WORDS,
    TextForm,
    Variant,
)

ResultT = TypeVar("ResultT")
_BAD_WORDS_CASE_FIX = "fixed/bad_words_case"


@dataclass(frozen=True, slots=True)
class Resources:
    """The settings, lists and models that filters are loaded from.

    Attributes:
      settings: of the spec.
      bad_words: lists by language.
      lid_model: path of a fastText model; "" for the bundled one.
      own_filters: of the user.
    """

    settings: SpecSettings
    bad_words: Mapping[str, BadWords] = field(default_factory=dict)
    lid_model: str = ""
    own_filters: tuple[OwnFilter, ...] = ()


@dataclass(slots=True)
class Page:
    """A newest page of a part.

    Attributes:
      form: of its text.
      columns: text, url, timestamp, content_type, content_length.
      url_digest: 16-byte md5 of the normalized URL.
      marks: bits of its capture.
    """

    form: TextForm
    columns: tuple[str, ...]
    url_digest: bytes
    marks: int


@dataclass(slots=True)
class Document:
    """A distinct text of a page, with the results that filters of several variants share."""

    page: Page
    text: str
    _found: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, find: Callable[[], ResultT]) -> ResultT:
        """The result of `find`, which is called once for each key, however many variants ask."""
        if key not in self._found:
            self._found[key] = find()
        result: ResultT = self._found[key]
        return result

    def language_probability(self, variant: Variant) -> float:
        """That of the likeliest language, as the variant's filter found it; 0 if it has none."""
        found: Identified | None = self._found.get(ENGLISH if variant.has(ENGLISH) else LANGUAGE)
        return found.probability if found else 0.0


class Decision(NamedTuple):
    """A filter's decision about a document.

    Attributes:
      kept: True if the document goes on to the next filter.
      rules: to be counted, each once.
      language: under which it is kept; "" if the filter does not decide that.
    """

    kept: bool
    rules: tuple[str, ...]
    language: str = ""


Decide = Callable[[Document, Variant, str], Decision]
"""(document, variant, its language so far) -> decision."""


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """One row of the table.

    Attributes:
      name: as variants list it; the part before a colon is its step.
      rules: that it counts, in order; each name begins with the step and a slash.
      load: gives the decision function; called once for each task.
    """

    name: str
    rules: tuple[Rule, ...]
    load: Callable[[Resources], Decide]


def _load_english(resources: Resources) -> Decide:
    """The English filter (TFDS c4_utils.detect_english)."""
    settings = resources.settings
    identify = IDENTIFIERS[settings.english_identifier].load(resources.lid_model or None)

    def decide(document: Document, _variant: Variant, _language: str) -> Decision:
        found = document.once(ENGLISH, lambda: identify(document.text))
        rules = english_rules(found, settings.english_probability)
        return Decision(rules == (ENGLISH_RULE,), rules, "en")

    return decide


def _load_language(resources: Resources) -> Decide:
    """mC4's language filter (TFDS c4_utils.detect_languages)."""
    settings = resources.settings
    identify = IDENTIFIERS[settings.languages_identifier].load(resources.lid_model or None)

    def decide(document: Document, variant: Variant, _language: str) -> Decision:
        found = document.once(LANGUAGE, lambda: identify(document.text))
        many = len(variant.languages) > 1  # a variant of one language has no split for `und`
        language, rules = language_rules(
            found,
            variant.languages,
            settings.languages_probability,
            settings.uncertain_language if many else UncertainLanguage.DROPPED,
        )
        return Decision(language != "", rules, language)

    return decide


class _BadWordsFilter:
    """Documents without bad words (TFDS c4_utils._badwords_filter).

    Args:
      soft: True to keep a small share of the pages that hold one, chosen by a hash of the URL.
    """

    def __init__(self, resources: Resources, soft: bool) -> None:
        self._settings, self._soft = resources.settings, soft
        case = self._settings.bad_words_case
        lists = resources.bad_words
        self._matchers = {code: load_matcher(words, case) for code, words in lists.items()}
        self._as_listed: dict[str, Matcher] = {}
        if case is WordCase.LOWERED:
            listed = WordCase.AS_LISTED
            self._as_listed = {code: load_matcher(w, listed) for code, w in lists.items()}

    def __call__(self, document: Document, _variant: Variant, language: str) -> Decision:
        code = list_language(language)
        outcome, fixed = "passed", False
        if code in self._matchers and document.once(
            (BAD_WORDS, code), lambda: self._has_bad_words(document, code)
        ):
            outcome = "filtered"
            fixed = code in self._as_listed and not document.once(
                (BAD_WORDS, code, "as listed"),
                lambda: self._as_listed[code].found_in(document.text),
            )
            digest, share = document.page.url_digest, self._settings.soft_bad_words
            if self._soft and is_kept_softly(digest, share):
                outcome = "soft-passed"
        rules = [_BAD_WORDS_CASE_FIX] * fixed + [f"badwords-filter/{outcome}"]
        rules += [f"badwords-filter-{code}/{outcome}"] * (code in self._matchers)
        return Decision(outcome != "filtered", tuple(rules))

    def _has_bad_words(self, document: Document, code: str) -> bool:
        page = document.page
        if self._settings.bad_words_scope is not BadWordsScope.PAGE:
            return self._matchers[code].found_in(document.text)
        if page.form is TextForm.CLEANED:  # its raw text is gone: searched while cleaning
            return bool(page.marks & HAS_BAD_WORDS)
        return self._matchers[code].found_in(page.columns[0])


def _load_own(own: OwnFilter) -> Decide:
    """A filter of the user, after all others."""

    def decide(document: Document, _variant: Variant, language: str) -> Decision:
        _, url, timestamp, *_ = document.page.columns
        reason = document.once(
            (own.name, language), lambda: own.reason(document.text, url, language, timestamp)
        )
        outcome = f"filtered:{reason}" if reason else "passed"
        return Decision(not reason, (f"own-filter:{own.name}/{outcome}",))

    return decide


_P = "2.2"
_ENGLISH_RULES = (
    Rule("english-filter/filtered:langdetect_exception", Unit.PAGE, False,
         "no features to identify a language by", _P, "detect_english"),
    Rule("english-filter/filtered:no_predictions", Unit.PAGE, False, "no language likely", _P,
         "detect_english"),
    Rule("english-filter/filtered:low_confidence", Unit.PAGE, False,
         "best language below 0.99", _P, "detect_english"),
    Rule("english-filter/filtered:ignored_language", Unit.PAGE, False, "not English", _P,
         "detect_english"),
    Rule("english-filter/passed", Unit.PAGE, True, "English pages", "", "detect_english"),
)  # fmt: skip
_LANGUAGE_RULES = (
    Rule("language-filter/filtered:no_predictions", Unit.PAGE, False,
         "no reliable language (und, if kept)", "mT5 3.1", "detect_languages"),
    Rule("language-filter/filtered:low_confidence", Unit.PAGE, False,
         "best language too unlikely (und, if kept)", "mT5 3.1", "detect_languages"),
    Rule("language-filter/filtered:ignored_language", Unit.PAGE, False,
         "not in a language of the variant", "", "detect_languages"),
    Rule("language-filter/passed", Unit.PAGE, True, "in a language of the variant", "",
         "detect_languages"),
)  # fmt: skip
_BAD_WORDS_RULES = (
    Rule("badwords-filter/filtered", Unit.PAGE, False, "holds a bad word", _P,
         "_badwords_filter"),
    Rule("badwords-filter/soft-passed", Unit.PAGE, True, "holds a bad word, kept by hash", "",
         "_badwords_filter"),
    Rule("badwords-filter/passed", Unit.PAGE, True, "free of bad words", "", "_badwords_filter"),
)  # fmt: skip

DOCUMENT_FILTERS: dict[str, DocumentFilter] = {
    row.name: row
    for row in (
        DocumentFilter(ENGLISH, _ENGLISH_RULES, _load_english),
        DocumentFilter(LANGUAGE, _LANGUAGE_RULES, _load_language),
        DocumentFilter(BAD_WORDS, _BAD_WORDS_RULES, partial(_BadWordsFilter, soft=False)),
        DocumentFilter(SOFT_BAD_WORDS, _BAD_WORDS_RULES, partial(_BadWordsFilter, soft=True)),
    )
}


def with_own_filters(
    variants: Sequence[Variant], own_filters: Sequence[OwnFilter]
) -> tuple[Variant, ...]:
    """The variants with filters of the user after their own."""
    names = tuple(OWN_FILTER + own.name for own in own_filters)
    return tuple(replace(variant, filters=variant.filters + names) for variant in variants)


def load_filters(variants: Sequence[Variant], resources: Resources) -> dict[str, Decide]:
    """The decision functions of the filters that the variants name, by name."""
    names = dict.fromkeys(name for variant in variants for name in variant.document_filters())
    own = {OWN_FILTER + own_filter.name: own_filter for own_filter in resources.own_filters}
    return {
        name: _load_own(own[name])
        if name.startswith(OWN_FILTER)
        else DOCUMENT_FILTERS[name].load(resources)
        for name in names
    }


def accepted(
    document: Document,
    variants: Sequence[Variant],
    filters: Mapping[str, Decide],
    count: Callable[[str, str], None],
) -> Iterator[tuple[Variant, str]]:
    """The variants that keep the document, and the language under which each does.

    Args:
      filters: of `load_filters`.
      count: called with a variant's name and a rule, for each rule that the document meets.
    """
    for variant in variants:
        language = ""
        for name in variant.document_filters():
            decision = filters[name](document, variant, language)
            for rule in decision.rules:
                count(variant.name, rule)
            if not decision.kept:
                break
            language = decision.language or language
        else:
            yield variant, language


def dropping_rule(met: Sequence[str]) -> str:
    """The rule that dropped a document, given all that it met.

    Rules of detail follow it: the language that is not English, bad words by language.
    """
    *_, last = (number for number, rule in enumerate(["", *met]) if "/filtered" not in rule)
    return met[min(last, len(met) - 1)]
