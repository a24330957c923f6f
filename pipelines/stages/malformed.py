"""Damaged records, missing files and other files: listed, counted, limited by the run's options."""

import json
import os
from collections import Counter

from cleaning.counts import Counts
from pipelines.job import UNREADABLE_SUFFIX, Job
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.clean import MALFORMED, UNREACHABLE, holds_records, load_counts
from runtime.errors import InputRefused
from runtime.redaction import plain
from runtime.storage.checked import discarding_damage, read_checked
from runtime.storage.files import (
    delete_file,
    delete_folder,
    exists,
    join,
    json_utf8,
    list_files,
    write_bytes,
)

UNREADABLE = "split-wet-file/filtered:unreadable"
_FILES = "split-wet-file/wet-file"
_READ = ("split-wet-file/passed", "split-wet-file/filtered:no_url", MALFORMED)
_LONGEST_NAME = 200  # in bytes; a filesystem takes 255, and ours gain endings
_NAMED = 3  # files in a message; a list has all


class TooManyMalformed(InputRefused):
    """More of the input is damaged than the run allows; the message says where to look."""


class TooManyUnreachable(InputRefused):
    """More files are missing, or are no WET files, than the run allows; the message names some."""


@discarding_damage()
def check_input(counts: Counts, job: Job) -> Counts:
    """Lists malformed records, files that are no WET files, and files that could not be fetched.

    The first line of each error says what is wrong, the second what to do.

    Returns:
      The counts, where files that hold no record are counted as unreadable.
    Raises:
      TooManyMalformed: their share of all records is above `job.max_malformed_fraction`.
      TooManyUnreachable: the share of the others of all files is above
        `job.max_unreachable_fraction`.
    """
    delete_folder(folder := join(job.run_folder(), "malformed"))
    by_file: dict[str, list[Part]] = {}
    if counts.get(MALFORMED) or counts.get(UNREACHABLE):
        for part in read_manifest(job.manifest_path()):
            by_file.setdefault(part.path, []).append(part)
    unreadable = _list_unreadable(job, by_file) if counts.get(MALFORMED) else {}
    in_unreadable = 0
    for number, (path, parts) in enumerate(by_file.items() if counts.get(MALFORMED) else ()):
        records = b"".join(read_checked(job.malformed_path(part)) for part in parts)
        if records:
            name = f"{number:06d}-{plain(os.path.basename(path))}"
            name = name if len(os.fsencode(name)) <= _LONGEST_NAME else name[:6]
            write_bytes(join(folder, f"{name}.jsonl"), records)
            in_unreadable += records.count(b"\n") * (path in unreadable)
    if unreadable:
        files = counts.get(_FILES, 0) - len(unreadable)
        counts = counts | {_FILES: files, UNREADABLE: len(unreadable)}
    _check_files(counts, job, by_file, unreadable)
    _check_records(counts, job, folder, in_unreadable)
    return counts


def _list_unreadable(job: Job, by_file: dict[str, list[Part]]) -> dict[str, str]:
    """What each file is that holds no record, by path; writes the list of them."""
    candidates = {
        path for path in list_files(job.clean_folder()) if path.endswith(UNREADABLE_SUFFIX)
    }
    rows: list[dict[str, str]] = []
    for parts in by_file.values() if candidates else ():
        first = job.unreadable_path(parts[0])
        if first in candidates:
            counts: Counter[str] = Counter()
            for part in parts:
                counts.update(load_counts(job, part))
            rows += [json.loads(read_checked(first))] * (not holds_records(counts))
    path = unreadable_list(job)
    delete_file(path)
    if rows:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_bytes(path, json_utf8(lines))
    return {row["path"]: row["is"] for row in rows}


def unreadable_list(job: Job) -> str:
    """The list of files that are no WET files (JSON lines)."""
    return join(job.run_folder(), "unreadable.jsonl")


def unreachable_list(job: Job) -> str:
    """The list of files that could not be fetched (JSON lines)."""
    return join(job.run_folder(), "unreachable.jsonl")


def _check_files(
    counts: Counts, job: Job, by_file: dict[str, list[Part]], unreadable: dict[str, str]
) -> None:
    unreachable = counts.get(UNREACHABLE, 0)
    delete_file(unreachable_list(job))
    if unreachable:
        failed = [job.failed_path(part) for parts in by_file.values() for part in parts]
        rows = b"".join(read_checked(name) + b"\n" for name in failed if exists(name))
        write_bytes(unreachable_list(job), rows)
    missing = unreachable + len(unreadable)
    total = missing + counts.get(_FILES, 0)
    if not missing or missing / total <= job.max_unreachable_fraction:
        return
    share = f"{missing:,} of {total:,} files ({missing / total:.2%})"
    limit = f"more than --max_unreachable_fraction={job.max_unreachable_fraction:g} allows"
    if not unreadable:
        raise TooManyUnreachable(
            f"{share} could not be fetched, {limit}.\n{unreachable_list(job)} lists each with the "
            "reason. The same command tries them again; cleaned files are kept."
        )
    told = [f"{plain(path)} is {kind}" for path, kind in list(unreadable.items())[:_NAMED]]
    told += [f"{len(unreadable) - _NAMED:,} more"] * (len(unreadable) > _NAMED)
    told += [f"{unreachable:,} could not be fetched"] * (unreachable > 0)
    raise TooManyUnreachable(
        f"{share} are no WET files, {limit}: {'; '.join(told)}.\n{unreadable_list(job)} lists "
        "them all. Replace them or leave them out, or run the same command with a higher "
        "fraction; pages that are cleaned already are kept."
    )


def _check_records(counts: Counts, job: Job, folder: str, in_unreadable: int) -> None:
    """Those of files that are no WET files are not counted again here."""
    malformed = counts.get(MALFORMED, 0) - in_unreadable
    total = sum(counts.get(name, 0) for name in _READ) - in_unreadable
    if malformed and malformed / total > job.max_malformed_fraction:
        raise TooManyMalformed(
            f"{malformed} of {total} records ({malformed / total:.2%}) are malformed, more than "
            f"--max_malformed_fraction={job.max_malformed_fraction:g} allows.\n{folder} lists each "
            "with file, offset and reason. To go on without them, run the same command with a "
            "higher fraction; pages that are cleaned already are kept."
        )
