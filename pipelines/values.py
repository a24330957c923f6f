"""Values of options as people write them: what each may be, and what is said of others."""

import argparse

from cleaning.variants import VARIANTS, Variant, find_variant
from pipelines.crawls import CrawlError, check_crawl
from pipelines.formats import FORMATS
from vocab.arguments import closest, one_of

LIST_CRAWLS = "list"


def parse_variants(value: str) -> list[Variant]:
    """Names and aliases, joined by commas, as rows; each single language of mC4 has one."""
    found: list[Variant] = []
    for name in value.split(","):
        variant = find_variant(name.strip())
        if name.strip() == "all":
            found += VARIANTS.values()
        elif variant is None:
            aliases = [alias for row in VARIANTS.values() for alias in row.aliases]
            known = [*VARIANTS, *aliases, "mc4.<language>", "all"]
            raise argparse.ArgumentTypeError(f"unknown variant {name!r}; {closest(name, known)}")
        else:
            found.append(variant)
    return found


def parse_crawls(value: str) -> list[str]:
    """Names of crawls, joined by commas, or `list` by itself."""
    if value == LIST_CRAWLS:
        return [value]
    try:
        return [check_crawl(name.strip()) for name in value.split(",")]
    except CrawlError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--crawl=")) from None


def parse_formats(value: str) -> list[str]:
    """Names of formats, joined by commas."""
    check = one_of(FORMATS, "format")
    return [check(name.strip()) for name in value.split(",")]


def parse_fraction(value: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a fraction from 0 to 1")
    return number


def parse_amount(value: str) -> float:
    """A finite number of 0 or more."""
    try:
        amount = float(value)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{value!r} is not an amount of 0 or more")
    return amount
