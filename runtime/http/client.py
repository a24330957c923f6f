"""One HTTP request at a time: its limits, its redirects, its failures in words.

urllib3 does the talking. Beam's own dependencies bring it, it is typed, hands out bytes as they
come (`read1`), and follows, retries and decodes nothing unless asked. `requests`, which stands on
it, would follow redirects to anywhere and read passwords from ~/.netrc.
"""

import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import IncompleteRead, RemoteDisconnected
from importlib.metadata import PackageNotFoundError, version

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import make_headers

from runtime.http.responses import Meaning, describe, meaning
from runtime.http.retry import Backoff, parse_date, parse_retry_after
from runtime.http.transfers import RedirectRefused, Refused
from runtime.http.urls import AddressError, follow, parse_address
from runtime.units import size

_ERROR_BYTES = 4096
_ERROR_READS = 4


def user_agent() -> str:
    """Names the project, so that a host knows whom to ask."""
    try:
        number = version("c4forge")
    except PackageNotFoundError:
        number = "source-tree"
    return f"c4forge/{number} (+https://pypi.org/project/c4forge)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRules:
    """How files are asked for, and how long it is borne with.

    Attributes:
      connect_seconds: for a connection to stand.
      read_seconds: for the next byte.
      least_bytes_per_second: over `rate_seconds` of waiting for bytes; slower is a stall.
      max_bytes: of a file.
      max_redirects: in a row, all at one host.
      max_requests: for a file in all, however well they go.
      progress_bytes: that a request must bring to count as no failure, though it breaks.
      backoff: the waits between attempts, and their number.
      proxy_url: asked instead of the host; "" for none.
    """

    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    least_bytes_per_second: float = 10_000.0
    rate_seconds: float = 60.0
    max_bytes: int = 1 << 30
    max_redirects: int = 5
    max_requests: int = 500
    progress_bytes: int = 1 << 20
    backoff: Backoff = field(default_factory=Backoff)
    proxy_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as tests may bring their own.

    Attributes:
      monotonic: seconds since any moment.
      wall: seconds since 1970.
      sleep: waits so many seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Interrupted(Exception):
    """A request that failed, and may succeed when it is made again.

    Attributes:
      problem: in a few words.
      asked_seconds: to wait, if the server said so.
    """

    def __init__(self, problem: str, asked_seconds: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.asked_seconds = asked_seconds


class Answer:
    """An answer whose body is still to be read.

    Attributes:
      status, headers: as they came.
      size_bytes: of the body; -1 if the headers do not say.
      is_delimited: True if the body's end can be told from a broken connection.
    """

    def __init__(
        self, response: urllib3.BaseHTTPResponse, rules: DownloadRules, clock: Clock
    ) -> None:
        self._response, self._rules, self._clock = response, rules, clock
        self._seconds = 0.0
        self._bytes = 0
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        length = getattr(response, "length_remaining", None)
        self.size_bytes: int = -1 if length is None else length
        self.is_delimited = length is not None or bool(getattr(response, "chunked", False))

    def read(self, size_bytes: int) -> bytes:
        """The next bytes as soon as there are any; b"" at the end.

        Raises:
          Interrupted: they do not come, or too slowly.
        """
        started = self._clock.monotonic()
        try:
            data = self._response.read1(size_bytes, decode_content=False)
        except HTTPError as error:
            raise Interrupted(problem(error, self._rules)) from None
        self._seconds += self._clock.monotonic() - started
        self._bytes += len(data)
        if self._seconds >= self._rules.rate_seconds:
            if data and self._bytes < self._rules.least_bytes_per_second * self._seconds:
                raise Interrupted(f"only {size(self._bytes)} in {self._seconds:.0f} s")
            self._seconds, self._bytes = 0.0, 0
        return data

    def start(self) -> bytes:
        """The first bytes of an error's body, as far as they come."""
        body = b""
        try:
            for _ in range(_ERROR_READS):
                body += self.read(_ERROR_BYTES)
        except Interrupted:
            pass
        return body[:_ERROR_BYTES]

    def close(self) -> None:
        """Ends the connection: what is left of the body is not worth reading."""
        self._response.close()


class Connection:
    """Asks for one file, as often as it takes.

    Attributes:
      requests: made so far.
    """

    def __init__(self, url: str, rules: DownloadRules, clock: Clock) -> None:
        self._address = parse_address(url)
        self._rules, self._clock = rules, clock
        self._pool = _pool(rules)
        self._timeout = urllib3.Timeout(connect=rules.connect_seconds, read=rules.read_seconds)
        self._headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        if self._address.login:
            self._headers |= make_headers(basic_auth=self._address.login)
        self.requests = 0

    def get(self, headers: Mapping[str, str]) -> Answer:
        """The answer to a request for the file, redirects followed: 200, 206 or 416.

        Raises:
          Interrupted: it may be had later.
          Refused, RedirectRefused: it is not to be had.
        """
        address = self._address
        for _ in range(self._rules.max_redirects + 1):
            answer = self._ask(address.url, headers)
            body = answer.start() if answer.status >= 400 else b""
            match meaning(answer.status, body):
                case Meaning.BODY | Meaning.OUTSIDE:
                    return answer
                case Meaning.LATER:
                    answer.close()
                    raise Interrupted(describe(answer.status, body), self._retry_after(answer))
                case Meaning.NEVER:
                    answer.close()
                    raise Refused(describe(answer.status, body))
            answer.close()
            try:
                address = follow(address, answer.headers.get("Location", ""))
            except AddressError as error:
                raise RedirectRefused(f"{describe(answer.status, b'')}: {error}") from None
        raise RedirectRefused(f"redirected more than {self._rules.max_redirects} times")

    def _ask(self, url: str, headers: Mapping[str, str]) -> Answer:
        self.requests += 1
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={**self._headers, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=self._timeout,
            )
        except HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Refused("its certificate is not trusted here") from None
            raise Interrupted(problem(error, self._rules)) from None
        return Answer(response, self._rules, self._clock)

    def _retry_after(self, answer: Answer) -> float | None:
        """Dates are read by the server's own clock where it tells the time."""
        now = parse_date(answer.headers.get("Date", ""))
        value = answer.headers.get("Retry-After", "")
        return parse_retry_after(value, self._clock.wall() if now is None else now)

    def close(self) -> None:
        """Ends all connections."""
        self._pool.clear()


def _pool(rules: DownloadRules) -> urllib3.PoolManager:
    if not rules.proxy_url:
        return urllib3.PoolManager(num_pools=1, maxsize=1)
    proxy = parse_address(rules.proxy_url)
    login = make_headers(proxy_basic_auth=proxy.login) if proxy.login else None
    return urllib3.ProxyManager(proxy.url, num_pools=1, maxsize=1, proxy_headers=login)


def environment_proxy(url: str) -> str:
    """The proxy that the environment names for a URL (https_proxy, no_proxy); "" for none."""
    scheme, host, _ = parse_address(url).origin
    if urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(scheme, "")


def problem(error: HTTPError, rules: DownloadRules) -> str:
    """The error in a few words: urllib3's own have memory addresses, hosts and URLs in them."""
    match error:
        case ReadTimeoutError():
            return f"no byte for {rules.read_seconds:g} s"
        case NameResolutionError():
            return "no such host"
        case NewConnectionError():  # in urllib3 2 a ConnectTimeoutError too
            return "no connection"
        case ConnectTimeoutError():
            return f"no connection within {rules.connect_seconds:g} s"
        case ProxyError():
            return "no connection through the proxy"
        case SSLError():
            return "no secure connection"
    for cause in (*error.args, error.__cause__):
        match cause:
            case RemoteDisconnected():
                return "connection closed without an answer"
            case IncompleteRead():
                return "connection ended early"
            case ConnectionResetError() | BrokenPipeError():
                return "connection reset"
    return f"connection broken ({type(error).__name__})"
