"""A page without its duplicates: spans that another page keeps, and its own repetitions."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.spans import SpanUnit, remove_spans
from cleaning.filters.clean import MIN_SENTENCES
from cleaning.sentences import count_sentences


class SpanOutcome(IntEnum):
    """Deduplication's decision about a span."""

    KEPT = 0
    GLOBAL_DUPLICATE = 1
    LOCAL_DUPLICATE = 2


SPAN_OUTCOME_RULES = {
    SpanOutcome.KEPT: "dedupe-lines/line-passed",
    SpanOutcome.GLOBAL_DUPLICATE: "dedupe-lines/line-filtered:global_duplicate",
    SpanOutcome.LOCAL_DUPLICATE: "dedupe-lines/line-filtered:local_duplicate",
}


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """A page after deduplication: its text, or the rule that dropped it."""

    rule: str
    text: str = ""


def span_outcomes(
    first_in_file: NDArray[np.int64], page_of_span: NDArray[np.int64], lost: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The SpanOutcome of each span of a file (TFDS c4_utils._remove_lines_from_text).

    Args:
      first_in_file: int64[n], for each span the winner of its digest within the file.
      page_of_span: int64[n], the page of each span.
      lost: bool[n], True for winners of the file that a page of another file keeps instead.
    Returns:
      uint8[n].
    """
    outcomes = np.full(len(lost), SpanOutcome.GLOBAL_DUPLICATE, np.uint8)
    won = ~lost[first_in_file]
    own_page = page_of_span[first_in_file] == page_of_span
    outcomes[won & own_page] = SpanOutcome.LOCAL_DUPLICATE
    outcomes[won & (first_in_file == np.arange(len(lost)))] = SpanOutcome.KEPT
    return outcomes


def deduplicate_page(
    text: str,
    kept: list[bool] | None,
    unit: SpanUnit = SpanUnit.LINE,
    min_sentences: int = MIN_SENTENCES,
) -> Deduplicated:
    """The page without its dropped spans, if enough sentences are left.

    Sentences are counted in the joined text, where Punkt may find fewer than line by line.

    Args:
      text: the page.
      kept: for each span True if it is kept; None if all are.
      unit: of the spans.
      min_sentences: 0 for pages that are not cleaned: for them any text is enough.
    """
    if kept is not None:
        text = remove_lines(text, kept) if unit is SpanUnit.LINE else remove_spans(text, kept)
    if not text:
        return Deduplicated("dedupe-lines/filtered:empty")
    if min_sentences and count_sentences(text, min_sentences) < min_sentences:
        return Deduplicated("dedupe-lines/filtered:too_few_sentences")
    return Deduplicated("dedupe-lines/passed", text)


def remove_lines(text: str, kept: list[bool]) -> str:
    """The text without its dropped lines."""
    lines = text.split("\n")
    return "\n".join([line for line, is_kept in zip(lines, kept, strict=True) if is_kept])
