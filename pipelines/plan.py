"""A run before it starts: what is read, by which lists, and where everything goes."""

from dataclasses import dataclass, replace

from pipelines.inputs import Part, cut_into_parts, find_inputs, write_manifest
from pipelines.job import Job, bucket_count, inputs_digest
from pipelines.lists import write_lists
from pipelines.options import Options
from pipelines.run_lists import RunLists, find_lists
from pipelines.run_state import write_state
from pipelines.storage import join
from pipelines.webtext import write_list_manifest


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
    """
    parts = cut_into_parts(find_inputs(list(options.input)))
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
    )
    work = options.work_dir or join(job.run_folder(), "work")
    return Plan(replace(job, work=work), parts, run_lists)
