"""The shards of corpora, found by name; the name and the folder give split and language."""

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from functools import partial

from cleaning.languages import MC4_LANGUAGES, UNKNOWN_LANGUAGE, explain_code
from cleaning.variants import find_variant
from corpora.formats import FORMATS, Format
from runtime.storage.checked import read_checked, write_checked
from runtime.storage.files import json_utf8
from runtime.storage.matching import InputError, is_missing, local_path, match_files

_LANGUAGES = frozenset((*MC4_LANGUAGES, UNKNOWN_LANGUAGE))
_NAMED = re.compile(r"([A-Za-z]{2,3}(?:-[A-Za-z]+)?)=(.+)", re.DOTALL)
_NUMBERED = re.compile(r"(.*?)[.-](?:(?:tfrecord|array_record)-)?(\d+)-of-(\d+)(?:\..*)?")
_HELD_OUT = ("validation", "test")
_FOLDERS = frozenset(row.folder for row in FORMATS.values())
NO_LANGUAGE = ""
"""The language of shards whose names and folders do not give one."""


@dataclass(frozen=True, slots=True)
class CorpusShard:
    """One file of a corpus.

    Attributes:
      number: among all that were found.
      path, size_bytes, modified: of the file.
      format: a row of `corpora.formats.FORMATS`.
      split: as in the file's name; "" if it has none.
      language: of its documents; NO_LANGUAGE if it is not known.
      alone: True if its corpus has no other language.
    """

    number: int
    path: str
    size_bytes: int
    modified: float
    format: str
    split: str
    language: str
    alone: bool

    def key(self) -> str:
        """20 hex digits for the names of the shard's artifacts; they change when the file does."""
        fields = astuple(self)[1:4]
        return hashlib.sha256(repr(fields).encode()).hexdigest()[:20]

    def is_held_out(self) -> bool:
        """True if its split is for evaluation: validation or test."""
        return self.split.rpartition("-")[2] in _HELD_OUT


def find_corpora(values: Iterable[str], option: str = "--corpus") -> tuple[CorpusShard, ...]:
    """The shards that the values of an option name, ordered by path.

    Args:
      values: each a dataset's folder, a glob or a file; `de=PATH` states the language.
    Raises:
      InputError: a value names no shard, or shards of a dataset are missing.
    """
    found: dict[str, CorpusShard] = {}
    for value in values:
        language, path = _language_and_path(value)
        found |= {shard.path: shard for shard in _find(option, path, language)}
    ordered = sorted(found.values(), key=lambda shard: shard.path)
    return tuple(CorpusShard(i, *astuple(shard)[1:]) for i, shard in enumerate(ordered))


def missing_corpora(
    values: Iterable[str], option: str = "--corpus"
) -> Iterator[Callable[[], object]]:
    """A check that fails for each value whose path is not there; Beam is not imported."""
    for value in values:
        try:
            missing = is_missing(_language_and_path(value)[1])
        except InputError:
            missing = True
        if missing:
            yield partial(find_corpora, [value], option)


def _language_and_path(value: str) -> tuple[str, str]:
    """The two parts of `de=PATH`; NO_LANGUAGE for a path alone.

    Raises:
      InputError: the language is none of mC4's, and there is no such path either.
    """
    named = _NAMED.fullmatch(value)
    if named is None or (named[1] not in _LANGUAGES and not is_missing(value)):
        return NO_LANGUAGE, value
    if named[1] not in _LANGUAGES:
        raise InputError(f"{value}: unknown language {named[1]!r}: {explain_code(named[1], '')}")
    return named[1], local_path(named[2])


def _find(option: str, value: str, language: str) -> list[CorpusShard]:
    globs = [glob for row in FORMATS.values() for glob in row.globs]
    matched = {
        path: file
        for path, file in match_files(option, value, tuple(globs)).items()
        if ".tmp-" not in path
    }
    folder = next((_relative(path, value) for path in matched if _relative(path, value)), None)
    paths = list(matched) if folder is None else _of_dataset(option, value, list(matched))
    shards = []
    for path in paths:
        row = format_of(path)
        if row is None:
            raise InputError(f"{option}={path}: expected one of {', '.join(globs)}")
        split = split_of(path)
        known = language or _language_of(split, path)
        alone = bool(language) or split_language(split) == NO_LANGUAGE
        shards.append(CorpusShard(0, path, *matched[path], row.name, split, known, alone))
    return shards


def _relative(path: str, value: str) -> str | None:
    """The path within the folder that the value names; None if the value is not its folder."""
    root = value if "://" in value else os.path.abspath(os.path.expanduser(value))
    root = root.rstrip("/") + "/"
    return path[len(root) :] if path.startswith(root) else None


def _of_dataset(option: str, folder: str, matched: list[str]) -> list[str]:
    """The files of the dataset in a folder, in the first of the formats that it has."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in matched:
        inner = os.path.dirname(_relative(path, folder) or "")
        row = format_of(path)
        if row and inner in ("", row.folder):
            found[row.name, inner].append(path)
    for name, row in FORMATS.items():
        for inner in dict.fromkeys(("", row.folder)):
            if paths := found.get((name, inner)):
                if missing := find_missing(paths):
                    raise InputError(
                        f"{option}={folder}: {missing}. Run the command again that built them, "
                        "or give a glob of those to read"
                    )
                return paths
    below = sorted({_dataset_folder(path) for path in matched})
    raise InputError(
        f"{option}={folder}: no shards in this folder; there are in {', '.join(below[:5])}"
        f"{', …' * (len(below) > 5)}. Give one of them, or repeat the option for several"
    )


def _dataset_folder(path: str) -> str:
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) in _FOLDERS else folder


def find_missing(paths: Iterable[str]) -> str:
    """A sentence about missing shards of a dataset, for an error message; "" if none is missing.

    Args:
      paths: of the shards that were found; their names state how many there should be.
    """
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    for path in paths:
        if numbered := _NUMBERED.fullmatch(os.path.basename(path)):
            seen[numbered[1], int(numbered[3])].add(int(numbered[2]))
    for (name, count), numbers in sorted(seen.items()):
        if missing := sorted(set(range(count)) - numbers):
            return (
                f"{len(missing)} of the {count} shards of {name} are missing, "
                f"the first is number {missing[0]}"
            )
    return ""


def format_of(path: str) -> Format | None:
    """The format of a file, by its name; None if it is not named like a shard."""
    name = os.path.basename(path)
    return next((row for row in FORMATS.values() if row.pattern.fullmatch(name)), None)


def split_of(path: str) -> str:
    """The split in the name of a file: c4-de-validation.tfrecord-00000-of-00001, train.parquet."""
    stem = stem_of(path)
    if _is_split(stem):
        return stem
    rest = stem.partition("-")[2]
    return rest if _is_split(rest) else ""


def stem_of(path: str) -> str:
    """The name of a file without its format and number: c4-train of c4-train.tfrecord-0-of-2."""
    name = os.path.basename(path)
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1] if numbered else name.partition(".")[0]


def _is_split(name: str) -> bool:
    return name in ("train", *_HELD_OUT) or split_language(name) != NO_LANGUAGE


def split_language(split: str) -> str:
    """The language that a split is named after; NO_LANGUAGE for others."""
    code = split.removesuffix("-validation")
    return code if code in _LANGUAGES else NO_LANGUAGE


def _language_of(split: str, path: str) -> str:
    """The language of the split's name, else that of a variant that a folder is named after."""
    if language := split_language(split):
        return language
    folders = os.path.dirname(path).split("/")
    for name in folders[:-4:-1]:
        variant = find_variant(name)
        if variant and len(variant.languages) == 1:
            return variant.languages[0]
    return NO_LANGUAGE


def without_duplicates(shards: Iterable[CorpusShard]) -> tuple[CorpusShard, ...]:
    """The shards without those of a language that has a corpus of its own.

    `en` and the split `en` of `multilingual` have the same pages; those of `en` are cleaned.
    """
    shards = tuple(shards)
    own = {shard.language for shard in shards if shard.alone}
    return tuple(shard for shard in shards if shard.alone or shard.language not in own)


def write_shard_list(path: str, shards: Iterable[CorpusShard]) -> None:
    """Writes shards as JSON lines: at scale they are too many to be part of a Beam graph."""
    lines = [json.dumps(asdict(shard), ensure_ascii=False) for shard in shards]
    write_checked(path, json_utf8("\n".join(lines)))


def read_shard_list(path: str) -> tuple[CorpusShard, ...]:
    """The shards that `write_shard_list` wrote."""
    return tuple(CorpusShard(**json.loads(line)) for line in read_checked(path).splitlines())


def shards_digest(shards: Iterable[CorpusShard]) -> str:
    """16 hex digits; another set of shards, or a changed file, gives others."""
    keys = json.dumps([shard.key() for shard in shards])
    return hashlib.sha256(keys.encode()).hexdigest()[:16]
