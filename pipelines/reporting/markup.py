"""HTML of untrusted text, in which nothing loads or runs.

All that a page shows passes `text`. What is HTML already is `Markup`, and only this module and
constants make it, so that a string cannot get into a page without being escaped.
"""

import html
import re
from collections.abc import Iterable
from typing import NewType

from runtime.redaction import escape_controls

Markup = NewType("Markup", str)
"""HTML."""
NOTHING = Markup("")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The Content-Security-Policy of a page: no script, nothing from elsewhere."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_MARKS = {0xFEFF: "\\ufeff", 0x200E: "\\u200e", 0x200F: "\\u200f"}
_TAGS = {code: f"\\U{code:08x}" for code in range(0xE0000, 0xE0080)}
_BREAKS = {0x0A: "\\n", 0x09: "\\t"}
_HIDDEN = _MARKS | _TAGS | _BREAKS


def text(value: object, most: int = 0) -> Markup:
    """The HTML of one line of text.

    Control characters, marks that turn a line's direction, and invisible ones become escapes, which
    are text.

    Args:
      most: characters that are shown; 0 for all.
    Example:
      >>> text('<b title="x">')
      '&lt;b title=&quot;x&quot;&gt;'
    """
    shown = str(value)
    if most and len(shown) > most:
        shown = f"{shown[:most]}…"
    shown = escape_controls(shown).translate(_HIDDEN)
    shown = shown.encode(errors="backslashreplace").decode()
    return Markup(html.escape(shown))


def element(name: str, *content: Markup, **attributes: object) -> Markup:
    """An element; an underscore after or in the name of an attribute stands for none or a dash.

    Raises:
      ValueError: a name is none of HTML's: a bug of the caller.
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    for word in (name, *named):
        if not _NAME.fullmatch(word) or word.startswith("on"):
            raise ValueError(f"{word!r}: no name of an element or attribute that a page has")
    told = "".join(f' {key}="{text(value)}"' for key, value in named.items() if value != "")
    return Markup(f"<{name}{told}>{''.join(content)}</{name}>")


def together(parts: Iterable[Markup]) -> Markup:
    """The parts, one after another."""
    return Markup("".join(parts))


def isolated(value: object, most: int = 0) -> Markup:
    """Text of others within a line of ours: its direction ends with it."""
    return element("bdi", text(value, most))


def document(title: str, style: str, *content: Markup) -> Markup:
    """A page.

    Args:
      style: trusted CSS.
    """
    head = together(
        [
            Markup('<meta charset="utf-8">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup('<meta name="color-scheme" content="light dark">'),
            Markup('<meta name="referrer" content="no-referrer">'),
            element("title", text(title)),
            Markup(f"<style>{style}</style>"),
        ]
    )
    body = element("body", element("main", *content))
    return Markup(f'<!doctype html>\n<html lang="en"><head>{head}</head>{body}</html>\n')
