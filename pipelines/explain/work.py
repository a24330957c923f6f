"""A run's work folder, read: nothing is written, and what a run is still at is left out."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from cleaning.signatures import PageRecord, Records, Signatures
from cleaning.urls import Digests
from cleaning.variants import DedupScope
from pipelines.job import Job
from pipelines.sources.wet_files import Part, read_manifest
from pipelines.stages.blocks import (
    Block,
    concatenate,
    read_spilled,
    split_by_bucket,
)
from pipelines.stages.clean import load_records, load_signatures
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.lines import lines_path
from pipelines.stages.tasks import Stage
from runtime.storage.files import exists

_PARTS_HELD = 4


class Work:
    """The artifacts of a run.

    Attributes:
      job: the run.
      parts: of its input.
      cleaned: the parts that are cleaned.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.parts = read_manifest(job.manifest_path())
        self.cleaned = [part for part in self.parts if exists(job.signatures_path(part))]
        self.signatures = lru_cache(_PARTS_HELD)(self._signatures)
        self.records = lru_cache(_PARTS_HELD)(self._records)

    def _signatures(self, number: int) -> Signatures:
        return load_signatures(self.job, self.parts[number])

    def _records(self, number: int) -> Records:
        return load_records(self.job, self.parts[number])

    def captures(self, number: int) -> list[PageRecord]:
        """The records of a part's captures, by row."""
        return [record for record in self.records(number).rows() if not record.rule]

    def rows(self, stage: Stage[Any], digests: Digests) -> Block:
        """The rows that a stage sent to buckets whose digest, their first field, is among these."""
        assert stage.emits is not None
        digest = (stage.emits.names or ())[0]
        asked = np.zeros(len(digests), stage.emits)
        asked[digest] = digests
        found = []
        for bucket, wanted in split_by_bucket(asked, digests, self.job.buckets).items():
            keys = set(map(tuple, wanted[digest].tolist()))
            for block in self._sent(stage, bucket):
                likely = block[np.isin(block[digest][:, 0], wanted[digest][:, 0])]
                same = [tuple(row) in keys for row in likely[digest].tolist()]
                found.append(likely[np.array(same, bool)])
        return concatenate(found, stage.emits)

    def received(self, stage: Stage[Any], part: int) -> list[Block]:
        """The blocks that the tasks of a stage sent to a part."""
        return self._sent(stage, part)

    def is_done(self, stage: Stage[Any]) -> bool:
        """True if every task of the stage has sent its blocks."""
        return all(map(exists, self._spilled(stage)))

    def _sent(self, stage: Stage[Any], target: int) -> list[Block]:
        assert stage.emits is not None
        return read_spilled(filter(exists, self._spilled(stage)), target, stage.emits)

    def _spilled(self, stage: Stage[Any]) -> Iterable[str]:
        numbers = range(stage.task_count(self.job))
        return [self.job.stage_path(stage.name, number, ".blocks") for number in numbers]

    def lacking(self, part: Part, scope: DedupScope) -> str:
        """What is still to be done before a page of the part is decided; "" for nothing."""
        if len(self.cleaned) < len(self.parts):
            return "not all WET files are cleaned yet"
        compared = exists(lines_path(self.job, part)) and self.is_done(DUPLICATES)
        return "" if compared or not scope.deduplicated else "lines are not compared yet"
