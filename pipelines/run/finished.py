"""Datasets of a run that are there already, and the report of the run that built them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cleaning.variants import Variant
from corpora.contents import read_contents
from corpora.conversion import whole_formats
from pipelines.job import Job, versions
from pipelines.run.conversion import convert_dataset
from pipelines.sources.wet_files import Part
from pipelines.stages.clean import UNREACHABLE
from pipelines.stages.publish import is_published
from runtime.cli.console import say
from runtime.storage.files import (
    exists,
    find_files,
    join,
    json_file,
    parent,
    read_object,
    write_bytes,
)

VariantReport = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """The documents of a job, all there in some format.

    Attributes:
      report: of the run, or put together from reports of runs of the same configuration.
      is_own: True if the run itself wrote it.
      lacking: formats of the job that datasets do not have, by the folder of each dataset.
    """

    report: dict[str, Any]
    is_own: bool
    lacking: dict[str, list[str]]


def find_finished(job: Job) -> Finished | None:
    """The finished datasets of a job; None if a variant is not there, or files were missing."""
    reports: dict[str, VariantReport] = {}
    lacking: dict[str, list[str]] = {}
    is_own = True
    for variant in job.variants:
        found = next(_reports(job, variant), None)
        if found is None:
            return None
        reports[variant.name], own = found
        is_own &= own
        if any(split["documents"] for split in reports[variant.name]["splits"].values()):
            folder = job.dataset_folder(variant)
            there = _formats(job, variant)
            if not there:
                return None
            if missing := [name for name in job.formats if name not in there]:
                lacking[folder] = missing
    counts = [report["counts"].get(UNREACHABLE, 0) for report in reports.values()]
    empty = not any(s["documents"] for r in reports.values() for s in r["splits"].values())
    if any(counts) or empty or lacks_dropped(job):
        return None
    report = {"spec": job.spec, "parts": job.part_count, "variants": reports}
    return Finished(report, is_own, lacking)


def lacks_dropped(job: Job) -> bool:
    """True if the run's folder lacks the dropped pages that are asked for."""
    if not job.keep_dropped:
        return False
    stated = read_object(join(job.run_folder(), "config.json")).get("keep_dropped")
    are_there = all(exists(job.dropped_path(variant)) for variant in job.variants)
    return not are_there or stated != job.keep_dropped


def _reports(job: Job, variant: Variant) -> Iterator[tuple[VariantReport, bool]]:
    """What runs of the same configuration reported of the variant; True if it is the job's own."""
    own = join(job.run_folder(), "report.json")
    others = find_files(parent(job.run_folder()), ("*", "report.json"))
    for path in filter(exists, dict.fromkeys([own, *others])):
        digests = read_object(join(parent(path), "config.json")).get("shards_digests")
        report = read_object(path).get("variants")
        if not isinstance(digests, dict) or not isinstance(report, dict):
            say(f"note: config.json or report.json in {parent(path)} is damaged or of others")
        elif variant.name in report and digests.get(variant.name) == job.shards_digest(variant):
            yield report[variant.name], path == own


def _formats(job: Job, variant: Variant) -> list[str]:
    """The formats in which the variant's dataset is complete; [] if it is not published."""
    folder = job.dataset_folder(variant)
    contents = read_contents(folder)
    if contents is None or not is_published(job, variant) or exists(job.staging_folder(variant)):
        return []
    return whole_formats(contents, folder)


def complete_finished(job: Job, finished: Finished, parts: tuple[Part, ...]) -> None:
    """Writes the formats that datasets lack, and the run's report; the pool is open."""
    for folder, formats in finished.lacking.items():
        convert_dataset(folder, folder, formats)
    if not finished.is_own:
        folder = job.run_folder()
        write_bytes(join(folder, "config.json"), json_file(job.resolved(parts)))
        write_bytes(join(folder, "versions.json"), json_file(versions()))
        write_bytes(join(folder, "report.json"), json_file(finished.report))


def existing_formats(job: Job) -> tuple[str, ...]:
    """The formats of the job, and those that its datasets have already."""
    names = list(job.formats)
    for variant in job.variants:
        contents = read_contents(job.dataset_folder(variant))
        if contents is not None and is_published(job, variant):
            names += contents.formats()
    return tuple(dict.fromkeys(names))
