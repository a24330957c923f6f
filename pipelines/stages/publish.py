"""The last step of a run: shards become a dataset under its name, counts become a report."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cleaning.counts import Counts, of_variant
from cleaning.rules import data_path_order, heaviest_rule
from cleaning.specs import REFERENCE
from cleaning.variants import Variant
from corpora.cards import update_collection
from corpora.contents import Contents, ShardContents
from corpora.metadata import write_metadata
from pipelines.job import Job, versions
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.finish import documents_path
from pipelines.stages.reported.merged import publish_dropped
from pipelines.stages.reported.statistics import Statistics, as_report, read_statistics
from pipelines.stages.shards import Shard, plan_shards, receipt_path, receipts_folder
from runtime.errors import InputRefused
from runtime.storage.checked import read_checked
from runtime.storage.files import (
    delete_file,
    delete_folder,
    delete_leftovers,
    exists,
    join,
    json_file,
    move_folder,
    read_object,
    write_bytes,
)


class NoDocuments(InputRefused):
    """No variant of the run has a document; the message names what dropped most of each."""


def publish(counts: Counts, job: Job) -> str:
    """Gives every dataset its metadata and its name, and writes the run's report.

    A variant without documents gets no dataset. Everything is written before the first dataset
    takes its name, and if one cannot take it, those before it give theirs back.

    Args:
      counts: of all stages before the shards.
    Returns:
      The report's path.
    Raises:
      NoDocuments: no variant has any. The report is written.
    """
    parts = read_manifest(job.manifest_path())
    config = json_file(job.resolved(parts))
    shards = plan_shards(job, counts)
    report_bytes = json_file(build_report(job, counts, shards, parts))
    waiting = []
    for variant in job.variants:
        own = [shard for shard in shards if shard.variant == variant]
        if not own:
            delete_folder(job.staging_folder(variant))
        elif exists(job.staging_folder(variant)) or not is_published(job, variant):
            _complete_staging(job, variant, own, config)
            waiting.append(variant)
    folder = job.run_folder()
    write_bytes(join(folder, "config.json"), config)
    write_bytes(join(folder, "versions.json"), json_file(versions()))
    report = join(folder, "report.json")
    delete_file(report)
    publish_dropped(job)
    with _named_datasets(job, waiting):
        write_bytes(report, report_bytes)
    for variant in job.variants:
        delete_folder(receipts_folder(job.dataset_folder(variant)))
    for folder in dict.fromkeys(job.collection_folder(shard.variant) for shard in shards):
        update_collection(folder)
    _check_documents(job, counts, shards, report)
    return report


def _check_documents(job: Job, counts: Counts, shards: list[Shard], report: str) -> None:
    """Raises NoDocuments if no variant has any."""
    if not shards:
        empty = [empty_line(v.name, of_variant(counts, v.name)) for v in job.variants]
        raise NoDocuments("; ".join(empty) + f".\n{report} has all counts.")


@contextmanager
def _named_datasets(job: Job, variants: list[Variant]) -> Iterator[None]:
    """A block before which each dataset moves to its folder, and back if anything fails.

    So a run that fails here leaves no dataset that another command would have to overwrite.
    """
    moved: list[Variant] = []
    try:
        for variant in variants:
            move_folder(job.staging_folder(variant), job.dataset_folder(variant))
            moved.append(variant)
        yield
    except BaseException:
        for variant in moved:
            move_folder(job.dataset_folder(variant), job.staging_folder(variant))
        raise


def _complete_staging(job: Job, variant: Variant, shards: list[Shard], config: bytes) -> None:
    staging = job.staging_folder(variant)
    write_bytes(join(staging, "config.json"), config)
    write_metadata(staging, _contents(job, variant, shards), json.loads(config))
    delete_leftovers(staging)


def _contents(job: Job, variant: Variant, shards: list[Shard]) -> Contents:
    """The variant's dataset, from the receipts of its shards."""
    rows, splits = [], {shard.split for shard in shards}
    for shard in shards:
        receipt = json.loads(read_checked(receipt_path(job, shard)))
        rows.append(
            ShardContents(
                split=shard.split,
                shard=shard.shard,
                shards=shard.shards,
                examples=receipt["examples"],
                text_bytes=receipt["text-bytes"],
                stored_bytes={name: receipt[f"{name}-bytes"] for name in job.formats},
                stored_xxh3={name: f"{receipt[f'{name}-xxh3']:016x}" for name in job.formats},
            )
        )
    return Contents(
        dataset=job.dataset_name(variant),
        config=variant.name,
        version=job.dataset_version(variant),
        features=job.features(),
        languages=tuple(
            code for code in variant.languages if splits & set(variant.splits_of(code))
        ),
        shards=tuple(rows),
    )


def is_published(job: Job, variant: Variant) -> bool:
    """True if the variant's folder holds the dataset of this configuration."""
    digests = read_object(job.config_path(variant)).get("shards_digests")
    stated = digests.get(variant.name) if isinstance(digests, dict) else None
    return bool(stated == job.shards_digest(variant))


def empty_line(name: str, counts: Mapping[str, int]) -> str:
    """A line about a variant without documents: the rule that dropped most of its pages.

    Args:
      name: of the variant.
      counts: its own, by rule.
    """
    read = counts.get("split-wet-file/passed", 0)
    rule, count, unit, meaning = heaviest_rule(counts)
    units = unit.removesuffix("s") if count == 1 else unit
    most = f"; most dropped by {rule} ({count:,} {units}: {meaning})" if rule else ""
    return f"{name}: no document is left of {read:,} page{'s' * (read != 1)}{most}"


def build_report(
    job: Job, counts: Counts, shards: list[Shard], parts: tuple[Part, ...]
) -> dict[str, object]:
    """The report: for each variant its dataset, splits, counts by rule, and statistics."""
    statistics = read_statistics(documents_path(job, part.number) for part in parts)
    return {
        "spec": job.spec,
        "parts": job.part_count,
        "variants": {
            variant.name: _variant_report(job, variant, of_variant(counts, variant.name), shards)
            | {"statistics": as_report(statistics.get(variant.name, Statistics()), job)}
            for variant in job.variants
        },
    }


def _variant_report(
    job: Job, variant: Variant, counts: Counts, shards: list[Shard]
) -> dict[str, object]:
    splits = {
        name: {
            "documents": counts.get(f"{name}/examples", 0),
            "text_bytes": counts.get(f"{name}/text-bytes", 0),
            "shards": sum(s.variant == variant and s.split == name for s in shards),
        }
        for name in variant.splits()
    }
    steps = [*variant.steps(), "fixed"] if job.settings != REFERENCE else variant.steps()
    return {
        "dataset": job.dataset_folder(variant),
        "unmodified": job.is_unmodified(variant),
        "splits": splits,
        "counts": data_path_order(counts, tuple(steps)),
    }
