"""Own filters: functions of the user that keep or drop a document, named by --filter.

    def too_short(document):
        return "under 200 characters" if len(document.text) < 200 else None

`c4forge build --filter=mypackage.mymodule:too_short` counts the documents that it drops as
`own-filter:too_short/filtered:under 200 characters`.
"""

import hashlib
import importlib
import importlib.util
import inspect
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
      given: how the user gave it, for messages: `--filter=mypackage.mymodule:too_short`.
      name: its rules begin with `own-filter:<name>`.
      function: returns None to keep a document, or a short reason to drop it.
      sha256: of its code; see `own_filters_digest`.
    """

    given: str
    name: str
    function: Callable[[OwnDocument], str | None]
    sha256: str = ""

    def reason(self, text: str, url: str, language: str, timestamp: str) -> str | None:
        """Why the document is dropped; None if it is kept.

        Raises:
          OwnFilterFailed: the function raised, or returned another value.
        """
        try:
            reason = self.function(OwnDocument(text, url, language, timestamp))
        except (Exception, SystemExit) as error:  # any that the user's code raises
            raise OwnFilterFailed(
                f"{self.given} raised {type(error).__name__}: {_printable(error)}, on "
                f"{_page(url)} ({language}). Fix the function and run the same command again."
            ) from error
        if reason is None or (isinstance(reason, str) and _REASON.fullmatch(reason)):
            return reason
        raise OwnFilterFailed(
            f"{self.given} returned {reason!r:.120} for {_page(url)}; expected None to keep it, "
            "or a short reason to drop it: up to 60 letters, digits, spaces and .,()+-_ . "
            "A reason names a counter: it must not contain text of the page."
        )


def _page(url: str) -> str:
    return f"the page {_printable(url)}" if url else "a text without a URL"


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
    is_file = module.endswith(".py")
    path = os.path.abspath(os.path.expanduser(module)) if is_file else module
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
      OwnFilterError: some cannot be imported, or are no function of one document; a line each.
    """
    loaded, wrong = [], []
    for spec, name in zip(specs, own_filter_names(specs), strict=True):
        try:
            loaded.append(_load(spec, name))
        except OwnFilterError as error:
            wrong.append(str(error))
    if wrong:
        raise OwnFilterError("\n".join(wrong))
    return tuple(loaded)


def check_function(given: str, function: object) -> Callable[[OwnDocument], str | None]:
    """The function, if it can be called with a document and does not wait or generate.

    Args:
      given: how the user gave it, for the message.
    Raises:
      OwnFilterError: it cannot.
    """
    kinds = inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction
    if not callable(function) or any(is_kind(function) for is_kind in kinds):
        raise OwnFilterError(f"{given}: expected a plain function of one document")
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise OwnFilterError(f"{given}: cannot be called with one document: {error}") from None
    except ValueError:
        pass  # a function of C tells no signature
    return function


def _load(spec: str, name: str) -> OwnFilter:
    given = f"--filter={spec}"
    place, _, attribute = spec.rpartition(":")
    module = _load_module(spec, place)
    function = getattr(module, attribute, None)
    if not callable(function):
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        choices = f"; it has {', '.join(sorted(names)[:8])}" if names else ""
        raise OwnFilterError(f"{given}: {place} has no function {attribute}{choices}")
    return OwnFilter(given, name, check_function(given, function), _digest(module, function))


def _digest(module: ModuleType, function: object) -> str:
    """sha256 of the files of the module and of the one that it has the function from."""
    defined = sys.modules.get(getattr(function, "__module__", None) or "")
    files = {getattr(found, "__file__", None) for found in (module, defined)} - {None}
    digest = hashlib.sha256()
    for file in sorted(map(str, files)):
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.hexdigest()


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
    except (Exception, SystemExit) as error:  # whatever the user's module raises at import
        hint = ""
        if not name.endswith(".py"):
            hint = (
                ". The current folder is not searched: install the package, put its folder on "
                f"PYTHONPATH, or give the file, as --filter=path/to/{name.rpartition('.')[2]}.py:"
                f"{spec.rpartition(':')[2]}"
            )
        elif isinstance(error, ModuleNotFoundError):
            hint = ". Modules beside the file are found if its folder is on PYTHONPATH"
        raise OwnFilterError(
            f"--filter={spec}: cannot be imported: {type(error).__name__}: {error}{hint}"
        ) from None


def own_filters_digest(filters: Sequence[OwnFilter]) -> str:
    """Identifies the filters by name and code: sha256 of the files of their modules; "" for none.

    Modules that these import are not included, but for the one that defines the function.
    """
    named = "".join(f"{own.name} {own.sha256}\n" for own in filters)
    return hashlib.sha256(named.encode()).hexdigest() if filters else ""
