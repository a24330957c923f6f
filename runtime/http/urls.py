"""HTTP(S) addresses: checked, joined, and shown without their secrets."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from runtime.errors import UsageError

_SHAPE = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_REFUSED = re.compile(r"[^!-\[\]-~]")  # anything but printable ASCII, and the backslash
_STEP = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=-]+"
_RELATIVE_PATH = re.compile(rf"{_STEP}(?:/{_STEP})*")
_QUERY_VALUE = re.compile(r"(?<==)[^&]+")
_PORTS = {"http": 80, "https": 443}


class AddressError(UsageError):
    """An address that cannot be used; the message shows it without its secrets."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is requested.

    Attributes:
      url: without user name and password.
      origin: scheme, host and port.
      login: `user:password`, or "".
    """

    url: str = field(repr=False)
    origin: tuple[str, str, int]
    login: str = field(repr=False)


def is_http(location: str) -> bool:
    """True for what starts like an HTTP(S) address, sound or not."""
    return _SCHEME.match(location) is not None


def is_relative_path(path: str) -> bool:
    """True if the path only leads down: no scheme, host, `..`, empty step, or odd character."""
    return _RELATIVE_PATH.fullmatch(path) is not None


def parse_address(url: str) -> Address:
    """The address of an HTTP(S) URL.

    Raises:
      AddressError: it is none.
    """
    shown = public_url(url)
    if not _SHAPE.match(url) or _REFUSED.search(url):
        raise AddressError(f"{shown}: expected an address like https://host/path")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise AddressError(f"{shown}: {error}") from None
    if not parts.hostname or parts.fragment:
        raise AddressError(f"{shown}: expected an address like https://host/path, without a #")
    login, _, host = parts.netloc.rpartition("@")
    clean = urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))
    return Address(clean, (parts.scheme, parts.hostname, port), unquote(login))


def public_url(url: str) -> str:
    """The URL for logs and reports: without login, values of the query, control characters."""
    shown = _REFUSED.sub(lambda odd: f"%{ord(odd[0]):02X}", url)
    start, slashes, rest = shown.partition("://")
    if not slashes:
        start, rest = "", shown
    place, mark, query = rest.partition("?")
    host, slash, path = place.partition("/")
    host = host.rpartition("@")[2]
    return start + slashes + host + slash + path + mark + _QUERY_VALUE.sub("...", query)


def join_address(base: str, path: str) -> str:
    """The URL of a path below a base; a query of the base, such as an access token, stays.

    Raises:
      AddressError: the base is no HTTP(S) address, or the path would lead elsewhere.
    """
    parse_address(base)
    if not is_relative_path(path):
        raise AddressError(f"{public_url(path)!r}: expected a path below {public_url(base)}")
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def follow(address: Address, location: str) -> Address:
    """The address that a redirect leads to, at the same scheme, host and port.

    Raises:
      AddressError: it leads elsewhere.
    """
    if _REFUSED.search(location):  # urljoin drops some
        raise AddressError(f"leads to {public_url(location)}, which is no address")
    target = parse_address(urljoin(address.url, location))
    if target.origin != address.origin or target.login:
        raise AddressError(f"leads to {public_url(target.url)}, not to the host that was asked")
    return Address(target.url, address.origin, address.login)
