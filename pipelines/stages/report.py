"""report.json: the counts of a run by rule, in data-path order."""

from cleaning.counts import Counts, of_variant
from cleaning.rules import data_path_order
from cleaning.specs import REFERENCE
from cleaning.variants import Variant
from pipelines.job import Job
from pipelines.stages.shards import Shard


def build_report(job: Job, counts: Counts, shards: list[Shard]) -> dict[str, object]:
    """The report: for each variant its dataset, its splits, and its counts by rule."""
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
    steps = [*variant.steps(), "fixed"] if job.settings != REFERENCE else variant.steps()
    return {
        "dataset": job.dataset_folder(variant),
        "unmodified": job.is_unmodified(variant),
        "splits": splits,
        "counts": data_path_order(counts, tuple(steps)),
    }
