"""A finished text, filtered as a build filters the documents of a variant."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from c4forge.specs import Spec, find_row, find_settings
from cleaning.document_filters import Resources, accepted, dropping_rule, load_filters
from cleaning.filters.badwords import BadWords, list_language, load_matcher
from cleaning.filters.documents import Document as Filtered
from cleaning.filters.documents import Page
from cleaning.filters.language import IDENTIFIERS, Identified
from cleaning.filters.own import OwnDocument, OwnFilter, check_function
from cleaning.languages import MC4_CODES
from cleaning.signatures import HAS_BAD_WORDS
from cleaning.specs import BadWordsScope, SpecSettings
from cleaning.urls import are_held_out, load_normalizer, md5, pack_digests
from cleaning.variants import (
    BAD_WORDS,
    ENGLISH,
    LANGUAGE,
    OWN_FILTER,
    SOFT_BAD_WORDS,
    Variant,
)
from pipelines.sources.public_lists import load_bad_words
from runtime.errors import UsageError

Filter = Callable[[OwnDocument], str | None]
"""A filter of your own: gives None to keep a document, or a short reason to drop it."""


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What the filters of a variant decided about a text.

    Attributes:
      kept: True if every filter keeps it.
      rule: that dropped it, as `badwords-filter/filtered`; "" if it is kept.
      rules: every rule that it met, in order: what the report of a build counts.
      language: the likeliest one, as mC4 writes it; "" where the text shows none.
      probability: of that language, from 0 to 1.
      split: that the document goes to, as `train` or `validation`; "" if it is dropped or has no
        URL.
    Example:
      >>> import c4forge
      >>> german = "Der Fluss entspringt nördlich der Stadt, und sein Wasser ist kalt und klar."
      >>> found = c4forge.filter_text(german)
      >>> found.kept, found.rule, found.language
      (False, 'english-filter/filtered:ignored_language', 'de')
    """

    kept: bool
    rule: str
    rules: tuple[str, ...]
    language: str
    probability: float
    split: str


def filter_text(
    text: str,
    variant: str = "en",
    url: str = "",
    *,
    spec: Spec = "tfds-3.1.0",
    page: str = "",
    badwords_dir: str | None = None,
    filters: Sequence[Filter] = (),
) -> FilterResult:
    """Passes a text through the filters of a variant: language, bad words, then your own.

    Filters that compare pages are left out: duplicates, and the lists of RealNews and WebText.

    Args:
      text: cleaned, as `clean_page(...).text`.
      variant: by name or alias, as `en`, `multilingual` or `mc4.de`.
      url: of the page. Its hash gives the split, and the few pages with bad words that
        multilingual keeps.
      spec: which C4, by name, or `SpecSettings`.
      page: before cleaning; the spec `paper` looks for bad words there. "": the text.
      badwords_dir: bad-word lists, a file for each language; None: those that C4 used. English
        comes with c4forge, others are downloaded when first needed and cached.
      filters: functions of a `Document` that give None to keep it, or a reason.
    Raises:
      UsageError: unknown spec or variant, or a list that cannot be loaded.
      RunFailed: one of `filters` raised an error, or gave no reason of a few words.
    Example:
      >>> import c4forge
      >>> text = "The river rises in the hills north of the town. Its water is cold and clear."
      >>> c4forge.filter_text(text).rules
      ('english-filter/passed', 'badwords-filter/passed', 'badwords-filter-en/passed')
    """
    settings, row = find_settings(spec), find_row(variant)
    return _Filters(settings, row, _own(filters), badwords_dir).result(text, url, page or text)


class _Filters:
    """The filters of a variant, with what they are loaded from."""

    def __init__(
        self, settings: SpecSettings, row: Variant, own: tuple[OwnFilter, ...], folder: str | None
    ) -> None:
        names = tuple(f"{OWN_FILTER}{own_filter.name}" for own_filter in own)
        self._settings, self._own, self._folder = settings, own, folder
        self._row = replace(row, filters=(*row.filters, *names))

    def result(self, text: str, url: str, raw: str) -> FilterResult:
        """What the filters decide."""
        digest = md5(load_normalizer(self._settings.url_rules())(url))
        page = Page(self._row.scope().form, (raw, url, "", "", ""), digest, 0)
        document = Filtered(page, text)
        found = self._identify(document)
        words = self._bad_words(found.language)
        page.marks = HAS_BAD_WORDS * self._has_bad_words(raw, words)
        met: list[str] = []
        decide = load_filters([self._row], Resources(self._settings, words, "", self._own))
        kept = list(accepted(document, [self._row], decide, lambda _, rule: met.append(rule)))
        held_out = bool(are_held_out(pack_digests([digest]))[0])
        return FilterResult(
            kept=bool(kept),
            rule="" if kept else dropping_rule(met),
            rules=tuple(met),
            language=MC4_CODES.get(found.language, found.language),
            probability=found.probability,
            split=self._row.split(kept[0][1], held_out) if kept and url else "",
        )

    def _identify(self, document: Filtered) -> Identified:
        """The likeliest language, by the identifier of the variant; found once for both."""
        settings = self._settings
        name, identifier = LANGUAGE, settings.languages_identifier
        if ENGLISH in self._row.filters:
            name, identifier = ENGLISH, settings.english_identifier
        identify = IDENTIFIERS[identifier].load(None)
        return document.once(name, lambda: identify(document.text))

    def _bad_words(self, language: str) -> dict[str, BadWords]:
        """The list of the text's language, if the variant looks for bad words."""
        code = list_language(MC4_CODES.get(language, language))
        looks = BAD_WORDS in self._row.filters or SOFT_BAD_WORDS in self._row.filters
        return dict(_load_words(code, self._folder)) if code and looks else {}

    def _has_bad_words(self, raw: str, words: dict[str, BadWords]) -> bool:
        """True where the spec looks in the page as read and finds a bad word there."""
        settings = self._settings
        return settings.bad_words_scope is BadWordsScope.PAGE and any(
            load_matcher(bad_words, settings.bad_words_case).found_in(raw)
            for bad_words in words.values()
        )


def _own(filters: Sequence[Filter]) -> tuple[OwnFilter, ...]:
    """The filters with the names under which they count: those of the functions."""
    found: dict[str, OwnFilter] = {}
    for function in filters:
        name = str(getattr(function, "__name__", type(function).__name__))
        if name in found:
            raise UsageError(f"filters: two are called {name!r}; give each a name of its own")
        found[name] = OwnFilter(
            f"filters: {name}", name, check_function(f"filters: {name}", function)
        )
    return tuple(found.values())


@functools.cache
def _load_words(code: str, folder: str | None) -> dict[str, BadWords]:
    return load_bad_words([code], folder)
