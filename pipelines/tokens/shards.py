"""What one worker does with one shard: its documents, a batch at a time, become ids in files."""

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
from runtime.storage.files import exists, join, read_bytes, size_bytes, write_bytes
from vocab.vocabulary import read_vocabulary

_BATCH_BYTES = 1 << 20


class VocabularyChanged(RunFailed):
    """The model is not the one that the run began with."""


def run_token_shard(shard: TokenShard, job: TokenJob) -> Counts:
    """Writes a shard of tokens, or finds it done; returns its counts."""
    path = job.receipt_path(shard)
    if exists(path):
        counts: Counts = json.loads(read_bytes(path))
        return {**counts, "resumed": 1}
    counts = write_token_shard(shard, job)
    write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    return counts


def write_token_shard(shard: TokenShard, job: TokenJob) -> Counts:
    """Writes a shard in every format.

    Returns:
      `documents`, `tokens`, `unknown` (tokens), `characters` and `text-bytes` of their text, and
      `<format>-bytes` as stored.
    """
    processor = _load(job.model_path(), job.vocabulary_sha256)
    counts = dict.fromkeys(("documents", "tokens", "unknown", "characters", "text-bytes"), 0)
    paths = {name: join(job.staging_folder(), job.shard_name(shard, name)) for name in job.formats}
    with ExitStack() as stack:
        appends = [
            stack.enter_context(TOKEN_FORMATS[name].open_writer(path))
            for name, path in paths.items()
        ]
        for batch in read_batches(shard.source.path, shard.source.format, _BATCH_BYTES):
            ids = encode(processor, batch, job.append_eos)
            records = token_examples(ids, [url for url, _ in batch])
            for append in appends:
                append(records)
            for name, count in _counted(processor, batch, ids):
                counts[name] += count
    return {**counts, **{f"{name}-bytes": size_bytes(path) for name, path in paths.items()}}


def encode(
    processor: SentencePieceProcessor, batch: list[UrlText], append_eos: bool
) -> list[NDArray[np.int32]]:
    """int32[n] of each document."""
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
        raise VocabularyChanged(f"{path} is not the model that this run began with")
    return vocabulary.processor()
