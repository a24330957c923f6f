"""Names of files: globs as regular expressions, and the names that only c4forge gives.

In globs `*` and `?` stay within a name, and `**` crosses folders.
"""

import fnmatch
import re
import uuid

HAS_GLOB = re.compile(r"[*?\[]")
TEMPORARY = ".tmp-"
_LONGEST_BYTES = 255 - len(TEMPORARY) - 12  # of a name that a temporary one begins with
_ARTIFACT = (
    r"[0-9a-f]{20}(?:-\d+-\d+)?\.(?:[a-z_]+\.)?(?:arrow|npz|jsonl|json)|"
    r"\d{6}\.(?:arrow|npz|blocks|receipt\.json)|\d{6}(?:-.*)?\.jsonl|"
    r"[\w-]+-\d{6}\.receipt\.json|(?:inputs|url_lists|shards)\.jsonl|plan\.json"
)
_NUMBER = r"\d{5,}-of-\d{5,}"
_SHARD = (
    rf"[\w-]+\.(?:tfrecord|array_record)-{_NUMBER}|[\w-]+\.{_NUMBER}\.json\.gz|"
    rf"[\w-]+-{_NUMBER}\.parquet"
)
_METADATA = (
    r"(?:config|contents|dataset_info|features|shards|\.c4forge-converting)\.json|README\.md|"
    r"spiece\.model"
)
_OURS = f"(?:{_ARTIFACT}|{_SHARD}|{_METADATA})"
LEFTOVER = re.compile(rf"{_OURS}{re.escape(TEMPORARY)}[0-9a-f]{{12}}", re.DOTALL)
"""A file of ours that a killed process was writing."""
MADE = re.compile(f"{_OURS}|{LEFTOVER.pattern}", re.DOTALL)
"""A file of a work folder or a dataset. Others in these folders are never removed."""
_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[(!?)(\]?[^\]/]*)\]")
_USUAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def temporary_name(path: str) -> str:
    """A new path to write to, beside the path, for the time before it gets its name."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{temporary_start(name)}{TEMPORARY}{uuid.uuid4().hex[:12]}"


def temporary_start(name: str) -> str:
    """What the temporary names of a file begin with: its own, cut if both would be too long."""
    stored = name.encode(errors="surrogateescape")
    is_short = len(stored) <= _LONGEST_BYTES
    return name if is_short else stored[:_LONGEST_BYTES].decode(errors="ignore")


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
