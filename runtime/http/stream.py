"""HTTP(S) files read front to back, over dropped connections, throttling and stalls.

A stream gives every byte of the file once and in order, or raises a `DownloadError`; it never ends
early. After a drop it requests only the rest (Range), on condition that the file is the same
(If-Range). Where a server cannot do that, the stream starts again from the first byte and compares
the digest of the bytes it has given already, so that two versions of a file are never joined.
"""

import io
import logging
import math
import threading
from collections.abc import Callable
from contextlib import ExitStack

import xxhash

from runtime.http.client import Clock, Connection, DownloadRules, Response, RetryableError
from runtime.http.responses import describe, parse_content_range, validator
from runtime.http.transfers import (
    DownloadError,
    FailedRequest,
    FileChanged,
    NotConnected,
    TooLarge,
    Transfer,
    Unreachable,
    Unverifiable,
)
from runtime.http.urls import shown_url
from runtime.storage.locks import MachineSemaphore, SemaphoreTimeout
from runtime.units import size

LOG = logging.getLogger("c4forge")
_READ_BYTES = 1 << 18

Report = Callable[[Transfer], None]
"""Called with the transfer of a file, once, when its reading ends."""


def open_url(
    url: str,
    rules: DownloadRules = DownloadRules(),  # noqa: B008  # frozen
    *,
    semaphore: MachineSemaphore | None = None,
    clock: Clock = Clock(),  # noqa: B008  # frozen
    report: Report | None = None,
) -> "UrlStream":
    """A stream of the file's bytes; no request is sent before the first read.

    Args:
      semaphore: held during a request, and not during the wait before the next one.
      report: called when the file ends, fails, or is closed.
    Raises:
      UrlError: the URL, or that of the proxy in the environment, cannot be used.
    """
    connection = Connection(url, rules, clock)
    return UrlStream(connection, shown_url(url), rules, semaphore, clock, report)


class UrlStream(io.RawIOBase):
    """A file at a URL, for one reader from front to back. Memory: one read."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        rules: DownloadRules,
        semaphore: MachineSemaphore | None,
        clock: Clock,
        report: Report | None,
    ) -> None:
        super().__init__()
        self._connection, self._url, self._rules = connection, url, rules
        self._semaphore, self._clock, self._report = semaphore, clock, report
        self._held = ExitStack()  # the semaphore and the response of the current request
        self._response: Response | None = None
        self._position = 0  # bytes given to the reader
        self._digest = xxhash.xxh3_128()  # of these bytes
        self._total = -1  # bytes of the file, once known
        self._validator = ""
        self._failures = 0  # failed requests in a row without progress
        self._mark = 0  # position at the last failed request
        self._is_connected = False  # True once a request has reached the host
        self._failed_requests: list[FailedRequest] = []
        self._started = clock.monotonic()
        self._is_queue_logged = False
        self._timer: threading.Timer | None = None  # logs that the server takes long
        self._is_complete = False
        self._problem = ""
        self._error: DownloadError | None = None

    @property
    def transfer(self) -> Transfer:
        """The download so far."""
        return Transfer(
            self._url,
            self._position,
            self._connection.requests,
            self._clock.monotonic() - self._started,
            tuple(self._failed_requests),
            self._is_complete,
            self._problem,
        )

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """The next bytes, at most so many; b"" once the complete file has been given.

        Raises:
          DownloadError: the rest cannot be downloaded.
        """
        if size_bytes is None or size_bytes < 0:
            return self.readall()
        if self._error is not None:
            raise self._error
        try:
            while size_bytes and not self._is_complete:
                try:
                    if data := self._next(min(size_bytes, _READ_BYTES)):
                        return data
                except RetryableError as error:
                    self._wait(error)
        except DownloadError as error:
            self._fail(error)
            raise self._error from None  # type: ignore[misc]  # _fail has set it
        return b""

    def readall(self) -> bytes:
        """The rest of the file, which `rules.max_bytes` bounds."""
        return b"".join(iter(lambda: self.read(_READ_BYTES), b""))

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fills a buffer with the bytes that one read gives."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Ends the current request; reports a file that was left before its end."""
        if self.closed:
            return
        self._release()
        self._stop_timer()
        self._connection.close()
        if not self._is_complete and self._error is None and self._connection.requests:
            self._send_report()
        super().close()

    def _next(self, size_bytes: int) -> bytes:
        if self._response is None:
            self._open()
        if self._response is None:
            return b""
        data = self._response.read(size_bytes)
        if not data:
            if self._position < self._total:
                raise RetryableError("response ended early")
            self._finish()
            return b""
        position = self._position + len(data)
        if 0 <= self._total < position:
            raise Unverifiable(f"sends more than the {self._total} bytes that it announced")
        if position > self._rules.max_bytes:
            raise TooLarge(f"more than the {size(self._rules.max_bytes)} that a file may have")
        self._position = position
        self._digest.update(data)
        if position == self._total:
            self._finish()
        return data

    def _open(self) -> None:
        """Requests the rest of the file and moves the response to its first byte."""
        if self._semaphore is not None:
            try:
                self._held.enter_context(self._semaphore.hold(self._wait_for_semaphore))
            except SemaphoreTimeout as error:
                raise Unreachable(str(error)) from None
        self._start_timer()
        headers = {}
        if self._position and self._validator:
            headers = {"Range": f"bytes={self._position}-", "If-Range": self._validator}
        response = self._connection.get(headers)
        self._is_connected = True
        self._held.callback(response.close)
        if response.status == 416 and headers:
            self._check_end(response)
        elif response.status == 206 and headers:
            self._check_rest(response)
            self._response = response
        elif response.status == 200:
            self._check_file(response)
            self._skip(response)
            self._response = response
        else:
            raise Unverifiable(f"{describe(response.status, b'')}, though no range was requested")

    def _check_file(self, response: Response) -> None:
        """Checks that a 200 is the file: known length, not re-encoded, size as before."""
        if not response.is_delimited:
            raise Unverifiable("answered without a Content-Length: a cut would go unnoticed")
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        is_file = encoding in ("gzip", "x-gzip") and self._url.partition("?")[0].endswith(".gz")
        if encoding != "identity" and not is_file:  # some servers send .gz files with this header
            raise Unverifiable("answered in another Content-Encoding than the stored bytes")
        total = response.size_bytes
        if total > self._rules.max_bytes:
            raise TooLarge(f"{size(total)}; a file may have {size(self._rules.max_bytes)}")
        if self._position and 0 <= self._total != total >= 0:
            raise FileChanged(f"had {self._total} bytes at the start of the download, now {total}")

    def _skip(self, response: Response) -> None:
        """Reads the bytes that the reader has already; raises FileChanged if they differ."""
        digest, left = xxhash.xxh3_128(), self._position
        while left:
            data = response.read(min(left, _READ_BYTES))
            if not data:
                raise RetryableError("response ended early")
            digest.update(data)
            left -= len(data)
        if self._position and digest.digest() != self._digest.digest():
            raise FileChanged(
                f"its first {self._position} bytes differ from those at the start of the download"
            )
        if response.size_bytes >= 0 or not self._position:
            self._total = response.size_bytes
        self._validator = validator(response.headers)

    def _check_rest(self, response: Response) -> None:
        """Checks that a 206 is the requested range of the same file."""
        found = parse_content_range(response.headers.get("Content-Range", ""))
        if found is None or found.first != self._position:
            raise Unverifiable("answered with another range of the file than was requested")
        name = "ETag" if self._validator.startswith('"') else "Last-Modified"
        if response.headers.get(name, "").strip() not in ("", self._validator):
            raise FileChanged("another file than at the start of the download")
        if found.total >= 0 and self._total not in (-1, found.total):
            raise FileChanged(
                f"had {self._total} bytes at the start of the download, now {found.total}"
            )
        self._total = max(self._total, found.total)

    def _check_end(self, response: Response) -> None:
        """Checks that a 416 means the end of the file: the first Content-Length was too large.

        If-Range requested only the file that the download started with.
        """
        found = parse_content_range(response.headers.get("Content-Range", ""))
        if found is None or found.total != self._position:
            raise FileChanged(f"has no byte {self._position} any more")
        self._total = self._position
        self._finish()

    def _wait(self, error: RetryableError) -> None:
        """Waits before the next request; raises Unreachable after the last one."""
        self._release()
        if self._position - self._mark >= self._rules.progress_bytes:
            self._failures = 0
        self._mark = self._position
        self._failures += 1
        self._is_connected |= error.is_connected
        backoff = self._rules.backoff
        if not self._is_connected and self._rules.connect_backoff is not None:
            backoff = self._rules.connect_backoff
        wait = backoff.wait_seconds(self._url, self._failures, error.asked_seconds)
        seconds = self._clock.monotonic() - self._started
        is_last = self._failures >= backoff.attempts or seconds + wait > backoff.total_seconds
        is_last |= self._connection.requests >= self._rules.max_requests
        self._failed_requests.append(
            FailedRequest(self._position, error.problem, 0.0 if is_last else wait)
        )
        if is_last:
            raise (Unreachable if self._is_connected else NotConnected)(error.problem)
        self._log_wait(f"{error.problem}; next request in {wait:.0f} s", wait)
        self._clock.sleep(wait)

    def _wait_for_semaphore(self, seconds: float) -> None:
        if not self._is_queue_logged:
            reason = "waiting for other downloads of this machine to end"
            self._is_queue_logged = self._log_wait(reason, seconds)
        self._clock.sleep(seconds)

    def _log_wait(self, reason: str, wait: float) -> bool:
        """Logs a wait if the file has been waited for longer than the rules say."""
        seconds = self._clock.monotonic() - self._started + wait
        is_long = seconds > self._rules.log_wait_seconds
        if is_long:
            LOG.warning("%s: %s", self._url, reason)
        return is_long

    def _start_timer(self) -> None:
        if self._timer is None and self._rules.log_wait_seconds < math.inf:
            self._timer = threading.Timer(self._rules.log_wait_seconds, self._log_slow)
            self._timer.daemon = True
            self._timer.start()

    def _log_slow(self) -> None:
        if not self._failed_requests:  # else their waits are logged
            LOG.warning("%s: waiting for the server", self._url)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _release(self) -> None:
        self._response = None
        self._held.close()

    def _finish(self) -> None:
        self._is_complete = True
        self._release()
        self._send_report()

    def _fail(self, error: DownloadError) -> None:
        self._release()
        self._problem, requests = str(error), self._connection.requests
        message = f"{self._url}: {self._problem}, after {requests} request{'s' * (requests != 1)}"
        self._error = type(error)(f"{message} and {size(self._position)}. {error.advice}".rstrip())
        self._send_report()

    def _send_report(self) -> None:
        self._stop_timer()
        if self._report is not None:
            self._report(self.transfer)
