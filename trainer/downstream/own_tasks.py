"""Own tasks without code: a TOML file with a table for each.

    [sentiment]
    source = "reviews"                       # folder or file, from the TOML file's folder
    inputs = "review: {text}"
    labels = ["negative", "positive"]
    metrics = ["accuracy", "f1"]

| key | meaning |
|---|---|
| `source` | folder or file of examples; or |
| `tfds` | a TFDS data set in data_dir, as imdb_reviews:1.0.0 |
| `splits` | split -> split of the data, as {train = "train[200:]", validation = "train[:200]"} |
| `prefix` | text in front of the inputs |
| `inputs` | template of the inputs |
| `targets` | template of the targets; default: the label, or the first of the answers |
| `label` | field with the label: its text, or its number from 0; default label |
| `labels` | texts of the labels |
| `answers` | field with a list of right answers, for squad and trivia_qa |
| `metrics` | names of metrics, see `trainer/downstream/metrics.py` |
"""

import difflib
import functools
import json
import os
import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.downstream.forms import label_text
from trainer.downstream.metrics import METRICS
from trainer.downstream.outcomes import ANSWERS, NUMBERS, TEXTS, classes
from trainer.downstream.task import (
    UNKNOWN_LABEL,
    DownstreamError,
    Example,
    Outcomes,
    TaskRow,
    TextExample,
)

_RESERVED = ("total", "average", "all tasks")
_INSTEAD = ("labels", "answers")  # of a template of the targets
_NAME = re.compile(r"\w+")
_LABELLED_SPLITS = ("train", "validation")  # a missing label there is an error
_UNLABELLED = "no targets"  # key of an example in a test set without them
_TEXT, _TEXTS, _TABLE = "a text", "a list of texts", "a table of texts"
KEYS = {
    "source": _TEXT,
    "tfds": _TEXT,
    "splits": _TABLE,
    "prefix": _TEXT,
    "inputs": _TEXT,
    "targets": _TEXT,
    "label": _TEXT,
    "labels": _TEXTS,
    "answers": _TEXT,
    "metrics": _TEXTS,
}
"""Key of a task's table -> its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTask:
    """A table of the TOML file, validated.

    Attributes:
      row: its row; `splits` is empty if the file names none.
      source: absolute path of its data; "" if it is a TFDS data set.
    """

    row: TaskRow
    source: str


def read_own_tasks(path: str) -> dict[str, OwnTask]:
    """The tasks of a TOML file by name.

    Raises:
      DownstreamError: the file, a key or a value cannot be used; the message names it.
    """
    folder = os.path.dirname(os.path.abspath(path))
    return {
        name: _own_task(f"{path} [{name}]", name, table, folder)
        for name, table in _read_tables(path).items()
    }


def _read_tables(path: str) -> dict[str, dict[str, Any]]:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            tables: dict[str, dict[str, Any]] = tomllib.loads(stream.read())
    except OSError as error:
        raise DownstreamError(f"{path}: {error.strerror}; expected a TOML file of tasks") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DownstreamError(f"{path}: not TOML: {error}") from None
    if not tables or not all(isinstance(table, dict) for table in tables.values()):
        raise DownstreamError(f"{path}: expected a table for each task, as [sentiment], no keys")
    return tables


def resolve_own_tasks(path: str) -> str:
    """The text of a TOML file with the same tasks, that can be read from another folder.

    Raises:
      DownstreamError: as `read_own_tasks`.
    """
    tasks, lines = read_own_tasks(path), []
    for name, table in _read_tables(path).items():
        given = table | ({"source": tasks[name].source} if "source" in table else {})
        lines += [f"[{_toml(name)}]", *(f"{key} = {_toml(given[key])}" for key in given), ""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    """A text, a list of texts or a table of texts, as TOML writes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_toml(key)} = {_toml(text)}' for key, text in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _own_task(where: str, name: str, table: Mapping[str, Any], folder: str) -> OwnTask:
    if not name or name in _RESERVED:
        raise DownstreamError(f"{where}: expected another name; tables of scores use this one")
    _check_types(where, table)
    if ("source" in table) == ("tfds" in table):
        raise DownstreamError(f"{where}: expected one of source and tfds")
    if "inputs" not in table or not any(table.get(key) for key in ("targets", *_INSTEAD)):
        raise DownstreamError(f"{where}: expected inputs, and targets, labels or answers")
    _check_labels(where, table)
    outcomes = _outcomes(where, table)
    row = TaskRow(
        name=name,
        dataset=table.get("tfds", ""),
        splits=table.get("splits", {}),
        form=_form(where, table),
        expand=functools.partial(_mark_unlabelled, _target_fields(where, table)),
        outcomes=outcomes,
        metrics=tuple(METRICS[metric].compute for metric in table.get("metrics", ())),
        labels=tuple(table.get("labels", ())),
        source=where,
        definition=json.dumps({key: table[key] for key in sorted(table.keys() - {"source"})}),
    )
    source = table.get("source", "")
    return OwnTask(row=row, source=os.path.join(folder, source) if source else "")


def _check_types(where: str, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise DownstreamError(f"{where}: unknown key {key}{hint} Keys: {', '.join(KEYS)}")
        texts = {_TEXT: [value], _TEXTS: value, _TABLE: value}[KEYS[key]]
        container = {_TEXT: str, _TEXTS: list, _TABLE: dict}[KEYS[key]]
        inner = texts.values() if isinstance(texts, dict) else texts
        if not isinstance(value, container) or not all(isinstance(each, str) for each in inner):
            raise DownstreamError(f"{where}: {key} = {value!r}: expected {KEYS[key]}")


def _check_labels(where: str, table: Mapping[str, Any]) -> None:
    """Targets of a task with labels are the labels themselves, each another text."""
    labels = table.get("labels", [])
    if repeated := [label for label in labels if labels.count(label) > 1]:
        raise DownstreamError(f"{where}: labels: {repeated[0]!r} is there twice")
    wanted = f"{{{table.get('label', 'label')}}}"
    if labels and table.get("targets", wanted) != wanted:
        raise DownstreamError(
            f"{where}: targets = {table['targets']!r}: with labels the targets are the labels; "
            "leave targets out, and write the labels as they are to be predicted"
        )
    if labels and "f1" in table.get("metrics", []) and len(labels) != 2:
        raise DownstreamError(
            f"{where}: metrics: f1 is that of the second of two labels, and there are "
            f"{len(labels)}; macro_f1 is the mean over labels"
        )


def _outcomes(where: str, table: Mapping[str, Any]) -> Outcomes:
    """The kind of values that all metrics of a table compare."""
    names = table.get("metrics", [])
    for name in names:
        if name not in METRICS:
            raise DownstreamError(
                f"{where}: metrics: unknown metric {name!r}; there is {', '.join(METRICS)}"
            )
    kinds = [METRICS[name].outcomes for name in names]
    if table.get("labels"):
        outcomes = classes(tuple(table["labels"]))
    else:
        offered = (TEXTS, NUMBERS, ANSWERS)
        shared = [each for each in offered if all(each.name in kind for kind in kinds)]
        outcomes = shared[0] if shared else TEXTS
    for name, kind in zip(names, kinds, strict=True):
        if outcomes.name not in kind:
            raise DownstreamError(
                f"{where}: metrics: {name} compares {' or '.join(kind)}, but the task has "
                f"{outcomes.name}; give labels for classes, and metrics of one kind"
            )
    return outcomes


def _target_fields(where: str, table: Mapping[str, Any]) -> frozenset[str]:
    """Names of the fields in the template of the targets."""
    return frozenset(Template.parse(f"{where}: targets", _targets(table)).fields())


def _targets(table: Mapping[str, Any]) -> str:
    """The template of the targets: as given, else the label or the first of the answers."""
    other = table.get("label", "label") if "labels" in table else table.get("answers", "label")
    return str(table.get("targets", f"{{{other}}}"))


def _mark_unlabelled(needed: frozenset[str], example: Example, split: str) -> Iterable[Example]:
    """The example; without the fields of its targets it has a mark, but in splits to learn from."""
    if split in _LABELLED_SPLITS or needed <= example.keys():
        return (example,)
    return ({**example, _UNLABELLED: True},)


def _form(where: str, table: Mapping[str, Any]) -> Callable[[Example], TextExample]:
    label, labels, answers = table.get("label", "label"), table.get("labels"), table.get("answers")
    prefix = table.get("prefix", "")
    inputs = Template.parse(f"{where}: inputs", table["inputs"])
    targets = Template.parse(f"{where}: targets", _targets(table))

    def form(example: Example) -> TextExample:
        fields = dict(example)
        if labels and label in fields:
            fields[label] = label_text(fields[label], labels)
        found = [] if _UNLABELLED in fields else _answers(where, fields, answers)
        if answers and found and "targets" not in table:
            fields[answers] = found[0]
        unknown = _UNLABELLED in fields or (labels and fields.get(label) == UNKNOWN_LABEL)
        text: TextExample = {
            "inputs": prefix + inputs.render(fields),
            "targets": UNKNOWN_LABEL if unknown else targets.render(fields),
        }
        if unknown:
            return text | {"answers": []}
        return text | {"answers": found or [text["targets"]]}

    return form


def _answers(where: str, fields: Mapping[str, Any], key: str | None) -> list[str]:
    """The right answers of an example; [] without a field of them."""
    if key is None:
        return []
    found = fields.get(key)
    if not isinstance(found, list) or not all(isinstance(answer, str) for answer in found):
        raise DownstreamError(f"{where}: answers: expected a list of texts in {key}, got {found!r}")
    return found


@dataclass(frozen=True, slots=True)
class Template:
    """Text with names of fields in braces, as `premise: {premise}`, in its parts.

    A name stands for a field of the example and nothing else: no attributes, indices, conversions
    or format specifications. `{{` and `}}` are braces.

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
