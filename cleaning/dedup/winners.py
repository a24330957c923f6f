"""The newest capture of each URL, and the occurrence of each line that is kept.

Both are minima over arrays; no text is read. Memory is a few times that of the arrays; only digests
that occur more than once are sorted by all keys.
"""

import numpy as np
from numpy.typing import NDArray

from cleaning.urls import Digests

Rows = NDArray[np.int64]


def repeated(digest: Digests) -> Rows:
    """Row numbers, ascending, of the digests that occur more than once.

    Args:
      digest: uint64[n, 2].
    """
    order = np.argsort(digest[:, 0])
    first_half = digest[order, 0]
    same = first_half[1:] == first_half[:-1]
    shared = np.zeros(len(digest), bool)
    shared[1:] |= same
    shared[:-1] |= same
    return np.sort(order[shared])


def newest_captures(
    url_digest: Digests,
    captured: NDArray[np.bytes_],
    priority: Digests,
    row_id: NDArray[np.uint64],
) -> NDArray[np.bool_]:
    """True for the newest capture of each URL (TFDS c4_utils.select_newest_page).

    Of equally new captures the reference keeps the first that it meets, which depends on the run.
    Here the smaller `priority` wins, then the smaller `row_id`.

    Args:
      url_digest: uint64[n, 2], md5 of the normalized URL.
      captured: bytes[n], WARC-Date; the reference compares the strings.
      priority: uint64[n, 2], md5 of the URL.
      row_id: uint64[n], distinct: the file's number, then the row in it.
    Returns:
      bool[n], exactly one True for each distinct url_digest.
    """
    age = -np.unique(captured, return_inverse=True)[1]
    keys = (row_id, priority[:, 1], priority[:, 0], age)
    newest: NDArray[np.bool_] = _winners(url_digest, keys) == np.arange(len(row_id))
    return newest


def span_winners(span_digest: Digests, priority: Digests, row_id: NDArray[np.uint64]) -> Rows:
    """For each line, the row of the kept occurrence (TFDS c4_utils.remove_duplicate_text).

    Of the pages that hold a line, the one whose md5(url) is smallest keeps it, at its first row_id.

    Args:
      span_digest: uint64[n, 2].
      priority: uint64[n, 2], md5 of the URL of the line's page.
      row_id: uint64[n], distinct: the file's number, then the line's in it.
    Returns:
      int64[n]; a line is kept if its entry is its own row.
    """
    return _winners(span_digest, (row_id, priority[:, 1], priority[:, 0]))


def _winners(digest: Digests, keys: tuple[NDArray[np.generic], ...]) -> Rows:
    """For each row, the row of the same digest that sorts first by `keys`, the last key leading."""
    winner = np.arange(len(digest))
    rows = repeated(digest)
    order = rows[np.lexsort((*(key[rows] for key in keys), digest[rows, 1], digest[rows, 0]))]
    ordered = digest[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    winner[order] = order[opens][np.cumsum(opens) - 1]
    return winner
