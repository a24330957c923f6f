"""One bucket of URLs: finds the outdated captures, and those whose URL is in the URL lists."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleaning.counts import Counts
from cleaning.dedup.winners import newest_captures
from cleaning.selection import IN_LISTS, OUTDATED, match_lists
from cleaning.urls import Digests
from pipelines.job import Job
from pipelines.stages.blocks import (
    CAPTURE,
    FLAGS,
    LISTED,
    PASS_ROWS,
    Block,
    passes,
    rows_of_pass,
    split_by_part,
)
from pipelines.stages.tasks import Bucket, Stage, list_buckets


def flag_blocks(blocks: Sequence[Block], pass_rows: int = PASS_ROWS) -> dict[int, Block]:
    """FLAGS rows by part: captures of which a newer one exists, and captures of listed URLs.

    Args:
      blocks: every part's CAPTURE rows of one bucket, and every URL list's LISTED rows.
      pass_rows: about how many are compared at a time.
    """
    count = passes(blocks, pass_rows)
    flagged = [
        _flagged(
            rows_of_pass(blocks, CAPTURE, number, count),
            rows_of_pass(blocks, LISTED, number, count)["url_digest"],
        )
        for number in range(count)
    ]
    return split_by_part(
        np.concatenate([row_id for row_id, _ in flagged]),
        np.concatenate([flags for _, flags in flagged]),
    )


def _flagged(captures: Block, listed: Digests) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Row ids of the captures that have a flag, and their flags."""
    newest = newest_captures(
        captures["url_digest"], captures["captured"], captures["priority"], captures["row_id"]
    )
    flags = np.where(newest, 0, OUTDATED).astype(np.uint8)
    if len(listed):
        flags |= IN_LISTS * match_lists(captures["url_digest"], listed)[0].astype(np.uint8)
    flagged = np.flatnonzero(flags)
    return captures["row_id"][flagged], flags[flagged]


def count_missing(blocks: Sequence[Block], pass_rows: int = PASS_ROWS) -> dict[str, int]:
    """How many listed URLs of the bucket have no capture."""
    if not any(block.dtype == LISTED for block in blocks):
        return {}
    count, missing = passes(blocks, pass_rows), 0
    for number in range(count):
        captured = rows_of_pass(blocks, CAPTURE, number, count)["url_digest"]
        listed = rows_of_pass(blocks, LISTED, number, count)["url_digest"]
        missing += match_lists(captured, listed)[1]
    return {"webtextlike-filter/missing-page": missing}


def _work(_job: Job, _bucket: Bucket, blocks: Sequence[Block]) -> Counts:
    return count_missing(blocks)


def _emit(_job: Job, _bucket: Bucket, blocks: Sequence[Block]) -> dict[int, Block]:
    return flag_blocks(blocks)


NEWEST = Stage(
    name="newest",
    meaning="finding the newest capture of each URL",
    unit="buckets",
    share=0.01,
    tasks=list_buckets,
    work=_work,
    emit=_emit,
    emits=FLAGS,
)
