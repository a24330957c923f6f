"""An explanation as text for people, in the width of a terminal, and as JSON."""

import json
import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.cells import cell_len
from rich.text import Text

from cleaning.dedup.pages import SPAN_OUTCOME_RULES, SpanOutcome
from cleaning.filters.clean import LINE_PASSED
from cleaning.rules import RULES
from cleaning.variants import DEDUPE_LINES
from pipelines.explain.explanation import (
    Explanation,
    RecordSeen,
    VariantPath,
)
from runtime.redaction import escape_controls, escape_json

_MEANINGS = {rule.name: rule.meaning for rule in RULES}
_BOLD, _FAINT = "bold", "dim"
_REPEATED = "repeated on the page"
_KEPT, _DROPPED, _UNKNOWN = "kept", "dropped", "not known"

Line = tuple[str, str]
"""Style and text."""


def as_json(told: Explanation) -> str:
    """The explanation as a JSON object in a line."""
    return escape_json(json.dumps({**asdict(told), "found": told.found()}, ensure_ascii=False))


def as_text(told: Explanation, width: int) -> Iterator[Text]:
    """The explanation as lines; only URLs and names of files are longer than the width."""
    for style, line in _lines(told, width):
        yield Text(_plain(line), style=style)


def _plain(text: str) -> str:
    return escape_controls(text.replace("\n", " ").replace("\t", " "))


def _lines(told: Explanation, width: int) -> Iterator[Line]:
    yield _BOLD, told.text or told.url
    if told.url:
        yield "", f"  normalized: {told.normalized}"
    yield "", f"  spec: {told.spec}" if told.text else f"  run: {told.run} ({told.spec})"
    for note in told.notes:
        yield from _wrapped("  note: ", note, width)
    if not told.found():
        yield from _never_there(told)
        return
    if told.variants:
        yield "", ""
    for path in told.variants:
        yield from _outcome(path, max(len(p.variant) for p in told.variants), width)
    if not told.text or not told.variants:
        yield "", ""
        yield from _records(told.records, width)
    yield from _page_lines(told, width)
    for rule in told.fixes:
        yield from _wrapped(f"  {rule}  ", _MEANINGS.get(rule, ""), width)
    before: list[VariantPath] = []
    for paths in _grouped(told.variants):
        yield "", ""
        yield from _path(paths, before, width)
        before.append(paths[0])


def _never_there(told: Explanation) -> Iterator[Line]:
    yield "", ""
    yield "", "No record of this URL was read."
    if told.near:
        yield "", "The nearest that were:"
    for url in told.near:
        yield "", f"  {url}"


def _outcome(path: VariantPath, name_width: int, width: int) -> Iterator[Line]:
    """A variant in a line: where the page is, or what dropped it."""
    if path.kept is None:
        end = f"{_UNKNOWN}: {path.unknown}"
    elif path.kept:
        end = f"{_KEPT:8} {_place(path)}"
    else:
        meaning = _MEANINGS.get(path.rule, "")
        end = f"{_DROPPED:8} {path.rule}" + f" ({meaning})" * bool(meaning)
    yield from _wrapped(f"  {path.variant:{name_width}}  ", end, width, name_width + 13)


def _place(path: VariantPath) -> str:
    place = f"in {path.split}" if path.split else f"as {path.language}"
    return place + f", {path.file}" * bool(path.file)


def _records(records: Sequence[RecordSeen], width: int) -> Iterator[Line]:
    captures = [record for record in records if not record.rule]
    if len(captures) > 1:
        yield _BOLD, f"Captures: {len(captures):,}; the newest is taken"
    elif captures:
        yield _BOLD, "Record"
    for record in captures:
        which = ("newest  " if record.newest else "older   ") * (len(captures) > 1)
        yield "" if record.newest else _FAINT, f"  {which}{record.captured}  {record.url}"
        yield "" if record.newest else _FAINT, f"    {_of_file(record)}"
    dropped = [record for record in records if record.rule]
    if dropped and captures:
        yield _BOLD, "Records that reading dropped"
    elif dropped:
        yield _BOLD, "Dropped in every variant while it was read"
    for record in dropped:
        yield "", f"  {record.url}"
        yield "", f"    {_of_file(record)}"
        meaning = record.reason or _MEANINGS.get(record.rule, "")
        yield from _wrapped("    ", f"{record.rule}: {meaning}", width)


def _of_file(record: RecordSeen) -> str:
    within = f", {record.within:,} bytes into it" if record.within else ""
    return f"{_from_here(record.file)}, byte {record.offset:,}{within}"


def _from_here(path: str) -> str:
    """The path from the current folder, if it is below that."""
    return path.removeprefix(os.path.join(os.getcwd(), ""))


def _page_lines(told: Explanation, width: int) -> Iterator[Line]:
    """The lines of the page, each with its rule; or how many each rule took."""
    if not told.lines and not told.line_counts:
        return
    yield "", ""
    if not told.lines:
        yield _BOLD, "Lines by rule of cleaning"
        for rule, count in told.line_counts.items():
            yield "", f"  {count:8,}  {rule}"
        return
    yield _BOLD, f"Lines: {len(told.lines):,}, with the rule of clean-page that dropped them"
    names = [_short(line.rule) for line in told.lines]
    name_width = max(map(len, names))
    for number, (line, name) in enumerate(zip(told.lines, names, strict=True), 1):
        start = f"  {number:{len(str(len(told.lines)))}}  {name:{name_width}}  "
        yield _FAINT if name else "", start + _cut(line.text, width - len(start))


def _short(rule: str) -> str:
    """The rule's last word; "" for a line that is kept, - for one that no rule saw."""
    if not rule:
        return "-"
    return "" if rule == LINE_PASSED else rule.rpartition(":")[2]


def _grouped(paths: Sequence[VariantPath]) -> list[list[VariantPath]]:
    """The variants in groups whose ways are the same."""
    groups: dict[object, list[VariantPath]] = {}
    for path in paths:
        key = (path.kept, path.steps, path.duplicates, path.split, path.shard, path.shards)
        groups.setdefault(key, []).append(path)
    return list(groups.values())


def _path(
    paths: Sequence[VariantPath], before: Sequence[VariantPath], width: int
) -> Iterator[Line]:
    """The way through variants that decide alike, from where it leaves that of one before."""
    first = paths[0]
    state = {True: _KEPT, False: _DROPPED, None: _UNKNOWN}[first.kept]
    yield _BOLD, f"{', '.join(path.variant for path in paths)}: {state}"
    same = 0
    if before:
        nearest = max(before, key=lambda path: _shared(first, path))
        same = _shared(first, nearest)
        yield "", f"  as {nearest.variant} up to {first.steps[same - 1].rule}"
    steps = first.steps[same:]
    name_width = max((len(step.rule) for step in steps), default=0)
    for step in steps:
        said = step.detail or _MEANINGS.get(step.rule, "")
        yield from _wrapped(f"  {step.rule:{name_width}}  ", said, width, name_width + 4)
        if step.rule.startswith(f"{DEDUPE_LINES}/"):
            yield from _duplicates(first, width)
    if first.unknown:
        yield from _wrapped(f"  {_UNKNOWN}: ", first.unknown, width)
    if first.kept:
        yield from _wrapped("  ", _place(first), width)


def _shared(path: VariantPath, other: VariantPath) -> int:
    """The number of steps that two ways have in common at their start."""
    count = 0
    for one, two in zip(path.steps, other.steps, strict=False):
        if one != two or (
            one.rule.startswith(DEDUPE_LINES) and path.duplicates != other.duplicates
        ):
            break
        count += 1
    return count


def _duplicates(path: VariantPath, width: int) -> Iterator[Line]:
    """The spans that were dropped, by what keeps them, in the order of the page."""
    by_keeper: dict[str, list[str]] = {}
    for span in path.duplicates:
        is_own = span.rule == SPAN_OUTCOME_RULES[SpanOutcome.LOCAL_DUPLICATE]
        by_keeper.setdefault(_REPEATED if is_own else span.kept_by, []).append(span.text)
    for keeper, texts in by_keeper.items():
        yield "", f"      {keeper}" if keeper == _REPEATED else f"      kept by {keeper}"
        for text in texts:
            yield _FAINT, "        " + _cut(text, width - 8)


def _wrapped(start: str, text: str, width: int, indent: int = 0) -> list[Line]:
    """The text after `start`, in lines of the width; further ones begin with an indent."""
    indent = min(indent or len(start), width // 2)
    lines = textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=" " * indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return [("", line) for line in lines or [start.rstrip()]]


def _cut(text: str, width: int) -> str:
    """The text in at most so many columns."""
    text = _plain(text)
    if cell_len(text) <= width:
        return text
    shown = Text(text)
    shown.truncate(max(width, 1), overflow="ellipsis")
    return shown.plain
