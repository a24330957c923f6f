"""Faults put into the files of a run that was stopped: flips, cuts, empty files, deleted ones."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

FAULTS: dict[str, Callable[[Path, random.Random], None]] = {}


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _cut(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(1, len(data))])


FAULTS |= {
    "flipped": _flip,
    "cut": _cut,
    "empty": lambda path, _: path.write_bytes(b""),
    "deleted": lambda path, _: path.unlink(),
}

KINDS = {
    "pages": r"clean-.*/.*\.arrow",
    "signatures": r"clean-.*\.signatures\.npz",
    "malformed records": r"clean-.*\.malformed\.jsonl",
    "failed downloads": r"clean-.*\.failed\.json",
    "unreadable files": r"clean-.*\.unreadable\.json",
    "receipts": r"work/documents-.*\.receipt\.json",
    "blocks": r"documents-.*\.blocks",
    "lines": r"documents-.*/lines/.*\.npz",
    "URL lists": r"documents-.*/webtext/.*\.npz",
    "documents": r"documents-.*/documents/.*\.arrow",
    "manifests": r"documents-.*\.jsonl",
    "lists": r"work/lists-.*\.json",
    "state": r"work/run\.json",
    "receipts of shards": r"incomplete-.*\.receipt\.json",
    "shards": r"incomplete-.*-of-\d+[^/]*",
}
"""What a build leaves until it is done, by a pattern of the paths."""


def files_of(folder: Path, kinds: dict[str, str] = KINDS) -> dict[str, list[Path]]:
    """The files under a folder, by kind; a kind without any is left out."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    by_kind = {
        kind: [path for path in found if re.search(f"{pattern}$", str(path))]
        for kind, pattern in kinds.items()
    }
    return {kind: paths for kind, paths in by_kind.items() if paths}


def each_once(folder: Path, chance: random.Random) -> Iterator[tuple[str, str, Path]]:
    """Every fault with a file of every kind: the fault, the kind and the file."""
    for kind, paths in files_of(folder).items():
        for fault in FAULTS:
            yield fault, kind, chance.choice(paths)
