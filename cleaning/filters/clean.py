"""The rules of C4 for lines and pages (Raffel et al. 2020, section 2.2; TFDS c4_utils.clean_page).

`clean_page` is the rule book: line by line, in the reference's order. `clean_kernel` gives the same
result for many pages at once. Tests compare the two with each other and with TFDS.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

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
_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_CITATION_NOT_EMPTY = re.compile(r"\[\d+\]|\[edit\]|\[citation needed\]")


class RuleScope(StrEnum):
    """The text in which lorem ipsum and `{` are searched for."""

    KEPT_LINES = "kept_lines"  # lines that the rules before have kept
    PAGE = "page"


class Citation(StrEnum):
    """Whether the empty citation marker is cut, as the others are."""

    WITH_EMPTY = "with_empty"  # `[]` is cut too
    WITHOUT_EMPTY = "without_empty"


_CITATIONS = {Citation.WITH_EMPTY: _CITATION, Citation.WITHOUT_EMPTY: _CITATION_NOT_EMPTY}


class Ellipsis(StrEnum):
    """Whether lines that end in three periods are kept."""

    DROPPED = "dropped"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRules:
    """How pages are cleaned; the defaults are the reference's. `specs.SETTINGS` explains them."""

    scope: RuleScope = RuleScope.KEPT_LINES
    max_word_chars: int = MAX_WORD_CHARS
    citations: Citation = Citation.WITH_EMPTY
    end_marks: tuple[str, ...] = END_MARKS
    ellipsis: Ellipsis = Ellipsis.DROPPED
    min_words: int = MIN_WORDS_PER_LINE
    min_sentences: int = MIN_SENTENCES


REFERENCE_RULES = CleanRules()


class Outcome(IntEnum):
    """Cleaning's decision about a page."""

    PASSED = 0
    LOREM_IPSUM = 1
    SQUIGGLY_BRACKET = 2
    TOO_FEW_SENTENCES = 3


OUTCOME_RULES = {
    Outcome.PASSED: "clean-page/passed",
    Outcome.LOREM_IPSUM: "clean-page/filtered:loremipsum",
    Outcome.SQUIGGLY_BRACKET: "clean-page/filtered:squigglybracket",
    Outcome.TOO_FEW_SENTENCES: "clean-page/filtered:too_few_sentences",
}
TOO_LONG_WORD = "clean-page/line-filtered:too_long_word"
NO_ENDMARK = "clean-page/line-filtered:no_endmark"
TOO_SHORT = "clean-page/line-filtered:too_short"
JAVASCRIPT = "clean-page/line-filtered:javascript"
POLICY = "clean-page/line-filtered:policy"
LINE_PASSED = "clean-page/line-passed"
LINE_RULES = (TOO_LONG_WORD, NO_ENDMARK, TOO_SHORT, JAVASCRIPT, POLICY, LINE_PASSED)
"""Rules that count lines. A new one goes here, into `clean_line` and RULES."""


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after cleaning.

    Attributes:
      outcome: whether it passed, or the rule that dropped it.
      line_counts: lines by rule, one entry for each of LINE_RULES.
      utf8: the kept lines joined by newlines, in UTF-8; empty unless it passed.
      lowered: the same lines stripped and lower-cased, in UTF-8; deduplication compares them.
    """

    outcome: Outcome
    line_counts: Mapping[str, int]
    utf8: bytes = b""
    lowered: bytes = b""

    @property
    def text(self) -> str:
        """The kept lines joined by newlines."""
        return self.utf8.decode(errors="surrogatepass")


def clean_page(text: str, rules: CleanRules = REFERENCE_RULES) -> CleanedPage:
    """Applies the rules to a page's text line by line.

    The reference differs from the paper: a rule sees only lines that the earlier rules kept, so a
    `{` on a line without an end mark does not drop the page.

    Args:
      text: the page as `pages.page_text` gives it.
      rules: of the spec; the default is the reference's.
    """
    counts = dict.fromkeys(LINE_RULES, 0)
    kept: list[str] = []
    if rules.scope is RuleScope.PAGE and (outcome := _page_outcome(text)):
        return CleanedPage(outcome, counts)
    for line in text.splitlines():
        line, rule = clean_line(line, rules)
        if isinstance(rule, Outcome):
            return CleanedPage(rule, counts)
        counts[rule] += 1
        if rule == LINE_PASSED:
            kept.append(line)
    if not has_sentences(kept, rules.min_sentences):
        return CleanedPage(Outcome.TOO_FEW_SENTENCES, counts)
    text = "\n".join(kept).strip()
    utf8 = text.encode(errors="surrogatepass")
    return CleanedPage(Outcome.PASSED, counts, utf8, lower_lines(text))


def clean_line(line: str, rules: CleanRules = REFERENCE_RULES) -> tuple[str, str | Outcome]:
    """A line stripped and without citations, and the rule that it meets.

    Returns:
      The line, and a name of LINE_RULES; or the Outcome of its page, if it drops the page.
    Example:
      >>> clean_line("Home")
      ('Home', 'clean-page/line-filtered:no_endmark')
    """
    line = line.strip()
    if has_long_word(line, rules.max_word_chars):
        return line, TOO_LONG_WORD
    line = _CITATIONS[rules.citations].sub("", line)
    if not has_end_mark(line, rules):
        return line, NO_ENDMARK
    if len(line.split()) < rules.min_words:
        return line, TOO_SHORT
    lowered = line.lower()
    if "lorem ipsum" in lowered:
        return line, Outcome.LOREM_IPSUM
    if "javascript" in lowered:
        return line, JAVASCRIPT
    if "{" in line:
        return line, Outcome.SQUIGGLY_BRACKET
    if any(phrase in lowered for phrase in POLICY_PHRASES):
        return line, POLICY
    return line, LINE_PASSED


def _page_outcome(text: str) -> Outcome:
    """The outcome by the rules that drop pages, if they search the page as read."""
    if "lorem ipsum" in text.lower():
        return Outcome.LOREM_IPSUM
    return Outcome.SQUIGGLY_BRACKET if "{" in text else Outcome.PASSED


def has_end_mark(line: str, rules: CleanRules) -> bool:
    """True if the line ends in a mark; an ellipsis counts only if the rules keep it."""
    if rules.ellipsis is Ellipsis.DROPPED and line.endswith(ELLIPSIS):
        return False
    return line.endswith(rules.end_marks)


def has_long_word(line: str, max_chars: int = MAX_WORD_CHARS) -> bool:
    """True if a word of the line has more characters; 0 for no limit."""
    if not max_chars or len(line) <= max_chars:
        return False
    return any(len(word) > max_chars for word in line.split())


def has_sentences(lines: list[str], at_least: int = MIN_SENTENCES) -> bool:
    """True if the lines, each tokenized by itself, have at least so many sentences."""
    if len(lines) >= at_least:  # every kept line holds a sentence
        return True
    return sum(count_sentences(line, at_least) for line in lines) >= at_least


def lower_lines(text: str) -> bytes:
    """The lines stripped and lower-cased, in UTF-8."""
    lines = "\n".join([line.strip().lower() for line in text.split("\n")])
    return lines.encode(errors="surrogatepass")
