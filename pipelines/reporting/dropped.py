"""Dropped pages, with their dropped lines marked where they stand."""

from collections.abc import Iterator, Mapping
from typing import Any

from cleaning.languages import MC4_CODES
from cleaning.rules import RULES
from pipelines.reporting.markup import NOTHING, Markup, element, isolated, text, together

_LINES, _BEFORE = 16, 4  # lines shown of a page, and those before the first that is dropped
_LINE_CHARS, _URL_CHARS = 400, 300
_MEANINGS = {rule.name: rule.meaning for rule in RULES}


def dropped_pages(found: Mapping[str, list[dict[str, Any]]]) -> Markup:
    """The dropped pages of a variant, by rule; each rule opens."""
    return together(_rule(rule, pages) for rule, pages in found.items())


def _rule(rule: str, pages: list[dict[str, Any]]) -> Markup:
    meaning = _MEANINGS.get(rule, "your own filter")
    named = element("span", text(f"  {rule}"), class_="rule")
    summary = element("summary", text(meaning), Markup(" "), named)
    return element("details", summary, *map(_page, pages))


def _page(row: Mapping[str, Any]) -> Markup:
    url = isolated(row.get("url", ""), _URL_CHARS)
    language, probability = row.get("language"), row.get("probability")
    told = NOTHING
    if language:
        code = MC4_CODES.get(str(language), str(language))
        sure = f" {probability:.4f}" if isinstance(probability, float | int) else ""
        told = element(
            "span", Markup(" · language "), isolated(code, 40), text(sure), class_="quiet"
        )
    body = row.get("text")
    if not isinstance(body, str):
        shown = element("p", text(f"No text: {row.get('unread', '')}", 300), class_="quiet")
    else:
        shown = _text(body, row)
    return element("article", element("p", url, told), shown)


def _text(body: str, row: Mapping[str, Any]) -> Markup:
    lines = body.split("\n")
    dropped = row.get("dropped")
    marks = dropped if isinstance(dropped, dict) else {}
    first = _first(marks, str(row.get("rule")), len(lines))
    parts = [_more(first, "before")] if first else []
    for number, line in enumerate(lines[first : first + _LINES], first):
        parts.append(_line(line, marks.get(str(number))))
    left = len(lines) - first - _LINES
    if left > 0:
        parts.append(_more(left, "more"))
    return element("div", *parts, class_="text")


def _first(marks: Mapping[str, Any], rule: str, lines: int) -> int:
    """The first line that is shown: a few before one that the rule dropped."""
    of_rule = sorted(_numbers(marks, rule))
    at = of_rule[0] if of_rule else 0
    return max(0, min(at - _BEFORE, lines - _LINES))


def _numbers(marks: Mapping[str, Any], rule: str) -> Iterator[int]:
    for number, name in marks.items():
        if name == rule and str(number).isdecimal():
            yield int(number)


def _line(line: str, rule: object) -> Markup:
    shown = text(line, _LINE_CHARS) or Markup("&nbsp;")
    if rule is None:
        return element("p", shown, dir="auto")
    name = str(rule).rpartition(":")[2].replace("_", " ")
    by = element("span", text(name, 60), class_="by", dir="ltr")
    return element("p", element("span", shown, class_="gone"), by, dir="auto")


def _more(count: int, which: str) -> Markup:
    lines = "line" if count == 1 else "lines"
    return element("p", text(f"… {count:,} {lines} {which}"), class_="quiet")
