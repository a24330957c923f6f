"""One part of a WET file cleaned: its pages as Arrow files, its signatures as arrays."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from cleaning.batches.arrays import (
    CaptureArrays,
    PageColumns,
    join_records,
    join_signatures,
    split_signatures,
)
from cleaning.captures import CaptureRules, clean_captures
from cleaning.counts import Counts
from cleaning.signatures import (
    MalformedRecord,
    Records,
    Signatures,
)
from cleaning.wet.chunks import DamagedMember
from cleaning.wet.inflate import inflate
from cleaning.wet.records import read_records
from pipelines.job import Job
from pipelines.sources.reader import open_part
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.blocks import CAPTURE, Block, row_ids, split_by_bucket
from pipelines.stages.models import load_rules
from pipelines.stages.tasks import Stage
from runtime.http.transfers import DownloadError
from runtime.storage.arrays import load_arrays, save_arrays, string_array
from runtime.storage.checked import (
    DamagedFile,
    Depth,
    checked_write,
    discard,
    find_damage,
    write_checked,
)
from runtime.storage.content.kinds import HEAD_BYTES, describe_unreadable
from runtime.storage.files import delete_file, delete_folder, exists, join, json_utf8

PAGE = pa.schema(
    [(name, pa.string()) for name in ("text", "url", "timestamp", "content_type", "content_length")]
)
ORIGIN = (("record_offset", pa.string()), ("digest", pa.string()))
"""Columns of pages after those of PAGE, where documents shall have them."""
LOG = logging.getLogger("c4forge")
MALFORMED = "split-wet-file/filtered:malformed"
UNREACHABLE = "split-wet-file/filtered:unreachable"
_LATER = ("newest", "lines", "duplicates", "finish", "documents", "dropped")


def clean_part(job: Job, part: Part, _: Sequence[Block] = ()) -> Counts:
    """Cleans a part unless that is done already; returns its counts by rule.

    Raises:
      OSError: the file cannot be read at all; damaged content does not raise.
    """
    counts = _cleaned_counts(job, part)
    if counts is None:
        forget_later(job)
        rules = load_rules(job)
        try:
            _clean(job, part, rules, suspicious=False)
        except DamagedMember:  # found only after records were passed on: start over
            _clean(job, part, rules, suspicious=True)
        except DownloadError as error:
            _give_up(job, part, rules, error)
    return load_counts(job, part) if counts is None else counts


def _cleaned_counts(job: Job, part: Part) -> Counts | None:
    """The counts of a part that was cleaned before; None if it must be cleaned."""
    if not exists(job.signatures_path(part)):
        return None
    try:
        counts = load_counts(job, part)
    except DamagedFile:
        counts = {}
    found = find_part_damage(job, part, counts)
    if counts and not found:
        return counts
    discard(found)
    for path in (job.failed_path(part), job.unreadable_path(part)):
        delete_file(path)
    return None


def find_part_damage(
    job: Job, part: Part, counts: Counts, depth: Depth = Depth.LENGTH
) -> list[DamagedFile]:
    """The damage of the artifacts of a part that was cleaned.

    Args:
      counts: of the part; {} if they cannot be read.
    """
    paths = [job.signatures_path(part), job.records_path(part), job.malformed_path(part)]
    paths += [job.pages_path(part, form) for form in job.rules().forms()]
    if counts.get(UNREACHABLE):
        paths.append(job.failed_path(part))
    elif part.start == 0 and not holds_records(counts):
        paths.append(job.unreadable_path(part))
    if not counts:  # they cannot be read
        others = (job.failed_path(part), job.unreadable_path(part))
        paths += [path for path in others if exists(path)]
        depth = Depth.BYTES
    return [damage for path in paths for damage in find_damage(path, depth)]


def forget_later(job: Job) -> None:
    """Removes what an earlier run made of the cleaned parts, one of which is cleaned anew.

    The input may not be what it was: a file may be out of reach by now, or within it again.
    """
    if exists(join(job.documents_folder(), _LATER[0])):
        LOG.warning("note: a part is cleaned anew; what came after cleaning is made again too")
        for name in _LATER:
            delete_folder(join(job.documents_folder(), name))
        for variant in job.variants:
            delete_folder(job.staging_folder(variant))


def _clean(job: Job, part: Part, rules: CaptureRules, suspicious: bool) -> None:
    # numba takes a third of a second: only processes that clean pages pay for it.
    from cleaning.batches.captures import clean_batches

    counts = Counter({"split-wet-file/wet-file": int(part.start == 0)})
    with open_part(job.mirror, part) as stored:
        read = _KeptHead(stored) if part.start == 0 else None
        stream = cast(BinaryIO, read) if read else stored
        chunks = inflate(stream, part.start, part.end, suspicious=suspicious)
        cleaned = clean_batches(read_records(chunks), rules)
        _write(job, part, rules, cleaned, counts, read)


class _KeptHead(io.RawIOBase):
    """A stream that is read from front to back, and its first bytes."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self.head = b""

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = self._stored.read(-1 if size_bytes is None else size_bytes)
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        return data


def _give_up(job: Job, part: Part, rules: CaptureRules, error: DownloadError) -> None:
    """Writes an empty part and the reason, so that the next run tries the file again."""
    failed = {"path": part.path, "reason": str(error)}
    write_checked(job.failed_path(part), json_utf8(json.dumps(failed, ensure_ascii=False)))
    counts = Counter({UNREACHABLE: 1})
    nothing = [CaptureArrays.of(captures, 0) for captures in clean_captures((), rules)]
    _write(job, part, rules, nothing, counts)


def _write(
    job: Job,
    part: Part,
    rules: CaptureRules,
    cleaned: Iterable[CaptureArrays],
    counts: Counter[str],
    read: _KeptHead | None = None,
) -> None:
    """Writes the artifacts of a part, the signatures last.

    Args:
      read: the stream that the part was read from, if it is the first of its file.
    """
    malformed: list[MalformedRecord] = []
    records: list[Records] = []
    batches: list[Signatures] = []
    schema, writers = page_schema(job), {}
    with ExitStack() as stack:
        for form in rules.forms():
            stream = stack.enter_context(checked_write(job.pages_path(part, form)))
            writers[form] = stack.enter_context(pa.ipc.new_file(stream, schema))
        for captures in cleaned:
            counts.update(captures.counts)
            malformed += captures.malformed
            records.append(captures.records)
            batches.append(captures.signatures)
            for form, writer in writers.items():
                writer.write_batch(_page_batch(captures.pages[form], schema))
    lines = [json.dumps({"file": part.path, **asdict(m)}, ensure_ascii=False) for m in malformed]
    write_checked(job.malformed_path(part), json_utf8("".join(f"{line}\n" for line in lines)))
    if read is not None and not holds_records(counts):
        row = {"path": part.path, "is": describe_unreadable(read.head)}
        write_checked(job.unreadable_path(part), json_utf8(json.dumps(row, ensure_ascii=False)))
    save_arrays(job.records_path(part), asdict(join_records(records)))
    joined = join_signatures(batches)
    joined["counts"] = np.frombuffer(json.dumps(counts).encode(), np.uint8)
    save_arrays(job.signatures_path(part), joined)


def holds_records(counts: Counts) -> bool:
    """False if something is malformed, and no record of a WET file is there but perhaps its first.

    That one describes the file and has no URL.
    """
    malformed, no_url = counts.get(MALFORMED, 0), counts.get("split-wet-file/filtered:no_url", 0)
    names = ("passed", "filtered:no_content", "filtered:no_timestamp")
    records = sum(counts.get(f"split-wet-file/{name}", 0) for name in names)
    return not malformed or records > 0 or no_url > malformed


def load_counts(job: Job, part: Part) -> Counts:
    """The counts by rule of a cleaned part."""
    stored = load_arrays(job.signatures_path(part))["counts"]
    counts: Counts = json.loads(stored.tobytes())
    return counts


def page_schema(job: Job) -> pa.Schema:
    """The columns of pages."""
    return pa.schema([*PAGE, *(pa.field(*row) for row in ORIGIN * job.keeps_origins())])


def _page_batch(pages: PageColumns, schema: pa.Schema) -> pa.RecordBatch:
    columns = [string_array(column) for column in pages[: len(schema)]]
    return pa.record_batch(columns, schema=schema)


def load_signatures(job: Job, part: Part) -> Signatures:
    """The signatures that `clean_part` wrote."""
    return split_signatures(load_arrays(job.signatures_path(part)), job.rules().forms())


def load_records(job: Job, part: Part) -> Records:
    """The records that `clean_part` found in the part."""
    return Records(**load_arrays(job.records_path(part)))


def capture_blocks(job: Job, part: Part, _: Sequence[Block] = ()) -> dict[int, Block]:
    """CAPTURE rows of a cleaned part by bucket of their URL."""
    signatures = load_signatures(job, part)
    block = np.empty(len(signatures.captured), CAPTURE)
    block["url_digest"] = signatures.url_digest
    block["priority"] = signatures.priority
    block["captured"] = signatures.captured
    block["row_id"] = row_ids(part.number, np.arange(len(block)))
    return split_by_bucket(block, signatures.url_digest, job.buckets)


def list_parts(job: Job, _: Counts) -> Iterable[Part]:
    """The parts of a run's input, as tasks."""
    return read_manifest(job.manifest_path())


CLEAN = Stage(
    name="clean",
    meaning="reading and cleaning WET files",
    unit="parts",
    share=0.48,
    tasks=list_parts,
    weight=Part.stored_bytes,
    work=clean_part,
    damage=find_part_damage,
    emit=capture_blocks,
    emits=CAPTURE,
    to_buckets=True,
)
