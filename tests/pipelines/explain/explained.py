"""Every page of a run explained, beside what the run wrote."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cleaning.filters.clean import LINE_RULES
from cleaning.urls import load_normalizer
from corpora.documents import read_documents
from corpora.layout import find_corpora
from pipelines.explain.explanation import Explanation, VariantPath
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run, find_runs
from pipelines.explain.work import Work

FIRST = "duplicate-url-filter/passed"  # from here on, rules count the newest captures

NOT_OF_PAGES = ("/examples", "/text-bytes", "/listed", "/missing-page")


def one_run(output: Path) -> Run:
    (run,) = find_runs(str(output), None)
    return run


def urls_of(run: Run) -> list[str]:
    """A URL of each page that the run read, of those with one normalized URL the last."""
    work, normalize = Work(run.job), load_normalizer(run.job.settings.url_rules())
    records = [row for part in work.parts for row in work.records(part.number).rows()]
    return sorted({normalize(row.url): row.url for row in records}.values())


def explain_all(run: Run, urls: Iterable[str]) -> dict[str, Explanation]:
    """By normalized URL."""
    told = [explain_page(run, url) for url in urls]
    return {one.normalized: one for one in told}


def written(run: Run, variant: str) -> dict[str, tuple[str, str]]:
    """Split and file of each document of a variant, by its normalized URL."""
    normalize = load_normalizer(run.job.settings.url_rules())
    report = run.report()["variants"][variant]
    if not any(split["documents"] for split in report["splits"].values()):
        return {}
    return {
        normalize(url.decode()): (shard.split, Path(shard.path).name)
        for shard in find_corpora([report["dataset"]])
        for url, _ in read_documents(shard.path, shard.format)
    }


def path_of(told: Explanation, variant: str) -> VariantPath:
    (path,) = [path for path in told.variants if path.variant == variant]
    return path


def check_documents(run: Run, told: dict[str, Explanation]) -> int:
    """Each page is kept or dropped, and where, as the run did it; returns how many were kept."""
    kept = 0
    for variant in run.job.variants:
        there = written(run, variant.name)
        for normalized, one in told.items():
            path = path_of(one, variant.name)
            place = (path.split, Path(path.file).name) if path.kept else None
            assert place == there.get(normalized), (variant.name, one.url)
            assert path.kept is not bool(path.rule) and path.kept is not None
            kept += path.kept
    return kept


def check_counts(run: Run, told: dict[str, Explanation]) -> None:
    """All pages together met each rule as often as the run's report says."""
    for variant in run.job.variants:
        counted = run.report()["variants"][variant.name]["counts"]
        paths = [path_of(one, variant.name) for one in told.values()]
        met = Counter(step.rule for path in paths for step in path.steps)
        met.update(span.rule for path in paths for span in path.duplicates)
        compared = [path for path in paths if any("dedupe-lines/" in s.rule for s in path.steps)]
        met["dedupe-lines/line-passed"] = sum(p.spans - len(p.duplicates) for p in compared)
        cleaned = [
            one.lines
            for one in told.values()
            if any("clean-page/" in s.rule for s in path_of(one, variant.name).steps)
        ]
        met.update(line.rule for lines in cleaned for line in lines if line.rule in LINE_RULES)
        rules = list(counted)
        for rule in rules[rules.index(FIRST) :]:
            if not rule.startswith("fixed/") and not rule.endswith(NOT_OF_PAGES):
                assert met[rule] == counted[rule], (variant.name, rule)
        assert (+met).keys() <= counted.keys()
