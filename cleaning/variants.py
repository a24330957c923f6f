"""Variants of C4 that a run can build: a row each, with its filters in data-path order."""

from dataclasses import dataclass, replace
from enum import StrEnum

from cleaning.languages import MC4_LANGUAGES, UNKNOWN_LANGUAGE

READING = ("split-wet-file", "too-long-filter")
"""Steps that every page passes, whatever the variant."""
REALNEWS_DOMAIN = "realnews-domain-filter"
DUPLICATE_URL = "duplicate-url-filter"
WEBTEXTLIKE = "webtextlike-filter"
PARAGRAPHS = "paragraph-filter"
CAPTURE_FILTERS = (REALNEWS_DOMAIN, DUPLICATE_URL, WEBTEXTLIKE, PARAGRAPHS)
"""Filters that choose among captures, in data-path order (`cleaning.selection`)."""
CLEAN_PAGE = "clean-page"
DEDUPE_LINES = "dedupe-lines"
ENGLISH = "english-filter"
LANGUAGE = "language-filter"
BAD_WORDS = "badwords-filter"
SOFT_BAD_WORDS = "badwords-filter:soft"
OWN_FILTER = "own-filter:"
"""Prefix of the names of own filters (`cleaning.filters.own`)."""


def step_of(name: str) -> str:
    """The step of a filter: its name up to the colon, or all of it for an own filter."""
    return name if name.startswith(OWN_FILTER) else name.partition(":")[0]


class TextForm(StrEnum):
    """The text of a page that a variant takes."""

    CLEANED = "cleaned"  # the lines that cleaning keeps
    RAW = "raw"  # every line


@dataclass(frozen=True, slots=True)
class DedupScope:
    """Pages that compete for the lines they share; variants of one scope share the result.

    Attributes:
      form: of their text.
      capture_filters: those of CAPTURE_FILTERS that they pass.
      deduplicated: False if every page keeps its lines.
      without_bad_words: True if the page as read is searched for bad words: pages that hold one
        do not compete.
    """

    form: TextForm
    capture_filters: tuple[str, ...]
    deduplicated: bool = True
    without_bad_words: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the table.

    Attributes:
      name: as given to --variant; the configuration name of the dataset.
      meaning: one line for --help.
      filters: that its pages pass, in data-path order: some of CAPTURE_FILTERS, CLEAN_PAGE,
        DEDUPE_LINES, then rows of `document_filters.DOCUMENT_FILTERS`, then own filters.
      languages: codes that are kept; with more than one, each has its own splits.
      aliases: other names for --variant.
    """

    name: str
    meaning: str
    filters: tuple[str, ...]
    languages: tuple[str, ...] = ("en",)
    aliases: tuple[str, ...] = ()

    def scope(self) -> DedupScope:
        """The pages that its pages compete with for lines."""
        return DedupScope(
            TextForm.CLEANED if CLEAN_PAGE in self.filters else TextForm.RAW,
            tuple(name for name in self.filters if name in CAPTURE_FILTERS),
            DEDUPE_LINES in self.filters,
        )

    def document_filters(self) -> tuple[str, ...]:
        """Its filters of finished documents, in order."""
        before = (*CAPTURE_FILTERS, CLEAN_PAGE, DEDUPE_LINES)
        return tuple(name for name in self.filters if name not in before)

    def steps(self) -> tuple[str, ...]:
        """The steps that its pages pass; a rule's name begins with its step (`cleaning.rules`)."""
        return (*READING, *map(step_of, self.filters))

    def has(self, step: str) -> bool:
        """True if its pages pass the step."""
        return step in self.steps()

    def split(self, language: str, validation: bool) -> str:
        """The split of a page (TFDS c4.C4._split_generators)."""
        if len(self.languages) == 1:
            return "validation" if validation else "train"
        return f"{language}-validation" if validation else language

    def splits_of(self, language: str) -> tuple[str, str]:
        """The splits of a language: of training and held out."""
        return self.split(language, validation=False), self.split(language, validation=True)

    def splits(self) -> tuple[str, ...]:
        """Every split it can have, in the reference's order."""
        one = len(self.languages) == 1
        languages = self.languages if one else (*self.languages, UNKNOWN_LANGUAGE)
        return tuple(split for code in languages for split in self.splits_of(code))


MULTILINGUAL = Variant(
    "multilingual",
    "mC4: 107 languages, a split each; a filter for long paragraphs instead of cleaning",
    (DUPLICATE_URL, PARAGRAPHS, DEDUPE_LINES, LANGUAGE, SOFT_BAD_WORDS),
    MC4_LANGUAGES,
    aliases=("mc4", "multi"),
)
VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "en",
            "English, cleaned and deduplicated, without pages that hold bad words",
            (DUPLICATE_URL, CLEAN_PAGE, DEDUPE_LINES, ENGLISH, BAD_WORDS),
        ),
        Variant(
            "en.noclean",
            "English pages as they are: no cleaning, no deduplication, no bad-word filter",
            (DUPLICATE_URL, ENGLISH),
        ),
        Variant(
            "en.noblocklist",
            "en including pages that hold bad words",
            (DUPLICATE_URL, CLEAN_PAGE, DEDUPE_LINES, ENGLISH),
        ),
        Variant(
            "realnewslike",
            "en of the domains of RealNews",
            (REALNEWS_DOMAIN, DUPLICATE_URL, CLEAN_PAGE, DEDUPE_LINES, ENGLISH, BAD_WORDS),
            aliases=("realnews",),
        ),
        Variant(
            "webtextlike",
            "en of the URLs in --webtext_urls, as OpenWebText lists them",
            (DUPLICATE_URL, WEBTEXTLIKE, CLEAN_PAGE, DEDUPE_LINES, ENGLISH, BAD_WORDS),
            aliases=("webtext",),
        ),
        MULTILINGUAL,
    )
}
SINGLE_LANGUAGE_PREFIX = "mc4."


def find_variant(name: str) -> Variant | None:
    """The row of a name or alias, or one language of mC4 (`mc4.de`); None if there is none."""
    language = name.removeprefix(SINGLE_LANGUAGE_PREFIX)
    if language != name and language in MC4_LANGUAGES:
        meaning = f"the pages of multilingual in {language!r}"
        single = replace(MULTILINGUAL, name=name, meaning=meaning, languages=(language,))
        return replace(single, aliases=())
    for variant in VARIANTS.values():
        if name in (variant.name, *variant.aliases):
            return variant
    return None
