"""Figures of C4 as released, from the crawl of April 2019: a run is shown beside them.

Documents are those of the card of allenai/c4, where they are counted by variant: en has
365 million, en.noclean 1,064 million, en.noblocklist 393 million, realnewslike 13.8 million.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One row of the table: what is left of another variant, as a fraction.

    Attributes:
      part, whole: names of the variants that are compared.
      what: the sizes that are compared: documents or text_bytes.
      fraction: of the whole that the part has in C4 as released.
      meaning: as shown.
      reasons: why a run may have another and be right.
    """

    part: str
    whole: str
    what: str
    fraction: float
    meaning: str
    reasons: str

    def is_far(self, found: float) -> bool:
        """True if a run's fraction is less than two thirds of it, or more than half as much again.

        Where nearly all is left, what is taken away is compared.
        """
        mine, theirs = found, self.fraction
        if self.fraction > _MOST:
            mine, theirs = 1 - found, 1 - self.fraction
        return not theirs / _FACTOR <= mine <= theirs * _FACTOR


_FACTOR, _MOST = 1.5, 0.75
_CLEANING = (
    "An input of edited text keeps more than a crawl does. So does a small one: with more files, "
    "more lines are repeated, and dropped. Later crawls have other pages than that of 2019."
)
_WORDS = (
    "This depends on the word list and on the sites. Documents with a bad word are longer than "
    "others, so a larger share of the bytes goes than of the documents."
)
PUBLISHED: tuple[Published, ...] = (
    Published(part="en", whole="en.noclean", what="documents", fraction=0.343,
              meaning="documents of en.noclean that en keeps", reasons=_CLEANING),
    Published(part="en", whole="en.noclean", what="text_bytes", fraction=0.123,
              meaning="bytes of en.noclean that en keeps", reasons=_CLEANING),
    Published(part="en", whole="en.noblocklist", what="documents", fraction=1 - 0.0725,
              meaning="documents of en.noblocklist that en keeps", reasons=_WORDS),
    Published(part="en", whole="en.noblocklist", what="text_bytes", fraction=1 - 0.195,
              meaning="bytes of en.noblocklist that en keeps", reasons=_WORDS),
    Published(part="realnewslike", whole="en", what="documents", fraction=0.0378,
              meaning="documents of en that are in realnewslike",
              reasons="An input chosen by site has more or fewer news than a crawl, and another "
              "domain list takes other sites."),
)  # fmt: skip
SMALL_RUN = 10_000
"""Documents: a run of fewer says little about such shares."""
