"""Values of options as people write them: what each may be, and what is said of others."""

import argparse
import difflib
from collections.abc import Callable, Collection

from cleaning.variants import VARIANTS, Variant, find_variant
from pipelines.crawls import CrawlError, check_crawl
from pipelines.formats import FORMATS
from pipelines.runners import REFUSED_RUNNERS, RUNNER_ALIASES, RUNNERS, Runner

LIST_CRAWLS = "list"


class OptionError(ValueError):
    """A wrong option; the message names the value, what was expected and the nearest match."""


def closest(value: str, choices: Collection[str]) -> str:
    """A sentence that lists the choices and the one nearest to `value`, if any is near."""
    near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"choose from {', '.join(choices)}{guess}"


def one_of(rows: Collection[str], what: str) -> Callable[[str], str]:
    """A parser that takes the names of rows only."""

    def check(value: str) -> str:
        if value not in rows:
            raise argparse.ArgumentTypeError(f"unknown {what} {value!r}; {closest(value, rows)}")
        return value

    return check


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


def parse_runner(value: str) -> Runner:
    """A runner by its name or by one that people know for the same."""
    if value in REFUSED_RUNNERS:
        raise argparse.ArgumentTypeError(f"{value} is not supported: {REFUSED_RUNNERS[value]}")
    name = RUNNER_ALIASES.get(value, value)
    return RUNNERS[one_of(RUNNERS, "runner")(name)]


def parse_count(value: str) -> int:
    """A whole number of 0 or more."""
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number of 0 or more")
    return int(value)


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


def parse_choice(kind: type, values: list[str]) -> Callable[[str], object]:
    """A parser of a choice of a spec: one of `values`, or of the kind."""

    def parse(text: str) -> object:
        if values and text not in values:
            raise argparse.ArgumentTypeError(f"unknown choice {text!r}; {closest(text, values)}")
        try:
            return kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None

    return parse
