"""The rules of C4 for lines and pages (Raffel et al. 2020, section 2.2; TFDS c4_utils.clean_page).

`clean_page` is the rule book, line by line in the reference's order. `clean_lines` decides the
same for nearly all pages with a few operations on whole pages; where the order of lines matters
it hands over to `clean_page`. Tests hold the two against each other and against TFDS.
"""

import functools
import re
from dataclasses import dataclass
from enum import IntEnum

import re2

from cleaning.lowering import changed_by_lowering, lower_utf8
from cleaning.sentences import count_sentences

MIN_WORDS_PER_LINE = 5
MIN_SENTENCES = 3
MAX_WORD_CHARS = 1000
END_MARKS = (".", "?", "!", '"')
ELLIPSIS = "..."
POLICY_PHRASES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
_POLICY_UTF8 = tuple(phrase.encode() for phrase in POLICY_PHRASES)
_ODD_SPACE = re2.compile(
    "  |[\t\v\f\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]".encode()
)
_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")


class Fate(IntEnum):
    """What cleaning decided for a page."""

    PASSED = 0
    LOREM_IPSUM = 1
    SQUIGGLY_BRACKET = 2
    TOO_FEW_SENTENCES = 3


FATE_RULES = {
    Fate.PASSED: "clean-page/passed",
    Fate.LOREM_IPSUM: "clean-page/filtered:loremipsum",
    Fate.SQUIGGLY_BRACKET: "clean-page/filtered:squigglybracket",
    Fate.TOO_FEW_SENTENCES: "clean-page/filtered:too_few_sentences",
}
LINE_RULES = (
    "clean-page/line-filtered:too_long_word",
    "clean-page/line-filtered:no_endmark",
    "clean-page/line-filtered:too_short",
    "clean-page/line-filtered:javascript",
    "clean-page/line-filtered:policy",
    "clean-page/line-passed",
)


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after cleaning.

    Attributes:
      fate: whether it passed, or the rule that dropped it.
      line_counts: lines by rule, in the order of LINE_RULES.
      text: the kept lines joined by newlines; "" unless it passed.
      lowered: the same lines stripped and lower-cased, in UTF-8: what deduplication compares.
    """

    fate: Fate
    line_counts: tuple[int, int, int, int, int, int]
    text: str = ""
    lowered: bytes = b""


def clean_page(text: str) -> CleanedPage:
    """Applies the rules to a page's text line by line.

    Differs from the paper: a rule sees only lines that the earlier ones left, so a `{` on a line
    without an end mark drops nothing.

    Args:
      text: the page as `pages.page_text` gives it.
    """
    long_word = no_endmark = short = javascript = policy = 0
    kept: list[str] = []

    def page(fate: Fate, text: str = "") -> CleanedPage:
        counts = (long_word, no_endmark, short, javascript, policy, len(kept))
        return CleanedPage(fate, counts, text, _lower_lines(text))

    for line in text.splitlines():
        line = line.strip()
        if has_long_word(line):
            long_word += 1
            continue
        line = _CITATION.sub("", line)
        if not line.endswith(END_MARKS) or line.endswith(ELLIPSIS):
            no_endmark += 1
            continue
        if len(line.split()) < MIN_WORDS_PER_LINE:
            short += 1
            continue
        lowered = line.lower()
        if "lorem ipsum" in lowered:
            return page(Fate.LOREM_IPSUM)
        if "javascript" in lowered:
            javascript += 1
            continue
        if "{" in line:
            return page(Fate.SQUIGGLY_BRACKET)
        if any(phrase in lowered for phrase in POLICY_PHRASES):
            policy += 1
            continue
        kept.append(line)
    if not has_sentences(kept):
        return page(Fate.TOO_FEW_SENTENCES)
    return page(Fate.PASSED, "\n".join(kept).strip())


def has_long_word(line: str) -> bool:
    """True if a word of the line has over 1,000 characters."""
    return len(line) > MAX_WORD_CHARS and any(len(word) > MAX_WORD_CHARS for word in line.split())


def has_sentences(lines: list[str]) -> bool:
    """True if the lines, each tokenized by itself, hold at least three sentences."""
    if len(lines) >= MIN_SENTENCES:  # every kept line holds a sentence
        return True
    return sum(count_sentences(line, MIN_SENTENCES) for line in lines) >= MIN_SENTENCES


def clean_lines(utf8: bytes, already_no_endmark: int) -> CleanedPage | None:
    """`clean_page` for a page whose plainly unfinished lines are already put aside.

    Args:
      utf8: lines that can still pass, joined by newlines, none holding another line break; blank
        ones are ignored.
      already_no_endmark: how many lines were put aside.
    Returns:
      The page, or None where a line may drop the page: there `clean_page` must count in order.
    """
    lines = [stripped for line in utf8.decode().split("\n") if (stripped := line.strip())]
    cited = b"[" in utf8
    total = already_no_endmark + len(lines)
    long_word = 0
    if lines and len(max(lines, key=len)) > MAX_WORD_CHARS:
        lines = [line for line in lines if not has_long_word(line)]
        long_word = total - already_no_endmark - len(lines)
    if cited:
        lines = [_CITATION.sub("", line) if "[" in line else line for line in lines]
    ended = [line for line in lines if line.endswith(END_MARKS) and not line.endswith(ELLIPSIS)]
    kept = _long_enough(ended, plain=not cited and not _ODD_SPACE.search(utf8))
    short, policy, javascript = len(ended) - len(kept), 0, 0
    joined = "\n".join(kept)
    lowered = joined.encode().lower()
    if load_care().search(lowered):
        lowered = lower_utf8(joined)
        if b"lorem ipsum" in lowered or b"{" in lowered:
            return None
        pairs = list(zip(kept, lowered.split(b"\n"), strict=True)) if kept else []
        calm = [pair for pair in pairs if b"javascript" not in pair[1]]
        pairs = [pair for pair in calm if not _is_policy(pair[1])] if _is_policy(lowered) else calm
        javascript, policy = len(kept) - len(calm), len(calm) - len(pairs)
        if javascript or policy:
            kept = [line for line, _ in pairs]
            joined, lowered = "\n".join(kept), b"\n".join([line for _, line in pairs])
    no_endmark = total - long_word - len(ended)
    counts = (long_word, no_endmark, short, javascript, policy, len(kept))
    if not has_sentences(kept):
        return CleanedPage(Fate.TOO_FEW_SENTENCES, counts)
    if cited:  # a citation cut from a line's start leaves its space
        joined = joined.strip()
        lowered = _lower_lines(joined)
    return CleanedPage(Fate.PASSED, counts, joined, lowered)


def _long_enough(lines: list[str], plain: bool) -> list[str]:
    """The lines of at least five words.

    In `plain` lines, which hold no whitespace but single spaces and none at an end, four spaces
    part five words, and counting them is faster than splitting.
    """
    spaces, words = MIN_WORDS_PER_LINE - 1, MIN_WORDS_PER_LINE
    return [
        line
        for line in lines
        if (plain and line.count(" ") >= spaces) or len(line.split(None, spaces)) == words
    ]


def _lower_lines(text: str) -> bytes:
    lines = "\n".join([line.strip().lower() for line in text.split("\n")])
    return lines.encode(errors="surrogatepass")


@functools.cache
def load_care() -> "re2._Regexp[bytes]":
    """Finds in text of lowered ASCII what `clean_lines` must look into; made once a process."""
    marks = [b"lorem ipsum", b"javascript", b"{", b"polic", b"terms of use", b"cookies"]
    return re2.compile(b"|".join([changed_by_lowering().encode(), *map(re2.escape, marks)]))


def _is_policy(lowered: bytes) -> bool:
    return any(phrase in lowered for phrase in _POLICY_UTF8)
