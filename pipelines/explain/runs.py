"""The runs that --output or --work_dir name, and the job of each, from the files it left."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_type_hints

from cleaning.document_filters import with_own_filters
from cleaning.filters.own import load_own_filters
from cleaning.specs import SpecSettings
from cleaning.variants import Variant, find_variant
from pipelines.job import WEBTEXT_LISTS, Job
from pipelines.run.state import NAME as STATE_NAME
from pipelines.run.state import read_state
from pipelines.sources.mirrors import Mirror
from pipelines.sources.wet_files import read_manifest
from pipelines.stages.clean import CLEAN
from runtime.cli.options import OptionError
from runtime.storage.checked import DamagedFile
from runtime.storage.files import exists, find_files, join, parent, read_object, without_slashes

_CONFIG = "config.json"
_NOT_OURS = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""Errors where a file of a run holds other JSON than ours."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is asked.

    Attributes:
      job: its configuration, with the folders where they are now.
      folder: with its config.json and report.json; "" if only its work folder is known.
      has_work: True if its work folder holds its artifacts.
      input: the WET files that it read, where there is no work.
    """

    job: Job
    folder: str
    has_work: bool
    input: tuple[str, ...] = ()

    def report(self) -> Mapping[str, Any]:
        """Its report; {} before it is done."""
        path = join(self.folder, "report.json")
        return read_object(path) if self.folder and exists(path) else {}


def find_runs(output: str | None, work_dir: str | None) -> list[Run]:
    """The runs of an output folder, of a run's own folder, or of a work folder.

    Args:
      output: "" or None for the run of the work folder.
    Raises:
      OptionError: there is none.
    """
    if work_dir is not None and not output:
        return [_of_work(without_slashes(work_dir), "")]
    folder = without_slashes(output or "")
    found = [_of_folder(run) for run in _run_folders(folder)]
    if not found:
        raise OptionError(
            f"--output={folder}: no runs here; expected the --output of c4forge build, or the "
            "folder of one run, as out/runs/en"
        )
    return found


def _run_folders(folder: str) -> Iterator[str]:
    if _is_run(folder):
        yield folder
        return
    runs = join(folder, "runs")
    names = (_CONFIG, join("work", STATE_NAME))
    found = [path for name in names for path in find_files(runs, ("*", *name.split("/")))]
    for name in sorted({path.removeprefix(join(runs, "")).partition("/")[0] for path in found}):
        yield join(runs, name)


def _is_run(folder: str) -> bool:
    return exists(join(folder, _CONFIG)) or exists(join(folder, "work", STATE_NAME))


def _of_folder(folder: str) -> Run:
    """The run of a folder in `runs`, or of a dataset's folder; its work may be elsewhere."""
    path = join(folder, _CONFIG)
    config = read_object(path) if exists(path) else {}
    given = str(config.get("work", ""))
    is_usual = given.endswith(join("runs", folder.rpartition("/")[2], "work"))
    works = [join(folder, "work"), *[given] * (not is_usual)]
    try:
        job = job_of(config) if config else None
    except _NOT_OURS as error:
        raise OptionError(f"{path}: not written by this version of c4forge: {error!r}") from None
    if job is not None:
        of_dataset = join(parent(parent(parent(folder))), "runs", job.run_name())
        if of_dataset != folder and _is_run(of_dataset):
            return _of_folder(of_dataset)
    for work in works:
        if work and exists(join(work, STATE_NAME)):
            return _of_work(work, folder)
    if job is None:
        raise OptionError(f"{path}: holds no configuration of a run")
    read = tuple(map(str, config["input"]))
    return Run(replace(job, work=join(folder, "work")), folder, False, read)


def _of_work(work: str, folder: str) -> Run:
    """The run of a work folder.

    Raises:
      OptionError: there is none, or another version of c4forge made it.
    """
    if not exists(join(work, STATE_NAME)):
        raise OptionError(
            f"--work_dir={work}: no work of a run here. A finished run removes it, but with "
            "--keep_work; --output finds the page again from the run's input"
        )
    try:
        state = read_state(work)
        if not state.config:
            raise ValueError("another version of c4forge wrote it")
        job = replace(job_of(state.config), work=work)
    except (DamagedFile, OSError, *_NOT_OURS) as error:
        raise OptionError(f"{join(work, STATE_NAME)}: cannot be read: {error}") from None
    if (
        without_slashes(state.folder).rpartition("/")[2]
        != job.documents_folder().rpartition("/")[2]
    ):
        raise OptionError(
            f"--work_dir={work}: another version of c4forge, of Python or of a library that "
            "decides made this work. Ask with that one, or run the build again"
        )
    folder = folder or state.report.rpartition("/")[0]
    if _lacks_blocks(job):
        parts = read_manifest(job.manifest_path())
        return Run(job, folder, False, tuple(dict.fromkeys(part.path for part in parts)))
    return Run(job, folder, True)


def _lacks_blocks(job: Job) -> bool:
    """True for the work of a distributed runner, which shuffles what this machine spills."""
    is_done = exists(job.stage_path(CLEAN.name, 0, ".receipt.json"))
    return is_done and not exists(job.stage_path(CLEAN.name, 0, ".blocks"))


def job_of(config: Mapping[str, Any]) -> Job:
    """The job whose `resolved` configuration this is.

    Raises:
      ValueError, TypeError, LookupError, AttributeError: it is none.
    """
    plain = ("spec", "lid_model", "output", "work", "shards", "inputs_digest", "part_count",
             "url_list_count", "buckets", "max_malformed_fraction", "max_unreachable_fraction",
             "own_filters_sha256")  # fmt: skip
    own = tuple(config["own_filters"])
    url, again = config["commoncrawl_url"], tuple(config.get("again", ()))
    custom = {
        name
        for origins in config["lists"].values()
        for name, origin in origins.items()
        if origin["source"] == "the user" and name != WEBTEXT_LISTS
    }
    return Job(
        **{name: config[name] for name in plain},
        variants=with_own_filters(
            [_variant(name) for name in config["variants"]], load_own_filters(own)
        ),
        settings=_settings(config["settings"]),
        lists=tuple(sorted(config["lists_sha256"].items())),
        custom_lists=tuple(sorted(custom)),
        formats=tuple(config["formats"]),
        mirror=Mirror(base=url, keep=_kept(again)) if url else None,
        own_filters=own,
        columns=tuple(config["columns"]),
        again=again,
        keep_dropped=int(config.get("keep_dropped", 0)),
    )


def _kept(again: Iterable[str]) -> str:
    """The folder of kept downloads; "" for none."""
    name = "--keep_wet="
    return next((text.removeprefix(name) for text in again if text.startswith(name)), "")


def _variant(name: str) -> Variant:
    found = find_variant(name)
    if found is None:
        raise ValueError(f"unknown variant {name!r}")
    return found


def _settings(values: Mapping[str, Any]) -> SpecSettings:
    kinds = get_type_hints(SpecSettings)
    return SpecSettings(**{name: kinds[name](value) for name, value in values.items()})
