"""What is left of a page once other pages and its own repetitions have taken their lines."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cleaning.clean import MIN_SENTENCES
from cleaning.sentences import count_sentences


class LineFate(IntEnum):
    """What deduplication decided for a line."""

    KEPT = 0
    GLOBAL_DUPLICATE = 1
    LOCAL_DUPLICATE = 2


LINE_FATE_RULES = {
    LineFate.KEPT: "dedupe-lines/line-passed",
    LineFate.GLOBAL_DUPLICATE: "dedupe-lines/line-filtered:global_duplicate",
    LineFate.LOCAL_DUPLICATE: "dedupe-lines/line-filtered:local_duplicate",
}


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """A page after deduplication: its text, or the rule that dropped it."""

    rule: str
    text: str = ""


def line_fates(
    first_in_file: NDArray[np.int64], page_of_line: NDArray[np.int64], lost: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The LineFate of each line of a file (TFDS c4_utils._remove_lines_from_text).

    Args:
      first_in_file: int64[n], for each line the one that its file elected for the same text.
      page_of_line: int64[n].
      lost: bool[n], True for elected lines that another file's page keeps instead.
    Returns:
      uint8[n].
    """
    fates = np.full(len(lost), LineFate.GLOBAL_DUPLICATE, np.uint8)
    won = ~lost[first_in_file]
    own_page = page_of_line[first_in_file] == page_of_line
    fates[won & own_page] = LineFate.LOCAL_DUPLICATE
    fates[won & (first_in_file == np.arange(len(lost)))] = LineFate.KEPT
    return fates


def deduplicate_page(text: str, kept: list[bool] | None) -> Deduplicated:
    """The page without its dropped lines, if three sentences are left.

    The sentences are those of the whole text, which Punkt may see fewer of than of its lines.

    Args:
      text: the cleaned page.
      kept: for each line whether it stays; None if all do.
    """
    if kept is not None:
        lines = text.split("\n")
        text = "\n".join([line for line, stays in zip(lines, kept, strict=True) if stays])
    if not text:
        return Deduplicated("dedupe-lines/filtered:empty")
    if count_sentences(text, MIN_SENTENCES) < MIN_SENTENCES:
        return Deduplicated("dedupe-lines/filtered:too_few_sentences")
    return Deduplicated("dedupe-lines/passed", text)
