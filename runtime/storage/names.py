"""Names of files: globs as regular expressions, and the names that only c4forge gives.

In globs `*` and `?` stay within a name, and `**` crosses folders.
"""

import fnmatch
import re

HAS_GLOB = re.compile(r"[*?\[]")
TEMPORARY = ".tmp-"
LEFTOVER = re.compile(rf".*{re.escape(TEMPORARY)}[0-9a-f]{{12}}", re.DOTALL)
"""A file that a killed process was writing."""
_ARTIFACT = (
    r"(?:[0-9a-f]{20}(?:-[\d-]+)?|\d{6}(?:-.*)?|[\w-]+-\d{6}|inputs|url_lists|shards|plan)"
    r"\.[\w.]+"
)
_SHARD = r"[\w.-]+[.-]\d{5,}-of-\d{5,}(?:\.[\w.]+)?"
_METADATA = (
    r"(?:config|contents|dataset_info|features|shards|\.c4forge-converting)\.json|README\.md|"
    r"spiece\.model"
)
MADE = re.compile(f"{LEFTOVER.pattern}|{_ARTIFACT}|{_SHARD}|{_METADATA}", re.DOTALL)
"""A file of a work folder or a dataset. Others in these folders are never removed."""
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
