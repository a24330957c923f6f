"""The filters of finished documents: language and bad words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cleaning.filters.badwords import Matcher, is_kept_softly, list_language
from cleaning.filters.language import (
    ENGLISH_RULE,
    Identified,
    UncertainLanguage,
    english_rules,
    language_rules,
)
from cleaning.signatures import BAD_WORDS
from cleaning.specs import BadWordsScope, SpecSettings
from cleaning.variants import BadWordsFilter, LanguageFilter, TextForm, Variant

Count = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Models:
    """What judging a document needs.

    Attributes:
      settings: of the spec.
      identify: identifiers by filter.
      matchers: of bad words, by language of the list.
      as_listed: the same words as they stand, where the setting is to lower-case them.
    """

    settings: SpecSettings
    identify: dict[LanguageFilter, Callable[[str], Identified]]
    matchers: dict[str, Matcher]
    as_listed: dict[str, Matcher]


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
    """A distinct text of a page, and what is known of it so far."""

    page: Page
    text: str
    _identified: dict[LanguageFilter, Identified] = field(default_factory=dict)
    _bad: dict[str, bool] = field(default_factory=dict)
    _bad_as_listed: dict[str, bool] = field(default_factory=dict)

    def language(self, variant: Variant, models: Models, count: Count) -> str:
        """The language under which the variant keeps the document; "" if it does not."""
        kind = variant.language_filter
        found = self._identified.get(kind)
        if found is None:
            found = self._identified[kind] = models.identify[kind](self.text)
        settings = models.settings
        if kind is LanguageFilter.ENGLISH:
            rules = english_rules(found, settings.english_probability)
            language = "en" if rules == (ENGLISH_RULE,) else ""
        else:
            many = len(variant.languages) > 1
            language, rules = language_rules(
                found,
                variant.languages,
                settings.languages_probability,
                settings.uncertain_language if many else UncertainLanguage.DROPPED,
            )
        for rule in rules:
            count(rule)
        return language

    def is_clean(self, variant: Variant, language: str, models: Models, count: Count) -> bool:
        """False if the document falls for bad words (TFDS c4_utils._badwords_filter)."""
        if variant.bad_words is BadWordsFilter.NONE:
            return True
        code = list_language(language)
        verdict = "passed"
        if code in models.matchers and self._has_bad_words(code, models):
            verdict = "filtered"
            if code in models.as_listed and not self._has_bad_words_as_listed(code, models):
                count("fixed/bad_words_case")
            soft = variant.bad_words is BadWordsFilter.SOFT
            if soft and is_kept_softly(self.page.url_digest, models.settings.soft_bad_words):
                verdict = "soft-passed"
        count(f"badwords-filter/{verdict}")
        if code in models.matchers:
            count(f"badwords-filter-{code}/{verdict}")
        return verdict != "filtered"

    def _has_bad_words(self, code: str, models: Models) -> bool:
        if code not in self._bad:
            by_page = models.settings.bad_words_scope is BadWordsScope.PAGE
            if by_page and self.page.form is TextForm.CLEANED:
                self._bad[code] = bool(self.page.marks & BAD_WORDS)
            else:
                text = self.page.columns[0] if by_page else self.text
                self._bad[code] = models.matchers[code].found_in(text)
        return self._bad[code]

    def _has_bad_words_as_listed(self, code: str, models: Models) -> bool:
        if code not in self._bad_as_listed:
            self._bad_as_listed[code] = models.as_listed[code].found_in(self.text)
        return self._bad_as_listed[code]


def accepted(
    document: Document, variants: list[Variant], models: Models, count: Callable[[str, str], None]
) -> Iterator[tuple[Variant, str]]:
    """The variants that keep the document, and the language under which each does.

    Args:
      count: takes a variant's name and a rule that the document meets there.
    """
    for variant in variants:

        def count_rule(rule: str, name: str = variant.name) -> None:
            count(name, rule)

        language = document.language(variant, models, count_rule)
        if language and document.is_clean(variant, language, models, count_rule):
            yield variant, language
