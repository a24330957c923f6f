"""Secrets of options and of the environment, hidden in whatever is written or said."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast
from urllib.parse import unquote, urlsplit

HIDDEN = "..."
_SECRET = r"(?:secret|passw(?:or)?d|token|key|key_id|credentials?|connection_string|signature)"
_LOGIN = re.compile(r"(?<=://)[^/\s\"'@]+@")
_QUERY = re.compile(r"(?<=://)[^\s\"'?]+\?[^\s\"']+")
_QUERY_VALUE = re.compile(r"(?<==)[^&\s\"']+")
_OPTION = re.compile(
    rf"((?<![\w-])--[\w-]*{_SECRET})(=['\"]?|\s+['\"]?|[\"'],\s*[\"'])[^\s\"']+", re.IGNORECASE
)
_VARIABLE = re.compile(rf"\w*{_SECRET}", re.IGNORECASE)
_PROXY = re.compile(r"\w*_proxy", re.IGNORECASE)
_SHORTEST = 6  # characters of a value of the environment that is looked for in texts


def redact(text: str) -> str:
    """The text without secrets.

    They are logins and values of the query in URLs, values of options that are named as secrets,
    those of such variables of the environment, and passwords of its proxies.

    Example:
      >>> redact("--commoncrawl_url=https://me:pw@host/?token=abc --s3_secret_access_key=xyz")
      '--commoncrawl_url=https://...@host/?token=... --s3_secret_access_key=...'
    """
    for value in _secrets(os.environ):
        text = text.replace(value, HIDDEN)
    if "://" in text:
        text = _LOGIN.sub(f"{HIDDEN}@", text)
        text = _QUERY.sub(lambda found: _QUERY_VALUE.sub(HIDDEN, found[0]), text)
    return _OPTION.sub(rf"\1\2{HIDDEN}", text) if "-" in text else text


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """Values of the environment that are secrets, the longest first."""
    found = {
        value
        for name, value in environment.items()
        if _VARIABLE.fullmatch(name) and not os.path.exists(value)
    }
    for name, value in environment.items():
        login = _PROXY.fullmatch(name) and urlsplit(value).netloc.rpartition("@")[0]
        if login:
            password = login.partition(":")[2]
            found |= {login, unquote(login), password, unquote(password)}
    return sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)


@contextmanager
def redacted_output() -> Iterator[None]:
    """A block in which what this process prints, logs and warns of has no secrets."""
    before = sys.stdout, sys.stderr
    redact_output()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def redact_output() -> None:
    """From now on, what this process prints has no secrets."""
    sys.stdout = cast(TextIO, RedactedStream(sys.stdout))
    sys.stderr = cast(TextIO, RedactedStream(sys.stderr))


class RedactedStream:
    """A text stream that hides secrets in what is written to it; else it is the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes the text without secrets; returns its own length."""
        self._stream.write(redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes each line without secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
