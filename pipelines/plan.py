"""A run before it starts: what is read, by which lists, and where everything goes."""

import tempfile
from dataclasses import dataclass, replace

from cleaning.specs import SPECS
from pipelines.crawls import REFERENCE_SKIPS, choose_files
from pipelines.inputs import InputFile, Part, cut_into_parts, find_inputs, write_manifest
from pipelines.job import FAILED, Job, bucket_count, inputs_digest
from pipelines.lists import write_lists
from pipelines.mirrors import Mirror, read_list
from pipelines.options import Options
from pipelines.run_lists import RunLists, find_lists
from pipelines.run_state import write_state
from pipelines.slots import Slots
from pipelines.webtext import write_list_manifest
from vocab.storage import delete_file, delete_folder, join, list_files

USUAL_WET_BYTES = 100_000_000  # of a file of a crawl, whose list has no sizes


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
      job: its configuration.
      parts: of its input.
      lists: of its variants.
    """

    job: Job
    parts: tuple[Part, ...]
    lists: RunLists

    def write(self) -> None:
        """Writes what workers read before anything else.

        Raises:
          OSError: the work folder cannot be written.
        """
        write_lists(self.job.lists_path(), self.lists.lists)
        write_list_manifest(self.job.url_lists_path(), self.lists.url_lists)
        write_manifest(self.job.manifest_path(), self.parts)
        write_state(self.job, self.parts)


def plan_run(options: Options) -> Plan:
    """The plan of a command line; nothing is written yet.

    Raises:
      ValueError: an option, a list or a model is not what it should be; each with its own class.
      DownloadError: a crawl's list cannot be had.
    """
    return plan_files(options, find_files(options))


def find_files(options: Options) -> tuple[InputFile, ...]:
    """The WET files of a command line."""
    files = find_crawled(options) if options.crawls else find_inputs(list(options.input))
    by_path = {file.path: file for file in files}
    chosen = choose_files(
        list(by_path), max_files=options.max_files, sample_files=options.sample_files
    )
    return tuple(by_path[path] for path in chosen)


def find_crawled(options: Options) -> tuple[InputFile, ...]:
    """The files of the crawls, without those that the reference skips where that is the spec."""
    mirror = mirror_of(options)
    skipped = REFERENCE_SKIPS if SPECS[options.spec].dataset == "c4" else frozenset[str]()
    paths = [path for crawl in options.crawls for path in read_list(mirror, crawl)]
    return tuple(
        InputFile(path, USUAL_WET_BYTES, 0.0, crawled=True) for path in paths if path not in skipped
    )


def mirror_of(options: Options) -> Mirror:
    """Where the crawls of a command line come from, and how it is asked for them."""
    slots = Slots(
        folder=join(tempfile.gettempdir(), "c4forge-connections"), count=options.max_connections
    )
    return Mirror(base=options.commoncrawl_url, keep=options.keep_wet or "", slots=slots)


def plan_files(options: Options, files: tuple[InputFile, ...]) -> Plan:
    """The plan of a command line over these files instead of its own."""
    parts = cut_into_parts(files)
    run_lists = find_lists(options, parts)
    output = options.output.rstrip("/") or "/"
    job = Job(
        variants=options.variants,
        spec=options.spec,
        choices=options.choices,
        lists=run_lists.sha256(),
        custom_lists=run_lists.custom(),
        lid_model=options.lid_model or "",
        output=output,
        work="",
        formats=options.formats,
        shards=options.shards,
        inputs_digest=inputs_digest(parts),
        part_count=len(parts),
        url_list_count=len(run_lists.url_lists),
        buckets=bucket_count(parts),
        max_malformed_fraction=options.max_malformed_fraction,
        max_unreachable_fraction=options.max_unreachable_fraction,
        mirror=mirror_of(options) if options.crawls else None,
    )
    work = options.work_dir or join(job.run_folder(), "work")
    return Plan(replace(job, work=work), parts, run_lists)


def forget_failures(plan: Plan) -> int:
    """Removes what an earlier run left of files that it could not have; returns how many they are.

    Whatever came after cleaning goes with them: it was made without these files.
    """
    job, found = plan.job, 0
    failed = {path for path in list_files(job.work_folders()[0]) if path.endswith(FAILED)}
    for part in plan.parts if failed else ():
        if job.failed_path(part) in failed:
            delete_file(job.signatures_path(part))
            delete_file(job.failed_path(part))
            found += 1
    if found:
        delete_folder(job.work_folders()[1])
    return found
