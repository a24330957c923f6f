"""The rule that each line of a page meets in cleaning, for who asks about one page."""

from dataclasses import dataclass

from cleaning.filters.clean import (
    LINE_PASSED,
    OUTCOME_RULES,
    CleanedPage,
    CleanRules,
    Outcome,
    clean_line,
)


@dataclass(frozen=True, slots=True)
class LineDecision:
    """A line of a page, and what cleaning decided about it.

    Attributes:
      text: the line, stripped.
      cleaned: the line without its citation markers, as a kept line goes into the document.
      rule: that it met, as `clean-page/line-filtered:no_endmark`; the page's outcome for the line
        that dropped its page; "" for a line that no rule saw, because the page was dropped before.
    """

    text: str
    cleaned: str
    rule: str

    @property
    def kept(self) -> bool:
        """True if no rule took the line. Its page may be dropped all the same."""
        return self.rule == LINE_PASSED


def decide_lines(
    text: str, page: CleanedPage | None, rules: CleanRules
) -> tuple[LineDecision, ...]:
    """The lines of a page, each with its rule.

    Args:
      text: of the page, as `pages.page_text` gives it.
      page: the same page after `clean_page`; None if it was dropped before cleaning.
    """
    seen = 0 if page is None else _seen(text, page, rules)
    lines = []
    for number, line in enumerate(text.splitlines()):
        cleaned, rule = clean_line(line, rules)
        name = OUTCOME_RULES[rule] if isinstance(rule, Outcome) else rule
        lines.append(LineDecision(line, cleaned, name if number < seen else ""))
    return tuple(lines)


def _seen(text: str, page: CleanedPage, rules: CleanRules) -> int:
    """How many lines the rules saw, with the one that dropped the page, if one did."""
    counted = sum(page.line_counts.values())
    rest = text.splitlines()[counted : counted + 1]
    return counted + any(clean_line(line, rules)[1] is page.outcome for line in rest)
