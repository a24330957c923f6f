"""Small corpora in made-up languages, written as the pipeline writes them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from corpora.formats import FORMATS, DocumentRow

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
