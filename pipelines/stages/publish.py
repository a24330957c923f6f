"""The last step of a run: shards become a dataset under its name, counts become a report."""

import json

from cleaning.counts import Counts, scoped
from cleaning.variants import Variant
from corpora.formats import FEATURES
from corpora.tfds import TEXT_FEATURE, SplitInfo, dataset_info_json, features_json
from pipelines.job import Job, versions
from pipelines.sources.wet_files import read_manifest
from pipelines.stages.malformed import UNREACHABLE
from pipelines.stages.report import build_report
from pipelines.stages.shards import Shard, plan_shards, receipt_path, shard_name
from runtime.storage.files import (
    delete_folder,
    delete_leftovers,
    exists,
    join,
    move_folder,
    read_bytes,
    write_bytes,
)


def publish(counts: Counts, job: Job) -> str:
    """Gives every dataset its metadata and its name, and writes the run's report.

    Args:
      counts: of all stages before the shards.
    Returns:
      The report's path.
    """
    config = _json(job.resolved(read_manifest(job.manifest_path())))
    shards = plan_shards(job, counts)
    for variant in job.variants:
        if exists(job.staging_folder(variant)) or not is_published(job, variant):
            _publish_dataset(job, variant, [s for s in shards if s.variant == variant], config)
    folder = job.run_folder()
    write_bytes(join(folder, "config.json"), config)
    write_bytes(join(folder, "versions.json"), _json(versions()))
    report = join(folder, "report.json")
    write_bytes(report, _json(build_report(job, counts, shards)))
    return report


def _publish_dataset(job: Job, variant: Variant, shards: list[Shard], config: bytes) -> None:
    staging = job.staging_folder(variant)
    if "tfrecord" in job.formats:
        info = _dataset_info(job, variant, _shard_lengths(job, shards))
        features = features_json(dict.fromkeys(FEATURES, TEXT_FEATURE))
        write_bytes(join(staging, "features.json"), _json(features))
        write_bytes(join(staging, "dataset_info.json"), _json(info))
    write_bytes(join(staging, "config.json"), config)
    delete_folder(join(staging, "receipts"))
    delete_leftovers(staging)
    move_folder(staging, job.dataset_folder(variant))


def is_published(job: Job, variant: Variant) -> bool:
    """True if the variant's folder holds the dataset of this configuration."""
    if not exists(job.config_path(variant)):
        return False
    config = json.loads(read_bytes(job.config_path(variant)))
    digest = config.get("shards_digests", {}).get(variant.name)
    return bool(digest == job.shards_digest(variant))


def is_complete(job: Job) -> bool:
    """True if every dataset exists with all its shards, and the report too."""
    report = join(job.run_folder(), "report.json")
    published = all(
        is_published(job, variant) and not exists(job.staging_folder(variant))
        for variant in job.variants
    )
    if not published or not exists(report):
        return False
    counts = {
        scoped(name, rule): count
        for name, variant in json.loads(read_bytes(report))["variants"].items()
        for rule, count in variant["counts"].items()
    }
    unreachable = any(counts.get(scoped(variant.name, UNREACHABLE)) for variant in job.variants)
    return not unreachable and all(
        exists(join(job.dataset_folder(shard.variant), shard_name(job, shard, name)))
        for shard in plan_shards(job, counts)
        for name in job.formats
    )


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _shard_lengths(job: Job, shards: list[Shard]) -> list[tuple[Shard, Counts]]:
    """Each shard with its receipt: examples, and bytes by format."""
    return [(shard, json.loads(read_bytes(receipt_path(job, shard)))) for shard in shards]


def _dataset_info(
    job: Job, variant: Variant, lengths: list[tuple[Shard, Counts]]
) -> dict[str, object]:
    splits = []
    for name in variant.splits():
        counts = [count for shard, count in lengths if shard.split == name]
        splits.append(
            SplitInfo(
                name=name,
                shard_bytes=tuple(count["tfrecord-bytes"] for count in counts),
                shard_examples=tuple(count["examples"] for count in counts),
            )
        )
    return dataset_info_json(
        name=job.dataset_name(variant),
        config=variant.name,
        version=job.dataset_version(variant),
        description=f"{job.dataset_name(variant)}/{variant.name}, spec {job.spec}, by c4forge.",
        file_format="tfrecord",
        splits=splits,
    )
