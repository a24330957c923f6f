"""Templates of own tasks: text with names of fields in braces, as `premise: {premise}`.

A name stands for a field of the example and nothing else: no attributes, indices, conversions or
format specifications. `{{` and `}}` are braces.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.downstream.task import DownstreamError

_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Template:
    """A template in its parts.

    Attributes:
      key: the key of the TOML table that holds it, for messages.
      parts: (text, name of the field after it, or "" at the end).
    """

    key: str
    parts: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, key: str, text: str) -> "Template":
        """From its text.

        Raises:
          DownstreamError: braces that do not match, or anything but a name in them.
        """
        parts = []
        try:
            for literal, name, spec, conversion in string.Formatter().parse(text):
                if name is not None and (spec or conversion or not _NAME.fullmatch(name)):
                    raise ValueError(f"{{{name}}} is not the name of a field")
                parts.append((literal, name or ""))
        except ValueError as error:
            raise DownstreamError(
                f"{key} = {text!r}: {error}; expected names of fields in braces, as "
                "{premise}; write {{ and }} for braces"
            ) from None
        return cls(key, tuple(parts))

    def fields(self) -> tuple[str, ...]:
        """Names of its fields."""
        return tuple(name for _, name in self.parts if name)

    def render(self, example: Mapping[str, Any]) -> str:
        """The text with the fields of an example.

        Raises:
          DownstreamError: there is no such field, or it is not a text or a number.
        """
        return "".join(
            text + (self._field(example, name) if name else "") for text, name in self.parts
        )

    def _field(self, example: Mapping[str, Any], name: str) -> str:
        if name not in example:
            raise DownstreamError(
                f"{self.key}: no field {{{name}}} in the data; there is {', '.join(example)}"
            )
        value = example[name]
        if value is None or isinstance(value, list | dict):
            raise DownstreamError(
                f"{self.key}: expected a text or a number in {{{name}}}, got {type(value).__name__}"
            )
        return str(value)
