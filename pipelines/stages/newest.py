"""The captures of one bucket of URLs: which are not the newest, which are in the URL lists."""

import numpy as np
from numpy.typing import NDArray

from cleaning.dedup.winners import newest_captures
from cleaning.selection import IN_LISTS, OUTDATED
from cleaning.urls import Digests
from pipelines.stages.blocks import (
    CAPTURE,
    LISTED,
    PASS_ROWS,
    Block,
    passes,
    rows_of_pass,
    split_by_part,
)


def flag_blocks(blocks: list[Block], pass_rows: int = PASS_ROWS) -> dict[int, Block]:
    """FLAGS rows by part: captures of which a newer one exists, captures of listed URLs.

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
    """Places of the captures of which there is something to tell, and their flags."""
    newest = newest_captures(
        captures["url_digest"], captures["captured"], captures["priority"], captures["row_id"]
    )
    flags = np.where(newest, 0, OUTDATED).astype(np.uint8)
    if len(listed):
        flags |= IN_LISTS * _meet(captures["url_digest"], listed)[0].astype(np.uint8)
    flagged = np.flatnonzero(flags)
    return captures["row_id"][flagged], flags[flagged]


def count_missing(blocks: list[Block], pass_rows: int = PASS_ROWS) -> dict[str, int]:
    """How many listed URLs of the bucket have no capture."""
    if not any(block.dtype == LISTED for block in blocks):
        return {}
    count, missing = passes(blocks, pass_rows), 0
    for number in range(count):
        captured = rows_of_pass(blocks, CAPTURE, number, count)["url_digest"]
        listed = rows_of_pass(blocks, LISTED, number, count)["url_digest"]
        missing += _meet(captured, listed)[1]
    return {"webtextlike-filter/missing-page": missing}


def _meet(captured: Digests, listed: Digests) -> tuple[NDArray[np.bool_], int]:
    """For each capture whether its URL is listed; how many distinct listed URLs none captured."""
    digest = np.concatenate([captured, listed])
    order = np.lexsort((digest[:, 1], digest[:, 0]))
    ordered = digest[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    url = np.empty(len(order), np.int64)
    url[order] = np.cumsum(opens) - 1
    is_listed = np.zeros(int(opens.sum()), bool)
    is_listed[url[len(captured) :]] = True
    is_captured = np.zeros(len(is_listed), bool)
    is_captured[url[: len(captured)]] = True
    return is_listed[url[: len(captured)]], int((is_listed & ~is_captured).sum())
