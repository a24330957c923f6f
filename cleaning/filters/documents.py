"""Documents as their filters see them, and what a filter decides about one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cleaning.filters.language import Identified
from cleaning.variants import ENGLISH, LANGUAGE, TextForm, Variant

ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class Page:
    """A newest page of a part.

    Attributes:
      form: of its text.
      columns: text, url, timestamp, content_type, content_length; or their UTF-8, which `column`
        decodes.
      url_digest: 16-byte md5 of the normalized URL.
      marks: bits of its capture.
    """

    form: TextForm
    columns: tuple[str, ...] | tuple[bytes, ...]
    url_digest: bytes
    marks: int

    def column(self, at: int) -> str:
        """One of `columns`."""
        value = self.columns[at]
        return value.decode() if isinstance(value, bytes) else value

    def utf8(self, at: int) -> bytes:
        """The UTF-8 of one of `columns`."""
        value = self.columns[at]
        return value.encode() if isinstance(value, str) else value


class Document:
    """A distinct text of a page, with the results that filters of several variants share.

    Args:
      page: that it is of.
      text: as a string, or its UTF-8.
    """

    __slots__ = ("_found", "_text", "_utf8", "page")

    def __init__(self, page: Page, text: str | bytes) -> None:
        self.page = page
        self._text: str | None = None if isinstance(text, bytes) else text
        self._utf8: bytes | None = text if isinstance(text, bytes) else None
        self._found: dict[Hashable, Any] = {}

    @property
    def text(self) -> str:
        """The text, decoded when it is first asked for."""
        if self._text is None:
            self._text = self.utf8.decode()
        return self._text

    @property
    def utf8(self) -> bytes:
        """The text in UTF-8."""
        if self._utf8 is None:
            self._utf8 = self.text.encode()
        return self._utf8

    def has(self, key: Hashable) -> bool:
        """True if the result of a key is known."""
        return key in self._found

    def keep(self, key: Hashable, result: object) -> None:
        """Keeps a result that was found already for `once`."""
        self._found[key] = result

    def once(self, key: Hashable, find: Callable[[], ResultT]) -> ResultT:
        """The result of `find`, which is called once for each key, however many variants ask."""
        if key not in self._found:
            self._found[key] = find()
        result: ResultT = self._found[key]
        return result

    def identified(self, variant: Variant) -> Identified | None:
        """The likeliest language, as the variant's filter found it; None if it was not asked."""
        found: Identified | None = self._found.get(ENGLISH if variant.has(ENGLISH) else LANGUAGE)
        return found

    def language_probability(self, variant: Variant) -> float:
        """That of the likeliest language, as the variant's filter found it; 0 if it has none."""
        found = self.identified(variant)
        return found.probability if found else 0.0


class Decision(NamedTuple):
    """A filter's decision about a document.

    Attributes:
      kept: True if the document goes on to the next filter.
      rules: to be counted, each once.
      language: under which it is kept; "" if the filter does not decide that.
    """

    kept: bool
    rules: tuple[str, ...]
    language: str = ""


Decide = Callable[[Document, Variant, str], Decision]
"""(document, variant, its language so far) -> decision."""
Candidates = list[tuple[Document, str]]
"""Documents, each with its language so far."""


class LookAhead(ABC):
    """A Decide that finds what it needs for many documents at once, which is sooner."""

    @abstractmethod
    def __call__(self, document: Document, variant: Variant, language: str) -> Decision:
        """The decision about one document."""

    @abstractmethod
    def look_ahead(self, candidates: Candidates) -> None:
        """Gives documents the results that the decisions about them will ask for (`once`)."""
