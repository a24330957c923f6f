"""One WET file cleaned: its passed pages as an Arrow file, its signatures as arrays."""

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pyarrow as pa

from cleaning.captures import Captures, MalformedRecord, Signatures, clean_captures
from cleaning.inflate import DamagedMember, inflate
from cleaning.records import read_records
from pipelines.exchange import CAPTURE, Block, places, split_by_bucket
from pipelines.inputs import InputFile
from pipelines.job import Job
from pipelines.storage import (
    atomic_write,
    exists,
    load_arrays,
    open_read,
    save_arrays,
    write_bytes,
)

PAGE = pa.schema(
    [(name, pa.string()) for name in ("text", "url", "timestamp", "content_type", "content_length")]
)


def clean_file(job: Job, file: InputFile) -> dict[str, int]:
    """Cleans a file unless that is done already; returns its counts by rule.

    Raises:
      OSError: the file cannot be read at all; what it holds never raises.
    """
    if not exists(job.signatures_path(file)):
        try:
            _clean(job, file, suspicious=False)
        except DamagedMember:  # known only after records were passed on: start over, with care
            _clean(job, file, suspicious=True)
    stored = load_arrays(job.signatures_path(file))["counts"]
    counts: dict[str, int] = json.loads(stored.tobytes())
    return counts


def _clean(job: Job, file: InputFile, suspicious: bool) -> None:
    counts = Counter({"split-wet-file/wet-file": 1})
    malformed: list[MalformedRecord] = []
    batches: list[Signatures] = []
    rows = 0
    with (
        open_read(file.path) as stored,
        atomic_write(job.pages_path(file)) as stream,
        pa.ipc.new_file(stream, PAGE) as writer,
    ):
        for captures in clean_captures(read_records(inflate(stored, suspicious=suspicious))):
            counts.update(captures.counts)
            malformed += captures.malformed
            batches.append(captures.arrays(first_row=rows))
            rows += len(captures.fates)
            writer.write_batch(_page_batch(captures))
    lines = [json.dumps({"file": file.path, **asdict(m)}, ensure_ascii=False) for m in malformed]
    write_bytes(job.malformed_path(file), "".join(f"{line}\n" for line in lines).encode())
    joined = {
        name: np.concatenate([getattr(batch, name) for batch in batches])
        for name in Signatures.__dataclass_fields__
    }
    joined["counts"] = np.frombuffer(json.dumps(counts).encode(), np.uint8)
    save_arrays(job.signatures_path(file), joined)


def _page_batch(captures: Captures) -> pa.RecordBatch:
    headers = captures.headers
    columns = [
        captures.texts,
        [h.url for h in headers],
        [h.timestamp for h in headers],
        [h.content_type for h in headers],
        [h.content_length for h in headers],
    ]
    return pa.record_batch([pa.array(c, pa.string()) for c in columns], schema=PAGE)


def load_signatures(job: Job, file: InputFile) -> Signatures:
    """What `clean_file` kept of every capture of the file."""
    arrays = load_arrays(job.signatures_path(file))
    return Signatures(**{name: arrays[name] for name in Signatures.__dataclass_fields__})


def capture_blocks(job: Job, file: InputFile) -> dict[int, Block]:
    """CAPTURE rows of a cleaned file by bucket of their URL."""
    signatures = load_signatures(job, file)
    block = np.empty(len(signatures.captured), CAPTURE)
    block["url_digest"] = signatures.url_digest
    block["election"] = signatures.election
    block["captured"] = signatures.captured
    block["place"] = places(file.number, np.arange(len(block)))
    return split_by_bucket(block, signatures.url_digest, job.buckets)
