"""Spans of three sentences, the paper's unit of deduplication (Raffel et al. 2020, section 2.2).

If a span of three consecutive sentences occurs more than once, one occurrence is kept: on the page
whose md5(url) is smallest, at its first place there. A sentence is dropped if any span with it is
dropped. Sentences are those that Punkt finds in each line, compared unchanged.
"""

from enum import StrEnum

import xxhash

from cleaning.sentences import split_sentences

SPAN_SENTENCES = 3


class SpanUnit(StrEnum):
    """The unit that is compared between pages."""

    LINE = "line"
    THREE_SENTENCES = "three_sentences"


def page_sentences(text: str) -> list[list[str]]:
    """The sentences of each line."""
    return [split_sentences(line) for line in text.split("\n")]


def digest_spans(text: str) -> bytes:
    """The 16-byte digests, joined, of a page's spans in order; a page of n sentences has n - 2."""
    sentences = [sentence for line in page_sentences(text) for sentence in line]
    ends = range(SPAN_SENTENCES, len(sentences) + 1)
    spans = ["\n".join(sentences[end - SPAN_SENTENCES : end]) for end in ends]
    return b"".join([xxhash.xxh3_128_digest(s.encode(errors="surrogatepass")) for s in spans])


def remove_spans(text: str, kept: list[bool]) -> str:
    """The page without the sentences of its dropped spans.

    Args:
      text: the cleaned page.
      kept: for each of its spans True if it is kept.
    Returns:
      The sentences left, those of a line joined by a space; a line that keeps all is unchanged.
    """
    dropped = set[int]()
    for first, is_kept in enumerate(kept):
        if not is_kept:
            dropped.update(range(first, first + SPAN_SENTENCES))
    lines: list[str] = []
    number = 0
    for line, sentences in zip(text.split("\n"), page_sentences(text), strict=True):
        of_line = range(number, number + len(sentences))
        number += len(sentences)
        left = [s for n, s in zip(of_line, sentences, strict=True) if n not in dropped]
        if len(left) == len(sentences):
            lines.append(line)
        elif left:
            lines.append(" ".join(left))
    return "\n".join(lines)
