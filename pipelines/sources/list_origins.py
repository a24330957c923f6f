"""Where the lists of a run come from, as a dataset's card says it."""

from cleaning.filters.badwords import list_language
from cleaning.variants import BAD_WORDS, Variant
from pipelines.sources.public_lists import LDNOOBW, LDNOOBW_COMMIT, REALNEWS

_GITHUB = "https://github.com"
_ENGLISH_COMMIT = "25e679f03d96baa721cde20db9944649e8d0a844"  # TFDS c4._EN_BADWORDS_URL
_BAD_WORDS = "badwords-"


def origin_of(name: str) -> str:
    """The source of the reference's list of that name in `Lists.sha256`.

    Example:
      >>> origin_of("badwords-de").partition("/tree/")[2]
      '5faf2ba42d7b1c0977169ec3611df25a3c08eb13'
    """
    if name.startswith(_BAD_WORDS):
        commit = _ENGLISH_COMMIT if name == f"{_BAD_WORDS}en" else LDNOOBW_COMMIT
        return f"{_GITHUB}{LDNOOBW}/tree/{commit}"
    return REALNEWS.url() if name == "realnews" else "the user"


def is_searched(name: str, variant: Variant) -> bool:
    """False for the bad words of a language that the variant does not have."""
    if not name.startswith(_BAD_WORDS):
        return True
    languages = {list_language(code) for code in variant.languages}
    return variant.has(BAD_WORDS) and name.removeprefix(_BAD_WORDS) in languages
