"""What a rule decided by, in a few words: counts of lines, languages, words."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.pages import SpanOutcome
from cleaning.dedup.spans import SpanUnit
from cleaning.filters.badwords import list_language, load_matcher
from cleaning.filters.clean import LINE_PASSED
from cleaning.filters.documents import Document
from cleaning.filters.language import Doubt
from cleaning.languages import MC4_CODES
from cleaning.rules import RULES
from cleaning.specs import BadWordsScope
from cleaning.variants import (
    BAD_WORDS,
    CLEAN_PAGE,
    DUPLICATE_URL,
    ENGLISH,
    LANGUAGE,
    Variant,
    step_of,
)
from pipelines.job import Job
from pipelines.stages.models import load_lists

_FOUND = ("filtered", "soft-passed")
_NAMED = frozenset(rule.name for rule in RULES)
"""The rules but for those that name a language, which follow one of these."""


class Details:
    """What the rules that a page met decided by.

    Args:
      job: the run.
      captures: of the page.
      raw: the page as read; None if that is not known.
    """

    def __init__(self, job: Job, captures: int, raw: str | None) -> None:
        self._job, self._captures, self._raw = job, captures, raw

    def of_capture(self, rule: str, lines: Mapping[str, int]) -> str:
        """Of a rule up to cleaning; `lines` are those of the page by rule."""
        step, _, outcome = rule.partition("/")
        if step == CLEAN_PAGE and outcome in ("passed", "filtered:too_few_sentences"):
            return f"{lines[LINE_PASSED]:,} of {sum(lines.values()):,} lines kept"
        if step == DUPLICATE_URL and outcome == "passed" and self._captures > 1:
            return f"the newest of {self._captures:,} captures"
        if step == step_of(BAD_WORDS) and self._raw is not None:
            return self._word(self._raw, "en")
        return ""

    def of_spans(self, outcomes: NDArray[np.uint8], unit: SpanUnit) -> str:
        """Of deduplication."""
        kept = int((outcomes == SpanOutcome.KEPT).sum())
        what = "lines" if unit is SpanUnit.LINE else "spans of three sentences"
        return f"{kept:,} of {len(outcomes):,} {what} kept"

    def of_document(self, rule: str, document: Document, variant: Variant) -> str:
        """Of a filter of documents."""
        step, _, outcome = rule.partition("/")
        if step in (ENGLISH, LANGUAGE) and rule in _NAMED:
            return self._language(document, variant)
        if step.startswith(f"{step_of(BAD_WORDS)}-") and outcome in _FOUND:
            code = step.removeprefix(f"{step_of(BAD_WORDS)}-")
            by_page = self._job.settings.bad_words_scope is BadWordsScope.PAGE
            text = self._raw if by_page else document.text
            return self._word(text or "", code)
        return ""

    def _language(self, document: Document, variant: Variant) -> str:
        found = document.identified(variant)
        settings = self._job.settings
        english = variant.has(ENGLISH)
        name = settings.english_identifier if english else settings.languages_identifier
        least = settings.english_probability if english else settings.languages_probability
        if found is None:
            return ""
        if found.doubt is not Doubt.NONE:
            return f"{name}: {found.doubt.value}"
        language = MC4_CODES.get(found.language, found.language)
        return f"{name}: {language} {found.probability:.6f}, needs {least:g}"

    def _word(self, text: str, code: str) -> str:
        words = load_lists(self._job.lists_path()).bad_words.get(list_language(code))
        word = load_matcher(words, self._job.settings.bad_words_case).word_in(text) if words else ""
        return f'"{word}"' if word else ""
