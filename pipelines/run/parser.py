"""The command line's options, with their help."""

import argparse
from enum import StrEnum
from typing import get_type_hints

from cleaning.filters.language import IDENTIFIERS
from cleaning.specs import REFERENCE, SETTINGS, SPECS, SpecSettings
from cleaning.variants import VARIANTS, Variant, find_variant
from corpora.formats import OUTPUT_FORMATS
from pipelines.run.prices import PRICES
from pipelines.sources.commoncrawl import CrawlError, check_crawl
from pipelines.sources.mirrors import COMMON_CRAWL, DEFAULT_CONNECTIONS
from runtime.cli.options import (
    HelpFormatter,
    Parser,
    closest,
    help_table,
    one_of,
    parse_choice,
    parse_count,
)
from runtime.workers.runners import add_runner_options

_DESCRIPTION = "Builds a C4-style corpus from Common Crawl WET files."
_EXAMPLES = """\
examples:
  python beam_runner.py --variant=en --input='wet/*.warc.wet.gz' --output=out
  python beam_runner.py --variant=realnews --input='wet/*.warc.wet.gz' --output=out
  python beam_runner.py --variant=all --webtext_urls=OpenWebText.zip --input=wet/ --output=out
  python beam_runner.py --spec=fixed --min_words=3 --config=run.toml --input=@wet.txt --output=out
  python beam_runner.py --crawl=CC-MAIN-2019-18 --variant=all --output=out --estimate
  python beam_runner.py --input='gs://bucket/wet/*.gz' --output=gs://bucket/out \\
      --runner=DataflowRunner --project=P --region=R --temp_location=gs://bucket/tmp

The same command goes on where a run was stopped. Any option of Apache Beam may follow.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser; what it does not know is left over."""
    parser = Parser(
        prog="beam_runner.py",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "--variant",
        action="extend",
        type=parse_variants,
        dest="variants",
        metavar="NAME[,NAME]",
        help=f"one pass builds all that are asked for; default: en{help_table(VARIANTS)}"
        "\n  mc4.<language>: the pages of multilingual in one language, as mc4.de"
        "\n  all: all of the table"
        "\nalso known as realnews, webtext, mc4, multi",
    )
    what.add_argument(
        "--spec",
        type=one_of(SPECS, "spec"),
        default="tfds-3.1.0",
        metavar="NAME",
        help=f"which C4; default: tfds-3.1.0{help_table(SPECS)}",
    )
    what.add_argument(
        "--badwords_dir",
        metavar="DIR",
        help="bad-word lists, a file a language as LDNOOBW has them; default: the "
        "lists that C4 used; those that no package carries are downloaded once and cached. "
        "Other lists make another dataset: c4_custom",
    )
    what.add_argument(
        "--realnews_domains",
        metavar="FILE",
        help="RealNews' domain list (JSON); default: realnews_domains.json beside the input or "
        "in the folder above, else the public list, downloaded once and cached",
    )
    what.add_argument(
        "--webtext_urls",
        action="extend",
        nargs="+",
        default=[],
        metavar="PATH",
        help="URL lists for webtextlike: text, gz, xz, bz2, zst or zip files, quoted globs, "
        "folders; OpenWebText's zip as it is. python -m pipelines.webtext_urls makes one",
    )
    what.add_argument(
        "--lid_model",
        metavar="FILE",
        help="fastText model for the identifier fasttext; default: the small lid.176",
    )
    what.add_argument(
        "--config",
        metavar="FILE",
        help="options from a TOML file, each a key; the command line has the last word",
    )
    source = parser.add_argument_group("what to read")
    source.add_argument(
        "--input",
        action="extend",
        nargs="+",
        default=[],
        metavar="PATH",
        help="WET files, plain or gzip: a file, a quoted glob, a folder, or @FILE "
        "with a path a line; may be repeated; on any filesystem Beam reads",
    )
    source.add_argument(
        "--crawl",
        action="extend",
        type=parse_crawls,
        default=[],
        dest="crawls",
        metavar="NAME[,NAME]",
        help="instead of --input: crawls of Common Crawl, as CC-MAIN-2019-18, deduplicated "
        "together; list: show which there are",
    )
    source.add_argument(
        "--max_files",
        type=parse_count,
        default=0,
        metavar="N",
        help="read the first N files only; default 0: all",
    )
    source.add_argument(
        "--sample_files",
        type=parse_count,
        default=0,
        metavar="N",
        help="read N of the files, chosen by a hash of their names, so the same again; default 0: "
        "all",
    )
    source.add_argument(
        "--commoncrawl_url",
        default=COMMON_CRAWL,
        metavar="URL",
        help=f"where crawls are: https://, s3://commoncrawl/, a folder; default: {COMMON_CRAWL}",
    )
    source.add_argument(
        "--max_connections",
        type=parse_count,
        default=DEFAULT_CONNECTIONS,
        metavar="N",
        help="downloads at a time on each machine, whatever runs there; default: "
        f"{DEFAULT_CONNECTIONS}",
    )
    source.add_argument(
        "--keep_wet",
        metavar="DIR",
        help="keep what is downloaded there, in the crawl's own layout; default: only stream it",
    )
    source.add_argument(
        "--max_unreachable_fraction",
        type=parse_fraction,
        default=0.01,
        metavar="X",
        help="fail if more of the files cannot be had; the others are listed, and tried again by "
        "the next run; default: 0.01",
    )
    source.add_argument(
        "--max_malformed_fraction",
        type=parse_fraction,
        default=0.1,
        metavar="X",
        help="fail if more of the records are damaged; default: 0.1",
    )
    target = parser.add_argument_group("what to write")
    target.add_argument(
        "--output",
        default="",
        metavar="DIR",
        help="datasets go to DIR/c4/<variant>/<version>, the report to DIR/runs/<variants>",
    )
    target.add_argument(
        "--format",
        action="extend",
        type=parse_formats,
        dest="formats",
        metavar="NAME[,NAME]",
        help=f"default: tfrecord{help_table(OUTPUT_FORMATS)}",
    )
    target.add_argument(
        "--shards",
        type=parse_count,
        default=0,
        metavar="N",
        help="train shards; validation gets one for 128; default 0: one for 256 MiB of text",
    )
    target.add_argument(
        "--overwrite",
        action="store_true",
        help="replace datasets of another input or configuration; without it they are kept, and "
        "the run refused",
    )
    how = parser.add_argument_group("how to run")
    add_runner_options(how)
    how.add_argument(
        "--work_dir",
        metavar="DIR",
        help="resumable artifacts, about as large as the text; default: "
        "DIR/runs/<variants>/work of --output",
    )
    how.add_argument(
        "--keep_work",
        action="store_true",
        help="keep the artifacts of a finished run; another run that cleans the "
        "same files then starts from them",
    )
    _add_estimate(parser)
    _add_choices(parser)
    return parser  # fmt: skip


def _add_estimate(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it would take")
    group.add_argument(
        "--estimate",
        action="store_true",
        help="clean a few files and say what all would take: CPU-hours, GB, documents, cost; "
        "nothing is kept",
    )
    group.add_argument(
        "--estimate_files",
        type=parse_count,
        default=2,
        metavar="N",
        help="how many files --estimate tries, chosen by a hash of their names; default: 2",
    )
    for price in PRICES.values():
        group.add_argument(
            f"--price_{price.name}",
            type=parse_amount,
            default=price.usd,
            metavar="USD",
            help=f"{price.meaning}; default: {price.usd:g}",
        )


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """An option for each choice of a spec; not given, the spec's own stands."""
    group = parser.add_argument_group(
        "single choices of the spec",
        "Each overrides --spec, and the output is called c4_custom. Defaults: tfds-3.1.0's.",
    )
    for name, kind in get_type_hints(SpecSettings).items():
        default = getattr(REFERENCE, name)
        default = default.value if isinstance(default, StrEnum) else default
        values: list[str] = []
        if issubclass(kind, StrEnum):
            values = [member.value for member in kind]
        elif name.endswith("_identifier"):
            values = list(IDENTIFIERS)
        known = f" ({', '.join(values)})" if values else ""
        group.add_argument(
            f"--{name}",
            type=parse_choice(kind, values),
            metavar="NAME" if values else "X",
            help=f"{SETTINGS[name].meaning}{known}; default: {default}".replace("%", "%%"),
        )


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
    check = one_of(OUTPUT_FORMATS, "format")
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
