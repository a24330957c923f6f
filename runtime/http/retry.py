"""Backoff: how long to wait before a request is tried again.

Waits double and are spread, so that workers that failed together do not retry together. The spread
is a hash of the URL and the attempt, not a random number: a run can be repeated.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential waits between attempts.

    Common Crawl asks for at most one retry a second (status.commoncrawl.org) and blocks faster
    clients for some minutes. The defaults give up after 3 to 6 minutes.

    Attributes:
      attempts: failed requests in a row, without progress, after which the file is given up.
      first_seconds: the first wait; each further one is twice as long.
      longest_seconds: upper limit of a wait, unless the server asks for a longer one.
      longest_asked_seconds: upper limit of a wait that the server asks for (Retry-After).
      total_seconds: no attempt starts later than this after the first one.
    """

    attempts: int = 10
    first_seconds: float = 1.0
    longest_seconds: float = 120.0
    longest_asked_seconds: float = 600.0
    total_seconds: float = math.inf

    def wait_seconds(self, url: str, attempt: int, asked_seconds: float | None) -> float:
        """The wait after a failed attempt.

        Args:
          attempt: how many have failed in a row, from 1.
          asked_seconds: the server's Retry-After; the wait is at least this, up to its limit.
        """
        digest = hashlib.sha256(f"{url}\n{attempt}".encode()).digest()
        share = int.from_bytes(digest[:8], "big") / (1 << 64)  # in [0, 1)
        full = min(self.longest_seconds, self.first_seconds * 2.0 ** (min(attempt, 32) - 1))
        wait = full * (0.5 + share / 2)
        if asked_seconds is None:
            return wait
        asked = min(asked_seconds, self.longest_asked_seconds)
        return max(wait, asked + share * self.first_seconds)


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None if it is malformed.

    Args:
      value: a number of seconds, or an HTTP date.
      now: seconds since 1970, from which a date is counted.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    moment = parse_date(value)
    return None if moment is None else max(0.0, moment - now)


def parse_date(value: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None if it is malformed."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
