"""A page cleaned as a build cleans it, with the rule that each of its lines met."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from c4forge.specs import Spec, find_settings
from cleaning.filters import clean
from cleaning.filters.line_rules import LineDecision, decide_lines
from cleaning.wet.pages import page_text

TOO_LONG_PAGE = "too-long-filter/filtered"


@dataclass(frozen=True, slots=True)
class LineResult:
    """A line of a page, and what cleaning decided about it.

    Attributes:
      text: the line, stripped.
      cleaned: the line without its citation markers, as a kept line goes into the document.
      rule: that it met, as `clean-page/line-filtered:no_endmark` (docs/rules.md lists them); the
        page's outcome for the line that dropped its page; "" for a line that no rule saw, because
        the page was dropped before.
    Example:
      >>> import c4forge
      >>> c4forge.clean_page("Home").lines[0].rule
      'clean-page/line-filtered:no_endmark'
    """

    text: str
    cleaned: str
    rule: str

    @property
    def kept(self) -> bool:
        """True if no rule took the line. Its page may be dropped all the same."""
        return self.rule == clean.LINE_PASSED


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page after cleaning. `print` shows a line of the page in each row, its rule before it.

    Attributes:
      outcome: the rule that decided about the page: `clean-page/passed`, or the one that dropped
        it, as `clean-page/filtered:too_few_sentences`.
      text: the kept lines joined by newlines; "" for a page that is dropped.
      lines: every line of the page that is not blank, in order.
    Example:
      >>> import c4forge
      >>> page = c4forge.clean_page("Only one sentence is here.")
      >>> page.kept, page.outcome, page.counts()
      (False, 'clean-page/filtered:too_few_sentences', {'clean-page/line-passed': 1})
    """

    outcome: str
    text: str
    lines: tuple[LineResult, ...]

    @property
    def kept(self) -> bool:
        """True if the page goes on to deduplication."""
        return self.outcome == clean.OUTCOME_RULES[clean.Outcome.PASSED]

    def counts(self) -> dict[str, int]:
        """Lines by rule, of the lines that a rule saw; as the report of a build counts them."""
        counts = Counter(line.rule for line in self.lines)
        return {rule: counts[rule] for rule in clean.LINE_RULES if counts[rule]}

    def __str__(self) -> str:
        rows = [f"{_short(line.rule):18}{line.text}" for line in self.lines]
        return "\n".join([*rows, f"-> {self.outcome}"])


def clean_page(text: str, spec: Spec = "tfds-3.1.0") -> PageResult:
    """Cleans the text of a page, line by line (Raffel et al. 2020, section 2.2).

    A build does the same with each page: lines are stripped, blank ones left out, too long pages
    dropped, then the rules of docs/rules.md applied.

    Args:
      text: of the page, as WET files have it: a line for each block of the page.
      spec: which C4, by name (docs/fidelity.md), or settings of your own: `SpecSettings`.
    Returns:
      The page, with the rule for each line.
    Raises:
      UsageError: there is no such spec; the message lists them.
    Example:
      >>> import c4forge
      >>> page = c4forge.clean_page('''Home | About
      ... Beavers build dams in rivers and streams.[3]
      ... The dams are made of wood and mud.
      ... Please enable javascript to see the map below.
      ... The animals live in lodges behind the dams.''')
      >>> print(page)
      no_endmark        Home | About
      kept              Beavers build dams in rivers and streams.[3]
      kept              The dams are made of wood and mud.
      javascript        Please enable javascript to see the map below.
      kept              The animals live in lodges behind the dams.
      -> clean-page/passed
      >>> page.kept, page.lines[1].cleaned
      (True, 'Beavers build dams in rivers and streams.')
    """
    settings = find_settings(spec)
    rules = settings.clean_rules()
    text = page_text(text)
    if settings.max_page_chars and len(text) > settings.max_page_chars:
        return PageResult(TOO_LONG_PAGE, "", _results(decide_lines(text, None, rules)))
    page = clean.clean_page(text, rules)
    lines = _results(decide_lines(text, page, rules))
    return PageResult(clean.OUTCOME_RULES[page.outcome], page.text, lines)


def _results(lines: Iterable[LineDecision]) -> tuple[LineResult, ...]:
    return tuple(LineResult(line.text, line.cleaned, line.rule) for line in lines)


def _short(rule: str) -> str:
    """The rule as `print` shows it: its last word."""
    if not rule:
        return "-"
    return "kept" if rule == clean.LINE_PASSED else rule.rpartition(":")[2]
