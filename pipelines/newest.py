"""The captures of one bucket of URLs: which are not the newest, which are in the URL lists."""

import numpy as np
from numpy.typing import NDArray

from cleaning.elections import newest_captures
from cleaning.urls import Digests
from pipelines.exchange import CAPTURE, LISTED, Block, concatenate, split_by_part

OUTDATED, IN_LISTS = 1, 2  # bits of a capture's verdict


def verdict_blocks(blocks: list[Block]) -> dict[int, Block]:
    """VERDICT rows by part: captures of which a newer one exists, captures of listed URLs.

    Args:
      blocks: every part's CAPTURE rows of one bucket, and every URL list's LISTED rows.
    """
    rows = concatenate(blocks, CAPTURE)
    newest = newest_captures(rows["url_digest"], rows["captured"], rows["election"], rows["place"])
    bits = np.where(newest, 0, OUTDATED).astype(np.uint8)
    listed = concatenate(blocks, LISTED)["url_digest"]
    if len(listed):
        bits |= IN_LISTS * _meet(rows["url_digest"], listed)[0].astype(np.uint8)
    return split_by_part(rows["place"], bits)


def count_missing(blocks: list[Block]) -> dict[str, int]:
    """How many listed URLs of the bucket have no capture."""
    listed = concatenate(blocks, LISTED)["url_digest"]
    if not len(listed):
        return {}
    captured = concatenate(blocks, CAPTURE)["url_digest"]
    return {"webtextlike-filter/missing-page": _meet(captured, listed)[1]}


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
