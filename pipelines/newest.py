"""The captures of one bucket of URLs: which of them are not the newest."""

from cleaning.elections import newest_captures
from pipelines.exchange import CAPTURE, Block, concatenate, split_by_part


def outdated_blocks(blocks: list[Block]) -> dict[int, Block]:
    """LOST rows by part: captures of which a newer one exists.

    Args:
      blocks: every part's CAPTURE rows of one bucket.
    """
    rows = concatenate(blocks, CAPTURE)
    newest = newest_captures(rows["url_digest"], rows["captured"], rows["election"], rows["place"])
    return split_by_part(rows["place"][~newest])
