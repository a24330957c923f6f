"""A run's state file in its work folder, which `c4forge status` reads."""

import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.job import Job
from pipelines.run.progress import task_counts
from pipelines.sources.wet_files import Part
from runtime.storage.checked import read_checked, write_checked
from runtime.storage.files import join, json_file
from runtime.storage.remote import is_remote

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as it started, the last time it did.

    Attributes:
      started: seconds since 1970.
      name, spec: of the run.
      files: how many WET files it reads.
      tasks: of each stage; a guess for shards.
      folder: with the receipts of its tasks, by stage.
      manifest: of its parts.
      staging: folders with the receipts of its shards.
      failed: folder with the records of files that could not be fetched.
      report: written when it is done.
      config: of its job, as config.json has it, but for the input.
    """

    started: float
    name: str
    spec: str
    files: int
    tasks: dict[str, int]
    folder: str
    manifest: str
    staging: list[str]
    failed: str
    report: str
    config: dict[str, Any] = field(default_factory=dict)


def write_state(job: Job, parts: tuple[Part, ...]) -> None:
    """Writes the state of a run that starts now."""
    state = RunState(
        started=time.time(),
        name=job.run_name(),
        spec=job.spec,
        files=len({part.path for part in parts}),
        tasks=task_counts(job),
        folder=_absolute(job.documents_folder()),
        manifest=_absolute(job.manifest_path()),
        staging=[_absolute(job.staging_folder(variant)) for variant in job.variants],
        failed=_absolute(job.clean_folder()),
        report=_absolute(join(job.run_folder(), "report.json")),
        config=job.resolved(()),
    )
    write_checked(join(job.work, NAME), json_file(asdict(state)))


def _absolute(path: str) -> str:
    """The path as it leads there from any current folder, as that of `c4forge status`."""
    return path if is_remote(path) else os.path.abspath(path)


def read_state(work: str) -> RunState:
    """The state that `write_state` wrote.

    Raises:
      DamagedFile: it is missing, or not as it was written.
      ValueError, TypeError: it is of another version.
    """
    return RunState(**json.loads(read_checked(join(work, NAME))))
