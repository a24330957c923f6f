"""Pages on which a fix of spec `fixed` makes a difference, counted fix by fix.

Each fix is tried alone. A URL is normalized by the reference's rules and by these with that fix.
A page is cleaned by the run's rules and by these without that fix. A fix that is off costs no time.
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
    """Counters of the fixes that, each alone, change how this URL is normalized."""
    rules, reference = settings.url_rules(), UrlRules()
    plain = normalize_url(url)
    for name, counter in _URL_FIXES.items():
        value = getattr(rules, name)
        if value != getattr(reference, name):
            alone = load_normalizer(replace(reference, **{name: value}))
            if alone(url) != plain:
                yield counter


def changed_by_cleaning(text: str, cleaned: CleanedPage, rules: CleanRules) -> Iterator[str]:
    """Counters of the fixes without which, each alone, the page would be cleaned differently."""
    for name, counter in _CLEAN_FIXES.items():
        value = getattr(REFERENCE_RULES, name)
        if value != getattr(rules, name):
            without = clean_page(text, replace(rules, **{name: value}))
            if (without.outcome, without.utf8) != (cleaned.outcome, cleaned.utf8):
                yield counter
