"""Tokenization in this machine's process pool: the steps of the Beam graph, without Beam."""

from functools import partial

from cleaning.counts import Counts, sum_counts
from corpora.layout import read_shard_list
from pipelines.tokens.job import TokenJob, token_shards
from pipelines.tokens.publish import publish_tokens
from pipelines.tokens.shards import run_token_shard
from runtime.workers.pool import current_pool


def tokenize_in_pool(job: TokenJob) -> Counts:
    """Tokenizes the shards listed in `job.list_path()`; returns the totals of their counts.

    Args:
      job: the configuration; its list of shards and its model must be written before.
    Raises:
      Exception: the first that a task raised.
    """
    shards = token_shards(read_shard_list(job.list_path()))
    results = current_pool().results(partial(run_token_shard, job=job), shards)
    return publish_tokens(sum_counts(counts for _, counts in results), job)
