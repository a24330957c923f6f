"""The plan of a sample: the quota of each language, and a task for each shard.

Text is never sent between workers: a task reads its shard where it is and writes the documents that
it draws into the work folder. `vocab.sampling.graph` puts the steps together.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from cleaning.languages import UNKNOWN_LANGUAGE
from corpora.layout import CorpusShard, read_shard_list
from runtime.storage.checked import (
    Depth,
    discard,
    find_damage,
    read_checked,
    write_checked,
)
from runtime.storage.files import exists, join
from vocab.sampling.mixtures import parse_mixture
from vocab.sampling.sample import LanguageCount, Sample, draw_shard, last_bin

DrawTask = tuple[CorpusShard, int]
"""A shard, and the last bin of hashes whose documents are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleJob:
    """What is drawn, and where it is kept. Small: it is sent with every task.

    Attributes:
      work: the folder of lists and drawn documents.
      mixture, sample_bytes, seed: of the recipe.
    """

    work: str
    mixture: str
    sample_bytes: int
    seed: int

    def shards_path(self) -> str:
        """The shards of the corpora (JSON lines)."""
        return join(self.work, "shards.jsonl")

    def plan_path(self) -> str:
        """The plan: of each language, the available text and its quota (JSON)."""
        return join(self.work, "plan.json")

    def drawn_path(self, shard: CorpusShard, last: int) -> str:
        """The documents drawn from a shard (Arrow IPC)."""
        return join(self.work, f"{shard.key()}-{self.seed}-{last}.arrow")


@dataclass(frozen=True, slots=True)
class LanguagePlan:
    """The quota of a language.

    Attributes:
      documents, text_bytes: available in the corpora.
      quota: bytes of text to draw.
      last: the last bin of hashes from which documents are drawn; -1 if none are.
    """

    documents: int
    text_bytes: int
    quota: int
    last: int


Plan = dict[str, LanguagePlan]
"""By language, for every language of the corpora."""


def sum_counts(counts: Iterable[LanguageCount]) -> LanguageCount:
    """The sum of counts of one language."""
    first, *others = counts
    return sum(others, first)


def write_plan(counts: dict[str, LanguageCount], job: SampleJob) -> Plan:
    """Computes the quota of each language and writes them to `job.plan_path()`.

    Documents of an uncertain language (`und`) are not drawn if there are others.
    """
    available = {name: count.text_bytes() for name, count in counts.items()}
    wanted = {name: size for name, size in available.items() if name != UNKNOWN_LANGUAGE}
    quotas = parse_mixture(job.mixture).quotas(wanted or available, job.sample_bytes)
    plan = {
        name: LanguagePlan(
            count.documents,
            available[name],
            quotas.get(name, 0),
            last_bin(count.bins, quotas.get(name, 0)),
        )
        for name, count in sorted(counts.items())
    }
    rows = {name: asdict(row) for name, row in plan.items()}
    write_checked(job.plan_path(), json.dumps(rows, indent=2).encode())
    return plan


def read_plan(job: SampleJob) -> Plan:
    """The plan that `write_plan` wrote."""
    rows = json.loads(read_checked(job.plan_path()))
    return {name: LanguagePlan(**row) for name, row in rows.items()}


def draw_tasks(plan: Plan, job: SampleJob) -> Iterator[DrawTask]:
    """The shards from which documents are drawn."""
    for shard in read_shard_list(job.shards_path()):
        row = plan.get(shard.language)
        if row and row.quota:
            yield shard, row.last


def run_draw_task(task: DrawTask, job: SampleJob) -> int:
    """Draws from a shard unless an earlier run did; returns the shard's number."""
    shard, last = task
    path = job.drawn_path(shard, last)
    there = exists(path)
    damage = find_damage(path, Depth.BYTES) if there else []
    discard(damage)
    if damage or not there:
        draw_shard(shard, job.seed, last, path)
    return shard.number


def read_sample(job: SampleJob) -> Sample:
    """The sample that a finished pipeline drew, from its work folder."""
    plan = read_plan(job)
    paths: dict[str, list[str]] = {name: [] for name, row in plan.items() if row.quota}
    for shard, last in draw_tasks(plan, job):
        paths[shard.language].append(job.drawn_path(shard, last))
    return Sample(
        {name: tuple(found) for name, found in paths.items()},
        {name: plan[name].quota for name in paths},
    )
