"""What became of each file that was fetched: an error that says why, a line in the log.

DownloadError            an OSError: the file cannot be had
  Unreachable            too many attempts failed; a later run may succeed
  Refused                the server's answer is final, as 404
  RedirectRefused        a redirect led to another host or scheme, or one redirect to too many
  TooLarge               more bytes than a file may have
  FileChanged            the server has another file now than the one that was begun
  Unverifiable           an answer that does not say where the file ends, or contradicts itself
"""

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from runtime.units import duration, size

_SETBACKS_TOLD = 4


class DownloadError(OSError):
    """A file that cannot be had; the message names URL, cause and number of requests."""

    advice: ClassVar[str] = ""


class Unreachable(DownloadError):
    """Too many attempts in a row failed."""

    advice = "The same command asks again."


class Refused(DownloadError):
    """The server's answer is final."""


class RedirectRefused(DownloadError):
    """A redirect that is not followed."""

    advice = "Only redirects within one host are followed: give the address where the files are."


class TooLarge(DownloadError):
    """More bytes than a file may have."""


class FileChanged(DownloadError):
    """The server has another file now than the one that was begun."""

    advice = "The same command fetches the new one."


class Unverifiable(DownloadError):
    """An answer by which one cannot tell a whole file from a part of it."""

    advice = "Another mirror may do better."


class Damaged(DownloadError):
    """It came several times, each time damaged in another way."""

    advice = "The connection or a server on the way alters bytes."


@dataclass(frozen=True, slots=True)
class Setback:
    """A request that did not lead to the end of the file.

    Attributes:
      position: bytes of the file that were there by then.
      problem: what came instead of the rest.
      wait_seconds: before the next request.
    """

    position: int
    problem: str
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """What happened to one file.

    Attributes:
      url: without its secrets.
      size_bytes: that came.
      requests: redirects included.
      seconds: from the first request on, the time in which the reader did other things included.
      setbacks: in order.
      is_whole: True if `size_bytes` is all of the file.
      failure: the last problem, if there is nothing more to try; "" otherwise.
    """

    url: str
    size_bytes: int
    requests: int
    seconds: float
    setbacks: tuple[Setback, ...] = ()
    is_whole: bool = False
    failure: str = ""

    def line(self) -> str:
        """One line for the log."""
        came = f"{size(self.size_bytes)} in {duration(self.seconds)}"
        if self.failure:
            came = f"failed: {self.failure}; {came}"
        elif not self.is_whole:
            came = f"left after {came}"
        told = f"{self.url}: {came}"
        if self.requests > 1 or self.setbacks:
            told += f", {self.requests} requests"
        return f"{told}: {self._setbacks()}" if self.setbacks else told

    def _setbacks(self) -> str:
        runs = [list(run) for _, run in groupby(self.setbacks, lambda s: (s.problem, s.position))]
        told: list[str] = []
        for run in runs[:_SETBACKS_TOLD]:
            times = f" {len(run)} times" if len(run) > 1 else ""
            waited = sum(setback.wait_seconds for setback in run)
            told.append(
                f"{run[0].problem} at {size(run[0].position)}{times}, waited {waited:.1f} s"
            )
        if rest := runs[_SETBACKS_TOLD:]:
            waited = sum(setback.wait_seconds for run in rest for setback in run)
            told.append(f"{sum(map(len, rest))} more, waited {waited:.1f} s")
        return "; ".join(told)
