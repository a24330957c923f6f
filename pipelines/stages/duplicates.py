"""One bucket of spans: finds, for each span, the page that keeps it.

A span is a line, or three sentences. Each part has chosen a winner among its own pages (stage
`lines`) and sends each distinct span once. So a line found on every page of the web adds no more
rows to a bucket than there are parts. Every scope of the run has its own winners; all are found
in one pass.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.winners import repeated, span_winners
from pipelines.job import Job
from pipelines.stages.blocks import (
    FLAGS,
    PASS_ROWS,
    SPAN,
    Block,
    passes,
    rows_of_pass,
    split_by_part,
)
from pipelines.stages.tasks import Bucket, Stage, list_buckets


def lost_blocks(blocks: Sequence[Block], pass_rows: int = PASS_ROWS) -> dict[int, Block]:
    """FLAGS rows by part: the part's winners that a page of another part keeps instead.

    The flags are the bits of the scopes in which the span is lost.

    Args:
      blocks: every part's SPAN rows of one bucket.
      pass_rows: about how many are compared at a time: they take some 250 bytes each.
    """
    count = passes(blocks, pass_rows)
    lost = [_lost(rows_of_pass(blocks, SPAN, number, count)) for number in range(count)]
    return split_by_part(
        np.concatenate([row_id for row_id, _ in lost]), np.concatenate([flags for _, flags in lost])
    )


def _lost(rows: Block) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Row ids of the spans that are lost in any scope, and their flags."""
    rows = rows[repeated(np.ascontiguousarray(rows["span_digest"]))]
    digest, priority, row_id, scopes = (np.ascontiguousarray(rows[n]) for n in SPAN.names or ())
    lost = np.zeros(len(rows), np.uint8)
    for bit in range(8):
        own = np.flatnonzero(scopes & np.uint8(1 << bit))
        if len(own):
            winner = span_winners(digest[own], priority[own], row_id[own])
            lost[own[winner != np.arange(len(own))]] |= np.uint8(1 << bit)
    flagged = np.flatnonzero(lost)
    return row_id[flagged], lost[flagged]


def _emit(_job: Job, _bucket: Bucket, blocks: Sequence[Block]) -> dict[int, Block]:
    return lost_blocks(blocks)


DUPLICATES = Stage(
    name="duplicates",
    meaning="finding the page that keeps each line",
    unit="buckets",
    share=0.01,
    tasks=list_buckets,
    emit=_emit,
    emits=FLAGS,
)
