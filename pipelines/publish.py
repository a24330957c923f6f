"""The last step of a run: malformed records collected, shards made a dataset, counts a report."""

import json
import os

from cleaning.rules import data_path_order
from cleaning.specs import REFERENCE
from cleaning.variants import Variant
from pipelines.counts import Counts, of_variant, scoped
from pipelines.formats import FEATURES
from pipelines.inputs import Part, read_manifest
from pipelines.job import Job, versions
from pipelines.shards import Shard, plan_shards, receipt_path, shard_name
from vocab.storage import (
    delete_file,
    delete_folder,
    delete_leftovers,
    exists,
    join,
    move_folder,
    read_bytes,
    write_bytes,
)

_MALFORMED = "split-wet-file/filtered:malformed"
UNREACHABLE = "split-wet-file/filtered:unreachable"
_READ = ("split-wet-file/passed", "split-wet-file/filtered:no_url", _MALFORMED)


class TooManyMalformed(RuntimeError):
    """More of the input is damaged than the run allows; the message says where to look."""


class TooManyUnreachable(RuntimeError):
    """More of a crawl's files cannot be had than the run allows; the message says where to look."""


def check_input(counts: Counts, job: Job) -> Counts:
    """Lists the malformed records and the files that could not be had; gives the counts on.

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
            "with file, offset and reason. If the rest is worth having, run the same command "
            "with a higher fraction: what is cleaned already is kept."
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
            f"{unreachable} of {total} files ({fraction:.2%}) could not be had, more than "
            f"--max_unreachable_fraction={job.max_unreachable_fraction:g} allows. {path} lists "
            "each with the reason. The same command tries them again, and keeps what is cleaned."
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
    write_bytes(report, _json(_report(job, counts, shards)))
    return report


def _publish_dataset(job: Job, variant: Variant, shards: list[Shard], config: bytes) -> None:
    staging = job.staging_folder(variant)
    if "tfrecord" in job.formats:
        info = _dataset_info(job, variant, _shard_lengths(job, shards))
        write_bytes(join(staging, "features.json"), _json(_features()))
        write_bytes(join(staging, "dataset_info.json"), _json(info))
    write_bytes(join(staging, "config.json"), config)
    delete_folder(join(staging, "receipts"))
    delete_leftovers(staging)
    move_folder(staging, job.dataset_folder(variant))


def is_published(job: Job, variant: Variant) -> bool:
    """True if the variant's folder holds what this very configuration makes."""
    if not exists(job.config_path(variant)):
        return False
    config = json.loads(read_bytes(job.config_path(variant)))
    digest = config.get("shards_digests", {}).get(variant.name)
    return bool(digest == job.shards_digest(variant))


def is_complete(job: Job) -> bool:
    """True if every dataset, with every shard, and the report are there."""
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
    """What each shard's receipt says: examples, and bytes by format."""
    return [(shard, json.loads(read_bytes(receipt_path(job, shard)))) for shard in shards]


def _features() -> dict[str, object]:
    """features.json as tfds.folder_dataset.write_metadata writes it for five Text features."""
    package = "tensorflow_datasets.core.features"
    text = {"pythonClassName": f"{package}.text_feature.Text", "text": {}}
    return {
        "featuresDict": {"features": dict.fromkeys(sorted(FEATURES), text)},
        "pythonClassName": f"{package}.features_dict.FeaturesDict",
    }


def _dataset_info(
    job: Job, variant: Variant, lengths: list[tuple[Shard, Counts]]
) -> dict[str, object]:
    """dataset_info.json in TFDS's schema."""
    splits = []
    for name in variant.splits():
        counts = [count for shard, count in lengths if shard.split == name]
        if counts:  # TFDS cannot load a dataset with an empty split
            splits.append(
                {
                    "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                    "name": name,
                    "numBytes": str(sum(count["tfrecord-bytes"] for count in counts)),
                    "shardLengths": [str(count["examples"]) for count in counts],
                }
            )
    return {
        "configName": variant.name,
        "description": f"{job.dataset_name(variant)}/{variant.name}, spec {job.spec}, by c4forge.",
        "fileFormat": "tfrecord",
        "name": job.dataset_name(variant),
        "splits": splits,
        "version": job.dataset_version(variant),
    }


def _report(job: Job, counts: Counts, shards: list[Shard]) -> dict[str, object]:
    return {
        "spec": job.spec,
        "parts": job.part_count,
        "variants": {
            variant.name: _variant_report(job, variant, of_variant(counts, variant.name), shards)
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
    steps = [*variant.steps(), "mended"] if job.choices != REFERENCE else variant.steps()
    return {
        "dataset": job.dataset_folder(variant),
        "unmodified": job.is_unmodified(variant),
        "splits": splits,
        "counts": data_path_order(counts, tuple(steps)),
    }
