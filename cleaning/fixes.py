"""On which pages a mended defect of the reference makes a difference: counted switch by switch.

Each of the spec `fixed`'s switches is taken by itself: a URL is normalized as the reference does
it and with that switch only, a page is cleaned as the run does it and without that switch. That
costs time only where a switch is on.
"""

from collections.abc import Iterator
from dataclasses import replace

from cleaning.filters.clean import REFERENCE_RULES, CleanedPage, CleanRules, clean_page
from cleaning.specs import SpecSettings
from cleaning.urls import UrlRules, load_normalizer, normalize_url

_URL_FIXES = {
    "case": "fixed/url_scheme_case",
    "place": "fixed/url_scheme_place",
    "tracking": "fixed/url_tracking",
}
_CLEAN_FIXES = {"citations": "fixed/citations", "end_marks": "fixed/end_marks"}


def changed_by_url(url: str, settings: SpecSettings) -> Iterator[str]:
    """The switches of URLs that change how this one is normalized."""
    rules, reference = settings.url_rules(), UrlRules()
    plain = normalize_url(url)
    for name, counter in _URL_FIXES.items():
        value = getattr(rules, name)
        if value != getattr(reference, name):
            alone = load_normalizer(replace(reference, **{name: value}))
            if alone(url) != plain:
                yield counter


def changed_by_cleaning(text: str, cleaned: CleanedPage, rules: CleanRules) -> Iterator[str]:
    """The switches of cleaning without which the page would have come out otherwise."""
    for name, counter in _CLEAN_FIXES.items():
        value = getattr(REFERENCE_RULES, name)
        if value != getattr(rules, name):
            without = clean_page(text, replace(rules, **{name: value}))
            if (without.outcome, without.utf8) != (cleaned.outcome, cleaned.utf8):
                yield counter
