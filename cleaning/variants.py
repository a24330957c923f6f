"""Variants of C4 that a run can build: which pages, in which form, judged how. One row each."""

from dataclasses import dataclass, replace
from enum import StrEnum

from cleaning.languages import MC4_LANGUAGES, UNKNOWN_LANGUAGE


class TextForm(StrEnum):
    """What of a page a variant takes."""

    CLEANED = "cleaned"  # the lines that cleaning keeps
    RAW = "raw"  # every line


class Members(StrEnum):
    """Which newest captures a variant starts from."""

    EVERY = "every"
    REALNEWS = "realnews"  # on a RealNews domain
    WEBTEXT = "webtext"  # of a URL in the lists of --webtext_urls
    PARAGRAPHS = "paragraphs"  # with enough long lines


class LanguageFilter(StrEnum):
    """How languages are told; the values are the steps of the rules."""

    ENGLISH = "english-filter"
    LANGUAGES = "language-filter"


class BadWordsFilter(StrEnum):
    """What becomes of pages that hold bad words."""

    NONE = "none"
    HARD = "hard"  # all fall
    SOFT = "soft"  # all but a thousandth fall


@dataclass(frozen=True, slots=True)
class Population:
    """Pages that compete for the lines they share; variants of one population share the outcome.

    Attributes:
      form: which text of them.
      members: which captures.
      deduplicated: False if every page keeps its lines.
      without_bad_words: True where bad words are looked for in the page as read: then pages that
        hold one do not compete.
    """

    form: TextForm
    members: Members
    deduplicated: bool = True
    without_bad_words: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the table.

    Attributes:
      name: as given to --variant; the configuration name of the dataset.
      meaning: one line for --help.
      population: the pages it starts from.
      language_filter: how languages are told.
      languages: codes that are kept; with more than one, each has its own splits.
      bad_words: what becomes of pages that hold bad words.
      aliases: other names for --variant.
    """

    name: str
    meaning: str
    population: Population
    language_filter: LanguageFilter = LanguageFilter.ENGLISH
    languages: tuple[str, ...] = ("en",)
    bad_words: BadWordsFilter = BadWordsFilter.HARD
    aliases: tuple[str, ...] = ()

    def split(self, language: str, validation: bool) -> str:
        """The split of a page (TFDS c4.C4._split_generators)."""
        if len(self.languages) == 1:
            return "validation" if validation else "train"
        return f"{language}-validation" if validation else language

    def splits(self) -> tuple[str, ...]:
        """Every split it can have, in the reference's order."""
        one = len(self.languages) == 1
        languages = self.languages if one else (*self.languages, UNKNOWN_LANGUAGE)
        return tuple(self.split(code, held_out) for code in languages for held_out in (False, True))

    def steps(self) -> tuple[str, ...]:
        """The steps that its pages pass: each is the name of its rules, before the slash."""
        members, form = self.population.members, self.population.form
        steps = ["split-wet-file", "too-long-filter"]
        steps += ["realnews-domain-filter"] * (members is Members.REALNEWS)
        steps += ["duplicate-url-filter"]
        steps += ["webtextlike-filter"] * (members is Members.WEBTEXT)
        steps += ["paragraph-filter"] * (members is Members.PARAGRAPHS)
        steps += ["clean-page"] * (form is TextForm.CLEANED)
        steps += ["dedupe-lines"] * self.population.deduplicated
        steps += [self.language_filter.value]
        steps += ["badwords-filter"] * (self.bad_words is not BadWordsFilter.NONE)
        return tuple(steps)


_CLEANED = Population(TextForm.CLEANED, Members.EVERY)
MULTILINGUAL = Variant(
    "multilingual",
    "mC4: 107 languages, a split each; long paragraphs and no cleaning",
    Population(TextForm.RAW, Members.PARAGRAPHS),
    LanguageFilter.LANGUAGES,
    MC4_LANGUAGES,
    BadWordsFilter.SOFT,
    aliases=("mc4", "multi"),
)
VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "en",
            "English, cleaned and deduplicated, without pages holding bad words",
            _CLEANED,
        ),
        Variant(
            "en.noclean",
            "English pages as they are: no cleaning, no deduplication, no bad-word filter",
            Population(TextForm.RAW, Members.EVERY, deduplicated=False),
            bad_words=BadWordsFilter.NONE,
        ),
        Variant(
            "en.noblocklist",
            "en with the pages that hold bad words",
            _CLEANED,
            bad_words=BadWordsFilter.NONE,
        ),
        Variant(
            "realnewslike",
            "en of the domains of RealNews",
            Population(TextForm.CLEANED, Members.REALNEWS),
            aliases=("realnews",),
        ),
        Variant(
            "webtextlike",
            "en of the URLs in --webtext_urls, as OpenWebText lists them",
            Population(TextForm.CLEANED, Members.WEBTEXT),
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
