"""The last step of a tokenization: the shards become a dataset that TFDS opens, with counts."""

import json
from dataclasses import asdict

from cleaning.counts import Counts
from corpora.layout import read_shard_list
from corpora.tfds import IDS_FEATURE, TEXT_FEATURE, SplitInfo, dataset_info_json, features_json
from pipelines.tokens.formats import TOKEN_FORMATS
from pipelines.tokens.job import TokenJob, TokenShard, token_shards
from runtime.storage.checked import discarding_damage
from runtime.storage.files import (
    delete_folder,
    delete_leftovers,
    exists,
    join,
    json_file,
    move_folder,
    read_bytes,
    read_object,
    write_bytes,
)
from vocab.vocabulary import MODEL_NAME

_FEATURES = {"targets": IDS_FEATURE, "url": TEXT_FEATURE}
CONFIG_NAME, COUNTS_NAME = "config.json", "shards.json"


@discarding_damage()
def publish_tokens(totals: Counts, job: TokenJob) -> Counts:
    """Writes the metadata of the dataset and moves it to its folder; returns the totals unchanged.

    Args:
      totals: the sums of all shards' counts; that it is there means that every shard has a receipt.
    """
    staging = job.staging_folder()
    if not exists(job.list_path()):
        return totals  # the runner repeats this step after it was done
    shards = token_shards(read_shard_list(job.list_path()))
    counted = [(shard, job.read_receipt(shard)) for shard in shards]
    for name in job.formats:
        folder = (
            join(staging, TOKEN_FORMATS[name].folder) if TOKEN_FORMATS[name].folder else staging
        )
        write_bytes(join(folder, "features.json"), json_file(features_json(_FEATURES)))
        write_bytes(join(folder, "dataset_info.json"), json_file(_dataset_info(job, name, counted)))
    rows = [_row(shard, counts) for shard, counts in counted]
    write_bytes(join(staging, COUNTS_NAME), json_file(rows))
    config = {**asdict(job), "digest": job.digest(), "model": MODEL_NAME}
    write_bytes(join(staging, CONFIG_NAME), json_file(config))
    delete_folder(join(staging, "receipts"))
    delete_leftovers(staging)
    move_folder(staging, job.dataset_folder())
    return totals


def is_tokenized(job: TokenJob, shards: list[TokenShard]) -> bool:
    """True if the output has every file that this command would write."""
    folder = job.dataset_folder()
    if exists(job.staging_folder()) or not is_ours(job):
        return False
    names = [job.shard_name(shard, name) for shard in shards for name in job.formats]
    return all(exists(join(folder, name)) for name in [MODEL_NAME, COUNTS_NAME, *names])


def is_ours(job: TokenJob) -> bool:
    """True if the dataset in the folder was made by the same command."""
    config = read_object(join(job.dataset_folder(), CONFIG_NAME))
    return bool(config.get("digest") == job.digest())


def read_counts(folder: str) -> list[dict[str, int | str]]:
    """The counts of every shard of a dataset of tokens."""
    rows: list[dict[str, int | str]] = json.loads(read_bytes(join(folder, COUNTS_NAME)))
    return rows


def _row(shard: TokenShard, counts: Counts) -> dict[str, int | str]:
    return {"split": shard.split, "shard": shard.shard, "shards": shard.shards, **counts}


def _dataset_info(
    job: TokenJob, format_name: str, counted: list[tuple[TokenShard, Counts]]
) -> dict[str, object]:
    splits = []
    for split in dict.fromkeys(shard.split for shard, _ in counted):
        counts = [counts for shard, counts in counted if shard.split == split]
        splits.append(
            SplitInfo(
                name=split,
                shard_bytes=tuple(count[f"{format_name}-bytes"] for count in counts),
                shard_examples=tuple(count["documents"] for count in counts),
            )
        )
    return dataset_info_json(
        name=job.dataset,
        config=job.config,
        version=job.version,
        description=f"Tokens of {job.corpus}, vocabulary {job.vocabulary_sha256}, by c4forge.",
        file_formats=[format_name],
        splits=splits,
    )
