"""The measures of a vocabulary as tables on the terminal, and as values for inspect.json."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TextIO

import numpy as np

from runtime.cli.tables import Column, Place, print_table
from runtime.redaction import plain
from runtime.units import size
from vocab.inspection.measures import Measure
from vocab.vocabulary import Vocabulary

UNSEGMENTED = frozenset(("ja", "km", "lo", "my", "th", "zh"))
"""Languages without spaces between words; tokens a word are not shown for them."""
_MOST_LANGUAGES = 40
_MOST_PIECES = 20
_NAMED_CHARACTERS = {"▁": "▁ (U+2581)", "▅": "▅ (U+2585)", "⁇": "⁇ (U+2047)"}


@dataclass(frozen=True, slots=True)
class Inspection:
    """A vocabulary and its measures.

    Attributes:
      vocabulary: the model.
      corpora: the paths as given.
      share: fraction of the corpora's documents that was read.
      languages: measures by language.
    """

    vocabulary: Vocabulary
    corpora: tuple[str, ...]
    share: float
    languages: Mapping[str, Measure]

    def total(self) -> Measure:
        """The sum of all languages."""
        return reduce(add, self.languages.values(), Measure())

    def pieces(self) -> list[str]:
        """All pieces in the order of their ids."""
        processor = self.vocabulary.processor()
        return processor.id_to_piece(list(range(processor.get_piece_size())))

    def most_frequent(self) -> list[tuple[str, int]]:
        """The 20 most frequent pieces and their occurrences."""
        counts, pieces = self.total().pieces, self.pieces()
        order = np.argsort(-counts, kind="stable")[:_MOST_PIECES].tolist()
        return [(pieces[i], int(counts[i])) for i in order if counts[i]]

    def longest(self) -> list[tuple[str, int]]:
        """The 20 pieces with the most characters and their occurrences."""
        counts, pieces = self.total().pieces, self.pieces()
        order = sorted(range(len(pieces)), key=lambda i: (-len(pieces[i]), -counts[i], i))
        return [(pieces[i], int(counts[i])) for i in order[:_MOST_PIECES]]

    def unused(self) -> int:
        """Number of pieces that do not occur."""
        return int(np.count_nonzero(self.total().pieces == 0))

    def as_values(self) -> dict[str, object]:
        """The content of inspect.json."""
        total = self.total()
        return {
            "model": self.vocabulary.path,
            "model_sha256": self.vocabulary.sha256(),
            "corpora": list(self.corpora),
            "share_of_documents": self.share,
            "total": _values(total),
            "languages": {name: _values(row) for name, row in _by_size(self.languages)},
            "documents_by_tokens": {str(n): count for n, count in total.octaves().items()},
            "pieces": len(total.pieces),
            "unused_pieces": self.unused(),
            "most_frequent_pieces": dict(self.most_frequent()),
            "longest_pieces": dict(self.longest()),
            "sentinel_like_strings": dict(total.sentinels.most_common()),
        }


def _values(row: Measure) -> dict[str, float]:
    return {
        "documents": row.documents,
        "characters": row.characters,
        "text_bytes": row.text_bytes,
        "words": row.words,
        "tokens": row.tokens,
        "characters_a_token": row.characters_a_token(),
        "tokens_a_word": row.fertility(),
        "unknown_rate": row.unknown_rate(),
        "byte_rate": row.fallback / max(row.tokens, 1),
    }


def _by_size(languages: Mapping[str, Measure]) -> list[tuple[str, Measure]]:
    return sorted(languages.items(), key=lambda item: (-item[1].tokens, item[0]))


def printable(piece: str) -> str:
    """A piece with control characters escaped, and with names for SentencePiece's signs."""
    return _NAMED_CHARACTERS.get(piece, plain(piece))


def print_inspection(inspection: Inspection, stream: TextIO) -> None:
    """Prints the tables: languages, lengths of documents, pieces, strings like special tokens."""
    for table in (_languages(inspection), _lengths(inspection.total()), *_pieces(inspection)):
        print_table(table, stream)
        print(file=stream)
    total = inspection.total()
    used = len(total.pieces) - inspection.unused()
    print(f"{used:,} of {len(total.pieces):,} pieces occur in this text.", file=stream)
    if total.sentinels:
        found = ", ".join(f"{printable(s)} {n:,}" for s, n in total.sentinels.most_common(20))
        print(f"strings in the text that look like special tokens: {found}", file=stream)
    else:
        print("no string in the text looks like a special token", file=stream)


def _languages(inspection: Inspection) -> list[Column]:
    rows = _by_size(inspection.languages)[:_MOST_LANGUAGES]
    if len(inspection.languages) > 1:
        rows.append(("all", inspection.total()))
    shown: dict[str, Callable[[str, Measure], str]] = {
        "documents": lambda _, row: f"{row.documents:,}",
        "text": lambda _, row: size(row.text_bytes),
        "tokens": lambda _, row: f"{row.tokens:,}",
        "characters\n/token": lambda _, row: f"{row.characters_a_token():.3f}",
        "tokens\n/word": lambda name, row: "–" if name in UNSEGMENTED else f"{row.fertility():.3f}",
        "unknown": lambda _, row: f"{row.unknown_rate():.3%}",
        "as\nbytes": lambda _, row: f"{row.fallback / max(row.tokens, 1):.3%}",
    }
    return [
        Column("language", Place.KEY, [name or "text" for name, _ in rows]),
        *(
            Column(header, Place.NUMBER, [cell(name, row) for name, row in rows])
            for header, cell in shown.items()
        ),
    ]


def _lengths(total: Measure) -> list[Column]:
    octaves = total.octaves()
    most = max(octaves.values(), default=1)
    shares = [f"{count / total.documents:.1%}" for count in octaves.values()]
    return [
        Column("tokens a document", Place.KEY, [f"{low:,} to {2 * low:,}" for low in octaves]),
        Column("documents", Place.NUMBER, [f"{count:,}" for count in octaves.values()]),
        Column("share", Place.NUMBER, shares),
        Column("", Place.EXTRA, ["█" * round(40 * count / most) for count in octaves.values()]),
    ]


def _pieces(inspection: Inspection) -> Iterator[list[Column]]:
    tokens = max(inspection.total().tokens, 1)
    often, longest = inspection.most_frequent(), inspection.longest()
    yield [
        Column("share of tokens", Place.NUMBER, [f"{count / tokens:.2%}" for _, count in often]),
        Column("frequent piece", Place.KEY, [printable(piece) for piece, _ in often]),
    ]
    yield [
        Column("occurs", Place.NUMBER, [f"{count:,}" for _, count in longest]),
        Column("longest piece", Place.KEY, [printable(piece) for piece, _ in longest]),
    ]
