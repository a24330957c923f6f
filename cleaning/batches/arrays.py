"""The captures of one batch of records as arrays, and the columns of their pages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.signatures import (
    Captures,
    MalformedRecord,
    Records,
    Signatures,
    TextPages,
    TextSignatures,
)
from cleaning.variants import TextForm

_ARRAYS = tuple(field.name for field in fields(Signatures) if field.name != "forms")
_TEXT_ARRAYS = tuple(field.name for field in fields(TextSignatures))


class PageColumns(NamedTuple):
    """Pages that have text in a form, in UTF-8; the last two are empty unless asked for."""

    text: Sequence[bytes]
    url: Sequence[bytes]
    timestamp: Sequence[bytes]
    content_type: Sequence[bytes]
    content_length: Sequence[bytes]
    record_offset: Sequence[bytes] = ()
    digest: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class CaptureArrays:
    """What `Captures` holds.

    Attributes:
      counts, malformed: as there.
      signatures, records: their arrays.
      pages: of each form, a row for each that `signatures` has.
    """

    counts: Counter[str]
    malformed: list[MalformedRecord]
    signatures: Signatures
    records: Records
    pages: dict[TextForm, PageColumns]

    @classmethod
    def of(cls, captures: Captures, first_row: int) -> "CaptureArrays":
        """The arrays of captures; `first_row` is the number of the first."""
        return cls(
            counts=captures.counts,
            malformed=captures.malformed,
            signatures=captures.arrays(first_row),
            records=Records.of(captures.records),
            pages={form: _columns(of, captures.origins) for form, of in captures.forms.items()},
        )


def _columns(pages: TextPages, origins: list[tuple[str, str]]) -> PageColumns:
    headers = pages.headers
    return PageColumns(
        pages.texts,
        [h.url.encode() for h in headers],
        [h.timestamp.encode() for h in headers],
        [h.content_type.encode() for h in headers],
        [h.content_length.encode() for h in headers],
        *([origins[row][at].encode() for row in pages.rows] for at in range(2 * bool(origins))),
    )


def join_signatures(batches: Sequence[Signatures]) -> dict[str, NDArray[np.generic]]:
    """The arrays of all batches, by name; a form's by `form.name`."""
    joined = {name: np.concatenate([getattr(b, name) for b in batches]) for name in _ARRAYS}
    for form in batches[0].forms:
        for name in _TEXT_ARRAYS:
            arrays = [getattr(batch.forms[form], name) for batch in batches]
            joined[f"{form}.{name}"] = np.concatenate(arrays)
    return joined


def split_signatures(joined: Mapping[str, Any], forms: Sequence[TextForm]) -> Signatures:
    """The arrays that `join_signatures` joined."""
    of_forms = {
        form: TextSignatures(**{name: joined[f"{form}.{name}"] for name in _TEXT_ARRAYS})
        for form in forms
    }
    return Signatures(**{name: joined[name] for name in _ARRAYS}, forms=of_forms)


def join_records(batches: Sequence[Records]) -> Records:
    """The records of all batches."""
    names = [field.name for field in fields(Records)]
    return Records(*[np.concatenate([getattr(b, name) for b in batches]) for name in names])
