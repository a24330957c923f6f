"""Small corpora in made-up languages, written as the pipeline writes them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from corpora.cards import update_collection
from corpora.contents import Contents, ShardContents
from corpora.features import DocumentRow
from corpora.formats import FORMATS
from corpora.metadata import write_metadata
from runtime.storage.digested import file_digest

SYLLABLES = {
    "en": "the ing er and tion on re at es ly st en al th ou it is ar".split(),
    "de": "der ung sch ein ich ge ver und keit ü ä ß en be lich st an zu".split(),
    "fr": "le tion é que ou ment eau è les oi ai re dans en sur pas ç un".split(),
    "ro": "ul ă ț ș în ea lui și ar este pe nu ie cu la de re ți".split(),
    "ru": "то ст на ен ов ра ко пр ни ть ся во по ли".split(),
}


def _number(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6], "big")


def word(language: str, number: int) -> str:
    """The word of that number: two to four syllables."""
    syllables = SYLLABLES[language]
    count = 2 + _number(language, number) % 3
    return "".join(syllables[_number(language, number, i) % len(syllables)] for i in range(count))


def text(language: str, number: int, lines: int = 6) -> str:
    """A document: lines of words, frequent ones more often."""
    made = []
    for line in range(lines):
        numbers = [_number(language, number, line, at) for at in range(12)]
        words = [word(language, n % (2 + n // 7 % 400)) for n in numbers]
        made.append(" ".join(words).capitalize() + ".")
    return "\n".join(made)


def documents(language: str, count: int) -> list[DocumentRow]:
    """Documents as the pipeline's formats take them."""
    return [
        (
            text(language, number).encode(),
            f"http://{language}.example/{number}".encode(),
            b"2024-01-01T00:00:00Z",
            b"text/plain",
            b"1",
        )
        for number in range(count)
    ]


def write_shards(
    folder: Path, split: str, rows: Iterable[DocumentRow], shards: int = 1, format_name="tfrecord"
) -> Path:
    """The documents of a split in so many shards, dealt out in turn."""
    rows = list(rows)
    for shard in range(shards):
        path = folder / FORMATS[format_name].shard_path("c4", split, shard, shards)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream, FORMATS[format_name].open_writer(stream) as append:
            append(rows[shard::shards])
    return folder


def write_english(output: Path, count: int = 300, shards: int = 2, format_name="tfrecord") -> Path:
    """A dataset `c4/en/3.1.0` with both its splits."""
    folder = output / "c4/en/3.1.0"
    write_shards(folder, "train", documents("en", count), shards, format_name)
    write_shards(folder, "validation", documents("en", count + 3)[count:], 1, format_name)
    return folder


def write_multilingual(output: Path, counts: dict[str, int], format_name="tfrecord") -> Path:
    """A dataset `c4/multilingual/3.1.0` with a split a language."""
    folder = output / "c4/multilingual/3.1.0"
    for language, count in counts.items():
        write_shards(folder, language, documents(language, count), 1, format_name)
    return folder


def write_dataset(
    root: Path, config: str, splits: dict[str, int], *formats: str, version: str = "3.1.0"
) -> Path:
    """A finished dataset `c4` with so many documents in each split, two shards of the first."""
    folder = root / "c4" / config / version
    rows = []
    for split, count in splits.items():
        shards = 1 + (split == next(iter(splits)))
        found = documents("de", count)
        for name in formats:
            write_shards(folder, split, found, shards, name)
        for shard in range(shards):
            own = found[shard::shards]
            names = {
                name: folder / FORMATS[name].shard_path("c4", split, shard, shards)
                for name in formats
            }
            stored = {name: file_digest(str(path)) for name, path in names.items()}
            rows.append(
                ShardContents(
                    split=split, shard=shard, shards=shards, examples=len(own),
                    text_bytes=sum(len(row[0]) for row in own),
                    stored_bytes={name: size for name, (size, _) in stored.items()},
                    stored_xxh3={name: f"{xxh3:016x}" for name, (_, xxh3) in stored.items()},
                )
            )  # fmt: skip
    languages = tuple(split for split in splits if "-v" not in split and split != "train")
    contents = Contents(
        dataset="c4", config=config, version=version, languages=languages or ("en",),
        shards=tuple(rows),
    )  # fmt: skip
    write_metadata(str(folder), contents, {"spec": "tfds-3.1.0"})
    update_collection(str(root / "c4"))
    return folder
