"""Errors of downloads, and the log line of each file.

DownloadError            an OSError: the file cannot be downloaded
  Unreachable            too many requests failed; a later run may succeed
    NotConnected         no request reached the host: DNS, network or proxy
  ConnectionDenied       the certificate is not trusted, or the proxy wants another login
  Refused                the server's response is final, as 404
  RedirectRefused        a redirect to another host or scheme, or too many redirects
  TooLarge               more bytes than a file may have
  FileChanged            the server has another file now than when the download started
  Unverifiable           the response does not say where the file ends, or contradicts itself
  Damaged                several downloads, each damaged in another way
"""

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from runtime.errors import UsageError
from runtime.units import duration, size

_FAILURES_SHOWN = 4


class DownloadError(OSError, UsageError):
    """A file that cannot be downloaded. The message names URL, cause and number of requests.

    A UsageError too: in the planning of a run nothing has been done yet. Workers catch it and list
    the file as unreachable.
    """

    advice: ClassVar[str] = ""


class Unreachable(DownloadError):
    """Too many requests in a row failed."""

    advice = "The same command tries again."


class NotConnected(Unreachable):
    """No request reached the host."""

    advice = (
        "Check that this machine is online. Where a proxy is needed, https_proxy (or http_proxy) "
        "must name it; no_proxy lists the hosts that are reached without it."
    )


class ConnectionDenied(DownloadError):
    """The server's certificate is not trusted, or the proxy wants another login."""


class Refused(DownloadError):
    """The server's response is final."""


class RedirectRefused(DownloadError):
    """A redirect that is not followed."""

    advice = "Only redirects within one host are followed: give the URL where the files are."


class TooLarge(DownloadError):
    """More bytes than a file may have."""


class FileChanged(DownloadError):
    """The server has another file now than when the download started."""

    advice = "The same command fetches the new one."


class Unverifiable(DownloadError):
    """A response that does not let a complete file be told from a part of it."""

    advice = "Try another mirror."


class Damaged(DownloadError):
    """Several downloads of one file, each damaged in another way."""

    advice = "The connection, or a server on the way, alters bytes."


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request after which the file was not complete.

    Attributes:
      position: bytes of the file that had arrived by then.
      problem: the reason, in a few words.
      wait_seconds: before the next request.
    """

    position: int
    problem: str
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """The download of one file.

    Attributes:
      url: without its secrets.
      size_bytes: received.
      requests: sent, redirects included.
      seconds: since the first request, including the time the reader spent on other work.
      failed_requests: in order.
      is_complete: True if `size_bytes` is the size of the file.
      failure: the last problem, if the download was given up; "" otherwise.
    """

    url: str
    size_bytes: int
    requests: int
    seconds: float
    failed_requests: tuple[FailedRequest, ...] = ()
    is_complete: bool = False
    failure: str = ""

    def line(self) -> str:
        """One line for the log."""
        received = f"{size(self.size_bytes)} in {duration(self.seconds)}"
        if self.failure:
            received = f"failed: {self.failure}; {received}"
        elif not self.is_complete:
            received = f"left after {received}"
        line = f"{self.url}: {received}"
        if self.requests > 1 or self.failed_requests:
            line += f", {self.requests} requests"
        return f"{line}: {self._failed_requests()}" if self.failed_requests else line

    def _failed_requests(self) -> str:
        runs = [
            list(run) for _, run in groupby(self.failed_requests, lambda f: (f.problem, f.position))
        ]
        lines: list[str] = []
        for run in runs[:_FAILURES_SHOWN]:
            times = f" {len(run)} times" if len(run) > 1 else ""
            waited = sum(failed.wait_seconds for failed in run)
            position = size(run[0].position)
            lines.append(f"{run[0].problem} at {position}{times}, waited {waited:.1f} s")
        if rest := runs[_FAILURES_SHOWN:]:
            waited = sum(failed.wait_seconds for run in rest for failed in run)
            lines.append(f"{sum(map(len, rest))} more, waited {waited:.1f} s")
        return "; ".join(lines)
