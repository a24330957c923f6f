"""Own filters: functions of the user that keep or drop a document, named by --filter.

    def too_short(document):
        return "under 200 characters" if len(document.text) < 200 else None

`c4forge build --filter=mypackage.mymodule:too_short` counts the documents that it drops as
`own-filter:too_short/filtered:under 200 characters`.
"""

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from runtime.errors import RunFailed, UsageError

_SPEC = re.compile(r"(?P<module>[^:]+(?:\.py)?):(?P<function>[A-Za-z_]\w*)")
_REASON = re.compile(r"[\w .,()+-]{1,60}")
_SHOWN_CHARS = 300
_EXPECTED = "expected package.module:function, or file.py:function"


class OwnFilterError(UsageError):
    """A --filter cannot be used; the message says what was expected."""


class OwnFilterFailed(RunFailed):
    """An own filter raised or returned an invalid value; the message names the page."""


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """The document that an own filter decides about.

    Attributes:
      text: cleaned and deduplicated as in the variant.
      url: of the page, as the crawl has it.
      language: under which the variant keeps it, such as `en`.
      timestamp: of the capture, such as `2019-04-18T12:00:00Z`.
    """

    text: str
    url: str
    language: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class OwnFilter:
    """A function of the user, loaded.

    Attributes:
      spec: as given to --filter.
      name: its rules begin with `own-filter:<name>`.
      function: returns None to keep a document, or a short reason to drop it.
    """

    spec: str
    name: str
    function: Callable[[OwnDocument], str | None]

    def reason(self, text: str, url: str, language: str, timestamp: str) -> str | None:
        """Why the document is dropped; None if it is kept.

        Raises:
          OwnFilterFailed: the function raised, or returned another value.
        """
        try:
            reason = self.function(OwnDocument(text, url, language, timestamp))
        except Exception as error:  # any that the user's code raises
            raise OwnFilterFailed(
                f"--filter={self.spec} raised {type(error).__name__}: {_printable(error)}, on the "
                f"page {_printable(url)} ({language}). Fix the function and run the same command "
                "again."
            ) from error
        if reason is None or (isinstance(reason, str) and _REASON.fullmatch(reason)):
            return reason
        raise OwnFilterFailed(
            f"--filter={self.spec} returned {reason!r:.120} for the page {_printable(url)}; "
            "expected None to keep it, or a short reason to drop it: up to 60 letters, digits, "
            "spaces and .,()+-_ . A reason names a counter: it must not contain text of the page."
        )


def _printable(value: object) -> str:
    """The value as text, shortened, with control characters escaped: a page may hold them."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))[:_SHOWN_CHARS]


def check_own_filter(spec: str) -> str:
    """A value of --filter, with the path of a file made absolute: workers may be elsewhere.

    Raises:
      OwnFilterError: it has another form.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise OwnFilterError(f"{spec!r}: {_EXPECTED}")
    module = match["module"]
    path = os.path.abspath(module) if module.endswith(".py") else module
    return f"{path}:{match['function']}"


def own_filter_names(specs: Sequence[str]) -> tuple[str, ...]:
    """The name of each --filter: its function's, with the module's before it if two share one.

    Raises:
      OwnFilterError: a value has another form or is given twice.
    """
    parts = [spec.rpartition(":")[::2] for spec in map(check_own_filter, specs)]
    twice = [spec for spec, count in Counter(specs).items() if count > 1]
    if twice:
        raise OwnFilterError(f"--filter={twice[0]}: is given twice")
    shared = [name for name, count in Counter(name for _, name in parts).items() if count > 1]
    return tuple(
        re.sub(r"\W+", ".", module.removesuffix(".py")).strip(".") + f".{name}"
        if name in shared
        else name
        for module, name in parts
    )


def load_own_filters(specs: Sequence[str]) -> tuple[OwnFilter, ...]:
    """The functions that the values of --filter name, in their order.

    Raises:
      OwnFilterError: one cannot be imported or is not a function.
    """
    return tuple(map(OwnFilter, specs, own_filter_names(specs), map(_function, specs)))


def _function(spec: str) -> Callable[[OwnDocument], str | None]:
    place, _, name = spec.rpartition(":")
    module = _load_module(spec, place)
    function = getattr(module, name, None)
    if not callable(function):
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        choices = f"; it has {', '.join(sorted(names)[:8])}" if names else ""
        raise OwnFilterError(f"--filter={spec}: {place} has no function {name}{choices}")
    found: Callable[[OwnDocument], str | None] = function
    return found


def _load_module(spec: str, name: str) -> ModuleType:
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        own = f"c4forge_own_filter_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        if own in sys.modules:
            return sys.modules[own]
        found = importlib.util.spec_from_file_location(own, name)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[own] = module  # dataclasses look their module up
        try:
            found.loader.exec_module(module)
        except BaseException:
            del sys.modules[own]
            raise
        return module
    except Exception as error:  # whatever the user's module raises at import
        hint = (
            ""
            if name.endswith(".py")
            else ". The current folder is not searched: install the package, put its folder on "
            f"PYTHONPATH, or give the file, as --filter=path/to/{name.rpartition('.')[2]}.py:"
            f"{spec.rpartition(':')[2]}"
        )
        raise OwnFilterError(
            f"--filter={spec}: cannot be imported: {type(error).__name__}: {error}{hint}"
        ) from None


def own_filters_digest(filters: Sequence[OwnFilter]) -> str:
    """Identifies the code of the filters: sha256 of their modules' files; "" for none.

    Modules that these import are not included.
    """
    if not filters:
        return ""
    digest = hashlib.sha256()
    for own in filters:
        module = sys.modules.get(own.function.__module__)
        file = getattr(module, "__file__", None)
        digest.update(own.name.encode() + b"\n")
        digest.update(Path(file).read_bytes() if file else own.spec.encode())
    return digest.hexdigest()
