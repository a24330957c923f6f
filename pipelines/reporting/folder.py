"""What the files of a run's folder say, for its page."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.job import DROPPED_FOLDER
from runtime.errors import UsageError
from runtime.storage.files import exists, join, open_read, read_object

REPORT, RESOURCES = "report.json", "resources.json"
_LONGEST_ROW = 64 << 20
_NAME = re.compile(r"[\w.-]+")
_FEW = 3  # dropped pages of a rule that are shown


class NotAReport(UsageError):
    """A file of a run's folder that c4forge did not write; the message says which."""


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What is known of a variant of a run.

    Attributes:
      name: of the variant.
      dataset: its folder.
      unmodified: True if its documents are those of the spec.
      splits: documents, text_bytes and shards of each.
      counts: by rule.
      statistics: of its documents, as `pipelines.stages.reported.statistics` has them.
      dropped: pages that rules dropped, by rule; {} unless they are kept.
    """

    name: str
    dataset: str
    unmodified: bool
    splits: Mapping[str, Mapping[str, int]]
    counts: Mapping[str, int]
    statistics: Mapping[str, Any]
    dropped: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    def total(self, what: str) -> int:
        """Documents or text_bytes of all splits."""
        return sum(split[what] for split in self.splits.values())


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run.

    Attributes:
      name: of the run.
      spec: that it was built by.
      parts: of its input.
      variants: in its order.
      config, versions, resources: as its files have them; {} for one that is not there.
    """

    name: str
    spec: str
    parts: int
    variants: tuple[VariantFacts, ...]
    config: Mapping[str, Any]
    versions: Mapping[str, Any]
    resources: Mapping[str, Any]

    def variant(self, name: str) -> VariantFacts | None:
        """The variant of that name."""
        return next((variant for variant in self.variants if variant.name == name), None)


def read_run(folder: str) -> RunFacts:
    """What the files of a run's folder say.

    Raises:
      NotAReport: its report is not one of c4forge.
      OSError: it cannot be read.
    """
    path = join(folder, REPORT)
    try:
        report = read_object(path)
        variants = tuple(
            _variant(folder, name, row) for name, row in dict(report["variants"]).items()
        )
        spec, parts = str(report["spec"]), int(report["parts"])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotAReport(
            f"{path}: expected the report of a run, by this version: {error}"
        ) from None
    name = folder.rpartition("/")[2]
    others = [_read(folder, file) for file in ("config.json", "versions.json", RESOURCES)]
    return RunFacts(name, spec, parts, variants, *others)


def _variant(folder: str, name: str, row: Mapping[str, Any]) -> VariantFacts:
    names = ("documents", "text_bytes", "shards")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a variant")
    return VariantFacts(
        name,
        str(row["dataset"]),
        bool(row["unmodified"]),
        {str(split): {n: int(own[n]) for n in names} for split, own in row["splits"].items()},
        {str(rule): int(count) for rule, count in row["counts"].items()},
        dict(row.get("statistics", {})),
        _dropped(join(folder, DROPPED_FOLDER, f"{name}.jsonl")),
    )


def _dropped(path: str) -> dict[str, list[dict[str, Any]]]:
    """A few of the dropped pages of a variant, by rule."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(path) if exists(path) else ():
        of_rule = found.setdefault(str(row["rule"]), [])
        if len(of_rule) < _FEW:
            of_rule.append(row)
    return found


def _rows(path: str) -> Iterator[dict[str, Any]]:
    with open_read(path) as stream:
        while line := stream.readline(_LONGEST_ROW):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"{path}: expected an object a line")
            yield row


def _read(folder: str, name: str) -> Mapping[str, Any]:
    path = join(folder, name)
    return read_object(path) if exists(path) else {}
