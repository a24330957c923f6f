"""What is written or said has no secrets, and nothing that a terminal would obey.

Secrets are those of options and of the environment. Control characters come with names, URLs and
pages of others: they could hide a line, or write one that we never said.
"""

import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO, cast
from urllib.parse import unquote

HIDDEN = "..."
_NAMED = (
    r"(?:secret(?:_access_key)?|passw(?:or)?d|session_token|token|access_key(?:_id)?|api_key|"
    r"account_key|private_key|credentials?|connection_string|signature)"
)
_LOGIN = re.compile(r"(?<=://)(?:[^/\s\"]|\"(?!,))*@")
_QUERY = re.compile(r"(?<=://)[^\s\"?]+\?[^\s\"]+")
_QUERY_VALUE = re.compile(r"(?<==)[^&\s\"]+")
_TO_VALUE = r"=['\"]?|\s+['\"]?|[\"'],\s*[\"']"
_OPTION = re.compile(rf"((?<![\w-])--(?:[\w-]*[_-])?{_NAMED})({_TO_VALUE})[^\s\"']+", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(\b(?:[A-Z0-9]+_)*{_NAMED.upper()}=)[^\s\"',]+")
_KEYED = re.compile(rf"(['\"](?:\w*_)?{_NAMED}['\"]:\s*['\"])[^'\"]+", re.IGNORECASE)
_SECRET_OPTION = re.compile(rf"--(?:[\w-]*[_-])?{_NAMED}", re.IGNORECASE)
_VARIABLE = re.compile(rf"(?:\w*_)?{_NAMED}", re.IGNORECASE)
_PROXY = re.compile(r"\w*_proxy", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]*|[\d.]*")
_CONTROLS = {
    code: repr(chr(code))[1:-1]
    for code in (
        *range(9), *range(11, 32), *range(0x7F, 0xA0),
        0x061C, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A),
    )
}  # fmt: skip
"""Escapes of control characters but for \\n and \\t, and of marks that turn a line's direction."""
_JSON = {code: f"\\u{code:04x}" for code in _CONTROLS if code >= 0x7F}  # JSON escapes the others
_SHORTEST = 6  # characters of a value of the environment that is looked for in texts


def redact(text: str) -> str:
    """The text without secrets.

    They are logins and values of the query in URLs, values of options that are named as secrets,
    those of such variables of the environment, and passwords of its proxies. A variable whose
    value is a plain word or number is not taken for a secret.

    Example:
      >>> redact("--commoncrawl_url=https://me:pw@host/?token=abc --s3_secret_access_key=xyz")
      '--commoncrawl_url=https://...@host/?token=... --s3_secret_access_key=...'
    """
    if "-" in text:
        text = _OPTION.sub(rf"\1\2{HIDDEN}", text)
    if "://" in text:
        text = _LOGIN.sub(f"{HIDDEN}@", text)
        text = _QUERY.sub(_hidden_query, text)
    text = _KEYED.sub(rf"\1{HIDDEN}", _ASSIGNED.sub(rf"\1{HIDDEN}", text))
    for value in _secrets(os.environ):
        text = text.replace(value, HIDDEN)
    return text


def _hidden_query(found: re.Match[str]) -> str:
    """A URL whose query has no values; one without names is hidden, but in globs of files."""
    place, _, query = found[0].partition("?")
    if "=" in query:
        return f"{place}?{_QUERY_VALUE.sub(HIDDEN, query)}"
    is_http = found.string[: found.start()].lower().endswith(("http://", "https://"))
    return f"{place}?{HIDDEN}" if is_http else found[0]


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command without secrets: whole values, whatever characters they have."""
    shown: list[str] = []
    hides = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        is_secret = _SECRET_OPTION.fullmatch(name) is not None
        if hides or (is_secret and equals):
            shown.append(HIDDEN if hides else f"{name}={HIDDEN}")
        else:
            login = re.sub(r"(?<=://)[^/]*@", f"{HIDDEN}@", argument)
            shown.append(redact(login))
        hides = is_secret and not equals and not hides
    return shown


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """Values of the environment that are secrets, the longest first."""
    found = {
        value
        for name, value in environment.items()
        if _VARIABLE.fullmatch(name) and not _WORD.fullmatch(value) and not os.path.exists(value)
    }
    for name, value in environment.items():
        login = _PROXY.fullmatch(name) and value.rpartition("@")[0].rpartition("//")[2]
        if login:
            password = login.partition(":")[2]
            found |= {login, unquote(login), password, unquote(password)}
    found |= {json.dumps(value)[1:-1] for value in found}
    return sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)


def plain(text: str) -> str:
    """The text with control characters, line breaks among them, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def escape_controls(text: str) -> str:
    """The text with control characters as escapes; lines and tabs stay."""
    return text.translate(_CONTROLS)


def escape_json(text: str) -> str:
    """JSON that shows no control characters to a terminal either, and means the same."""
    return text.translate(_JSON)


@contextmanager
def redacted_output() -> Iterator[None]:
    """A block in which what this process prints, logs and warns of is redacted."""
    before = sys.stdout, sys.stderr
    redact_output()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def redact_output() -> None:
    """From now on, what this process prints has no secrets and no control characters.

    So it is with the traceback that ends it.
    """
    sys.excepthook = _print_redacted
    sys.stdout = cast(TextIO, RedactedStream(sys.stdout))
    sys.stderr = cast(TextIO, RedactedStream(sys.stderr))


def _print_redacted(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    text = redact("".join(traceback.format_exception(kind, error, trace)))
    sys.stderr.write(escape_controls(text))


def unredacted(stream: TextIO) -> TextIO:
    """The stream for pages and their URLs, whose queries are no secrets of ours."""
    found: object = stream
    return cast(TextIO, found.for_pages()) if isinstance(found, RedactedStream) else stream


class RedactedStream:
    """A text stream that hides secrets and escapes control characters in what is written to it.

    Else it is the stream itself.

    Args:
      stream: written to.
      controls: True to leave control characters: those of our own lines, which change.
      secrets: True to hide none: URLs of pages look as if their queries held some.
    """

    def __init__(self, stream: TextIO, controls: bool = False, secrets: bool = False) -> None:
        # Within another one, as a command within a command, it takes the place of that.
        found: object = stream
        inner = found._stream if isinstance(found, RedactedStream) else stream
        self._stream: TextIO = inner
        self._controls, self._secrets = controls, secrets

    def write(self, text: str) -> int:
        """Writes the text redacted; returns its own length."""
        redacted = text if self._secrets else redact(text)
        shown = redacted if self._controls else escape_controls(redacted)
        self._unless_gone(lambda: self._stream.write(shown))
        return len(text)

    def flush(self) -> None:
        """Hands on what was written."""
        self._unless_gone(self._stream.flush)

    def _unless_gone(self, act: Callable[[], object]) -> None:
        """The work goes on without who reads it, as after `| head`: the rest goes nowhere."""
        try:
            act()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes each line redacted."""
        for line in lines:
            self.write(line)

    def with_controls(self) -> "RedactedStream":
        """The stream for who styles and moves lines, and escapes what is in them."""
        return RedactedStream(self._stream, controls=True, secrets=self._secrets)

    def for_pages(self) -> "RedactedStream":
        """The stream for pages and their URLs, whose queries are no secrets of ours."""
        return RedactedStream(self._stream, controls=self._controls, secrets=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
