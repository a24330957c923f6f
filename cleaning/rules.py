"""Every rule that drops or keeps something, in the order in which data meet it.

The names are the reference's counter names (TFDS c4_utils, `namespace/counter`), so that a report
can be laid beside a run of TFDS; what only c4forge counts is marked so. Code, report and docs use
these names and no others. Two families carry a suffix that is only known from the data:
`english-filter/filtered:ignored_language-<code>` and `<split>/examples`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a rule counts."""

    FILE = "files"
    RECORD = "records"
    PAGE = "pages"
    LINE = "lines"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
      name: the counter, everywhere.
      unit: what one count is.
      keeps: True if what it counts goes on to the next rule.
      meaning: one line for reports.
      paper: section of Raffel et al. 2020 that asks for it, or "".
      reference: where TFDS 4.9.10 does it, or "" where only c4forge counts it.
    """

    name: str
    unit: Unit
    keeps: bool
    meaning: str
    paper: str
    reference: str


_P = "2.2"
RULES: tuple[Rule, ...] = (
    Rule("split-wet-file/wet-file", Unit.FILE, True, "WET files read", "", "split_wet_file"),
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
    Rule("duplicate-url-filter/filtered", Unit.PAGE, False, "an older capture of its URL", "",
         "select_newest_page (miscounted there)"),
    Rule("duplicate-url-filter/passed", Unit.PAGE, True, "the newest capture of its URL", "",
         "select_newest_page (miscounted there)"),
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
    Rule("badwords-filter/filtered", Unit.PAGE, False, "holds a bad word", _P,
         "_badwords_filter"),
    Rule("badwords-filter/passed", Unit.PAGE, True, "free of bad words", "", "_badwords_filter"),
    Rule("badwords-filter-en/filtered", Unit.PAGE, False, "holds an English bad word", _P,
         "_badwords_filter"),
    Rule("badwords-filter-en/passed", Unit.PAGE, True, "free of English bad words", "",
         "_badwords_filter"),
)  # fmt: skip
FAMILIES = ("english-filter/filtered:ignored_language-", "/examples", "/text-bytes")


def data_path_order(counts: dict[str, int]) -> dict[str, int]:
    """The counts in the table's order, zeros included; members of a family by name, after its rule.

    Raises:
      ValueError: a name that is neither a row nor of a family: a defect of the caller.
    """
    rows = {rule.name: counts.get(rule.name, 0) for rule in RULES}
    unknown = sorted(name for name in counts if name not in rows)
    stray = [name for name in unknown if not any(family in name for family in FAMILIES)]
    if stray:
        raise ValueError(f"counters that cleaning.rules does not list: {', '.join(stray)}")
    ordered: dict[str, int] = {}
    for name, count in rows.items():
        ordered[name] = count
        ordered |= {n: counts[n] for n in unknown if n.startswith(f"{name}-")}
    return ordered | {n: counts[n] for n in unknown if n not in ordered}
