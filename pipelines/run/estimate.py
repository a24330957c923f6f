"""Time, disk, documents and cost of a run, estimated from a few of its files: `--estimate`.

The files are chosen by a hash of their names, so that the same command chooses the same ones. They
go through all stages into a folder that is then removed. All results are scaled by stored bytes.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cleaning.counts import of_variant
from pipelines.job import Job
from pipelines.run.execute import run_graph
from pipelines.run.options import Options
from pipelines.run.plan import Plan, plan_files
from pipelines.run.prices import DISK_GB, MEMORY_GB, PRICES
from pipelines.run.progress import Progress
from pipelines.sources.cache import find_cached
from pipelines.sources.commoncrawl import choose_files
from pipelines.sources.wet_files import Part
from pipelines.stages.tasks import Receipt
from runtime.cli.console import say
from runtime.errors import InputRefused
from runtime.http.transfers import Unreachable
from runtime.http.urls import is_http
from runtime.storage.files import join, size_bytes
from runtime.storage.space import folder_bytes, telling_need
from runtime.units import duration, size
from runtime.workers.pool import available_cores

_GB = 1e9
_WORKERS = (100, 1000)  # shown beside this machine's cores and --num_workers


@dataclass(slots=True)
class Sample:
    """Measurements of a run over sampled files.

    Attributes:
      stored_bytes: of the files, by path.
      cpu_seconds: by stage.
      file_cpu_seconds: of the stages that take parts of files, by path.
      documents: by variant and path.
      text_bytes: by variant.
      shuffled_bytes, work_bytes, written_bytes: blocks between stages, artifacts, datasets.
    """

    stored_bytes: Counter[str] = field(default_factory=Counter)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    file_cpu_seconds: dict[str, float] = field(default_factory=dict)
    documents: dict[str, Counter[str]] = field(default_factory=dict)
    text_bytes: Counter[str] = field(default_factory=Counter)
    shuffled_bytes: int = 0
    work_bytes: int = 0
    written_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate, and the smallest and largest that one of the sampled files alone gives."""

    value: float
    low: float
    high: float


def estimate_run(options: Options, plan: Plan) -> str:
    """Runs a sample of the plan's files; returns the estimate for all as text.

    Raises:
      InputRefused: the sample cannot be built, as a run of it would say.
    """
    files = {file.path: file for file in plan.files}
    chosen = choose_files(list(files), sample_files=options.estimate_files)
    say(f"trying {len(chosen)} of {len(files):,} WET files: {', '.join(map(_name, chosen))}")
    with tempfile.TemporaryDirectory(prefix="c4forge-estimate-") as folder:
        keep = options.keep_wet or join(folder, "wet")  # where their sizes can be seen
        tried = replace(options, output=join(folder, "out"), work_dir=None, keep_wet=keep)
        try:
            with telling_need(folder, advice="TMPDIR names another place for the sample."):
                sample = run_sample(plan_files(tried, tuple(files[path] for path in chosen)))
        except InputRefused as error:  # its second line names lists in the folder
            said = str(error).partition("\n")[0]
            raise InputRefused(f"{said} So there is no estimate.") from None
    return describe(sample, plan, options)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def run_sample(plan: Plan) -> Sample:
    """Runs the plan in this machine's pool and measures it."""
    sample = Sample()
    by_number = {part.number: part for part in plan.parts}

    def listen(receipt: Receipt) -> None:
        _take(sample, plan.job, receipt, by_number)
        progress.on_receipt(receipt)

    with Progress(plan.job, plan.parts, sys.stderr) as progress:
        run_graph(plan, True, [], listen)
    for part in plan.parts:
        sample.stored_bytes[part.path] += _stored_bytes(plan.job, part)
    blocks = list(Path(plan.job.documents_folder()).glob("*/*.blocks*"))
    sample.shuffled_bytes = sum(path.stat().st_size for path in blocks)
    folders = (plan.job.clean_folder(), plan.job.documents_folder())
    sample.work_bytes = sum(map(folder_bytes, folders))
    sample.written_bytes = sum(folder_bytes(plan.job.dataset_folder(v)) for v in plan.job.variants)
    return sample


def _stored_bytes(job: Job, part: Part) -> int:
    """Stored bytes of a part that was read; a crawl's list has no sizes, the file itself has."""
    if not part.crawled or job.mirror is None:
        return part.stored_bytes()
    if not is_http(job.mirror.base):
        return size_bytes(join(job.mirror.base, part.path))
    kept = find_cached(job.mirror.keep, part.path)
    if kept is None:
        raise Unreachable(
            f"{part.path} could not be fetched, so there is no estimate; run the same command again"
        )
    return size_bytes(kept)


def _take(sample: Sample, job: Job, receipt: Receipt, parts: Mapping[int, Part]) -> None:
    _add(sample.cpu_seconds, receipt.stage, receipt.cpu_seconds)
    if receipt.stage in ("clean", "finish"):
        _add(sample.file_cpu_seconds, parts[receipt.number].path, receipt.cpu_seconds)
    if receipt.stage == "finish":
        for variant in job.variants:
            counts = of_variant(receipt.counts, variant.name)
            documents = sum(n for rule, n in counts.items() if rule.endswith("/examples"))
            by_path = sample.documents.setdefault(variant.name, Counter())
            by_path[parts[receipt.number].path] += documents
            sample.text_bytes[variant.name] += sum(
                n for rule, n in counts.items() if rule.endswith("/text-bytes")
            )


def _add(sums: dict[str, float], name: str, value: float) -> None:
    sums[name] = sums.get(name, 0.0) + value


def scaled(by_file: Mapping[str, float], stored: Mapping[str, int], total_bytes: int) -> Range:
    """A sum over sampled files, scaled to all files by stored bytes.

    Args:
      by_file: value of each sampled file.
      stored: bytes of each.
      total_bytes: of all files.
    """
    rates = [by_file.get(path, 0) / count for path, count in stored.items() if count]
    value = sum(by_file.values()) / sum(stored.values())
    return Range(value * total_bytes, min(rates) * total_bytes, max(rates) * total_bytes)


def describe(sample: Sample, plan: Plan, options: Options) -> str:
    """The estimate as text."""
    total = sum(part.stored_bytes() for part in plan.parts)
    if plan.job.mirror is not None:  # its files are taken to be as large as the sampled ones
        mean = sum(sample.stored_bytes.values()) / len(sample.stored_bytes)
        total = round(mean * len(plan.parts))
    factor = total / sum(sample.stored_bytes.values())
    total_cpu = sum(sample.cpu_seconds.values()) * factor
    parts_cpu = scaled(sample.file_cpu_seconds, sample.stored_bytes, total)
    spread = total_cpu / parts_cpu.value
    shuffled, written = sample.shuffled_bytes * factor / _GB, sample.written_bytes * factor / _GB
    files = len({part.path for part in plan.parts})
    lines = [
        f"Estimate for {files:,} WET files, {size(total)} stored, from {len(sample.stored_bytes)} "
        "of them",
        "(in brackets: the least and the most that one of these alone gives)",
        f"  CPU-hours   {_hours(total_cpu)} ({_hours(parts_cpu.low * spread)} to "
        f"{_hours(parts_cpu.high * spread)})",
    ]
    workers = dict.fromkeys((options.num_workers or available_cores(), *_WORKERS))
    for count in workers:
        lines.append(f"  on {count:>5,} workers, one core each: {duration(total_cpu / count)}")
    lines += [
        f"  GB read     {total / _GB:,.2f}",
        f"  GB shuffled {shuffled:,.2f} (spilled to --work_dir on this machine)",
        f"  GB in --work_dir until the run is done {sample.work_bytes * factor / _GB:,.2f}",
        f"  GB written  {written:,.2f}",
        "  documents (somewhat fewer, as more files hold more duplicates):",
    ]
    for variant, documents in sample.documents.items():
        found = scaled(documents, sample.stored_bytes, total)
        text = size(round(sample.text_bytes[variant] * factor))
        lines.append(
            f"    {variant:16}{found.value:>15,.0f} ({found.low:,.0f} to {found.high:,.0f}), {text}"
        )
    return "\n".join([*lines, *_costs(total_cpu / 3600, total / _GB, shuffled, written, options)])


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def _costs(
    cpu_hours: float, read: float, shuffled: float, written: float, options: Options
) -> list[str]:
    """The cost, a line for each price."""
    amounts = {
        "vcpu_hour": cpu_hours,
        "memory_gb_hour": cpu_hours * MEMORY_GB,
        "disk_gb_hour": cpu_hours * DISK_GB,
        "shuffle_gb": shuffled,
        "storage_gb_month": written,
        "ingress_gb": read,
    }
    lines = ["  US dollars at the prices of docs/crawl.md, or of --price_<name>:"]
    costs = {name: amounts[name] * options.prices[name] for name in PRICES}
    for name, cost in costs.items():
        lines.append(
            f"    {name:18}{amounts[name]:>15,.2f} x {options.prices[name]:g} = {cost:,.2f}"
        )
    total = sum(costs.values())
    return [*lines, f"    {'all':18}{'':>15}   {total:,.2f}, with a month of storage"]
