"""Faults in the files of a run: what is damaged or missing is made again, and the run says so."""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from pipelines.stages import blocks
from pipelines.stages.tasks import Receipt
from runtime.storage import checked
from runtime.storage.checked import DamagedFile, Depth
from tests.conftest import REPOSITORY
from tests.runs.faults import FAULTS, KINDS, each_once
from tests.runs.runs import plan, run_stages, shard_bytes, split_wet

MOST_RUNS = 3  # as pipelines.run.execute has it
REWRITTEN = {"manifests", "lists", "state"}  # by every command, before they are read


class Stopped(Exception):
    """The run is stopped here."""


@pytest.fixture(scope="module")
def arguments(tmp_path_factory, sample) -> list[str]:
    """A run with files of every kind: three variants, URL lists, a file that is no WET file."""
    folder = tmp_path_factory.mktemp("wet")
    wet = split_wet(sorted(Path(sample).parent.glob("*.gz")), folder / "wet", 3)
    (folder / "wet/other.warc.wet.gz").write_bytes(b"no WET file at all\n")
    return [
        f"--input={wet[0].parent}",
        "--variant=en,realnews,webtext",
        f"--webtext_urls={REPOSITORY / 'sample/webtext_urls.txt'}",
        f"--realnews_domains={REPOSITORY / 'sample/realnews_domains.json'}",
        "--format=tfrecord,parquet",
        "--shards=2",
        "--max_malformed_fraction=1",
        "--max_unreachable_fraction=1",
    ]


def run_until(output: Path, arguments: list[str], tasks: int) -> int:
    """Runs that many tasks and stops; returns how many there were to run."""
    done: list[Receipt] = []

    def count(receipt: Receipt) -> None:
        done.append(receipt)
        if len(done) == tasks:
            raise Stopped

    with suppress(Stopped):
        run_stages(plan(output, *arguments), on_receipt=count)
    return len(done)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, arguments) -> tuple[dict[str, str], int]:
    """The shards, and the number of tasks."""
    output = tmp_path_factory.mktemp("undisturbed")
    tasks = run_until(output, arguments, 1 << 30)
    found = shard_bytes(output)
    assert len(found) > 8
    return found, tasks


def run_again(output: Path, arguments: list[str]) -> list[str]:
    """The same run, again while it finds damage, as the command does; the damaged files."""
    found: list[str] = []
    for number in range(MOST_RUNS):
        try:
            depth = Depth.BYTES if number else Depth.LENGTH
            run_stages(plan(output, *arguments), depth=depth)
            return found
        except DamagedFile as damage:
            found.append(damage.path)
    raise AssertionError(f"damage was found in each of {MOST_RUNS} runs: {found}")


class Heard:
    """What is said of damaged files, and the files whose content is read."""

    def __init__(self, monkeypatch) -> None:
        self.said: list[str] = []
        self.read: set[str] = set()
        monkeypatch.setattr(checked, "_tell", self.said.append)
        for module, name in ((checked, "_check_chunks"), (blocks, "_read_block")):
            monkeypatch.setattr(module, name, partial(self._read, getattr(module, name)))

    def _read(self, work: Callable[..., object], path: str, *arguments: object) -> object:
        self.read.add(path)
        return work(path, *arguments)


@pytest.fixture
def heard(monkeypatch) -> Heard:
    return Heard(monkeypatch)


def check_fault(
    stopped: Path,
    output: Path,
    arguments: list[str],
    faults: list[tuple[str, str, Path]],
    heard: Heard,
    chance: random.Random,
) -> tuple[dict[str, str], list[str]]:
    """Faults put into a copy of a stopped run, which then goes on.

    Returns:
      Its shards, and of each fault whether it was told, or why it was not.
    """
    shutil.copytree(stopped, output)
    paths = [output / path.relative_to(stopped) for _, _, path in faults]
    for (fault, _, _), path in zip(faults, paths, strict=True):
        if path.exists():  # not deleted by a fault before
            FAULTS[fault](path, chance)
    heard.read.clear()
    heard.said.clear()
    said = run_again(output, arguments) + heard.said
    outcomes = []
    for (fault, kind, _), path in zip(faults, paths, strict=True):
        if any(str(path) in line for line in said):
            outcomes.append("told")
        elif kind in REWRITTEN:
            outcomes.append("rewritten")
        elif fault == "deleted" and kind.startswith(("receipts", "signatures")):
            outcomes.append("not done")  # for all that the run knows
        else:
            outcomes.append("SILENT" if str(path) in heard.read else "not read")
    return shard_bytes(output), outcomes


def test_every_kind_of_file_may_be_damaged_or_missing(tmp_path, arguments, undisturbed, heard):
    """One fault of each kind in a file of each kind, each in a run that is stopped among shards."""
    expected, tasks = undisturbed
    chance = random.Random(0)
    seen: Counter[str] = Counter()
    stops = {tasks - 3: "shards", tasks - 14: "finish", 9: "newest"}
    for stop in stops:
        stopped = tmp_path / f"stopped-{stop}"
        run_until(stopped, arguments, stop)
        for number, (fault, kind, path) in enumerate(each_once(stopped, chance)):
            output = tmp_path / f"{stop}-{number}"
            given = [(fault, kind, path)]
            found, (outcome,) = check_fault(stopped, output, arguments, given, heard, chance)
            assert found == expected, (fault, kind, path)
            assert outcome != "SILENT", (fault, kind, path)
            seen[kind, outcome == "told"] += 1
            shutil.rmtree(output)
    kinds = {kind for kind, _ in seen}
    print(sum(seen.values()), sorted(seen.items()))
    assert kinds >= set(KINDS) - {"failed downloads"}
