"""One shard of documents to one shard of ids, a batch of documents at a time, on one worker."""

import functools
import json
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from cleaning.counts import Counts
from corpora.documents import UrlText, read_batches
from corpora.tfrecord import token_examples
from pipelines.tokens.formats import TOKEN_FORMATS
from pipelines.tokens.job import TokenJob, TokenShard
from runtime.errors import RunFailed
from runtime.storage.checked import DamagedFile, discard, write_checked
from runtime.storage.digested import (
    digested_write,
    find_stored_damage,
    stored_counts,
    without_checksums,
)
from runtime.storage.files import exists, join
from vocab.vocabulary import read_vocabulary

_BATCH_BYTES = 1 << 20


class VocabularyChanged(RunFailed):
    """The model in the output is not the one that the run began with."""


def run_token_shard(shard: TokenShard, job: TokenJob) -> Counts:
    """Writes a shard of tokens and its receipt, unless it has one; returns the receipt's counts.

    Counts of a shard that an earlier run wrote have `resumed`, 1, as well. One that is not there as
    it was written is written again.
    """
    path = job.receipt_path(shard)
    if exists(path) and (done := _done(shard, job)) is not None:
        return {**without_checksums(done), "resumed": 1}
    counts = write_token_shard(shard, job)
    write_checked(path, json.dumps(counts, sort_keys=True).encode(), lasting=True)
    return without_checksums(counts)


def _done(shard: TokenShard, job: TokenJob) -> Counts | None:
    """The receipt of a shard; None if it or the shard is damaged, which is said."""
    try:
        counts = job.read_receipt(shard)
        paths = {name: _path(shard, job, name) for name in job.formats}
        found = [d for name in paths for d in find_stored_damage(paths[name], name, counts)]
    except DamagedFile as damage:
        counts, found = {}, [damage]
    discard(found)
    return None if found else counts


def _path(shard: TokenShard, job: TokenJob, format_name: str) -> str:
    return join(job.staging_folder(), job.shard_name(shard, format_name))


def write_token_shard(shard: TokenShard, job: TokenJob) -> Counts:
    """Writes a shard in every format.

    Returns:
      `documents`, `tokens`, `unknown` (tokens), `characters` and `text-bytes` of their text, and
      `<format>-bytes` and `<format>-xxh3` as stored.
    """
    processor = _load(job.model_path(), job.vocabulary_sha256)
    counts = dict.fromkeys(("documents", "tokens", "unknown", "characters", "text-bytes"), 0)
    with ExitStack() as stack:
        streams = {
            name: stack.enter_context(digested_write(_path(shard, job, name)))
            for name in job.formats
        }
        appends = [
            stack.enter_context(TOKEN_FORMATS[name].open_writer(stream))
            for name, stream in streams.items()
        ]
        for batch in read_batches(shard.source.path, shard.source.format, _BATCH_BYTES):
            ids = encode(processor, batch, job.append_eos)
            records = token_examples(ids, [url for url, _ in batch])
            for append in appends:
                append(records)
            for name, count in _counted(processor, batch, ids):
                counts[name] += count
    return {**counts, **stored_counts(streams)}


def encode(
    processor: SentencePieceProcessor, batch: list[UrlText], append_eos: bool
) -> list[NDArray[np.int32]]:
    """The ids of each document: int32[n], with that of </s> at the end if `append_eos`."""
    texts = [text for _, text in batch]
    ids: list[NDArray[np.int32]] = processor.encode_as_numpy(
        texts, add_eos=append_eos, num_threads=1
    )
    return ids


def _counted(
    processor: SentencePieceProcessor, batch: list[UrlText], ids: list[NDArray[np.int32]]
) -> Iterator[tuple[str, int]]:
    joined = np.concatenate(ids)
    yield "documents", len(batch)
    yield "tokens", len(joined)
    yield "unknown", int(np.count_nonzero(joined == processor.unk_id()))
    yield "characters", sum(len(text.decode()) for _, text in batch)
    yield "text-bytes", sum(len(text) for _, text in batch)


@functools.cache
def _load(path: str, sha256: str) -> SentencePieceProcessor:
    vocabulary = read_vocabulary(path)
    if vocabulary.sha256() != sha256:
        raise VocabularyChanged(
            f"{path}: changed during the run: expected SHA-256 {sha256}, "
            f"it is {vocabulary.sha256()}"
        )
    return vocabulary.processor()
