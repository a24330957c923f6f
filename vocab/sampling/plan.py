"""What a drawn sample is made of: counts of every shard, the shares, and what they hold.

Text never passes between steps: shards are read where they are, and what is drawn of each is
written beside the run. `vocab.sampling.graph` wires the steps.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from cleaning.languages import UNKNOWN_LANGUAGE
from corpora.layout import CorpusShard, read_shard_list
from runtime.storage.files import exists, join, read_bytes, write_bytes
from vocab.sampling.mixtures import parse_mixture
from vocab.sampling.sample import LanguageCount, Sample, draw_shard, last_bin

DrawTask = tuple[CorpusShard, int]
"""A shard, and the last bin to keep of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What to draw and where to keep it. Small: it travels with every task.

    Attributes:
      work: folder of the lists and of what is drawn.
      mixture, sample_bytes, seed: of the recipe.
    """

    work: str
    mixture: str
    sample_bytes: int
    seed: int

    def shards_path(self) -> str:
        """The list of the corpus' shards (JSON lines)."""
        return join(self.work, "shards.jsonl")

    def plan_path(self) -> str:
        """What there is and what is taken of each language (JSON)."""
        return join(self.work, "plan.json")

    def drawn_path(self, shard: CorpusShard, last: int) -> str:
        """What is drawn of a shard."""
        return join(self.work, f"{shard.key()}-{self.seed}-{last}.arrow")


@dataclass(frozen=True, slots=True)
class LanguagePlan:
    """What is taken of a language.

    Attributes:
      documents, text_bytes: that there are.
      share: bytes to take.
      last: the last bin that holds some of it.
    """

    documents: int
    text_bytes: int
    share: int
    last: int


Plan = dict[str, LanguagePlan]
"""By language, all that the corpus has."""


def sum_counts(counts: Iterable[LanguageCount]) -> LanguageCount:
    """All of them together."""
    first, *others = counts
    return sum(others, first)


def write_plan(counts: dict[str, LanguageCount], draw: Draw) -> Plan:
    """Decides the shares and writes them down.

    Pages of no certain language are left out of a sample by languages.
    """
    available = {name: count.text_bytes() for name, count in counts.items()}
    wanted = {name: size for name, size in available.items() if name != UNKNOWN_LANGUAGE}
    shares = parse_mixture(draw.mixture).shares(wanted or available, draw.sample_bytes)
    plan = {
        name: LanguagePlan(
            count.documents,
            available[name],
            shares.get(name, 0),
            last_bin(count.bins, shares.get(name, 0)),
        )
        for name, count in sorted(counts.items())
    }
    rows = {name: asdict(row) for name, row in plan.items()}
    write_bytes(draw.plan_path(), json.dumps(rows, indent=2).encode())
    return plan


def read_plan(draw: Draw) -> Plan:
    """The plan that a finished pipeline wrote."""
    rows = json.loads(read_bytes(draw.plan_path()))
    return {name: LanguagePlan(**row) for name, row in rows.items()}


def draw_tasks(plan: Plan, draw: Draw) -> Iterator[DrawTask]:
    """The shards that a sample takes something of."""
    for shard in read_shard_list(draw.shards_path()):
        row = plan.get(shard.language)
        if row and row.share:
            yield shard, row.last


def run_draw_task(task: DrawTask, draw: Draw) -> int:
    """Draws from a shard, or finds it done; returns its number."""
    shard, last = task
    path = draw.drawn_path(shard, last)
    if not exists(path):
        draw_shard(shard, draw.seed, last, path)
    return shard.number


def read_sample(draw: Draw) -> Sample:
    """The sample that a finished pipeline drew."""
    plan = read_plan(draw)
    paths: dict[str, list[str]] = {name: [] for name, row in plan.items() if row.share}
    for shard, last in draw_tasks(plan, draw):
        paths[shard.language].append(draw.drawn_path(shard, last))
    return Sample(
        {name: tuple(found) for name, found in paths.items()},
        {name: plan[name].share for name in paths},
    )
