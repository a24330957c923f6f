"""Damaged records and missing files: listed, counted, and limited by the run's options."""

import os

from cleaning.counts import Counts
from pipelines.job import Job
from pipelines.sources.wet_files import Part, read_manifest
from runtime.errors import InputRefused
from runtime.storage.files import (
    delete_file,
    delete_folder,
    exists,
    join,
    read_bytes,
    write_bytes,
)

_MALFORMED = "split-wet-file/filtered:malformed"
UNREACHABLE = "split-wet-file/filtered:unreachable"
_READ = ("split-wet-file/passed", "split-wet-file/filtered:no_url", _MALFORMED)


class TooManyMalformed(InputRefused):
    """More of the input is damaged than the run allows; the message says where to look."""


class TooManyUnreachable(InputRefused):
    """More of a crawl's files are missing than the run allows; the message says where to look."""


def check_input(counts: Counts, job: Job) -> Counts:
    """Lists the malformed records and the files that could not be fetched; passes on the counts.

    Raises:
      TooManyMalformed: their share of all records is above `job.max_malformed_fraction`.
      TooManyUnreachable: their share of all files is above `job.max_unreachable_fraction`.
    """
    _check_unreachable(counts, job)
    folder = join(job.run_folder(), "malformed")
    delete_folder(folder)
    malformed = counts.get(_MALFORMED, 0)
    if not malformed:
        return counts
    by_file: dict[str, list[Part]] = {}
    for part in read_manifest(job.manifest_path()):
        by_file.setdefault(part.path, []).append(part)
    for number, (path, parts) in enumerate(by_file.items()):
        records = b"".join(read_bytes(job.malformed_path(part)) for part in parts)
        if records:
            write_bytes(join(folder, f"{number:06d}-{os.path.basename(path)}.jsonl"), records)
    total = sum(counts.get(name, 0) for name in _READ)
    fraction = malformed / total
    if fraction > job.max_malformed_fraction:
        raise TooManyMalformed(
            f"{malformed} of {total} records ({fraction:.2%}) are malformed, more than "
            f"--max_malformed_fraction={job.max_malformed_fraction:g} allows. {folder} lists each "
            "with file, offset and reason. To go on without them, run the same command with a "
            "higher fraction; pages that are cleaned already are kept."
        )
    return counts


def _check_unreachable(counts: Counts, job: Job) -> None:
    path = join(job.run_folder(), "unreachable.jsonl")
    unreachable = counts.get(UNREACHABLE, 0)
    if not unreachable:
        delete_file(path)
        return
    failed = [job.failed_path(part) for part in read_manifest(job.manifest_path())]
    write_bytes(path, b"".join(read_bytes(name) + b"\n" for name in failed if exists(name)))
    total = unreachable + counts.get("split-wet-file/wet-file", 0)
    fraction = unreachable / total
    if fraction > job.max_unreachable_fraction:
        raise TooManyUnreachable(
            f"{unreachable} of {total} files ({fraction:.2%}) could not be fetched, more than "
            f"--max_unreachable_fraction={job.max_unreachable_fraction:g} allows. {path} lists "
            "each with the reason. The same command tries them again; cleaned files are kept."
        )
