"""The pages and lines that each rule of a variant took, in data-path order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cleaning.counts import Rule, Unit
from cleaning.rules import RULES
from cleaning.variants import DEDUPE_LINES, OWN_FILTER

_READ = "split-wet-file"
_WORDS_OF_PAGE = "badwords-filter/filtered"
_PAGE_SCOPE = "page"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rule took.

    Attributes:
      rule: its name.
      meaning: in a few words.
      count: of pages or lines.
      before: that came to its step.
      left: after it.
    """

    rule: str
    meaning: str
    count: int
    before: int
    left: int


def page_funnel(counts: Mapping[str, int], bad_words_scope: str = "") -> list[Taken]:
    """The pages that each rule took, from the pages that were read to the documents.

    Pages that a step keeps all the same, as those that are kept as `und`, are a row that takes
    nothing.

    Args:
      counts: by rule, of one variant.
      bad_words_scope: the spec's setting; "page" if pages with bad words go before deduplication.
    """
    left = counts.get(f"{_READ}/passed", 0)
    found: list[Taken] = []
    for step, rules in _steps(counts):
        if step == DEDUPE_LINES and bad_words_scope == _PAGE_SCOPE:
            count = counts.get(_WORDS_OF_PAGE, 0)
            found.append(Taken(_WORDS_OF_PAGE, "holds a bad word", count, left, left - count))
            left -= count
        after = _passed(step, counts, left)
        before, dropped = left, max(left - after, 0)
        for rule in rules:
            taken = min(counts.get(rule.name, 0), dropped)
            left, dropped = left - taken, dropped - taken
            if taken or rule.name in counts:
                found.append(Taken(rule.name, rule.meaning, taken, before, left))
        left = after
    return [row for row in found if row.count]


def line_funnel(counts: Mapping[str, int]) -> list[Taken]:
    """The lines that each rule took; `before` are all lines that came to the rule's step."""
    found: list[Taken] = []
    by_step: dict[str, list[Rule]] = {}
    for rule in RULES:
        if rule.unit is Unit.LINE and rule.name in counts:
            by_step.setdefault(rule.step(), []).append(rule)
    for rules in by_step.values():
        before = left = sum(counts[rule.name] for rule in rules)
        for rule in rules:
            if not rule.keeps:
                left -= counts[rule.name]
                found.append(Taken(rule.name, rule.meaning, counts[rule.name], before, left))
    return [row for row in found if row.count]


def records_lost(counts: Mapping[str, int]) -> list[Taken]:
    """Files and records that gave no page, with the reason."""
    rules = [r for r in RULES if r.unit in (Unit.FILE, Unit.RECORD) and not r.keeps]
    return [
        Taken(rule.name, rule.meaning, counts[rule.name], 0, 0)
        for rule in rules
        if counts.get(rule.name)
    ]


def _steps(counts: Mapping[str, int]) -> Iterator[tuple[str, list[Rule]]]:
    """The steps that count pages, in data-path order, with the rules of each that drop them."""
    by_step: dict[str, list[Rule]] = {}
    for rule in (*RULES, *own_rules(counts)):
        if rule.unit is Unit.PAGE and rule.name in counts and rule.step() != _READ:
            dropping = by_step.setdefault(rule.step(), [])
            if not rule.keeps:
                dropping.append(rule)
    yield from by_step.items()


def own_rules(counts: Iterable[str]) -> list[Rule]:
    """The rules of the user's own filters that are counted."""
    return [
        Rule(name, Unit.PAGE, name.endswith("/passed"), "your own filter", "", "")
        for name in counts
        if name.startswith(OWN_FILTER)
    ]


def _passed(step: str, counts: Mapping[str, int], before: int) -> int:
    """The pages that a step keeps."""
    names = [name for name in counts if name in (f"{step}/passed", f"{step}/soft-passed")]
    return sum(counts[name] for name in names) if names else before
