"""A page without its duplicates: spans that another page keeps, and its own repetitions."""

from collections.abc import Sequence
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


EMPTY_RULE = "dedupe-lines/filtered:empty"
TOO_FEW_RULE = "dedupe-lines/filtered:too_few_sentences"
PASSED_RULE = "dedupe-lines/passed"
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
        return Deduplicated(EMPTY_RULE)
    if min_sentences and count_sentences(text, min_sentences) < min_sentences:
        return Deduplicated(TOO_FEW_RULE)
    return Deduplicated(PASSED_RULE, text)


def deduplicate_pages(
    pages: Sequence[bytes],
    kept: Sequence[bytes | None],
    unit: SpanUnit = SpanUnit.LINE,
    min_sentences: int = MIN_SENTENCES,
) -> list[tuple[str, bytes]]:
    """`deduplicate_page` of many pages: the rule of each, and the UTF-8 of the text that is left.

    Args:
      pages: UTF-8 texts.
      kept: a byte for each span of a page, 0 if it is dropped; None if all are kept.
      unit, min_sentences: as `deduplicate_page` has them.
    """
    if unit is not SpanUnit.LINE:
        return [_deduplicated(*page, unit, min_sentences) for page in zip(pages, kept, strict=True)]
    texts = [
        page if flags is None else _without_lines(page, flags)
        for page, flags in zip(pages, kept, strict=True)
    ]
    if not min_sentences:
        return [(PASSED_RULE, text) if text else (EMPTY_RULE, b"") for text in texts]
    # numba takes a third of a second: only processes that compare pages pay for it.
    from cleaning.dedup.sentence_kernel import have_certain_sentences

    return [
        (PASSED_RULE, text) if is_certain else _deduplicated(text, None, unit, min_sentences)
        for text, is_certain in zip(
            texts, have_certain_sentences(texts, min_sentences), strict=True
        )
    ]


def _deduplicated(
    page: bytes, kept: bytes | None, unit: SpanUnit, min_sentences: int
) -> tuple[str, bytes]:
    flags = None if kept is None else list(map(bool, kept))
    found = deduplicate_page(page.decode(), flags, unit, min_sentences)
    return found.rule, found.text.encode()


def _without_lines(page: bytes, kept: bytes) -> bytes:
    """`remove_lines` of UTF-8."""
    lines = page.split(b"\n")
    return b"\n".join([line for line, is_kept in zip(lines, kept, strict=True) if is_kept])


def remove_lines(text: str, kept: list[bool]) -> str:
    """The text without its dropped lines."""
    lines = text.split("\n")
    return "\n".join([line for line, is_kept in zip(lines, kept, strict=True) if is_kept])
