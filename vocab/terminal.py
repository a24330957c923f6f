"""Text of others made fit to print: it may hold what a terminal would obey."""


def plain(text: str) -> str:
    """The text with control characters, line breaks among them, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
