"""Filters of finished documents, a row each, and the variants that keep a document.

A row names its step, loads its lists or model, and decides. The language of a distinct text is
identified once, and its bad words are searched for once, however many variants need the result.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from cleaning.counts import Rule, Unit
from cleaning.filters.badwords import (
    BadWords,
    Matcher,
    WordCase,
    is_kept_softly,
    list_language,
    load_matcher,
)
from cleaning.filters.documents import (
    Candidates,
    Decide,
    Decision,
    Document,
    LookAhead,
)
from cleaning.filters.language import (
    ENGLISH_RULE,
    IDENTIFIERS,
    Identified,
    Identify,
    UncertainLanguage,
    english_rules,
    identify_all,
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

Dropped = Callable[[Document, Variant, str], None]
"""(document, variant, rule that dropped it)."""
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


class _LanguageFilter(LookAhead):
    """What the filters by language share: the identifier, whose result all variants use.

    Args:
      key: of the result.
      identify: the identifier.
      decide: from a result and a variant.
    """

    def __init__(
        self, key: str, identify: Identify, decide: Callable[[Identified, Variant], Decision]
    ) -> None:
        self._key, self._identify, self._decide = key, identify, decide

    def __call__(self, document: Document, variant: Variant, _language: str) -> Decision:
        found = document.once(self._key, lambda: self._identify(document.text))
        return self._decide(found, variant)

    def look_ahead(self, candidates: Candidates) -> None:
        """Identifies the languages of all."""
        documents = [document for document, _ in candidates if not document.has(self._key)]
        found = identify_all(self._identify, [document.utf8 for document in documents])
        for document, result in zip(documents, found, strict=True):
            document.keep(self._key, result)


def _load_english(resources: Resources) -> Decide:
    """The English filter (TFDS c4_utils.detect_english)."""
    settings = resources.settings
    identify = IDENTIFIERS[settings.english_identifier].load(resources.lid_model or None)

    def decide(found: Identified, _variant: Variant) -> Decision:
        rules = english_rules(found, settings.english_probability)
        return Decision(rules == (ENGLISH_RULE,), rules, "en")

    return _LanguageFilter(ENGLISH, identify, decide)


def _load_language(resources: Resources) -> Decide:
    """mC4's language filter (TFDS c4_utils.detect_languages)."""
    settings = resources.settings
    identify = IDENTIFIERS[settings.languages_identifier].load(resources.lid_model or None)

    def decide(found: Identified, variant: Variant) -> Decision:
        many = len(variant.languages) > 1  # a variant of one language has no split for `und`
        language, rules = language_rules(
            found,
            variant.languages,
            settings.languages_probability,
            settings.uncertain_language if many else UncertainLanguage.DROPPED,
        )
        return Decision(language != "", rules, language)

    return _LanguageFilter(LANGUAGE, identify, decide)


class _BadWordsFilter(LookAhead):
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

    def look_ahead(self, candidates: Candidates) -> None:
        """Searches all, with the list of the language of each."""
        if self._settings.bad_words_scope is BadWordsScope.PAGE:
            return
        by_code: dict[str, list[Document]] = {}
        for document, language in candidates:
            code = list_language(language)
            if code in self._matchers and not document.has((BAD_WORDS, code)):
                by_code.setdefault(code, []).append(document)
        for code, documents in by_code.items():
            found = self._matchers[code].found_in_all([document.utf8 for document in documents])
            for document, result in zip(documents, found, strict=True):
                document.keep((BAD_WORDS, code), result)

    def _has_bad_words(self, document: Document, code: str) -> bool:
        page = document.page
        if self._settings.bad_words_scope is not BadWordsScope.PAGE:
            return self._matchers[code].found_in(document.text)
        if page.form is TextForm.CLEANED:  # its raw text is gone: searched while cleaning
            return bool(page.marks & HAS_BAD_WORDS)
        return self._matchers[code].found_in(page.column(0))


def _load_own(own: OwnFilter) -> Decide:
    """A filter of the user, after all others."""

    def decide(document: Document, _variant: Variant, language: str) -> Decision:
        url, timestamp = document.page.column(1), document.page.column(2)
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


def accepted_of_many(
    documents: Sequence[Document],
    variants: Sequence[Variant],
    filters: Mapping[str, Decide],
    counts: Counter[tuple[str, str]],
    dropped: Dropped | None = None,
) -> Iterator[tuple[Variant, Candidates]]:
    """`accepted` of many documents: for each variant those that it keeps, with their languages.

    Args:
      counts: by variant and rule, to which the rules that documents meet are added.
      dropped: called with each document that is not kept, the variant, and the rule.
    """
    for variant in variants:
        left: Candidates = [(document, "") for document in documents]
        for name in variant.document_filters():
            decide = filters[name]
            if isinstance(decide, LookAhead):
                decide.look_ahead(left)
            kept: Candidates = []
            met: Counter[tuple[str, ...]] = Counter()
            for document, language in left:
                decision = decide(document, variant, language)
                met[decision.rules] += 1
                if decision.kept:
                    kept.append((document, decision.language or language))
                elif dropped is not None:
                    dropped(document, variant, dropping_rule(decision.rules))
            for rules, count in met.items():
                for rule in rules:
                    counts[variant.name, rule] += count
            left = kept
        yield variant, left


def dropping_rule(met: Sequence[str]) -> str:
    """The rule that dropped a document, given all that it met.

    Rules of detail follow it: the language that is not English, bad words by language.
    """
    *_, last = (number for number, rule in enumerate(["", *met]) if "/filtered" not in rule)
    return met[min(last, len(met) - 1)]
