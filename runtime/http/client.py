"""One HTTP request at a time: its limits, its proxy, its redirects, its errors in words.

urllib3 sends the requests. Beam's own dependencies bring it, it is typed, gives bytes as they
arrive (`read1`), and follows, retries and decodes nothing unless told to. `requests`, which is
built on it, would follow redirects to any host and read passwords from ~/.netrc.
"""

import math
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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

from runtime.http.responses import ResponseKind, classify, describe
from runtime.http.retry import Backoff, parse_date, parse_retry_after
from runtime.http.transfers import ConnectionDenied, RedirectRefused, Refused
from runtime.http.urls import UrlError, parse_url, resolve_redirect, shown_url
from runtime.units import size

_ERROR_BYTES = 4096
_ERROR_READS = 4


def user_agent() -> str:
    """The User-Agent: the project, so that a host knows whom to ask."""
    try:
        number = version("c4forge")
    except PackageNotFoundError:
        number = "source-tree"
    return f"c4forge/{number} (+https://pypi.org/project/c4forge)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRules:
    """Timeouts, size limit and retries of a download.

    Attributes:
      connect_seconds: timeout of a connection.
      read_seconds: timeout of the next byte.
      least_bytes_per_second: over `rate_seconds` of waiting for bytes; slower is a stall.
      max_bytes: of a file.
      max_redirects: in a row, all within one host.
      max_requests: for a file, failed or not.
      progress_bytes: a request that brings fewer before it breaks counts as failed.
      backoff: the waits between requests, and their number.
      connect_backoff: the same as long as no request has reached the host; None for `backoff`.
      log_wait_seconds: a download that waits longer than this says so in the log.
      proxy_url: sent the requests instead of the host; "" for the proxy that the environment names.
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
    connect_backoff: Backoff | None = None
    log_wait_seconds: float = math.inf
    proxy_url: str = field(default="", repr=False)

    def for_planning(self) -> "DownloadRules":
        """The rules for files that a run reads before its work: a person waits for them.

        A host that cannot be reached is given up after about 5 s, and longer waits are logged.
        """
        backoff = Backoff(attempts=4, first_seconds=0.8, total_seconds=6.0)
        return replace(self, connect_backoff=backoff, log_wait_seconds=3.0)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time; tests give their own.

    Attributes:
      monotonic: seconds since any moment.
      wall: seconds since 1970.
      sleep: waits so many seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class RetryableError(Exception):
    """A failed request that may succeed when it is sent again.

    Attributes:
      problem: in a few words.
      asked_seconds: the wait that the server asks for, if it does.
      is_connected: False if the request did not reach the host.
    """

    def __init__(
        self, problem: str, asked_seconds: float | None = None, *, is_connected: bool = True
    ) -> None:
        super().__init__(problem)
        self.problem, self.asked_seconds = problem, asked_seconds
        self.is_connected = is_connected


class Response:
    """A response whose body is still to be read.

    Attributes:
      status, headers: as received.
      size_bytes: of the body; -1 if the headers do not say.
      is_delimited: True if the end of the body differs from a broken connection.
    """

    def __init__(self, raw: urllib3.BaseHTTPResponse, rules: DownloadRules, clock: Clock) -> None:
        self._raw, self._rules, self._clock = raw, rules, clock
        self._seconds = 0.0
        self._bytes = 0
        self.status = raw.status
        self.headers: Mapping[str, str] = raw.headers
        length = getattr(raw, "length_remaining", None)
        self.size_bytes: int = -1 if length is None else length
        self.is_delimited = length is not None or bool(getattr(raw, "chunked", False))

    def read(self, size_bytes: int) -> bytes:
        """The next bytes as soon as there are any; b"" at the end.

        Raises:
          RetryableError: they do not arrive, or too slowly.
        """
        started = self._clock.monotonic()
        try:
            data = self._raw.read1(size_bytes, decode_content=False)
        except HTTPError as error:
            raise RetryableError(describe_error(error, self._rules)) from None
        self._seconds += self._clock.monotonic() - started
        self._bytes += len(data)
        if self._seconds >= self._rules.rate_seconds:
            if data and self._bytes < self._rules.least_bytes_per_second * self._seconds:
                raise RetryableError(f"only {size(self._bytes)} in {self._seconds:.0f} s")
            self._seconds, self._bytes = 0.0, 0
        return data

    def read_start(self) -> bytes:
        """The first bytes of an error's body, as far as they arrive."""
        body = b""
        try:
            for _ in range(_ERROR_READS):
                body += self.read(_ERROR_BYTES)
        except RetryableError:
            pass
        return body[:_ERROR_BYTES]

    def close(self) -> None:
        """Closes the connection; the rest of the body is not read."""
        self._raw.close()


class Connection:
    """Sends the requests for one file.

    Attributes:
      requests: sent so far.
    """

    def __init__(self, url: str, rules: DownloadRules, clock: Clock) -> None:
        self._url = parse_url(url)
        self._rules = replace(rules, proxy_url=rules.proxy_url or environment_proxy(url))
        self._clock = clock
        self._pool = _pool(self._rules)
        self._timeout = urllib3.Timeout(connect=rules.connect_seconds, read=rules.read_seconds)
        self._headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        if self._url.login:
            self._headers |= make_headers(basic_auth=self._url.login)
        self.requests = 0

    def get(self, headers: Mapping[str, str]) -> Response:
        """The response to a request for the file, redirects followed: 200, 206 or 416.

        Raises:
          RetryableError: a later request may succeed.
          ConnectionDenied, Refused, RedirectRefused: no later request will.
        """
        url = self._url
        for _ in range(self._rules.max_redirects + 1):
            response = self._send(url.url, headers)
            body = response.read_start() if response.status >= 400 else b""
            match classify(response.status, body):
                case ResponseKind.CONTENT | ResponseKind.RANGE_NOT_SATISFIABLE:
                    return response
                case ResponseKind.RETRYABLE:
                    response.close()
                    wait = self._retry_after(response)
                    raise RetryableError(describe(response.status, body), wait)
                case ResponseKind.FINAL:
                    response.close()
                    if response.status == 407:
                        raise ConnectionDenied(self._login_refused())
                    raise Refused(describe(response.status, body))
            response.close()
            try:
                url = resolve_redirect(url, response.headers.get("Location", ""))
            except UrlError as error:
                raise RedirectRefused(f"{describe(response.status, b'')}: {error}") from None
        raise RedirectRefused(f"redirected more than {self._rules.max_redirects} times")

    def _send(self, url: str, headers: Mapping[str, str]) -> Response:
        self.requests += 1
        try:
            raw = self._pool.request(
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
                raise ConnectionDenied(_UNTRUSTED) from None
            if isinstance(error, ProxyError) and "407" in str(error.original_error):
                raise ConnectionDenied(self._login_refused()) from None
            is_connected = not isinstance(error, _NOT_CONNECTED)
            problem = describe_error(error, self._rules)
            raise RetryableError(problem, is_connected=is_connected) from None
        return Response(raw, self._rules, self._clock)

    def _login_refused(self) -> str:
        return f"the proxy {shown_url(self._rules.proxy_url)} {describe(407, b'')}"

    def _retry_after(self, response: Response) -> float | None:
        """The wait that the server asks for; dates are relative to the server's own clock."""
        now = parse_date(response.headers.get("Date", ""))
        value = response.headers.get("Retry-After", "")
        return parse_retry_after(value, self._clock.wall() if now is None else now)

    def close(self) -> None:
        """Closes all connections."""
        self._pool.clear()


_UNTRUSTED = "its certificate is not trusted; SSL_CERT_FILE may name the certificates to trust"
_NOT_CONNECTED = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLError)


def _pool(rules: DownloadRules) -> urllib3.PoolManager:
    if not rules.proxy_url:
        return urllib3.PoolManager(num_pools=1, maxsize=1)
    proxy = parse_url(rules.proxy_url)
    login = make_headers(proxy_basic_auth=proxy.login) if proxy.login else None
    return urllib3.ProxyManager(proxy.url, num_pools=1, maxsize=1, proxy_headers=login)


def environment_proxy(url: str) -> str:
    """The proxy for a URL by the environment (https_proxy, http_proxy, no_proxy); "" for none.

    Names in capitals count too, and the system's settings on macOS and Windows.

    Raises:
      UrlError: the environment names a proxy that is no HTTP(S) URL.
    """
    scheme, host, port = parse_url(url).origin
    proxy = urllib.request.getproxies().get(scheme, "")
    if not proxy or _is_bypassed(host, port):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parse_url(proxy)
    except UrlError:
        _, login, host = proxy.rpartition("@")  # a login may hold any character, unescaped
        shown = f"...@{shown_url(host)}" if login else shown_url(host)
        raise UrlError(
            f"{scheme}_proxy={shown}: expected a proxy like http://host:port, or "
            "http://user:password@host:port with the login percent-encoded"
        ) from None
    return proxy


def _is_bypassed(host: str, port: int) -> bool:
    names = (host, f"{host}:{port}")  # no_proxy may name either
    return any(urllib.request.proxy_bypass(name) for name in names)


def describe_error(error: HTTPError, rules: DownloadRules) -> str:
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
            return f"no connection through the proxy {shown_url(rules.proxy_url)}"
        case SSLError():
            return "no secure connection"
    for cause in (*error.args, error.__cause__):
        match cause:
            case RemoteDisconnected():
                return "connection closed without a response"
            case IncompleteRead():
                return "connection ended early"
            case ConnectionResetError() | BrokenPipeError():
                return "connection reset"
    return f"connection broken ({type(error).__name__})"
