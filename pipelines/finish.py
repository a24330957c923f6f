"""The documents of one part: deduplicated, judged for language and bad words, sorted."""

import functools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cleaning.badwords import BadWords, Matcher
from cleaning.documents import LINE_FATE_RULES, deduplicate_page, line_fates
from cleaning.language import ENGLISH_RULE, english_rules, load_langdetect
from cleaning.urls import shard_key
from pipelines.arrow import fixed_array, string_array
from pipelines.clean import PAGE, load_signatures
from pipelines.exchange import LOST, Block, concatenate
from pipelines.inputs import Part
from pipelines.job import Job
from pipelines.spans import load_lines
from pipelines.storage import atomic_write, open_arrow

SPLITS = ("train", "validation")
DOCUMENT = pa.schema([("split", pa.uint8()), ("shard_key", pa.uint64()), *PAGE])
_BATCH_DOCUMENTS = 512


@functools.cache
def load_models(bad_words: BadWords) -> Matcher:
    """What judging a document needs; loaded once in a process for each list."""
    load_langdetect()
    return Matcher(bad_words)


@dataclass(frozen=True, slots=True)
class _Page:
    """A newest page: its columns as in PAGE, which of its lines stay, whether it is held out."""

    columns: tuple[str, ...]
    kept: list[bool] | None
    validation: bool


def finish_part(job: Job, part: Part, blocks: list[Block]) -> dict[str, int]:
    """Writes the part's documents, sorted by split and shard key; returns counts by rule.

    Args:
      blocks: LOST rows, the part's elected lines that other parts' pages keep.
    """
    matcher = load_models(job.bad_words)
    counts: Counter[str] = Counter()
    documents: list[tuple[int, int, tuple[str, ...]]] = []
    for page in _newest_pages(job, part, blocks, counts):
        text, *rest = page.columns
        document = deduplicate_page(text, page.kept)
        counts[document.rule] += 1
        if not document.text:
            continue
        rules = english_rules(document.text)
        counts.update(rules)
        if rules != (ENGLISH_RULE,):
            continue
        verdict = "filtered" if matcher.found_in(document.text) else "passed"
        counts.update((f"badwords-filter/{verdict}", f"badwords-filter-en/{verdict}"))
        if verdict == "filtered":
            continue
        split = int(page.validation)
        counts[f"{SPLITS[split]}/examples"] += 1
        counts[f"{SPLITS[split]}/text-bytes"] += len(document.text.encode())
        documents.append((split, shard_key(rest[0]), (document.text, *rest)))
    _write(job.stage_path("documents", part.number, ".arrow"), documents)
    return dict(counts)


def _newest_pages(
    job: Job, part: Part, blocks: list[Block], counts: Counter[str]
) -> Iterator[_Page]:
    signatures, lines = load_signatures(job, part), load_lines(job, part)
    lost = np.zeros(len(lines.first), bool)
    lost[concatenate(blocks, LOST)["row"]] = True
    fates = line_fates(lines.first, lines.page_of_line, lost)
    for fate, rule in LINE_FATE_RULES.items():
        counts[rule] += int((fates == fate).sum())
    dropped = fates != 0
    ends = np.cumsum(signatures.lines.astype(np.int64)[lines.page])
    starts = ends - signatures.lines[lines.page]
    drops_before = np.concatenate([[0], np.cumsum(dropped)])
    some_dropped = (drops_before[ends] - drops_before[starts]) > 0
    numbers = lines.page.tolist()
    with open_arrow(job.pages_path(part)) as source, pa.ipc.open_file(source) as reader:
        index = first = 0
        for batch_number in range(reader.num_record_batches):
            batch = reader.get_batch(batch_number)
            values = [column.to_pylist() for column in batch.columns]
            last = first + batch.num_rows
            while index < len(numbers) and numbers[index] < last:
                row = numbers[index] - first
                kept = None
                if some_dropped[index]:
                    kept = (~dropped[starts[index] : ends[index]]).tolist()
                columns = tuple(column[row] for column in values)
                yield _Page(columns, kept, bool(signatures.validation[numbers[index]]))
                index += 1
            first = last


def _write(path: str, documents: list[tuple[int, int, tuple[str, ...]]]) -> None:
    """One record batch for at most 512 documents of a split; their key ranges in the metadata."""
    documents.sort(key=lambda document: (document[0], document[1], document[2][1]))
    batches: list[list[tuple[int, int, tuple[str, ...]]]] = []
    for document in documents:
        full = not batches or len(batches[-1]) == _BATCH_DOCUMENTS
        if full or batches[-1][0][0] != document[0]:
            batches.append([])
        batches[-1].append(document)
    ranges = [(batch[0][0], batch[0][1], batch[-1][1]) for batch in batches]
    schema = DOCUMENT.with_metadata({"ranges": json.dumps(ranges)})
    with atomic_write(path) as stream, pa.ipc.new_file(stream, schema) as writer:
        for batch in batches:
            splits, keys, pages = zip(*batch, strict=True)
            columns = [
                fixed_array(np.array(splits, np.uint8), pa.uint8()),
                fixed_array(np.array(keys, np.uint64), pa.uint64()),
            ]
            for column in zip(*pages, strict=True):
                columns.append(string_array([value.encode() for value in column]))
            writer.write_batch(pa.record_batch(columns, schema=schema))
