"""The captures of a URL in a run, the newest first, chosen as the run chooses it."""

from dataclasses import dataclass

import numpy as np

from cleaning.selection import OUTDATED
from cleaning.signatures import PageRecord, Signatures
from cleaning.urls import Digests
from pipelines.explain.work import Work
from pipelines.sources.wet_files import Part
from pipelines.stages.blocks import part_and_row, row_flags
from pipelines.stages.clean import CLEAN
from pipelines.stages.newest import flag_blocks
from pipelines.stages.webtext import WEBTEXT


@dataclass(frozen=True, slots=True)
class FoundCapture:
    """A capture of the URL.

    Attributes:
      part, row: where it is among the captures of the run.
      record: that it was read from.
      captured: WARC-Date.
      flags: OUTDATED, IN_LISTS.
      signatures: of it alone, without the texts.
    """

    part: Part
    row: int
    record: PageRecord
    captured: str
    flags: int
    signatures: Signatures

    @property
    def is_newest(self) -> bool:
        """True for the one that is taken."""
        return not self.flags & OUTDATED


def find_captures(work: Work, url_digest: Digests) -> list[FoundCapture]:
    """The captures of a normalized URL, the newest first.

    Args:
      url_digest: uint64[1, 2], md5 of it.
    """
    rows = work.rows(CLEAN, url_digest)
    blocks = [rows]
    if work.job.url_list_count:
        blocks.append(work.rows(WEBTEXT, url_digest))
    flagged = flag_blocks(blocks)
    found = []
    for capture in rows:
        number, row = part_and_row(int(capture["row_id"]))
        part, signatures = work.parts[number], work.signatures(number)
        flags = row_flags([flagged[number]] if number in flagged else [], len(signatures.captured))
        captured = bytes(capture["captured"]).decode(errors="replace")
        record = work.captures(number)[row]
        found.append(
            FoundCapture(part, row, record, captured, int(flags[row]), _alone(signatures, row))
        )
    return sorted(found, key=lambda c: (c.is_newest, c.captured), reverse=True)


def _alone(signatures: Signatures, row: int) -> Signatures:
    """The signatures of one capture."""
    return Signatures(
        url_digest=signatures.url_digest[[row]],
        priority=signatures.priority[[row]],
        captured=signatures.captured[[row]],
        marks=signatures.marks[[row]],
        outcome=signatures.outcome[[row]],
        line_counts=signatures.line_counts[[row]],
        forms={},
    )


def flags_of(capture: FoundCapture) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """uint8[1], its flags as `select_captures` takes them."""
    return np.array([capture.flags], np.uint8)
