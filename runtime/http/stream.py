"""HTTP(S) files read front to back, over dropped connections, throttling and stalls.

A stream gives every byte of the file once and in order, or raises a `DownloadError`; it never ends
early. After a drop it asks for the rest only, by Range, on condition that the file is the same
(If-Range). Where a server cannot do that it begins anew, and what the reader has had already is
held against what comes now by its digest, so that two states of a file are never joined.
"""

import io
from collections.abc import Callable
from contextlib import ExitStack

import xxhash

from runtime.http.client import Answer, Clock, Connection, DownloadRules, Interrupted
from runtime.http.responses import describe, parse_content_range, validator
from runtime.http.transfers import (
    DownloadError,
    FileChanged,
    Setback,
    TooLarge,
    Transfer,
    Unreachable,
    Unverifiable,
)
from runtime.http.urls import public_url
from runtime.storage.locks import MachineSemaphore, NoneFree
from runtime.units import size

_READ_BYTES = 1 << 18

Report = Callable[[Transfer], None]
"""Takes what became of a file, once, when its reading ends."""


def open_url(
    url: str,
    rules: DownloadRules = DownloadRules(),  # noqa: B008  # frozen
    *,
    slots: MachineSemaphore | None = None,
    clock: Clock = Clock(),  # noqa: B008  # frozen
    report: Report | None = None,
) -> "UrlStream":
    """A stream of the file's bytes; nothing is asked before the first read.

    Args:
      slots: a request holds one as long as it lasts, and none while it waits.
      report: is told what happened when the file ends, fails, or is closed.
    Raises:
      AddressError: the URL is none.
    """
    return UrlStream(Connection(url, rules, clock), public_url(url), rules, slots, clock, report)


class UrlStream(io.RawIOBase):
    """A file at a URL, for one reader from front to back. Memory: one read."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        rules: DownloadRules,
        slots: MachineSemaphore | None,
        clock: Clock,
        report: Report | None,
    ) -> None:
        super().__init__()
        self._connection, self._url, self._rules = connection, url, rules
        self._slots, self._clock, self._report = slots, clock, report
        self._held = ExitStack()  # the slot and the answer of the request under way
        self._answer: Answer | None = None
        self._position = 0  # bytes given to the reader
        self._digest = xxhash.xxh3_128()  # of them
        self._total = -1  # of the file, once it is known
        self._validator = ""
        self._failures = 0  # in a row that brought the file no further
        self._mark = 0  # position at the last setback
        self._setbacks: list[Setback] = []
        self._started = clock.monotonic()
        self._is_whole = False
        self._problem = ""
        self._error: DownloadError | None = None

    @property
    def transfer(self) -> Transfer:
        """What has happened so far."""
        return Transfer(
            self._url,
            self._position,
            self._connection.requests,
            self._clock.monotonic() - self._started,
            tuple(self._setbacks),
            self._is_whole,
            self._problem,
        )

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """The next bytes, at most so many; b"" once the whole file has been given.

        Raises:
          DownloadError: the rest cannot be had.
        """
        if size_bytes is None or size_bytes < 0:
            return self.readall()
        if self._error is not None:
            raise self._error
        try:
            while size_bytes and not self._is_whole:
                try:
                    if data := self._next(min(size_bytes, _READ_BYTES)):
                        return data
                except Interrupted as interrupted:
                    self._wait(interrupted)
        except DownloadError as error:
            self._fail(error)
            raise self._error from None  # type: ignore[misc]  # _fail has set it
        return b""

    def readall(self) -> bytes:
        """The rest of the file, which `rules.max_bytes` bounds."""
        return b"".join(iter(lambda: self.read(_READ_BYTES), b""))

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fills a buffer as far as bytes come at once."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Ends the request under way; tells of a file that was left before its end."""
        if self.closed:
            return
        self._release()
        self._connection.close()
        if not self._is_whole and self._error is None and self._connection.requests:
            self._tell()
        super().close()

    def _next(self, size_bytes: int) -> bytes:
        if self._answer is None:
            self._open()
        if self._answer is None:
            return b""
        data = self._answer.read(size_bytes)
        if not data:
            if self._position < self._total:
                raise Interrupted("answer ended early")
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
        """Asks for the rest of the file, and places the answer at its first byte."""
        if self._slots is not None:
            try:
                self._held.enter_context(self._slots.hold(self._clock.sleep))
            except NoneFree as error:
                raise Unreachable(str(error)) from None
        headers = {}
        if self._position and self._validator:
            headers = {"Range": f"bytes={self._position}-", "If-Range": self._validator}
        answer = self._connection.get(headers)
        self._held.callback(answer.close)
        if answer.status == 416 and headers:
            self._check_end(answer)
        elif answer.status == 206 and headers:
            self._check_rest(answer)
            self._answer = answer
        elif answer.status == 200:
            self._check_whole(answer)
            self._skip(answer)
            self._answer = answer
        else:
            raise Unverifiable(f"{describe(answer.status, b'')}, though no part was asked for")

    def _check_whole(self, answer: Answer) -> None:
        """Holds an answer 200 against what was asked and what is known of the file."""
        if not answer.is_delimited:
            raise Unverifiable("answered without a Content-Length: a cut would go unnoticed")
        encoding = answer.headers.get("Content-Encoding", "identity").lower()
        is_file = encoding in ("gzip", "x-gzip") and self._url.partition("?")[0].endswith(".gz")
        if encoding != "identity" and not is_file:  # some servers call a .gz file so
            raise Unverifiable("answered in another Content-Encoding than the stored bytes")
        total = answer.size_bytes
        if total > self._rules.max_bytes:
            raise TooLarge(f"{size(total)}; a file may have {size(self._rules.max_bytes)}")
        if self._position and 0 <= self._total != total >= 0:
            raise FileChanged(f"had {self._total} bytes when it was begun, now {total}")

    def _skip(self, answer: Answer) -> None:
        """Passes over what the reader has had already; the file is this one if it is the same."""
        digest, left = xxhash.xxh3_128(), self._position
        while left:
            data = answer.read(min(left, _READ_BYTES))
            if not data:
                raise Interrupted("answer ended early")
            digest.update(data)
            left -= len(data)
        if self._position and digest.digest() != self._digest.digest():
            raise FileChanged(f"its first {self._position} bytes are others than when it was begun")
        if answer.size_bytes >= 0 or not self._position:
            self._total = answer.size_bytes
        self._validator = validator(answer.headers)

    def _check_rest(self, answer: Answer) -> None:
        """Holds an answer 206 against what was asked."""
        found = parse_content_range(answer.headers.get("Content-Range", ""))
        if found is None or found.first != self._position:
            raise Unverifiable("answered with another range of the file than was asked for")
        name = "ETag" if self._validator.startswith('"') else "Last-Modified"
        if answer.headers.get(name, "").strip() not in ("", self._validator):
            raise FileChanged("another file than the one that was begun")
        if found.total >= 0 and self._total not in (-1, found.total):
            raise FileChanged(f"had {self._total} bytes when it was begun, now {found.total}")
        self._total = max(self._total, found.total)

    def _check_end(self, answer: Answer) -> None:
        """Takes an answer 416 for the end, if nothing is missing: the length given first was wrong.

        If-Range asked for nothing but the very file that was begun.
        """
        found = parse_content_range(answer.headers.get("Content-Range", ""))
        if found is None or found.total != self._position:
            raise FileChanged(f"has no byte {self._position} any more")
        self._total = self._position
        self._finish()

    def _wait(self, interrupted: Interrupted) -> None:
        self._release()
        if self._position - self._mark >= self._rules.progress_bytes:
            self._failures = 0
        self._mark = self._position
        self._failures += 1
        backoff = self._rules.backoff
        is_last = self._failures >= backoff.attempts
        is_last |= self._connection.requests >= self._rules.max_requests
        wait = backoff.wait_seconds(self._url, self._failures, interrupted.asked_seconds)
        self._setbacks.append(
            Setback(self._position, interrupted.problem, 0.0 if is_last else wait)
        )
        if is_last:
            raise Unreachable(interrupted.problem)
        self._clock.sleep(wait)

    def _release(self) -> None:
        self._answer = None
        self._held.close()

    def _finish(self) -> None:
        self._is_whole = True
        self._release()
        self._tell()

    def _fail(self, error: DownloadError) -> None:
        self._release()
        self._problem, requests = str(error), self._connection.requests
        told = f"{self._url}: {self._problem}, after {requests} request{'s' * (requests != 1)}"
        self._error = type(error)(f"{told} and {size(self._position)}. {error.advice}".rstrip())
        self._tell()

    def _tell(self) -> None:
        if self._report is not None:
            self._report(self.transfer)
