"""Every rule that drops or keeps something, in the order in which data meet it.

The names are the reference's counter names (TFDS c4_utils, `namespace/counter`), so that a report
can be laid beside a run of TFDS; what only c4forge counts is marked so. Code, report and docs use
these names and no others. The part before the slash is the step; a variant has the rules of its
steps (`Variant.steps`). FAMILIES have a part that is only known from the data.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a rule counts."""

    FILE = "files"
    RECORD = "records"
    PAGE = "pages"
    LINE = "lines"
    URL = "URLs"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
      name: the counter, everywhere.
      unit: what one count is.
      keeps: True if what it counts goes on to the next rule.
      meaning: one line for reports.
      paper: section of Raffel et al. 2020, or of mT5, that asks for it, or "".
      reference: where TFDS 4.9.10 does it, or "" where only c4forge counts it.
    """

    name: str
    unit: Unit
    keeps: bool
    meaning: str
    paper: str
    reference: str

    def step(self) -> str:
        """The step that it belongs to."""
        return self.name.partition("/")[0]


_P = "2.2"
RULES: tuple[Rule, ...] = (
    Rule("split-wet-file/wet-file", Unit.FILE, True, "WET files read", "", "split_wet_file"),
    Rule("split-wet-file/filtered:unreachable", Unit.FILE, False,
         "WET files of a crawl that could not be had", "", ""),
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
    Rule("english-filter/filtered:langdetect_exception", Unit.PAGE, False,
         "no features to tell a language by", _P, "detect_english"),
    Rule("english-filter/filtered:no_predictions", Unit.PAGE, False, "no language likely", _P,
         "detect_english"),
    Rule("english-filter/filtered:low_confidence", Unit.PAGE, False,
         "best language below 0.99", _P, "detect_english"),
    Rule("english-filter/filtered:ignored_language", Unit.PAGE, False, "not English", _P,
         "detect_english"),
    Rule("english-filter/passed", Unit.PAGE, True, "English pages", "", "detect_english"),
    Rule("language-filter/filtered:no_predictions", Unit.PAGE, False,
         "no reliable language (und, where kept)", "mT5 3.1", "detect_languages"),
    Rule("language-filter/filtered:low_confidence", Unit.PAGE, False,
         "best language too unlikely (und, where kept)", "mT5 3.1", "detect_languages"),
    Rule("language-filter/filtered:ignored_language", Unit.PAGE, False,
         "a language not asked for", "", "detect_languages"),
    Rule("language-filter/passed", Unit.PAGE, True, "pages of a language asked for", "",
         "detect_languages"),
    Rule("badwords-filter/filtered", Unit.PAGE, False, "holds a bad word", _P,
         "_badwords_filter"),
    Rule("badwords-filter/soft-passed", Unit.PAGE, True, "holds a bad word, kept by hash", "",
         "_badwords_filter"),
    Rule("badwords-filter/passed", Unit.PAGE, True, "free of bad words", "", "_badwords_filter"),
    Rule("fixed/body_headers", Unit.PAGE, True, "a header-like line was kept", "", ""),
    Rule("fixed/url_scheme_case", Unit.PAGE, True, "a scheme in capitals was cut", "", ""),
    Rule("fixed/url_scheme_place", Unit.PAGE, True, "a URL within the URL was kept", "", ""),
    Rule("fixed/url_tracking", Unit.PAGE, True, "a query was cut otherwise", "", ""),
    Rule("fixed/citations", Unit.PAGE, True, "[] was kept", "", ""),
    Rule("fixed/end_marks", Unit.PAGE, True, "a line ended by a curly quote was kept", "", ""),
    Rule("fixed/bad_words_case", Unit.PAGE, True, "found only in small letters", "", ""),
)  # fmt: skip
_END = ""
FAMILIES = {  # names that the data make, and the row that they stand after
    re.compile(r"english-filter/filtered:ignored_language-.+"):
        "english-filter/filtered:ignored_language",
    re.compile(r"language-filter/passed:.+"): "language-filter/passed",
    re.compile(r"badwords-filter-[^/]+/(filtered|soft-passed|passed)"): "badwords-filter/passed",
    re.compile(r"[^/]+/(examples|text-bytes)"): _END,
}  # fmt: skip


def data_path_order(counts: dict[str, int], steps: tuple[str, ...]) -> dict[str, int]:
    """The counts of these steps in the table's order, zeros included, families after their rows.

    Raises:
      ValueError: a name that is neither a row nor of a family: a defect of the caller.
    """
    rows = {rule.name for rule in RULES}
    members: dict[str, list[str]] = {}
    for name in sorted(counts.keys() - rows):
        found = [row for family, row in FAMILIES.items() if family.fullmatch(name)]
        if not found:
            raise ValueError(f"a counter that cleaning.rules does not list: {name}")
        members.setdefault(found[0], []).append(name)
    ordered: dict[str, int] = {}
    for rule in RULES:
        if rule.step() in steps:
            ordered[rule.name] = counts.get(rule.name, 0)
            ordered |= {name: counts[name] for name in members.get(rule.name, [])}
    return ordered | {name: counts[name] for name in members.get(_END, [])}
