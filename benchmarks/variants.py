"""The cost of more variants in one pass, beside a run of the reference for each."""

import time
from pathlib import Path

import gcld3
import pyarrow as pa

from benchmarks.commands import Figures, count_pages, run_c4forge, run_reference
from cleaning.filters.language import IDENTIFIERS
from cleaning.variants import VARIANTS, TextForm
from pipelines.run.plan import Plan
from runtime.storage.arrays import map_checked_arrow
from tests.runs.runs import plan, run_stages

CONFIGS = tuple(name for name in VARIANTS if name != "en.noblocklist")  # those that TFDS has
RESTRICTED = "en,en.noblocklist,realnewslike,webtextlike"
ASKED = {"en": "en", "those of English cleaned": RESTRICTED, "all": "all"}


def bench_variants(wet: Path, one_page: Path, folder: Path, references: Path) -> None:
    """CPU-seconds of one pass for one, four and all variants; of TFDS once per configuration."""
    pages = count_pages(wet)
    lists = [
        f"--badwords_dir={references / 'badwords'}",
        f"--realnews_domains={references / 'domain_to_allowed_subdomains.json'}",
        f"--webtext_urls={references / 'webtext'}",
    ]
    print(f"\nVariants in one pass, {pages:,} pages, CPU-seconds, one worker")
    print(f"{'':28}{'run':>8}{'start-up':>10}{'times en':>10}{'start-up apart':>16}")
    runs: dict[str, tuple[Figures, Figures]] = {}
    for name, variants in ASKED.items():
        arguments = [f"--variant={variants}", *lists]
        run, start = (run_c4forge(w, folder, 1, *arguments) for w in (wet, one_page))
        runs[name] = run, start
        whole = run["cpu"] / runs["en"][0]["cpu"]
        apart = _apart(runs[name]) / _apart(runs["en"])
        print(f"{name:28}{run['cpu']:8.2f}{start['cpu']:10.2f}{whole:10.2f}{apart:16.2f}")
    _print_floor(plan(folder / "floor", "--variant=all", f"--input={wet}", *lists))
    print("TFDS, a run for each configuration")
    total = 0.0
    for config in CONFIGS:
        cost = _apart(tuple(run_reference(w, folder, references, config) for w in (wet, one_page)))
        total += cost
        print(f"  {config:26}{cost:8.1f}")
    print(f"  {'sum':26}{total:8.1f}")
    print(f"ratio of that to one pass for {len(VARIANTS)}: {total / _apart(runs['all']):.1f}x")


def _apart(measured: tuple[Figures, ...]) -> float:
    """CPU-seconds of a run without start-up."""
    run, start = measured
    return run["cpu"] - start["cpu"]


def _print_floor(todo: Plan) -> None:
    """CPU of the language identifiers alone on the texts of the variants."""
    costs: dict[str, float] = {}
    run_stages(todo, costs)
    raw = read_texts(todo, TextForm.RAW)
    langdetect = IDENTIFIERS["langdetect"].load(None)
    detector = gcld3.NNetLanguageIdentifier(100, 10_000)
    # Pages with paragraphs, before deduplication takes a few of them.
    long_pages = [text for text in raw if sum(len(x) >= 200 for x in text.split("\n")) >= 3]
    floor = {
        "langdetect, cleaned": _timed(langdetect, read_texts(todo, TextForm.CLEANED)),
        "langdetect, raw": _timed(langdetect, raw),
        "cld3, with paragraphs": _timed(detector.FindLanguage, long_pages),
    }
    print(f"Of all, in one process: {sum(costs.values()):.2f} CPU-s; identifiers alone")
    for name, cost in floor.items():
        print(f"  {name:26}{cost:8.2f}")


def read_texts(todo: Plan, form: TextForm) -> list[str]:
    """The texts of all pages of a run, cleaned or raw."""
    texts: list[str] = []
    for part in todo.parts:
        path = todo.job.pages_path(part, form)
        with map_checked_arrow(path) as source, pa.ipc.open_file(source) as reader:
            texts += reader.read_all().column("text").to_pylist()
    return texts


def _timed(identify, texts: list[str]) -> float:
    started = time.process_time()
    for text in texts:
        identify(text)
    return time.process_time() - started
