"""The last step of a tokenization: shards made a dataset that TFDS opens, counts written down."""

import json
from dataclasses import asdict

from pipelines.counts import Counts
from pipelines.token_formats import TOKEN_FORMATS
from pipelines.token_job import TokenJob, TokenShard, token_shards
from pipelines.token_shards import run_token_shard
from vocab.corpora import read_shard_list
from vocab.models import MODEL_NAME
from vocab.storage import (
    delete_folder,
    delete_leftovers,
    exists,
    join,
    move_folder,
    read_bytes,
    write_bytes,
)

CONFIG_NAME, COUNTS_NAME = "config.json", "shards.json"


def publish_tokens(totals: Counts, job: TokenJob) -> Counts:
    """Gives the dataset its metadata and its name; returns the totals as they came."""
    staging = job.staging_folder()
    if not exists(job.list_path()):
        return totals  # a runner's second try
    shards = token_shards(read_shard_list(job.list_path()))
    # Written shards have receipts: nothing is tokenized here.
    counted = [(shard, run_token_shard(shard, job)) for shard in shards]
    for name in job.formats:
        folder = (
            join(staging, TOKEN_FORMATS[name].folder) if TOKEN_FORMATS[name].folder else staging
        )
        write_bytes(join(folder, "features.json"), _json(_features()))
        write_bytes(join(folder, "dataset_info.json"), _json(_dataset_info(job, name, counted)))
    rows = [_row(shard, counts) for shard, counts in counted]
    write_bytes(join(staging, COUNTS_NAME), _json(rows))
    config = {**asdict(job), "digest": job.digest(), "model": MODEL_NAME}
    write_bytes(join(staging, CONFIG_NAME), _json(config))
    delete_folder(join(staging, "receipts"))
    delete_leftovers(staging)
    move_folder(staging, job.dataset_folder())
    return totals


def is_tokenized(job: TokenJob, shards: list[TokenShard]) -> bool:
    """True if the output holds, whole, what this very command makes."""
    folder = job.dataset_folder()
    if exists(job.staging_folder()) or not is_ours(job):
        return False
    names = [job.shard_name(shard, name) for shard in shards for name in job.formats]
    return all(exists(join(folder, name)) for name in [MODEL_NAME, COUNTS_NAME, *names])


def is_ours(job: TokenJob) -> bool:
    """True if what stands in the dataset's folder was written by this very command."""
    path = join(job.dataset_folder(), CONFIG_NAME)
    return exists(path) and json.loads(read_bytes(path)).get("digest") == job.digest()


def read_counts(folder: str) -> list[dict[str, int | str]]:
    """The counts of every shard of a dataset of tokens."""
    rows: list[dict[str, int | str]] = json.loads(read_bytes(join(folder, COUNTS_NAME)))
    return rows


def _row(shard: TokenShard, counts: Counts) -> dict[str, int | str]:
    kept = {name: count for name, count in counts.items() if name != "resumed"}
    return {"split": shard.split, "shard": shard.shard, "shards": shard.shards, **kept}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _features() -> dict[str, object]:
    """features.json as TFDS writes it for `targets`, int32 of any length, and `url`."""
    package = "tensorflow_datasets.core.features"
    targets = {"shape": {"dimensions": ["-1"]}, "dtype": "int32", "encoding": "none"}
    return {
        "pythonClassName": f"{package}.features_dict.FeaturesDict",
        "featuresDict": {
            "features": {
                "targets": {
                    "pythonClassName": f"{package}.tensor_feature.Tensor",
                    "tensor": targets,
                },
                "url": {"pythonClassName": f"{package}.text_feature.Text", "text": {}},
            }
        },
    }


def _dataset_info(
    job: TokenJob, format_name: str, counted: list[tuple[TokenShard, Counts]]
) -> dict[str, object]:
    """dataset_info.json in TFDS's schema; it cannot load a dataset with an empty split."""
    splits = []
    for split in dict.fromkeys(shard.split for shard, _ in counted):
        counts = [counts for shard, counts in counted if shard.split == split]
        if any(count["documents"] for count in counts):
            splits.append(
                {
                    "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                    "name": split,
                    "numBytes": str(sum(count[f"{format_name}-bytes"] for count in counts)),
                    "shardLengths": [str(count["documents"]) for count in counts],
                }
            )
    return {
        "configName": job.config,
        "description": f"Tokens of {job.corpus}, vocabulary {job.vocabulary_sha256}, by c4forge.",
        "fileFormat": format_name,
        "name": job.dataset,
        "splits": splits,
        "version": job.version,
    }
