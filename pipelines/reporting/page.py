"""The page of a run, put together and written."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.reporting.folder import RunFacts, read_run
from pipelines.reporting.funnel import records_lost
from pipelines.reporting.markup import Markup, document, element, isolated, text, together
from pipelines.reporting.sections import comparisons, summary, variant_section
from pipelines.reporting.style import STYLE
from pipelines.reporting.tables import Column, number, table
from runtime.redaction import redact
from runtime.storage.files import join, write_bytes
from runtime.units import duration

PAGE_FOLDER = "report"
_SHOWN_VALUES = 400
_HIDDEN = ("settings", "lists", "lists_sha256", "shards_digests", "datasets", "unmodified", "input")


def page_path(folder: str) -> str:
    """Where the page of a run's folder is."""
    return join(folder, PAGE_FOLDER, "index.html")


def write_page(folder: str) -> str:
    """Writes the page of a run's folder; returns its path.

    Raises:
      NotAReport: the folder's report is not one of c4forge.
      OSError: a file cannot be read or written.
    """
    page = run_page(read_run(folder))
    write_bytes(path := page_path(folder), page.encode())
    return path


def run_page(run: RunFacts) -> Markup:
    """The page of a run."""
    files = len(run.config.get("input", ()))
    read = f"{files:,} WET file{'s' * (files != 1)}" if files else f"{run.parts:,} parts"
    links = [
        element("a", isolated(variant.name, 60), href=f"#v{at}")
        for at, variant in enumerate(run.variants)
    ]
    return document(
        f"{run.name}: report",
        STYLE,
        element("h1", isolated(run.name, 120)),
        element("p", text(f"by {run.spec}, from {read}"), class_="quiet"),
        element("nav", *links, element("a", text("the run"), href="#run"), aria_label="sections"),
        summary(run),
        element("h3", text("Beside C4 as released")),
        comparisons(run),
        *_lost(run),
        *(variant_section(run, at) for at in range(len(run.variants))),
        element("h2", text("The run"), id="run"),
        *_resources(run),
        element("h3", text("Configuration")),
        _facts(run.config),
        element("h3", text("Versions")),
        _facts(run.versions),
    )


def _lost(run: RunFacts) -> Iterator[Markup]:
    """Files and records that gave no page; they are the same for every variant."""
    rows = records_lost(run.variants[0].counts) if run.variants else []
    if rows:
        yield element("h3", text("Files and records without a page"))
        heads = (Column(text("reason")), Column(text("count"), "number"))
        yield table(heads, [(text(row.meaning), number(row.count)) for row in rows])


def _resources(run: RunFacts) -> Iterator[Markup]:
    """Time and CPU of each stage."""
    stages = run.resources.get("stages")
    if not isinstance(stages, dict):
        return
    heads = (
        Column(text("stage")), Column(text("tasks"), "number"),
        Column(text("done by an earlier run"), "number", spare=True),
        Column(text("CPU"), "number"),
    )  # fmt: skip
    rows = [
        (
            text(name, 40),
            number(int(row["tasks"])),
            number(int(row["resumed"])),
            text(duration(float(row["cpu_seconds"]))),
        )
        for name, row in stages.items()
    ]
    told = f"The last run took {duration(float(run.resources['seconds']))}."
    yield together([element("p", text(told)), table(heads, rows)])


def _facts(values: Mapping[str, Any]) -> Markup:
    rows = [
        (text(name, 60), text(redact(_plain(value)), _SHOWN_VALUES))
        for name, value in (*values.items(), *dict(values.get("settings", {})).items())
        if name not in _HIDDEN and value not in ("", None, [], {})
    ]
    return table((Column(text("name")), Column(text("value"), "value")), rows, kind="facts")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
