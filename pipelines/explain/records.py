"""The record of a page, read again from its WET file and cleaned as in the run."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cleaning.captures import CaptureRules, clean_captures
from cleaning.filters.clean import clean_page
from cleaning.filters.line_rules import LineDecision, decide_lines
from cleaning.signatures import Captures, PageRecord
from cleaning.variants import DedupScope, TextForm
from cleaning.wet.records import Record
from pipelines.explain.explanation import RecordSeen
from pipelines.explain.work import Work
from pipelines.job import Job
from pipelines.sources.records import NotReadable, read_places
from pipelines.sources.wet_files import Part
from pipelines.stages.models import load_rules
from runtime.storage.checked import read_checked

_ANY = DedupScope(TextForm.RAW, (), deduplicated=False)
"""The scope whose pages are all kept as they were read."""


@dataclass(frozen=True, slots=True)
class PageAgain:
    """A page read again.

    Attributes:
      text: as read: every line, stripped.
      lines: of it, each with its rule of cleaning.
      captures: of its record, cleaned as in the run.
    """

    text: str
    lines: tuple[LineDecision, ...]
    captures: Captures


def read_page(job: Job, part: Part, record: PageRecord) -> PageAgain:
    """The page of a record, read again.

    Raises:
      NotReadable: the file is not there, is another one by now, or has no such record there.
    """
    found = _read_record(job, part, record)
    captures = clean_captures_again(found, load_rules(job))
    numbers = [n for n, row in enumerate(captures.records) if row.url == record.url]
    raw = captures.forms[TextForm.RAW]
    texts = dict(zip(raw.rows, raw.texts, strict=True))
    if not numbers or not texts:
        raise NotReadable(f"{part.path}: the record at byte {record.offset:,} is another one")
    rows = [row.url for row in captures.records if not row.rule]
    text = texts[rows.index(record.url)].decode()
    rules = job.settings.clean_rules()
    return PageAgain(text, decide_lines(text, clean_page(text, rules), rules), captures)


def clean_captures_again(record: Record, rules: CaptureRules) -> Captures:
    """The captures of one record, with the text as read of each."""
    kept = replace(rules, scopes=(*rules.scopes, _ANY))
    (captures,) = clean_captures([record], kept)
    return captures


def _read_record(job: Job, part: Part, record: PageRecord) -> Record:
    """The record as it is framed in its file."""
    place = record.offset, record.within
    for _, found in read_places(job.mirror, part, [place]):
        return found
    raise NotReadable(f"{part.path}: no such record at byte {record.offset:,}")


def find_refused(work: Work, is_asked: Callable[[str], bool]) -> Iterator[RecordSeen]:
    """The records of a URL that are no captures: dropped while they were read, or malformed."""
    for part in work.cleaned:
        records = work.records(part.number)
        if records.rule.any():
            for row in records.rows():
                if row.rule and is_asked(row.url):
                    yield RecordSeen(
                        url=row.url, file=part.path, offset=row.offset, within=row.within,
                        rule=row.rule,
                    )  # fmt: skip
        for line in read_checked(work.job.malformed_path(part)).splitlines():
            row_ = json.loads(line)
            if row_["url"] and is_asked(row_["url"]):
                yield RecordSeen(
                    url=row_["url"], file=part.path, offset=row_["offset"],
                    within=row_["within"], rule="split-wet-file/filtered:malformed",
                    reason=row_["reason"],
                )  # fmt: skip
