"""HTTP(S) URLs: checked, joined, and shown without their secrets."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from runtime.errors import UsageError

_SHAPE = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[^!-\[\]-~]")  # anything but printable ASCII, and the backslash
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=-]+"
_RELATIVE_PATH = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_QUERY_VALUE = re.compile(r"(?<==)[^&]+")
_PORTS = {"http": 80, "https": 443}


class UrlError(UsageError):
    """A URL that cannot be used. The message shows it without its secrets."""


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """A URL as it is requested.

    Attributes:
      url: without user name and password.
      origin: scheme, host and port.
      login: `user:password`, or "".
    """

    url: str = field(repr=False)
    origin: tuple[str, str, int]
    login: str = field(repr=False)


def is_http(location: str) -> bool:
    """True if the text starts with http: or https:, whether or not the rest is a URL."""
    return _SCHEME.match(location) is not None


def is_relative_path(path: str) -> bool:
    """True if the path only leads down: no scheme, host, `..`, empty step, or odd character."""
    return _RELATIVE_PATH.fullmatch(path) is not None


def parse_url(url: str) -> HttpUrl:
    """The parts of an HTTP(S) URL.

    Raises:
      UrlError: it is no such URL.
    """
    shown = shown_url(url)
    if not _SHAPE.match(url) or _FORBIDDEN.search(url):
        raise UrlError(f"{shown}: expected a URL like https://host/path")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise UrlError(f"{shown}: {error}") from None
    if not parts.hostname or parts.fragment:
        raise UrlError(f"{shown}: expected a URL like https://host/path, without a #")
    login, _, host = parts.netloc.rpartition("@")
    clean = urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))
    return HttpUrl(clean, (parts.scheme, parts.hostname, port), unquote(login))


def shown_url(url: str) -> str:
    """The URL for logs and reports: without login, values of the query, control characters."""
    shown = _FORBIDDEN.sub(lambda odd: f"%{ord(odd[0]):02X}", url)
    start, slashes, rest = shown.partition("://")
    if not slashes:
        start, rest = "", shown
    place, mark, query = rest.partition("?")
    host, slash, path = place.partition("/")
    host = host.rpartition("@")[2]
    return start + slashes + host + slash + path + mark + _QUERY_VALUE.sub("...", query)


def join_url(base: str, path: str) -> str:
    """The URL of a path below a base; a query of the base, such as an access token, stays.

    Raises:
      UrlError: the base is no HTTP(S) URL, or the path does not lead below it.
    """
    parse_url(base)
    if not is_relative_path(path):
        raise UrlError(f"{shown_url(path)!r}: expected a path below {shown_url(base)}")
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def resolve_redirect(url: HttpUrl, location: str) -> HttpUrl:
    """The URL that a redirect leads to, at the same scheme, host and port.

    Raises:
      UrlError: it leads to another host, or to no URL.
    """
    if _FORBIDDEN.search(location):  # urljoin removes some of these characters
        raise UrlError(f"leads to {shown_url(location)}, which is no URL")
    target = parse_url(urljoin(url.url, location))
    if target.origin != url.origin or target.login:
        raise UrlError(f"leads to {shown_url(target.url)}, not to the host that was asked")
    return HttpUrl(target.url, url.origin, url.login)
