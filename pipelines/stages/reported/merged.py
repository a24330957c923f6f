"""The dropped pages of a run: chosen from those of its parts, read again, and written."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from cleaning.filters.clean import LINE_PASSED, clean_page
from cleaning.filters.line_rules import decide_lines
from cleaning.specs import SpecSettings
from cleaning.variants import CLEAN_PAGE
from cleaning.wet.pages import BodyHeaders, page_text, reference_pages
from cleaning.wet.records import Record
from pipelines.job import Job
from pipelines.sources.records import NotReadable, Place, read_places
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.reported.dropped import dropped_path, first_line
from pipelines.stages.reported.pages import DroppedPage, PageSample, as_row, read_pages
from runtime.storage.checked import read_checked
from runtime.storage.files import delete_folder, json_utf8, write_bytes


def publish_dropped(job: Job) -> None:
    """Writes the dropped pages of each variant into the run's folder, if they are asked for.

    Raises:
      DamagedFile: those of a part are missing or damaged.
    """
    delete_folder(job.dropped_folder())
    if not job.keep_dropped:
        return
    parts = read_manifest(job.manifest_path())
    sample = PageSample(job.keep_dropped)
    for part in parts:
        for page in read_pages(read_checked(dropped_path(job, part.number))):
            sample.add(page)
    pages = _read_again(job, parts, sample.pages())
    for variant in job.variants:
        rows = [as_row(page) for page in pages if page.variant == variant.name]
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        write_bytes(job.dropped_path(variant), json_utf8(lines))


def _read_again(
    job: Job, parts: tuple[Part, ...], pages: Iterable[DroppedPage]
) -> list[DroppedPage]:
    """The pages, those without a text with that of their record."""
    pages = list(pages)
    wanted: dict[int, set[Place]] = defaultdict(set)
    for page in pages:
        if page.text is None:
            wanted[page.order[1]].add(page.place)
    records: dict[tuple[int, Place], Record] = {}
    problems: dict[int, str] = {}
    for number, places in sorted(wanted.items()):
        try:
            for place, record in read_places(job.mirror, parts[number], places):
                records[number, place] = record
        except NotReadable as error:
            problems[number] = str(error)
    return [
        page
        if page.text is not None
        else _with_text(
            page,
            records.get((page.order[1], page.place)),
            problems.get(page.order[1], "the record is no longer there"),
            job.settings,
        )
        for page in pages
    ]


def _with_text(
    page: DroppedPage, record: Record | None, problem: str, settings: SpecSettings
) -> DroppedPage:
    """The page with the text of its record; lines that cleaning dropped are marked."""
    text = _text_of(record, page.url, settings) if record is not None else None
    if text is None:
        return replace(page, unread=problem)
    if not page.rule.startswith(f"{CLEAN_PAGE}/"):
        return replace(page, text=text)
    rules = settings.clean_rules()
    lines = decide_lines(text, clean_page(text, rules), rules)
    rows = [(number, line.rule) for number, line in enumerate(lines)]
    dropped = tuple(row for row in rows if row[1] not in ("", LINE_PASSED))
    joined = "\n".join(line.text for line in lines)
    return replace(page, text=joined, dropped=dropped, line=first_line(dropped, page.rule))


def _text_of(record: Record, url: str, settings: SpecSettings) -> str | None:
    """The text of a record's page as the run read it; None if it has no page of that URL."""
    if settings.body_headers is BodyHeaders.KEPT:
        return page_text(record.block.decode())
    return next((p.text for p in reference_pages(record) if p.headers.url == url), None)
