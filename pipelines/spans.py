"""Spans that stand on several pages: each part's own choice first, then the choice among parts.

A span is a line, or three sentences. A part of the input sends each distinct span once, however
often it holds it, so that a line found on every page of the web still makes no bucket larger than
the number of parts. Every population of the run chooses for itself, all in one pass.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaning.captures import BAD_WORDS, PARAGRAPHS, REALNEWS, Signatures
from cleaning.clean import FATE_RULES, LINE_RULES
from cleaning.elections import elect_spans, repeated
from cleaning.variants import Form, Members, Population
from pipelines.clean import load_signatures
from pipelines.counts import Counts, scoped
from pipelines.exchange import (
    PASS_ROWS,
    SPAN,
    Block,
    passes,
    places,
    row_bits,
    rows_of_pass,
    split_by_bucket,
    split_by_part,
)
from pipelines.inputs import Part
from pipelines.job import Job
from pipelines.newest import IN_LISTS, OUTDATED
from vocab.storage import load_arrays, save_arrays

Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PartSpans:
    """The spans of a part's pages of one population, numbered in the order of the part.

    Attributes:
      page: int64[k], the population's pages, as numbers among those of its form.
      page_of_span: int64[n], index into `page`; empty where nothing is deduplicated.
      first: int64[n], the span of the same digest that the part elects.
      row: int64[n], number among all spans of the part's forms.
    """

    page: NDArray[np.int64]
    page_of_span: NDArray[np.int64]
    first: NDArray[np.int64]
    row: NDArray[np.int64]


def elect_part_spans(job: Job, part: Part, blocks: list[Block]) -> Counts:
    """Counts the part's newest captures by rule, and elects its spans among themselves.

    Args:
      blocks: VERDICT rows of the part's captures.
    """
    signatures = load_signatures(job, part)
    bits = row_bits(blocks, len(signatures.captured))
    shared = {form: _shared_spans(signatures, form) for form in job.rules().forms()}
    counts: Counter[str] = Counter()
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, population in enumerate(job.populations()):
        starters = starting_captures(signatures, bits, population.members)
        newest = starters & ((bits & OUTDATED) == 0)
        counted = _count_captures(signatures, bits, population, starters, newest)
        member = newest & _is_member(signatures, bits, population.members)
        if population.without_bad_words:
            member &= (signatures.marks & BAD_WORDS) == 0
        found = _elect(signatures, population, member, shared[population.form])
        for name in PartSpans.__dataclass_fields__:
            arrays[f"{index}.{name}"] = getattr(found, name)
        for variant in job.variants_of(population):
            counts.update({scoped(variant.name, rule): n for rule, n in counted.items()})
    save_arrays(job.stage_path("lines", part.number, ".npz"), arrays)
    return dict(counts)


def starting_captures(signatures: Signatures, bits: NDArray[np.uint8], members: Members) -> Marks:
    """bool[n]: captures among which the newest of each URL counts.

    RealNews domains are told by the normalized URL: all captures of one stand or fall together,
    so that the reference's domain filter before the choice of the newest chooses the same.
    """
    if members is Members.REALNEWS:
        return (signatures.marks & REALNEWS) > 0
    return np.ones(len(bits), bool)


def _is_member(signatures: Signatures, bits: NDArray[np.uint8], members: Members) -> Marks:
    """bool[n]: newest captures that the filters after the choice of the newest let pass."""
    if members is Members.WEBTEXT:
        return (bits & IN_LISTS) > 0
    if members is Members.PARAGRAPHS:
        return (signatures.marks & PARAGRAPHS) > 0
    return np.ones(len(bits), bool)


def _count_captures(
    signatures: Signatures,
    bits: NDArray[np.uint8],
    population: Population,
    starters: Marks,
    newest: Marks,
) -> Counts:
    """Counts by rule up to the end of cleaning."""
    counts = {
        "duplicate-url-filter/filtered": int((starters & ~newest).sum()),
        "duplicate-url-filter/passed": int(newest.sum()),
    }
    member = newest & _is_member(signatures, bits, population.members)
    passed, filtered = int(member.sum()), int((newest & ~member).sum())
    if population.members is Members.WEBTEXT:
        counts |= {"webtextlike-filter/passed": passed, "webtextlike-filter/filtered": filtered}
    if population.members is Members.PARAGRAPHS:
        counts |= {"paragraph-filter/passed": passed, "paragraph-filter/filtered": filtered}
    if population.form is Form.CLEANED:
        by_rule = signatures.line_counts[member].sum(axis=0, dtype=np.int64)
        counts |= dict(zip(LINE_RULES, by_rule.tolist(), strict=True))
        for fate, rule in FATE_RULES.items():
            counts[rule] = int((signatures.fate[member] == fate).sum())
    if population.without_bad_words:
        filtered = int((member & ((signatures.marks & BAD_WORDS) > 0)).sum())
        counts |= dict.fromkeys(
            ("badwords-filter/filtered", "badwords-filter-en/filtered"), filtered
        )
    return counts


def _shared_spans(signatures: Signatures, form: Form) -> Marks:
    """bool: spans of a form that occur more than once in the part: only they need an election."""
    digest = signatures.forms[form].span_digest
    shared = np.zeros(len(digest), bool)
    shared[repeated(digest)] = True
    return shared


def _elect(
    signatures: Signatures, population: Population, member: Marks, shared: Marks
) -> PartSpans:
    """The population's pages, and its spans with the part's choice among them."""
    of_form = signatures.forms[population.form]
    has_text = member[of_form.row]
    page = np.flatnonzero(has_text)
    none = np.empty(0, np.int64)
    if not population.deduplicated:
        return PartSpans(page, none, none, none)
    spans = of_form.spans.astype(np.int64)
    taken = np.repeat(has_text, spans)
    page_of_span = np.repeat(np.arange(len(page)), spans[page])
    first = np.arange(len(page_of_span))
    contested = np.flatnonzero(shared[taken])
    digest = of_form.span_digest[taken][contested]
    election = signatures.election[of_form.row[page]][page_of_span[contested]]
    chosen = elect_spans(digest, election, places(0, contested))
    first[contested] = contested[chosen]
    row = np.flatnonzero(taken) + _first_row(signatures, population.form)
    return PartSpans(page, page_of_span, first, row)


def _first_row(signatures: Signatures, form: Form) -> int:
    """Number of the form's first span among all spans of the part."""
    before = [f for f in Form if f in signatures.forms][: list(signatures.forms).index(form)]
    return sum(len(signatures.forms[f].span_digest) for f in before)


def load_spans(job: Job, part: Part) -> list[PartSpans]:
    """What `elect_part_spans` found, by population."""
    arrays = load_arrays(job.stage_path("lines", part.number, ".npz"))
    return [
        PartSpans(**{name: arrays[f"{i}.{name}"] for name in PartSpans.__dataclass_fields__})
        for i in range(len(job.populations()))
    ]


def span_blocks(job: Job, part: Part) -> dict[int, Block]:
    """SPAN rows of the spans that a population of the part elected, by bucket."""
    signatures = load_signatures(job, part)
    digest = np.concatenate([f.span_digest for f in signatures.forms.values()])
    elected_by = np.zeros(len(digest), np.uint8)
    for bit, found in enumerate(load_spans(job, part)):
        elected = found.row[found.first == np.arange(len(found.first))]
        elected_by[elected] |= np.uint8(1 << bit)
    row = np.flatnonzero(elected_by)
    page_election = [
        np.repeat(signatures.election[f.row], f.spans, axis=0) for f in signatures.forms.values()
    ]
    block = np.empty(len(row), SPAN)
    block["span_digest"] = digest[row]
    block["election"] = np.concatenate(page_election)[row]
    block["place"] = places(part.number, row)
    block["populations"] = elected_by[row]
    return split_by_bucket(block, block["span_digest"], job.buckets)


def lost_blocks(blocks: list[Block], pass_rows: int = PASS_ROWS) -> dict[int, Block]:
    """VERDICT rows by part: elected spans that a page of another part keeps instead.

    The bits are those of the populations in which the span is lost.

    Args:
      blocks: every part's SPAN rows of one bucket.
      pass_rows: about how many are compared at a time: they take some 250 bytes each.
    """
    count = passes(blocks, pass_rows)
    lost = [_lost(rows_of_pass(blocks, SPAN, number, count)) for number in range(count)]
    return split_by_part(
        np.concatenate([place for place, _ in lost]), np.concatenate([bits for _, bits in lost])
    )


def _lost(rows: Block) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Places of the spans that are lost in any population, and the bits of these."""
    rows = rows[repeated(np.ascontiguousarray(rows["span_digest"]))]
    digest, election, place, populations = (np.ascontiguousarray(rows[n]) for n in SPAN.names or ())
    lost = np.zeros(len(rows), np.uint8)
    for bit in range(8):
        own = np.flatnonzero(populations & np.uint8(1 << bit))
        if len(own):
            elected = elect_spans(digest[own], election[own], place[own])
            lost[own[elected != np.arange(len(own))]] |= np.uint8(1 << bit)
    told = np.flatnonzero(lost)
    return place[told], lost[told]
