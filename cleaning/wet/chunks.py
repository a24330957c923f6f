"""Bytes of a WET file as its readers pass them on: chunks, and gaps where it is damaged."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Trust(Enum):
    """Whether a gzip member's checksum confirms a chunk; plain bytes have none and are sound."""

    SOUND = "it agrees"
    UNCHECKED = "it was not reached or is damaged: check each record by its digest"
    ALTERED = "it disagrees: some byte of the member is wrong"


class Chunk(NamedTuple):
    """Bytes of the file after decompression.

    Attributes:
      offset: where in the stored file the gzip member, the frame of zstd or the stream of bzip2
        (or the plain bytes) of this chunk starts.
      data: the bytes.
      starts_member: False for a continuation of the previous chunk's member.
      trust: see `Trust`.
      inflated: False for plain bytes, which are stored as they are.
    """

    offset: int
    data: bytes
    starts_member: bool = True
    trust: Trust = Trust.SOUND
    inflated: bool = True


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that could not be read: the chunks before and after it are not contiguous."""

    offset: int
    reason: str


class DamagedMember(Exception):
    """A member failed after parts of it were passed on as sound: read again as suspicious."""
