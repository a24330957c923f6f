"""The captures of one bucket of URLs: which are not the newest, which are in the URL lists."""

import numpy as np
from numpy.typing import NDArray

from cleaning.elections import newest_captures
from cleaning.urls import Digests
from pipelines.exchange import (
    CAPTURE,
    LISTED,
    PASS_ROWS,
    Block,
    passes,
    rows_of_pass,
    split_by_part,
)

OUTDATED, IN_LISTS = 1, 2  # bits of a capture's verdict


def verdict_blocks(blocks: list[Block], pass_rows: int = PASS_ROWS) -> dict[int, Block]:
    """VERDICT rows by part: captures of which a newer one exists, captures of listed URLs.

    Args:
      blocks: every part's CAPTURE rows of one bucket, and every URL list's LISTED rows.
      pass_rows: about how many are compared at a time.
    """
    count = passes(blocks, pass_rows)
    told = [
        _verdicts(
            rows_of_pass(blocks, CAPTURE, number, count),
            rows_of_pass(blocks, LISTED, number, count)["url_digest"],
        )
        for number in range(count)
    ]
    return split_by_part(
        np.concatenate([place for place, _ in told]), np.concatenate([bits for _, bits in told])
    )


def _verdicts(captures: Block, listed: Digests) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Places of the captures of which there is something to tell, and their bits."""
    newest = newest_captures(
        captures["url_digest"], captures["captured"], captures["election"], captures["place"]
    )
    bits = np.where(newest, 0, OUTDATED).astype(np.uint8)
    if len(listed):
        bits |= IN_LISTS * _meet(captures["url_digest"], listed)[0].astype(np.uint8)
    told = np.flatnonzero(bits)
    return captures["place"][told], bits[told]


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
