"""A page that a rule dropped, as it is kept for the report; few of each rule."""

import json
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from cleaning.rules import RULES
from cleaning.variants import OWN_FILTER
from runtime.storage.files import json_utf8

_MOST_CHARS = 1 << 20  # a record may have 16 MiB
Order = tuple[str, int, int]
"""md5 of the normalized URL in hex, number of the part, number of the page in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedPage:
    """A page that a rule dropped, or dropped a line of.

    Attributes:
      variant, rule: of which variant, by which rule.
      order: the pages of a rule with the smallest are kept.
      url: of the page.
      language, probability: the likeliest language, if a filter has looked for it; else "" and 0.
      text: of the page as the rule saw it; None where it is still to be read at `place`.
      dropped: lines of the text that are dropped, by their numbers, with the rule of each.
      line: for a rule that drops lines, the number of one that it dropped; else -1.
      place: of the record in its file; (-1, -1) where the text is there.
      unread: why there is no text.
    """

    variant: str
    rule: str
    order: Order
    url: str
    language: str = ""
    probability: float = 0.0
    text: str | None = None
    dropped: tuple[tuple[int, str], ...] = ()
    line: int = -1
    place: tuple[int, int] = (-1, -1)
    unread: str = ""


class PageSample:
    """A sample of the pages of each variant and rule: those with the smallest order, few of each.

    Which they are depends on no order of adding. Reasons of an own filter count as one rule: there
    may be any number of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[tuple[str, str], list[tuple[Order, DroppedPage]]] = {}

    def offer(self, variant: str, rule: str, order: Order, page: Callable[[], DroppedPage]) -> None:
        """Takes a page if its order is among the smallest; only then it is made."""
        found = self._found.setdefault((variant, _family(rule)), [])
        if len(found) < self._most or order < found[-1][0]:
            insort(found, (order, page()), key=lambda row: row[0])
            del found[self._most :]

    def add(self, page: DroppedPage) -> None:
        """Takes a page that is made already."""
        self.offer(page.variant, page.rule, page.order, lambda: page)

    def pages(self) -> list[DroppedPage]:
        """The pages, by variant, by rule in data-path order, and by their order."""
        ranks = {rule.name: number for number, rule in enumerate(RULES)}
        keys = sorted(self._found, key=lambda key: (key[0], ranks.get(key[1], len(ranks)), key[1]))
        return [page for key in keys for _, page in self._found[key]]


def _family(rule: str) -> str:
    return rule.partition("/")[0] if rule.startswith(OWN_FILTER) else rule


def write_pages(pages: Iterable[DroppedPage]) -> bytes:
    """The pages as JSON lines, for `read_pages`."""
    return json_utf8("".join(f"{json.dumps(asdict(page), ensure_ascii=False)}\n" for page in pages))


def read_pages(data: bytes) -> Iterator[DroppedPage]:
    """The pages that `write_pages` wrote."""
    for line in data.split(b"\n")[:-1]:
        row: dict[str, Any] = json.loads(line)
        digest, part, number = row["order"]
        yield DroppedPage(
            **row
            | {
                "order": (digest, part, number),
                "dropped": tuple((number, rule) for number, rule in row["dropped"]),
                "place": tuple(row["place"]),
            }
        )


def as_row(page: DroppedPage) -> dict[str, Any]:
    """A page as a row of the file that people read: the first 1,048,576 characters of its text."""
    text = page.text if page.text is None else page.text[:_MOST_CHARS]
    lines = (text or "").split("\n")
    has_line = 0 <= page.line < len(lines)
    return {
        "rule": page.rule,
        "url": page.url,
        "language": page.language or None,
        "probability": page.probability if page.language else None,
        "line": lines[page.line] if has_line else None,
        "text": text,
        "dropped": {str(number): rule for number, rule in page.dropped if number < len(lines)},
        **({"unread": page.unread} if page.unread else {}),
    }
