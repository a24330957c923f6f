"""Lines that stand on several pages: each part's own choice first, then the choice among parts.

A part of the input sends each distinct line once, however often it holds it, so that a line found
on every page of the web still makes no bucket larger than the number of parts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.clean import FATE_RULES, LINE_RULES
from cleaning.elections import elect_lines
from pipelines.clean import load_signatures
from pipelines.exchange import (
    LINE,
    LOST,
    Block,
    concatenate,
    places,
    split_by_bucket,
    split_by_part,
)
from pipelines.inputs import Part
from pipelines.job import Job
from pipelines.storage import load_arrays, save_arrays


@dataclass(frozen=True, slots=True)
class PartLines:
    """The lines of a part's newest pages, numbered from 0 in the order of the part.

    Attributes:
      page: int64[k], the passed pages, by number, that are the newest of their URL.
      page_of_line: int64[n], index into `page`.
      line_digest: uint64[n, 2].
      election: uint64[n, 2], md5 of the URL of the line's page.
      first: int64[n], the line of the same text that the part elects.
    """

    page: NDArray[np.int64]
    page_of_line: NDArray[np.int64]
    line_digest: NDArray[np.uint64]
    election: NDArray[np.uint64]
    first: NDArray[np.int64]


def elect_part_lines(job: Job, part: Part, blocks: list[Block]) -> dict[str, int]:
    """Counts the part's newest captures by rule, and elects its lines among themselves.

    Args:
      blocks: LOST rows, the part's captures that are not the newest.
    """
    signatures = load_signatures(job, part)
    newest = np.ones(len(signatures.captured), bool)
    newest[concatenate(blocks, LOST)["row"]] = False
    passed = newest[signatures.passed_row]
    lines = signatures.lines.astype(np.int64)
    page = np.flatnonzero(passed)
    line_digest = signatures.line_digest[np.repeat(passed, lines)]
    page_of_line = np.repeat(np.arange(len(page)), lines[page])
    election = signatures.election[signatures.passed_row[page]][page_of_line]
    first = elect_lines(line_digest, election, places(0, np.arange(len(line_digest))))
    found = PartLines(page, page_of_line, line_digest, election, first)
    arrays = {name: getattr(found, name) for name in PartLines.__dataclass_fields__}
    save_arrays(job.stage_path("lines", part.number, ".npz"), arrays)

    counts = {
        "duplicate-url-filter/filtered": int((~newest).sum()),
        "duplicate-url-filter/passed": int(newest.sum()),
    }
    by_rule = signatures.line_counts[newest].sum(axis=0, dtype=np.int64)
    counts |= dict(zip(LINE_RULES, by_rule.tolist(), strict=True))
    for fate, rule in FATE_RULES.items():
        counts[rule] = int((signatures.fate[newest] == fate).sum())
    return counts


def load_lines(job: Job, part: Part) -> PartLines:
    """What `elect_part_lines` found."""
    return PartLines(**load_arrays(job.stage_path("lines", part.number, ".npz")))


def line_blocks(job: Job, part: Part) -> dict[int, Block]:
    """LINE rows of the lines that the part elected, by bucket."""
    lines = load_lines(job, part)
    elected = np.flatnonzero(lines.first == np.arange(len(lines.first)))
    block = np.empty(len(elected), LINE)
    block["line_digest"] = lines.line_digest[elected]
    block["election"] = lines.election[elected]
    block["place"] = places(part.number, elected)
    return split_by_bucket(block, block["line_digest"], job.buckets)


def lost_blocks(blocks: list[Block]) -> dict[int, Block]:
    """LOST rows by part: elected lines that a page of another part keeps instead.

    Args:
      blocks: every part's LINE rows of one bucket.
    """
    rows = concatenate(blocks, LINE)
    elected = elect_lines(rows["line_digest"], rows["election"], rows["place"])
    return split_by_part(rows["place"][elected != np.arange(len(rows))])
