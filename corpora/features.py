"""What a document consists of: its features, their kinds, and rows of their values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a format with types writes the values of a feature."""

    TEXT = "text"
    TIME = "time"  # 2019-04-18T12:00:00Z
    NUMBER = "number"  # a decimal integer
    FRACTION = "fraction"  # as Python writes a float


FEATURES = ("text", "url", "timestamp", "content-type", "content-length")
"""What a document of C4 consists of, as TFDS names it. Only `text` must be there when read."""


@dataclass(frozen=True, slots=True)
class Column:
    """A feature that documents have only if it is asked for.

    Attributes:
      name: as given to --columns.
      kind: of its values.
      meaning: one line for --help and the docs.
    """

    name: str
    kind: Kind
    meaning: str


COLUMNS: dict[str, Column] = {
    row.name: row
    for row in (
        Column("language", Kind.TEXT, "code of the language under which the document is kept"),
        Column(
            "language_probability",
            Kind.FRACTION,
            "of the likeliest language, by the identifier of the variant; 0 if it has none",
        ),
        Column(
            "wet_file",
            Kind.TEXT,
            "the WET file: from crawl-data/ on, as Common Crawl lists it, or its name",
        ),
        Column(
            "record_offset",
            Kind.NUMBER,
            "byte of the stored file at which the gzip member of the record starts; of a file "
            "without gzip, at which the record starts",
        ),
        Column(
            "digest",
            Kind.TEXT,
            "WARC-Block-Digest of the record; its SHA-1 in the same form if it states none",
        ),
    )
}
_KINDS = {
    "timestamp": Kind.TIME,
    "content-length": Kind.NUMBER,
    **{name: row.kind for name, row in COLUMNS.items()},
}

DocumentRow = tuple[bytes, ...]
"""A document as formats write it: the values of its features in their order, in UTF-8."""

FeatureValues = tuple[bytes | None, ...]
"""A document as formats read it: the features that were asked for, in UTF-8; None if absent."""

Append = Callable[[Iterable[DocumentRow]], None]
"""Appends documents to a shard that is being written."""


def kind_of(feature: str) -> Kind:
    """The kind of a feature's values, by its name."""
    return _KINDS.get(feature, Kind.TEXT)
