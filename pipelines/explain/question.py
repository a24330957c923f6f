"""One URL asked of one run."""

from collections.abc import Collection
from dataclasses import replace

from cleaning.filters.clean import LINE_RULES
from cleaning.urls import load_normalizer, md5, pack_digests
from cleaning.variants import TextForm
from pipelines.explain.captures import FoundCapture, find_captures
from pipelines.explain.decisions import Decider
from pipelines.explain.explanation import Explanation, LineSeen, RecordSeen
from pipelines.explain.near import near_urls
from pipelines.explain.records import PageAgain, find_refused, read_page
from pipelines.explain.runs import Run
from pipelines.explain.work import Work
from pipelines.sources.records import NotReadable


def explain_page(run: Run, url: str, variants: Collection[str] = ()) -> Explanation:
    """What happened to the page of a URL in a run whose work is there.

    Args:
      variants: names of those to tell of; () for all of the run.
    """
    work, job = Work(run.job), run.job
    normalize = load_normalizer(job.settings.url_rules())
    normalized = normalize(url)
    captures = find_captures(work, pack_digests([md5(normalized)]))
    refused = find_refused(work, lambda other: normalize(other) == normalized)
    records = (*map(_seen, captures), *refused)
    told = Explanation(
        url=url, normalized=normalized, run=job.run_name(), spec=job.spec,
        records=records, line_counts={}, notes=_missing(work),
    )  # fmt: skip
    if not records:
        return replace(told, near=near_urls(work, normalized, normalize))
    return _with_decisions(run, work, told, captures, variants) if captures else told


def _with_decisions(
    run: Run,
    work: Work,
    told: Explanation,
    captures: list[FoundCapture],
    variants: Collection[str],
) -> Explanation:
    """What was decided about the newest capture."""
    newest, again, notes = captures[0], None, told.notes
    try:
        again = read_page(run.job, newest.part, newest.record)
    except NotReadable as error:
        notes = (*notes, f"{error}. Lines that cleaning dropped are only counted.")
    raw = again.text if again else None
    decider = Decider(work, newest, len(captures), raw, _shards(run))
    chosen = [v for v in run.job.variants if not variants or v.name in variants]
    is_cleaned = TextForm.CLEANED in run.job.rules().forms()
    counts = newest.signatures.line_counts[0].tolist() if is_cleaned else []
    return replace(
        told,
        notes=notes,
        lines=_lines(again) if is_cleaned else (),
        line_counts={rule: n for rule, n in zip(LINE_RULES, counts, strict=False) if n},
        fixes=_fixes(again) if again else (),
        variants=tuple(map(decider.path, chosen)),
    )


def _seen(capture: FoundCapture) -> RecordSeen:
    return RecordSeen(
        url=capture.record.url,
        file=capture.part.path,
        offset=capture.record.offset,
        within=capture.record.within,
        captured=capture.captured,
        newest=capture.is_newest,
    )


def _lines(again: PageAgain | None) -> tuple[LineSeen, ...]:
    return tuple(LineSeen(line.text, line.rule) for line in again.lines) if again else ()


def _fixes(again: PageAgain) -> tuple[str, ...]:
    counts = again.captures.counts
    return tuple(rule for rule in counts if rule.partition("/")[0] == "fixed" and counts[rule])


def _missing(work: Work) -> tuple[str, ...]:
    """What the run has not read yet."""
    left = len(work.parts) - len(work.cleaned)
    if not left:
        return ()
    return (f"{left:,} of the {len(work.parts):,} parts of the input are not cleaned yet.",)


def _shards(run: Run) -> dict[tuple[str, str], int]:
    """How many shards each split of each variant has; {} before the run is done."""
    return {
        (variant, name): int(split["shards"])
        for variant, row in run.report().get("variants", {}).items()
        for name, split in row["splits"].items()
    }
