"""contents.json of a dataset: its name, its features, and each shard with its sizes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from corpora.features import FEATURES
from corpora.formats import FORMATS
from runtime.storage.files import exists, join, json_utf8, read_bytes, write_bytes

NAME = "contents.json"
_NAME = re.compile(r"\w[\w.+-]*")  # no slash, no line break: others may have written the file


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardContents:
    """A shard, in every format that it is written in.

    Attributes:
      split: of the dataset.
      shard, shards: its number in the split, and how many there are.
      examples: documents.
      text_bytes: of their texts, in UTF-8.
      stored_bytes: of the shard's file, by format.
      stored_xxh3: xxh3-64 of the shard's file, as 16 hex digits, by format.
    """

    split: str
    shard: int
    shards: int
    examples: int
    text_bytes: int
    stored_bytes: Mapping[str, int]
    stored_xxh3: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A finished dataset.

    Attributes:
      dataset, config, version: its name.
      languages: of its documents, as codes.
      features: of every document, in order.
      shards: split by split, in order.
    """

    dataset: str
    config: str
    version: str
    languages: tuple[str, ...]
    shards: tuple[ShardContents, ...]
    features: tuple[str, ...] = FEATURES

    def formats(self) -> list[str]:
        """The formats that every shard has, in the order of FORMATS."""
        return [name for name in FORMATS if all(name in s.stored_bytes for s in self.shards)]

    def names(self) -> Iterator[str]:
        """All names that are parts of paths and of cards."""
        yield from (self.dataset, self.config, self.version, *self.languages, *self.features)
        yield from (name for shard in self.shards for name in (shard.split, *shard.stored_bytes))

    def splits(self) -> dict[str, tuple[ShardContents, ...]]:
        """The shards of each split."""
        found: dict[str, tuple[ShardContents, ...]] = {}
        for name, shards in groupby(self.shards, key=lambda shard: shard.split):
            found[name] = tuple(shards)
        return found

    def shard_path(self, shard: ShardContents, format_name: str) -> str:
        """The path of a shard within the dataset's folder."""
        return FORMATS[format_name].shard_path(self.dataset, shard.split, shard.shard, shard.shards)

    def with_stored(self, stored: Sequence[Mapping[str, tuple[int, int]]]) -> "Contents":
        """The same with more formats: for each shard its bytes and xxh3-64 by format."""
        shards = [
            replace(
                shard,
                stored_bytes={**shard.stored_bytes, **{n: size for n, (size, _) in more.items()}},
                stored_xxh3={**shard.stored_xxh3, **{n: f"{x:016x}" for n, (_, x) in more.items()}},
            )
            for shard, more in zip(self.shards, stored, strict=True)
        ]
        return replace(self, shards=tuple(shards))


def write_contents(folder: str, contents: Contents) -> None:
    """Writes contents.json into the folder of a dataset."""
    text = json.dumps(asdict(contents), indent=1, ensure_ascii=False)
    write_bytes(join(folder, NAME), json_utf8(text + "\n"))


def read_contents(folder: str) -> Contents | None:
    """What `write_contents` wrote into a folder; None if there is no such file, or another one."""
    path = join(folder, NAME)
    if not exists(path):
        return None
    try:
        found = json.loads(read_bytes(path))
        found["shards"] = tuple(ShardContents(**shard) for shard in found["shards"])
        for name in ("languages", "features"):
            found[name] = tuple(found[name])
        contents = Contents(**found)
        return contents if all(map(_NAME.fullmatch, contents.names())) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
