"""Every rule that drops or keeps something, in the order in which data meet it.

The names are the reference's counter names (TFDS c4_utils, `namespace/counter`), so that a report
can be compared with a run of TFDS. Code, report and docs use these names and no others. The part
before the slash is the step; a variant has the rules of its steps (`Variant.steps`). The rules of
finished documents are defined with their filters (`cleaning.document_filters`).
"""

import re
from collections.abc import Iterable, Mapping

from cleaning.counts import Rule, Unit
from cleaning.document_filters import DOCUMENT_FILTERS
from cleaning.variants import (
    CAPTURE_FILTERS,
    CLEAN_PAGE,
    DEDUPE_LINES,
    OWN_FILTER,
    Variant,
)

_P = "2.2"
RULES: tuple[Rule, ...] = (
    Rule("split-wet-file/wet-file", Unit.FILE, True, "WET files read", "", "split_wet_file"),
    Rule("split-wet-file/filtered:unreachable", Unit.FILE, False,
         "WET files of a crawl that could not be fetched", "", ""),
    Rule("split-wet-file/filtered:unreadable", Unit.FILE, False,
         "files without a record of a WET file", "", ""),
    Rule("split-wet-file/filtered:malformed", Unit.RECORD, False, "damaged or not WET", "", ""),
    Rule("split-wet-file/filtered:no_url", Unit.RECORD, False, "no WARC-Target-URI", "",
         "split_wet_file"),
    Rule("split-wet-file/filtered:no_content", Unit.RECORD, False, "no text", "",
         "split_wet_file"),
    Rule("split-wet-file/filtered:no_timestamp", Unit.RECORD, False, "no WARC-Date", "",
         "split_wet_file"),
    Rule("split-wet-file/passed", Unit.PAGE, True, "pages read", "", "split_wet_file"),
    Rule("too-long-filter/filtered", Unit.PAGE, False, "over 190,000 characters", "",
         "is_valid_length"),
    Rule("too-long-filter/passed", Unit.PAGE, True, "within 190,000 characters", "",
         "is_valid_length"),
    Rule("realnews-domain-filter/filtered:bad_domain", Unit.PAGE, False,
         "not on a RealNews domain", "", "is_realnews_domain"),
    Rule("realnews-domain-filter/filtered:bad_subdomain", Unit.PAGE, False,
         "on another subdomain of a RealNews domain", "", "is_realnews_domain"),
    Rule("realnews-domain-filter/passed", Unit.PAGE, True, "on a RealNews domain", "3.4",
         "is_realnews_domain"),
    Rule("duplicate-url-filter/filtered", Unit.PAGE, False, "an older capture of its URL", "",
         "select_newest_page (miscounted there)"),
    Rule("duplicate-url-filter/passed", Unit.PAGE, True, "the newest capture of its URL", "",
         "select_newest_page (miscounted there)"),
    Rule("webtextlike-filter/listed", Unit.URL, True, "lines of the URL lists", "", ""),
    Rule("webtextlike-filter/malformed", Unit.URL, False, "lines that are not UTF-8", "", ""),
    Rule("webtextlike-filter/missing-page", Unit.URL, False, "listed URLs without a capture", "",
         "filter_by_webtextlike"),
    Rule("webtextlike-filter/filtered", Unit.PAGE, False, "URL not listed", "",
         "filter_by_webtextlike"),
    Rule("webtextlike-filter/passed", Unit.PAGE, True, "URL listed", "3.4",
         "filter_by_webtextlike"),
    Rule("paragraph-filter/filtered", Unit.PAGE, False, "too few long lines", "mT5 3.1",
         "paragraph_filter"),
    Rule("paragraph-filter/passed", Unit.PAGE, True, "with 3 lines of 200 characters", "mT5 3.1",
         "paragraph_filter"),
    Rule("clean-page/line-filtered:too_long_word", Unit.LINE, False,
         "a word of over 1,000 characters", "", "clean_page"),
    Rule("clean-page/line-filtered:no_endmark", Unit.LINE, False,
         'not ended by . ? ! or ", or ended by ...', _P, "clean_page"),
    Rule("clean-page/line-filtered:too_short", Unit.LINE, False, "fewer than 5 words", _P,
         "clean_page"),
    Rule("clean-page/filtered:loremipsum", Unit.PAGE, False, "holds 'lorem ipsum'", _P,
         "clean_page"),
    Rule("clean-page/line-filtered:javascript", Unit.LINE, False, "holds 'javascript'", _P,
         "clean_page"),
    Rule("clean-page/filtered:squigglybracket", Unit.PAGE, False, "holds '{'", _P, "clean_page"),
    Rule("clean-page/line-filtered:policy", Unit.LINE, False, "a cookie or terms notice", _P,
         "clean_page"),
    Rule("clean-page/line-passed", Unit.LINE, True, "lines kept by cleaning", "", "clean_page"),
    Rule("clean-page/filtered:too_few_sentences", Unit.PAGE, False, "fewer than 3 sentences", _P,
         "clean_page"),
    Rule("clean-page/passed", Unit.PAGE, True, "pages kept by cleaning", "", "clean_page"),
    Rule("dedupe-lines/line-filtered:global_duplicate", Unit.LINE, False,
         "kept by another page instead", _P, "_remove_lines_from_text"),
    Rule("dedupe-lines/line-filtered:local_duplicate", Unit.LINE, False,
         "repeated within its page", _P, "_remove_lines_from_text"),
    Rule("dedupe-lines/line-passed", Unit.LINE, True, "lines kept by deduplication", "",
         "_remove_lines_from_text"),
    Rule("dedupe-lines/filtered:empty", Unit.PAGE, False, "no line left", "",
         "_remove_lines_from_text"),
    Rule("dedupe-lines/filtered:too_few_sentences", Unit.PAGE, False,
         "fewer than 3 sentences left", _P, "_remove_lines_from_text"),
    Rule("dedupe-lines/passed", Unit.PAGE, True, "pages kept by deduplication", "",
         "_remove_lines_from_text"),
    *dict.fromkeys(rule for row in DOCUMENT_FILTERS.values() for rule in row.rules),
    Rule("fixed/body_headers", Unit.PAGE, True, "a header-like line was kept", "", ""),
    Rule("fixed/url_scheme_case", Unit.PAGE, True, "a scheme in capitals was cut", "", ""),
    Rule("fixed/url_scheme_place", Unit.PAGE, True, "a URL within the URL was kept", "", ""),
    Rule("fixed/url_tracking", Unit.PAGE, True, "a query was cut differently", "", ""),
    Rule("fixed/citations", Unit.PAGE, True, "[] was kept", "", ""),
    Rule("fixed/end_marks", Unit.PAGE, True, "a line ended by a curly quote was kept", "", ""),
    Rule("fixed/bad_words_case", Unit.PAGE, True, "holds a word listed in capitals", "", ""),
)  # fmt: skip
_OWN, _END = "own filters", "end"
FAMILIES = {
    re.compile(r"english-filter/filtered:ignored_language-.+"):
        "english-filter/filtered:ignored_language",
    re.compile(r"language-filter/passed:.+"): "language-filter/passed",
    re.compile(r"badwords-filter-[^/]+/(filtered|soft-passed|passed)"): "badwords-filter/passed",
    re.compile(r"own-filter:[^/]+/(filtered:.+|passed)"): _OWN,
    re.compile(r"[^/]+/(examples|text-bytes)"): _END,
}  # fmt: skip
"""Names that contain a language, filter or split, and the row that they follow in a report.

Own filters and splits follow all rows.
"""


def data_path_order(counts: dict[str, int], steps: tuple[str, ...]) -> dict[str, int]:
    """The counts of these steps in the table's order, zeros included, families after their rows.

    Raises:
      ValueError: a name is neither a row nor of a family: a bug of the caller.
    """
    check_names(counts)
    rows = {rule.name for rule in RULES}
    members: dict[str, list[str]] = {}
    for name in sorted(counts.keys() - rows):
        members.setdefault(_family(name), []).append(name)
    ordered: dict[str, int] = {}
    for rule in RULES:
        if rule.step() in steps:
            ordered[rule.name] = counts.get(rule.name, 0)
            ordered |= {name: counts[name] for name in members.get(rule.name, [])}
    own = [step for step in steps if step.startswith(OWN_FILTER)]
    by_filter = sorted(members.get(_OWN, []), key=lambda name: own.index(name.partition("/")[0]))
    last = [*by_filter, *members.get(_END, [])]
    return ordered | {name: counts[name] for name in last}


def heaviest_rule(counts: Mapping[str, int]) -> tuple[str, int, Unit, str]:
    """The rule that dropped most pages, its count, unit and meaning; "" if none did.

    One that drops files or records is named if it dropped more of them than pages were read: the
    first record of each WET file has no URL. Of equal counts that of files is named, else the
    last in data-path order.

    Args:
      counts: by rule, of one variant.
    """
    read = counts.get("split-wet-file/passed", 0)
    dropped = [
        (counts.get(rule.name, 0), rule.name, rule.unit, rule.meaning)
        for rule in RULES
        if not rule.keeps and rule.unit in (Unit.FILE, Unit.RECORD, Unit.PAGE)
    ]
    for name, count in counts.items():
        if name.startswith(OWN_FILTER) and "/filtered:" in name:
            dropped.append((count, name, Unit.PAGE, "your own filter"))
    found = [row for row in dropped if row[0] and (row[2] is Unit.PAGE or row[0] > read)]
    none = (0, "", Unit.PAGE, "")
    ordered = sorted(found, key=lambda row: row[2] is Unit.FILE)[::-1]
    count, name, unit, meaning = max(ordered, key=lambda row: row[0], default=none)
    return name, count, unit, meaning


def _family(name: str) -> str:
    """The row that a name follows in a report; "" if it is of no family."""
    return next((row for family, row in FAMILIES.items() if family.fullmatch(name)), "")


def check_names(names: Iterable[str]) -> None:
    """Refuses names that no row and no family lists.

    Raises:
      ValueError: names the first of them: a bug of the caller.
    """
    rows = {rule.name for rule in RULES}
    for name in sorted(set(names) - rows):
        if not _family(name):
            raise ValueError(
                f"no rule is named {name!r}; add it to RULES in cleaning/rules.py, or to the rules "
                "of its row in cleaning/document_filters.py"
            )


def check_variants(variants: Iterable[Variant]) -> None:
    """Refuses variants that could not be built or counted, before any work.

    Raises:
      ValueError: a filter is unknown, is out of data-path order, or has no rules.
    """
    order = [*CAPTURE_FILTERS, CLEAN_PAGE, DEDUPE_LINES, *DOCUMENT_FILTERS]
    counted = {rule.step() for rule in RULES}
    for variant in variants:
        known = [name for name in variant.filters if not name.startswith(OWN_FILTER)]
        unknown = [name for name in known if name not in order]
        if unknown:
            raise ValueError(
                f"variant {variant.name}: unknown filter {unknown[0]!r}; expected a row of "
                f"cleaning.document_filters, or one of {', '.join(order)}"
            )
        first = list(variant.filters[: len(known)])
        if known != first or known != sorted(known, key=order.index):
            raise ValueError(
                f"variant {variant.name}: {', '.join(variant.filters)} are not in data-path order: "
                f"{', '.join(order)}, then own filters"
            )
        without = [
            step for step in variant.steps() if step not in counted and OWN_FILTER not in step
        ]
        if without:
            raise ValueError(
                f"variant {variant.name}: no rule counts step {without[0]}; give its row in "
                "cleaning.document_filters the rules it counts"
            )
