"""The documents of a variant by length, date and host: counts that parts have and that add up."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from cleaning.urls import host_of
from pipelines.job import Job
from runtime.storage.arrays import open_checked_arrow

LENGTHS = tuple(sorted({int(np.ceil(2 ** (half / 2))) for half in range(61)}))
"""Smallest length of each class, in bytes of UTF-8: two classes for each doubling."""
_EDGES = np.array(LENGTHS[1:], np.int64)
_DAY = re.compile(rb"(?:19[89]|20\d)\d-[01]\d-[0-3]\d")
_NO_DAY = b""
_EXACT_PARTS = 64  # a run of more counts the hosts of a sample: its memory has a limit
_KEYS = 1 << 64
_LONGEST_HOST = 253  # of DNS
_MOST_HOSTS = 100  # in a report
_METADATA = b"statistics"
Row = tuple[int, tuple[bytes, ...]]
"""Shard key, and the columns of a document: text, url, timestamp, and others."""


@dataclass(slots=True)
class Statistics:
    """Documents by class of length, by day of capture, and by host.

    Attributes:
      lengths: documents by number of their class in LENGTHS.
      days: by day, as 2019-04-18; "" where the time is none.
      hosts: by host of the URL, without `www.`; of the sampled documents only.
    """

    lengths: Counter[int] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Statistics") -> None:
        """Adds the counts of other documents."""
        self.lengths.update(other.lengths)
        self.days.update(other.days)
        self.hosts.update(other.hosts)


def statistics_metadata(
    groups: Iterable[tuple[tuple[str, ...], Sequence[Row]]], parts: int
) -> dict[str, str]:
    """The statistics of a part's documents, as metadata of the file that has them.

    Args:
      groups: documents, and the variants that keep them.
      parts: of the run.
    """
    found: dict[tuple[str, ...], Statistics] = {}
    for names, rows in groups:
        found.setdefault(names, Statistics()).add(count_documents(rows, parts))
    stored = [
        [names, *(dict(sorted(counts.items())) for counts in (own.lengths, own.days, own.hosts))]
        for names, own in sorted(found.items())
    ]
    return {_METADATA.decode(): json.dumps(stored)}


def count_documents(rows: Sequence[Row], parts: int) -> Statistics:
    """The statistics of some documents of a part.

    Args:
      rows: shard key, and the columns text, url, timestamp of each.
      parts: of the run.
    """
    lengths = np.fromiter((len(columns[0]) for _, columns in rows), np.int64, len(rows))
    classes = np.bincount(np.searchsorted(_EDGES, lengths, side="right"))
    limit = _sampled_keys(parts)
    return Statistics(
        Counter({n: count for n, count in enumerate(classes.tolist()) if count}),
        _days(Counter([columns[2][:10] for _, columns in rows])),
        Counter([counted_host(columns[1]) for key, columns in rows if key < limit]),
    )


def _days(found: Mapping[bytes, int]) -> Counter[str]:
    days: Counter[str] = Counter()
    for day, count in found.items():
        days[(day if _DAY.fullmatch(day) else _NO_DAY).decode()] += count
    return days


def counted_host(url: bytes) -> str:
    """The host of a URL without `www.`, cut to the length that DNS allows."""
    return host_of(url.decode(errors="replace")).removeprefix("www.")[:_LONGEST_HOST]


def _sampled_keys(parts: int) -> int:
    """Documents with a smaller shard key are those whose hosts are counted."""
    return _KEYS * _EXACT_PARTS // max(parts, _EXACT_PARTS)


def read_statistics(paths: Iterable[str]) -> dict[str, Statistics]:
    """The statistics of each variant, summed over files of documents.

    Raises:
      DamagedFile: a file is missing or damaged.
    """
    total: dict[str, Statistics] = {}
    for path in paths:
        with open_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
            rows = json.loads(reader.schema.metadata[_METADATA])
        for names, lengths, days, hosts in rows:
            by_class = Counter({int(number): count for number, count in lengths.items()})
            own = Statistics(by_class, Counter(days), Counter(hosts))
            for name in names:
                total.setdefault(name, Statistics()).add(own)
    return total


def as_report(found: Statistics, job: Job) -> dict[str, Any]:
    """The statistics of a variant as a report has them, in an order that nothing decides."""
    hosts = sorted(found.hosts.items(), key=lambda row: (-row[1], row[0]))
    return {
        "lengths": [[LENGTHS[n], count] for n, count in sorted(found.lengths.items())],
        "days": dict(sorted(found.days.items())),
        "hosts": dict(hosts[:_MOST_HOSTS]),
        "host_count": len(hosts),
        "host_documents": sum(found.hosts.values()),
        "hosts_sampled": min(1.0, _EXACT_PARTS / max(job.part_count, 1)),
    }
