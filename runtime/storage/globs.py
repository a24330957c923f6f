"""Globs as regular expressions: `*` and `?` stay within a name, `**` crosses folders."""

import fnmatch
import re

HAS_GLOB = re.compile(r"[*?\[]")
_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[(!?)(\]?[^\]/]*)\]")
_USUAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def as_regex(glob: str) -> str:
    """The regular expression of a glob; what opens no class, as a single `[`, is literal."""
    parts: list[str] = []
    at = 0
    for piece in _PIECES.finditer(glob):
        parts.append(re.escape(glob[at : piece.start()]))
        at = piece.end()
        parts.append(_USUAL.get(piece[0]) or _as_class(piece[1], piece[2]))
    return "(?s:" + "".join([*parts, re.escape(glob[at:])]) + ")"


def _as_class(negation: str, characters: str) -> str:
    kept = re.escape(characters).replace(r"\-", "-")
    return f"[{'^' if negation else ''}{kept}]"


def is_named(path: str, names: tuple[str, ...]) -> bool:
    """True if the last part of a path matches one of the globs, whatever the case."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatch.fnmatchcase(name, glob.lower()) for glob in names)
