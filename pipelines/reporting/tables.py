"""Tables, bars and histograms of a page, as HTML that needs no script and no picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.reporting.markup import NOTHING, Markup, element, together

_LEAST_SHARE = 0.00005


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
      head: its name.
      kind: class of its cells: "number", "wide" for bars, or "".
      spare: True if narrow screens do without it.
    """

    head: Markup
    kind: str = ""
    spare: bool = False


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Markup]], last: str = "", kind: str = ""
) -> Markup:
    """A table.

    Args:
      last: class of the last row.
      kind: class of the table.
    """
    listed = list(rows)
    kinds = [f"{c.kind} {'spare' * c.spare}".strip() for c in columns]
    heads = [
        element("th", column.head, class_=kind, scope="col")
        for column, kind in zip(columns, kinds, strict=True)
    ]
    body = []
    for number, row in enumerate(listed, 1):
        cells = [element("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)]
        body.append(element("tr", *cells, class_=last if number == len(listed) else ""))
    head = element("thead", element("tr", *heads))
    return element("table", head, element("tbody", *body), class_=kind)


def bar(count: float, most: float, lost: float = 0) -> Markup:
    """A bar as long as a count, where `most` fills the cell; then one for what was lost there."""
    parts = [
        element("span", class_=kind, style=f"width:{100 * value / most:.2f}%")
        for value, kind in ((count, "bar"), (lost, "bar lost"))
        if value > 0 and most > 0
    ]
    return element("span", *parts, class_="split", aria_hidden="true") if parts else NOTHING


def share(count: int, of: int) -> str:
    """A count as a percentage: 12.3%, 0.04%, 0%; "" of nothing."""
    if not of:
        return ""
    found = count / of
    if not found:
        return "0%"
    if found < _LEAST_SHARE:
        return "<0.01%"
    digits = 1 if found >= 0.01 else 2
    told = f"{found:.{digits}%}"
    return f"<{told}" if count < of and told == "100.0%" else told


def number(count: int) -> Markup:
    """A count with its thousands apart."""
    return Markup(f"{count:,}")


def columns(parts: Iterable[Markup]) -> Markup:
    """Content that takes as many columns as there is room for."""
    return element("div", together(parts), class_="columns")
