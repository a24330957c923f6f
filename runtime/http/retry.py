"""How long to wait before a request is tried again.

Waits double and are spread, so that workers that failed together do not return together. Where
others would draw a number, a hash of the URL and the attempt decides: a run can be repeated.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits between attempts.

    Common Crawl asks for no more than one retry a second (status.commoncrawl.org); who goes on
    too fast is blocked for some minutes. The defaults give up after 3 to 6 minutes.

    Attributes:
      attempts: in a row that bring the file no further, after which it is given up.
      first_seconds: the first wait; each further one is twice as long.
      longest_seconds: no wait is longer, unless the server asks for it,
      longest_asked_seconds: and then none is longer than this.
    """

    attempts: int = 10
    first_seconds: float = 1.0
    longest_seconds: float = 120.0
    longest_asked_seconds: float = 600.0

    def wait_seconds(self, url: str, attempt: int, asked_seconds: float | None) -> float:
        """The wait after an attempt that failed.

        Args:
          attempt: how many have failed in a row, from 1.
          asked_seconds: the server's own Retry-After, which is never undercut below its cap.
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
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); None if it is none.

    Args:
      value: a number of seconds, or an HTTP date.
      now: seconds since 1970, for dates.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    moment = parse_date(value)
    return None if moment is None else max(0.0, moment - now)


def parse_date(value: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
