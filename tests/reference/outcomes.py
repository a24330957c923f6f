"""What cleaning made of a page, said alike for both: the text, None if it fell, and the counts."""

from collections import Counter

from cleaning.filters.clean import OUTCOME_RULES, CleanedPage, Outcome
from tests.reference.reference import PageFeatures, c4_utils, counting

CLEAN_PAGE = c4_utils.get_clean_page_fn()


def reference_cleaned(text: str) -> tuple[str | None, Counter[str]]:
    """What the reference's clean_page gives and counts."""
    with counting() as counts:
        cleaned = list(CLEAN_PAGE(PageFeatures(text=text)))
    return (cleaned[0].text if cleaned else None), counts


def our_cleaned(cleaned: CleanedPage) -> tuple[str | None, Counter[str]]:
    """The same of ours."""
    counts = Counter(cleaned.line_counts)
    counts[OUTCOME_RULES[cleaned.outcome]] += 1
    return (cleaned.text if cleaned.outcome == Outcome.PASSED else None), +counts
