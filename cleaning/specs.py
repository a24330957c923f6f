"""Specs: which C4 a run builds. A spec is a row of settings; each setting has its row too.

The defaults of all settings are those of TFDS c4 3.1.0. Raise a spec's version, with a line in
RELEASE_NOTES, whenever the documents that it gives change.
"""

from dataclasses import dataclass, fields
from enum import StrEnum

from cleaning.dedup.spans import SpanUnit
from cleaning.filters.badwords import WordCase
from cleaning.filters.clean import Citation, CleanRules, Ellipsis, RuleScope
from cleaning.filters.language import IDENTIFIERS, UncertainLanguage
from cleaning.urls import SchemeCase, SchemePlace, Tracking, UrlRules
from cleaning.variants import TextForm
from cleaning.wet.pages import MAX_PAGE_CHARS, BodyHeaders
from runtime.errors import UsageError


class SettingError(UsageError):
    """A setting is invalid; the message names it, its value and what was expected."""


class BadWordsScope(StrEnum):
    """The text that is searched for bad words."""

    DOCUMENT = "document"  # as cleaning and deduplication left it
    PAGE = "page"  # the page as read


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecSettings:
    """The settings of a spec. SETTINGS explains each field.

    Raises:
      SettingError: a value is out of its range.
    """

    body_headers: BodyHeaders = BodyHeaders.SWALLOWED
    max_page_chars: int = MAX_PAGE_CHARS
    url_scheme_case: SchemeCase = SchemeCase.EXACT
    url_scheme_place: SchemePlace = SchemePlace.ANYWHERE
    url_tracking: Tracking = Tracking.PREFIX
    min_paragraphs: int = 3
    min_paragraph_chars: int = 200
    page_rules: RuleScope = RuleScope.KEPT_LINES
    max_word_chars: int = 1000
    citations: Citation = Citation.WITH_EMPTY
    end_marks: str = '.?!"'
    ellipsis: Ellipsis = Ellipsis.DROPPED
    min_words: int = 5
    min_sentences: int = 3
    dedupe_unit: SpanUnit = SpanUnit.LINE
    english_identifier: str = "langdetect"
    english_probability: float = 0.99
    languages_identifier: str = "cld3"
    languages_probability: float = 0.95
    uncertain_language: UncertainLanguage = UncertainLanguage.KEPT
    bad_words_scope: BadWordsScope = BadWordsScope.DOCUMENT
    bad_words_case: WordCase = WordCase.AS_LISTED
    soft_bad_words: float = 0.999

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool | int | float) and value < 0:
                raise SettingError(f"--{field.name}={value}: expected 0 or more")
            if isinstance(value, float) and not value <= 1:  # nan is neither
                raise SettingError(f"--{field.name}={value}: expected a number from 0 to 1")
            if field.name.endswith("_identifier") and value not in IDENTIFIERS:
                known = ", ".join(IDENTIFIERS)
                raise SettingError(f"--{field.name}={value}: unknown; choose from {known}")
        if not self.end_marks or self.end_marks.split() != [self.end_marks]:
            raise SettingError("--end_marks: expected one or more characters, no spaces")
        if self.min_words < 1:
            raise SettingError(
                "--min_words=0: a line without words is never kept; expected 1 or more"
            )

    def clean_rules(self) -> CleanRules:
        """The settings of cleaning."""
        return CleanRules(
            scope=self.page_rules,
            max_word_chars=self.max_word_chars,
            citations=self.citations,
            end_marks=tuple(self.end_marks),
            ellipsis=self.ellipsis,
            min_words=self.min_words,
            min_sentences=self.min_sentences,
        )

    def deduplication(self, form: TextForm) -> tuple[SpanUnit, int]:
        """The unit by which pages of a form are deduplicated, and the sentences that must be left.

        Pages that are not cleaned lose lines, and any text that is left is enough.
        """
        if form is TextForm.CLEANED:
            return self.dedupe_unit, self.min_sentences
        return SpanUnit.LINE, 0

    def url_rules(self) -> UrlRules:
        """The settings of URL normalization."""
        return UrlRules(self.url_scheme_case, self.url_scheme_place, self.url_tracking)


@dataclass(frozen=True, slots=True)
class Setting:
    """The explanation of a field of SpecSettings.

    Attributes:
      meaning: one line for --help and docs/fidelity.md.
      paper: its section and value, in our words; "" where it is silent.
      reference: the function of TFDS 4.9.10 that decides it.
    """

    meaning: str
    paper: str
    reference: str


SETTINGS: dict[str, Setting] = {
    "body_headers": Setting(
        "lines of a page that look like WARC headers: taken for headers and left out (swallowed), "
        "or kept",
        "", "c4_utils.split_wet_file",
    ),
    "max_page_chars": Setting(
        "longer pages are dropped; 0: no limit", "", "c4_utils.is_valid_length"
    ),
    "url_scheme_case": Setting(
        "http:// and www. in capitals: kept in the normalized URL (exact), or cut (any)",
        "", "c4_utils.normalize_url",
    ),
    "url_scheme_place": Setting(
        "http:// and http://www. are cut wherever they occur in a URL (anywhere), or at its start",
        "", "c4_utils.normalize_url",
    ),
    "url_tracking": Setting(
        "everything from ?utm_, ?ref, ?feed on is cut (prefix), "
        "or only parameters named utm_*, ref, feed (parameter)",
        "", "c4_utils.normalize_url",
    ),
    "min_paragraphs": Setting(
        "multilingual: pages with fewer long lines are dropped", "mT5, 3.1: three",
        "c4_utils.paragraph_filter",
    ),
    "min_paragraph_chars": Setting(
        "multilingual: number of characters from which a line is long", "mT5, 3.1: 200",
        "c4_utils.paragraph_filter",
    ),
    "page_rules": Setting(
        "lorem ipsum and { drop a page if they are on a line that passed the rules before "
        "(kept_lines), or anywhere (page)",
        "2.2: any page with lorem ipsum or a curly bracket", "c4_utils.clean_page",
    ),
    "max_word_chars": Setting(
        "lines with a longer word are dropped; 0: no limit", "", "c4_utils.clean_page"
    ),
    "citations": Setting(
        "[12], [edit], [citation needed] are cut; [] too (with_empty), or not (without_empty)",
        "2.2: citation markers are removed", "c4_utils.get_clean_page_fn",
    ),
    "end_marks": Setting(
        "characters that a kept line may end in",
        "2.2: period, exclamation mark, question mark, end quotation mark", "c4_utils.clean_page",
    ),
    "ellipsis": Setting("lines that end in ...: dropped or kept", "", "c4_utils.clean_page"),
    "min_words": Setting("lines with fewer words are dropped", "2.2: five", "c4_utils.clean_page"),
    "min_sentences": Setting(
        "pages with fewer sentences are dropped, after cleaning and after deduplication",
        "2.2: three", "c4_utils.clean_page, remove_duplicate_text",
    ),
    "dedupe_unit": Setting(
        "unit of deduplication, of which one occurrence is kept: a line, or a span of three "
        "sentences (three_sentences; cleaned variants only)",
        "2.2: three-sentence spans", "c4_utils.remove_duplicate_text",
    ),
    "english_identifier": Setting(
        "language identifier of the English variants", "2.2: langdetect", "c4_utils.detect_english"
    ),
    "english_probability": Setting(
        "English variants: pages less likely to be English are dropped", "2.2: 0.99",
        "c4_utils.detect_english",
    ),
    "languages_identifier": Setting(
        "language identifier of the multilingual variants", "mT5, 3.1: cld3",
        "c4_utils.detect_languages",
    ),
    "languages_probability": Setting(
        "multilingual: a page whose best language is less likely is of uncertain language",
        "mT5, 3.1: 0.70", "c4_utils.detect_languages",
    ),
    "uncertain_language": Setting(
        "multilingual: pages of uncertain language are kept as und (kept), or dropped",
        "mT5, 3.1: dropped", "c4_utils.detect_languages",
    ),
    "bad_words_scope": Setting(
        "text that is searched for bad words: the finished document, or the page as read",
        "2.2: any page that holds one", "c4_utils.get_badwords_filter_fn",
    ),
    "bad_words_case": Setting(
        "words of the list are compared as written, so that those with capitals never match "
        "(as_listed), or in lower case (lowered)",
        "", "c4_utils.get_badwords_filter_fn",
    ),
    "soft_bad_words": Setting(
        "multilingual: fraction of the pages with bad words that is dropped", "mT5, 3.1: all",
        "c4_utils.get_badwords_filter_fn",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spec:
    """One row of the table.

    Attributes:
      name: as given to --spec.
      dataset: the name of the datasets that it gives.
      version: of these datasets.
      meaning: one line for --help.
      settings: only what differs from the reference is stated.
    """

    name: str
    dataset: str
    version: str
    meaning: str
    settings: SpecSettings

    def dataset_of(self, variant: str, has_columns: bool = False) -> str:
        """The name of the dataset of a variant, by its name.

        Args:
          has_columns: True if its documents have more features than the reference's.
        """
        is_reference = variant in REFERENCE_CONFIGS and not has_columns
        if self.dataset == REFERENCE_DATASET and not is_reference:
            return EXTRA_DATASET
        return self.dataset


REFERENCE = SpecSettings()
REFERENCE_DATASET = "c4"
SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "tfds-3.1.0",
            REFERENCE_DATASET,
            "3.1.0",
            "the documents of TensorFlow Datasets c4 3.1.0, byte for byte",
            REFERENCE,
        ),
        Spec(
            "paper",
            "c4_paper",
            "1.0.0",
            "Raffel et al. 2020, section 2.2 (multilingual: mT5, section 3.1) as published",
            SpecSettings(
                max_page_chars=0,
                page_rules=RuleScope.PAGE,
                max_word_chars=0,
                end_marks='.?!"\u201d',
                ellipsis=Ellipsis.KEPT,
                dedupe_unit=SpanUnit.THREE_SENTENCES,
                languages_probability=0.70,
                uncertain_language=UncertainLanguage.DROPPED,
                bad_words_scope=BadWordsScope.PAGE,
                soft_bad_words=1.0,
            ),
        ),
        Spec(
            "fixed",
            "c4_fixed",
            "1.0.0",
            "tfds-3.1.0 with its defects fixed, one setting each (docs/fidelity.md)",
            SpecSettings(
                body_headers=BodyHeaders.KEPT,
                url_scheme_case=SchemeCase.ANY,
                url_scheme_place=SchemePlace.START,
                url_tracking=Tracking.PARAMETER,
                citations=Citation.WITHOUT_EMPTY,
                end_marks='.?!"\u201d',
                bad_words_case=WordCase.LOWERED,
            ),
        ),
    )
}
RELEASE_NOTES: dict[str, dict[str, str]] = {
    "tfds-3.1.0": {"3.1.0": "As TFDS 4.9.10 builds it."},
    "paper": {"1.0.0": "First release."},
    "fixed": {"1.0.0": "First release."},
}
CUSTOM_DATASET, CUSTOM_VERSION = "c4_custom", "1.0.0"
REFERENCE_CONFIGS = ("en", "en.noclean", "realnewslike", "webtextlike", "multilingual")
"""Configurations that TFDS c4 3.1.0 has; a test compares. Only these are called `c4`."""
EXTRA_DATASET = "c4_extra"
"""Documents by the reference's settings, but not what it would write: of variants that it has no
configuration for, or with more features."""
# Settings of `fixed` that differ; each counts the pages on which it alone makes a difference.
FIXES = tuple(
    field.name
    for field in fields(SpecSettings)
    if getattr(SPECS["fixed"].settings, field.name) != getattr(REFERENCE, field.name)
)
