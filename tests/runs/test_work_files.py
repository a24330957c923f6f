"""Faults in the files of a run: what is damaged or missing is made again, and the run says so."""

import random
import re
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.run import execute
from pipelines.stages.tasks import Receipt
from runtime.storage import checked
from runtime.storage.checked import DamagedFile, Depth
from tests.conftest import REPOSITORY
from tests.runs.faults import FAULTS, KINDS, each_once, files_of
from tests.runs.power import Disk, PowerLost
from tests.runs.runs import build, plan, run_stages, shard_bytes, split_wet

MOST_RUNS = 3  # as pipelines.run.execute has it
CLEANED = {"pages", "signatures", "malformed records", "unreadable files"}
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
    """What is said of damaged files."""

    def __init__(self, monkeypatch) -> None:
        self.said: list[str] = []
        monkeypatch.setattr(checked.LOG, "warning", self._hear)

    def _hear(self, text: str, *values: object) -> None:
        self.said.append(text % values)


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
    damaged = {path: path.read_bytes() if path.exists() else None for path in paths}
    heard.said.clear()
    said = run_again(output, arguments) + heard.said
    outcomes = []
    for (fault, kind, _), path in zip(faults, paths, strict=True):
        there = Path(re.sub(r"\.incomplete-[0-9a-f]+", "", str(path)))  # of a dataset, by now
        now = there.read_bytes() if there.exists() else None
        if any(str(path) in line for line in said):
            outcomes.append("told")
        elif kind in REWRITTEN:
            outcomes.append("written anew by every command")
        elif now != damaged[path] or (kind == "receipts of shards" and fault == "deleted"):
            outcomes.append("made again with the task that wrote it")
        else:
            outcomes.append("not read again" if fault == "flipped" else "SILENT")
    return shard_bytes(output), outcomes


@pytest.mark.parametrize("fault", FAULTS)
def test_every_kind_of_file_may_be_damaged_or_missing(
    tmp_path, arguments, undisturbed, heard, fault
):
    """A fault in a file of each kind, in a run that is stopped among shards.

    What cleaning left is damaged in a copy of its own: all that comes after is made again.
    """
    expected, tasks = undisturbed
    chance = random.Random(fault)
    stopped = tmp_path / "stopped"
    run_until(stopped, arguments, tasks - 3)
    assert files_of(stopped).keys() == KINDS.keys() - {"failed downloads"}
    given = [row for row in each_once(stopped, chance) if row[0] == fault]
    for number in (0, 1):
        some = [row for row in given if (row[1] in CLEANED) == bool(number)]
        output = tmp_path / str(number)
        found, outcomes = check_fault(stopped, output, arguments, some, heard, chance)
        assert found == expected, some
        assert "told" in outcomes and "SILENT" not in outcomes, [*zip(some, outcomes, strict=True)]


def test_the_command_makes_good_what_it_finds_damaged(tmp_path, arguments, undisturbed, capfd):
    """Bytes flipped where only reading shows it."""
    expected, tasks = undisturbed
    run_until(tmp_path, arguments, tasks - 14)
    for kind in ("pages", "blocks", "signatures"):
        for path in files_of(tmp_path)[kind]:
            FAULTS["flipped"](path, random.Random(kind))
    assert build(tmp_path, *arguments) == 0
    said = capfd.readouterr().err
    assert "made again" in said and "flipped bytes" in said and "Traceback" not in said
    assert shard_bytes(tmp_path) == expected


def test_a_distributed_runner_makes_it_good_too(tmp_path, arguments, undisturbed, monkeypatch):
    """Its errors are texts, its blocks travel with it."""
    expected, tasks = undisturbed
    run_until(tmp_path, arguments, tasks - 6)
    todo = plan(tmp_path, *arguments)
    shutil.rmtree(Path(todo.job.documents_folder(), "documents"))
    for path in files_of(tmp_path)["pages"] + files_of(tmp_path)["lines"][:1]:
        FAULTS["flipped"](path, random.Random(path.name))
    monkeypatch.setattr(
        execute,
        "open_pipeline",
        lambda *_: beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])),
    )
    execute.run_to_end(todo, local=False, beam_arguments=[])
    assert shard_bytes(tmp_path) == expected


def lose_power(
    monkeypatch, folder: Path, arguments: list[str], fails_at: int, chance: random.Random
) -> tuple[Path, Disk]:
    """What is left of a run when the power is back, and the disk; nothing if it did not fail."""
    left = folder / "left"
    with monkeypatch.context() as patch:
        disk = Disk(patch, folder / "out", left, fails_at, chance)
        with suppress(PowerLost):
            run_stages(plan(folder / "out", *arguments))
    return left, disk


def test_a_run_goes_on_after_a_loss_of_power(tmp_path, arguments, undisturbed, monkeypatch):
    """Lost are bytes and names that were not synced."""
    expected, _ = undisturbed
    chance = random.Random(0)
    for fails_at in (20, 60, 100, 140):
        folder = tmp_path / str(fails_at)
        left, disk = lose_power(monkeypatch, folder, arguments, fails_at, chance)
        assert disk.lost
        run_again(left, arguments)
        assert shard_bytes(left) == expected, fails_at


@pytest.mark.slow
def test_hundreds_of_faults_are_all_made_good(tmp_path, arguments, undisturbed, heard, capsys):
    """Runs stopped anywhere, up to four faults in each. Prints the counts."""
    expected, tasks = undisturbed
    seen: Counter[tuple[str, str]] = Counter()
    for number in range(200):
        folder = tmp_path / str(number)
        chance = random.Random(number)
        stop, faults = chance.randrange(4, tasks), chance.randrange(1, 5)
        run_until(folder / "stopped", arguments, stop)
        rows = list(each_once(folder / "stopped", chance))
        chance.shuffle(rows)
        given = list({row[2]: row for row in rows}.values())[:faults]  # each in a file of its own
        found, outcomes = check_fault(
            folder / "stopped", folder / "out", arguments, given, heard, chance
        )
        assert found == expected, given
        assert "SILENT" not in outcomes, [
            (fault, path.name, outcome)
            for (fault, _, path), outcome in zip(given, outcomes, strict=True)
        ]
        seen.update((kind, outcome) for (_, kind, _), outcome in zip(given, outcomes, strict=True))
        shutil.rmtree(folder)
    with capsys.disabled():
        print_counts(seen, "faults, all with the bytes of an undisturbed run")


@pytest.mark.slow
def test_a_loss_of_power_anywhere_costs_no_byte(
    tmp_path, arguments, undisturbed, monkeypatch, capsys
):
    """At every fifth sync or renaming of a run. Prints the counts."""
    expected, _ = undisturbed
    seen: Counter[tuple[str, str]] = Counter()
    chance = random.Random(1)
    for fails_at in range(1, 1 << 30, 5):
        folder = tmp_path / str(fails_at)
        left, disk = lose_power(monkeypatch, folder, arguments, fails_at, chance)
        if not left.exists():
            break
        run_again(left, arguments)
        assert shard_bytes(left) == expected, fails_at
        seen.update({("power", "losses"): 1, ("power", "files lost"): disk.lost})
        shutil.rmtree(folder)
    with capsys.disabled():
        print_counts(seen, "in all, each with the bytes of an undisturbed run")


def print_counts(seen: Counter[tuple[str, str]], total: str) -> None:
    print()
    for (kind, outcome), count in sorted(seen.items()):
        print(f"{count:6,}  {kind}: {outcome}")
    print(f"{sum(seen.values()):6,}  {total}")
