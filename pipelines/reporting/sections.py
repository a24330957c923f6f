"""What the page shows of each variant, and of the run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cleaning.languages import UNKNOWN_LANGUAGE
from pipelines.reporting.dropped import dropped_pages
from pipelines.reporting.folder import RunFacts, VariantFacts
from pipelines.reporting.funnel import Taken, line_funnel, page_funnel
from pipelines.reporting.markup import NOTHING, Markup, element, isolated, text, together
from pipelines.reporting.published import PUBLISHED, SMALL_RUN
from pipelines.reporting.tables import Column, bar, columns, number, share, table
from runtime.units import size

_READ = "split-wet-file/passed"
_SHOWN_HOSTS, _SHOWN_DATES = 30, 36
_SHOWN_LANGUAGES = 20
_HOST_CHARS = 80
_OTHER = "english-filter/filtered:ignored_language"
_NOTHING_BESIDE = (
    "To see the run beside C4 as released, build en together with en.noclean, en.noblocklist or "
    "realnewslike."
)


def summary(run: RunFacts) -> Markup:
    """The variants side by side."""
    heads = (
        Column(text("variant")),
        Column(text("pages read"), "number", spare=True),
        Column(text("documents"), "number"),
        Column(text("of the pages"), "number"),
        Column(text("text"), "number"),
    )
    rows = [
        (
            element("a", isolated(variant.name, 60), href=f"#v{at}"),
            number(variant.counts.get(_READ, 0)),
            number(variant.total("documents")),
            text(share(variant.total("documents"), variant.counts.get(_READ, 0))),
            text(size(variant.total("text_bytes"))),
        )
        for at, variant in enumerate(run.variants)
    ]
    return table(heads, rows)


def comparisons(run: RunFacts) -> Markup:
    """The run beside C4 as released, with a warning where it is far off."""
    rows: list[Sequence[Markup]] = []
    far: dict[str, list[str]] = {}
    for row in PUBLISHED:
        part, whole = run.variant(row.part), run.variant(row.whole)
        if part is None or whole is None or not whole.total(row.what):
            continue
        found = part.total(row.what) / whole.total(row.what)
        rows.append((text(row.meaning), text(f"{found:.1%}"), text(f"{row.fraction:.1%}")))
        if row.is_far(found):
            far.setdefault(row.reasons, []).append(row.meaning)
    if not rows:
        return element("p", text(_NOTHING_BESIDE), class_="quiet")
    heads = (
        Column(text("share")), Column(text("this run"), "number"),
        Column(text("C4 of April 2019"), "number"),
    )  # fmt: skip
    warnings = [
        element("p", text(f"Far off: {', '.join(meanings)}. {reasons}"), class_="warning")
        for reasons, meanings in far.items()
    ]
    largest = max(variant.total("documents") for variant in run.variants)
    if far and largest < SMALL_RUN:
        told = f"No variant has more than {largest:,} documents: a few sites decide these shares."
        warnings.append(element("p", text(told), class_="warning"))
    return together([table(heads, rows), *warnings])


def variant_section(run: RunFacts, at: int) -> Markup:
    """All that is shown of a variant."""
    variant = run.variants[at]
    documents, read = variant.total("documents"), variant.counts.get(_READ, 0)
    told = f"{documents:,} documents of {read:,} pages, {size(variant.total('text_bytes'))} of text"
    named = "" if variant.unmodified else ", by options, lists or filters of your own"
    scope = str(run.config.get("settings", {}).get("bad_words_scope", ""))
    pages = page_funnel(variant.counts, scope)
    return together(
        [
            element("h2", isolated(variant.name, 60), id=f"v{at}"),
            element("p", text(told + named)),
            element("p", text(variant.dataset), class_="quiet"),
            element("h3", text("From pages to documents")),
            _pages_table(read, documents, pages),
            *_lines(line_funnel(variant.counts)),
            *_languages(variant),
            *_other_languages(variant),
            *_statistics(variant),
            *_dropped(variant),
        ]
    )


def _pages_table(read: int, documents: int, rows: Sequence[Taken]) -> Markup:
    heads = (
        Column(text("rule")), Column(text("pages"), "number"),
        Column(text("of those before"), "number"), Column(text("left"), "number", spare=True),
        Column(text("of all"), "wide"),
    )  # fmt: skip
    first = (text("pages read"), number(read), NOTHING, number(read), bar(read, read))
    body = [
        (
            _named(row),
            Markup(f"−{row.count:,}"),
            text(share(row.count, row.before)),
            number(row.left),
            bar(row.left, read, row.count),
        )
        for row in rows
    ]
    last = (
        text("documents"), number(documents), text(f"{share(documents, read)} of all"),
        number(documents), bar(documents, read),
    )  # fmt: skip
    return table(heads, [first, *body, last], last="total")


def _named(row: Taken) -> Markup:
    return together([text(row.meaning), Markup("<br>"), _rule(row.rule)])


def _rule(name: str) -> Markup:
    return element("span", text(name, 120), class_="rule")


def _lines(rows: Sequence[Taken]) -> Iterator[Markup]:
    if not rows:
        return
    heads = (
        Column(text("rule")), Column(text("lines"), "number"),
        Column(text("of the step's lines"), "number"), Column(text(""), "wide"),
    )  # fmt: skip
    yield element("h3", text("Lines dropped within pages"))
    yield table(
        heads,
        [
            (
                _named(row), number(row.count), text(share(row.count, row.before)),
                bar(0, row.before, row.count),
            )
            for row in rows
        ],
    )  # fmt: skip


def _languages(variant: VariantFacts) -> Iterator[Markup]:
    """Documents by language, of a variant that has splits for them."""
    found: Counter[str] = Counter()
    for split, own in variant.splits.items():
        found[split.removesuffix("-validation")] += own["documents"]
    found.pop("train", None)
    if not found or "validation" in found:
        return
    total, most = sum(found.values()), max(found.values())
    rows = [(code, count) for code, count in found.most_common() if count]
    yield element("h3", text(f"Languages: {len(rows)}"))
    yield columns([_counted("language", [(_language(c), n) for c, n in rows], total, most)])


def _other_languages(variant: VariantFacts) -> Iterator[Markup]:
    """The languages of the pages that the English filter dropped."""
    counts = variant.counts.items()
    found = Counter(
        {
            rule.removeprefix(f"{_OTHER}-"): n
            for rule, n in counts
            if rule.startswith(f"{_OTHER}-") and n
        }
    )
    if not found:
        return
    rows = found.most_common(_SHOWN_LANGUAGES)
    more = f", {len(rows)} of {len(found)}" * (len(found) > len(rows))
    head = "Languages of pages that are not English"
    yield element("h3", text(f"{head}{more}"))
    yield columns([_counted("language", rows, found.total(), rows[0][1], what="pages")])


def _language(code: str) -> str:
    return f"{code} (no reliable language)" if code == UNKNOWN_LANGUAGE else code


def _counted(
    head: str, rows: Sequence[tuple[str, int]], total: int, most: int, what: str = "documents"
) -> Markup:
    heads = (
        Column(text(head)), Column(text(what), "number"),
        Column(text("share"), "number"), Column(text(""), "wide"),
    )  # fmt: skip
    return table(
        heads,
        [
            (isolated(name, _HOST_CHARS), number(n), text(share(n, total)), bar(n, most))
            for name, n in rows
        ],
    )


def _statistics(variant: VariantFacts) -> Iterator[Markup]:
    """Documents by length, date and host."""
    told = variant.statistics
    lengths = [(int(least), int(count)) for least, count in told.get("lengths", ())]
    if lengths:
        yield element("h3", text("Lengths of documents"))
        yield _histogram("bytes of text, from", by_doubling(lengths))
    if days := {str(day): int(count) for day, count in dict(told.get("days", {})).items()}:
        yield element("h3", text("Capture dates"))
        yield _histogram("captured", by_date(days))
    yield from _hosts(told)


def _histogram(head: str, rows: Sequence[tuple[str, int]]) -> Markup:
    total, most = sum(n for _, n in rows), max(n for _, n in rows)
    return _counted(head, rows, total, most)


def by_doubling(lengths: Iterable[tuple[int, int]]) -> list[tuple[str, int]]:
    """Counts by classes of length, two of which are joined: each is twice as long as the last."""
    found: dict[int, int] = {}
    for least, count in lengths:
        power = least.bit_length() - 1
        found[power] = found.get(power, 0) + count
    return [(f"{1 << power:,}", found.get(power, 0)) for power in range(min(found), max(found) + 1)]


def by_date(days: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts by day, or by month or year where these are too many; undated last."""
    for characters in (10, 7, 4):
        found: Counter[str] = Counter()
        for day, count in days.items():
            found[day[:characters] or "no date"] += count
        if len(found) <= _SHOWN_DATES:
            break
    return sorted(found.items())


def _hosts(told: Mapping[str, Any]) -> Iterator[Markup]:
    hosts = {str(host): int(count) for host, count in dict(told.get("hosts", {})).items()}
    if not hosts:
        return
    total, fraction = int(told["host_documents"]), float(told["hosts_sampled"])
    sampled = "" if fraction == 1 else f" in a sample of {fraction:.2%} of the documents"
    rows = [*hosts.items()][:_SHOWN_HOSTS]
    yield element("h3", text("Domains with most documents"))
    yield element("p", text(f"{int(told['host_count']):,} hosts{sampled}"), class_="quiet")
    yield columns([_counted("host", rows, total, rows[0][1])])


def _dropped(variant: VariantFacts) -> Iterator[Markup]:
    if not variant.dropped:
        return
    yield element("h3", text("Dropped pages"))
    told = "Chosen by a hash of their URLs. Lines that were dropped are struck out, with the rule. "
    link = element("a", text("all that were kept"), href=f"../dropped/{variant.name}.jsonl")
    yield element("p", text(told), link, class_="quiet")
    yield dropped_pages(variant.dropped)
