"""One part of a WET file cleaned: its passed pages as an Arrow file, its signatures as arrays."""

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pyarrow as pa

from cleaning.captures import Captures, MalformedRecord, Signatures, clean_captures
from cleaning.inflate import DamagedMember, inflate
from cleaning.records import read_records
from pipelines.arrow import string_array
from pipelines.exchange import CAPTURE, Block, places, split_by_bucket
from pipelines.inputs import Part
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


def clean_part(job: Job, part: Part) -> dict[str, int]:
    """Cleans a part unless that is done already; returns its counts by rule.

    Raises:
      OSError: the file cannot be read at all; what it holds never raises.
    """
    if not exists(job.signatures_path(part)):
        try:
            _clean(job, part, suspicious=False)
        except DamagedMember:  # known only after records were passed on: start over, with care
            _clean(job, part, suspicious=True)
    stored = load_arrays(job.signatures_path(part))["counts"]
    counts: dict[str, int] = json.loads(stored.tobytes())
    return counts


def _clean(job: Job, part: Part, suspicious: bool) -> None:
    counts = Counter({"split-wet-file/wet-file": int(part.start == 0)})
    malformed: list[MalformedRecord] = []
    batches: list[Signatures] = []
    rows = 0
    with (
        open_read(part.path) as stored,
        atomic_write(job.pages_path(part)) as stream,
        pa.ipc.new_file(stream, PAGE) as writer,
    ):
        chunks = inflate(stored, part.start, part.end, suspicious=suspicious)
        for captures in clean_captures(read_records(chunks)):
            counts.update(captures.counts)
            malformed += captures.malformed
            batches.append(captures.arrays(first_row=rows))
            rows += len(captures.fates)
            writer.write_batch(_page_batch(captures))
    lines = [json.dumps({"file": part.path, **asdict(m)}, ensure_ascii=False) for m in malformed]
    write_bytes(job.malformed_path(part), "".join(f"{line}\n" for line in lines).encode())
    joined = {
        name: np.concatenate([getattr(batch, name) for batch in batches])
        for name in Signatures.__dataclass_fields__
    }
    joined["counts"] = np.frombuffer(json.dumps(counts).encode(), np.uint8)
    save_arrays(job.signatures_path(part), joined)


def _page_batch(captures: Captures) -> pa.RecordBatch:
    headers = captures.headers
    columns = [
        captures.texts,
        [h.url.encode() for h in headers],
        [h.timestamp.encode() for h in headers],
        [h.content_type.encode() for h in headers],
        [h.content_length.encode() for h in headers],
    ]
    return pa.record_batch([string_array(column) for column in columns], schema=PAGE)


def load_signatures(job: Job, part: Part) -> Signatures:
    """What `clean_part` kept of every capture of the part."""
    arrays = load_arrays(job.signatures_path(part))
    return Signatures(**{name: arrays[name] for name in Signatures.__dataclass_fields__})


def capture_blocks(job: Job, part: Part) -> dict[int, Block]:
    """CAPTURE rows of a cleaned part by bucket of their URL."""
    signatures = load_signatures(job, part)
    block = np.empty(len(signatures.captured), CAPTURE)
    block["url_digest"] = signatures.url_digest
    block["election"] = signatures.election
    block["captured"] = signatures.captured
    block["place"] = places(part.number, np.arange(len(block)))
    return split_by_bucket(block, signatures.url_digest, job.buckets)
