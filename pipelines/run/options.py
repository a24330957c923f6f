"""The command line of `c4forge build`: every option, checked before any work."""

from dataclasses import dataclass, replace
from typing import get_type_hints

from cleaning.filters.language import IDENTIFIERS
from cleaning.filters.own import check_own_filter
from cleaning.languages import explain_code
from cleaning.specs import REFERENCE, SETTINGS, SPECS, SettingError, SpecSettings
from cleaning.variants import (
    MULTILINGUAL,
    SINGLE_LANGUAGE_PREFIX,
    VARIANTS,
    WEBTEXTLIKE,
    Variant,
    find_variant,
)
from corpora.array_record import FormatError
from corpora.features import COLUMNS
from corpora.formats import OUTPUT_FORMATS
from pipelines.run.prices import PRICES
from pipelines.sources.commoncrawl import CrawlError, check_crawl
from pipelines.sources.mirrors import COMMON_CRAWL, DEFAULT_CONNECTIONS
from runtime.cli.command_line import CommandLine, Given
from runtime.cli.options import (
    Option,
    all_of,
    closest,
    one_of,
    option,
    option_of_row,
    options_of,
    parse_amount,
    parse_count,
    parse_fraction,
    parse_positive,
    some_of,
)
from runtime.errors import UsageError
from runtime.workers.beam_options import BEAM_OPTIONS
from runtime.workers.runners import RunnerOptions

LIST_CRAWLS = "list"
_WHAT, _READ, _WRITE, _HOW = "what to build", "what to read", "what to write", "how to run"
_COST, _SETTINGS = "what it would take", "single settings of the spec"
_EXAMPLES = """\
examples:
  {name} --variant=en --input='wet/*.warc.wet.gz' --output=out
  {name} --variant=realnews --input='wet/*.warc.wet.gz' --output=out
  {name} --variant=all --webtext_urls=OpenWebText.zip --input=wet/ \\
      --output=out
  {name} --spec=fixed --min_words=3 --config=run.toml \\
      --input=@wet.txt --output=out
  {name} --crawl=CC-MAIN-2019-18 --variant=all --output=out \\
      --estimate
  {name} --input='gs://bucket/wet/*.gz' --output=gs://bucket/out \\
      --runner=DataflowRunner --project=P --region=R \\
      --temp_location=gs://bucket/tmp

The same command goes on where a run was stopped.
Options of Apache Beam may follow, each as --name=value.
"""


def parse_variants(value: str) -> list[Variant]:
    """Names and aliases, joined by commas, as rows; each single language of mC4 has one."""
    found = all_of(_variants, [name.strip() for name in value.split(",")])
    return [variant for variants in found for variant in variants]


def _variants(name: str) -> list[Variant]:
    if name == "all":
        return [*VARIANTS.values()]
    variant = find_variant(name)
    if variant is None:
        prefix, _, language = name.partition(".")
        if prefix in (SINGLE_LANGUAGE_PREFIX.rstrip("."), MULTILINGUAL.name, "multi"):
            raise UsageError(f"unknown language {language!r} in {name!r}: {explain_code(language)}")
        aliases = [alias for row in VARIANTS.values() for alias in row.aliases]
        known = [*VARIANTS, *aliases, "mc4.<language>", "all"]
        raise UsageError(f"unknown variant {name!r}; {closest(name, known)}")
    return [variant]


def parse_crawls(value: str) -> list[str]:
    """Names of crawls, joined by commas, or `list` by itself."""
    if value == LIST_CRAWLS:
        return [value]
    try:
        return [check_crawl(name.strip()) for name in value.split(",")]
    except CrawlError as error:
        raise UsageError(str(error).removeprefix("--crawl=")) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(RunnerOptions):
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    variants: tuple[Variant, ...] = option(
        "one pass builds all that are asked for", default=(), name="variant", group=_WHAT,
        metavar="NAME[,NAME]", parse=parse_variants, many=True, shown="en", table=VARIANTS,
        notes="\n  mc4.<language>: the pages of multilingual in one language, as mc4.de"
        "\n  all: all of the table"
        "\nalso known as realnews, webtext, mc4, multi",
    )  # fmt: skip
    spec: str = option(
        "which C4", default="tfds-3.1.0", group=_WHAT, metavar="NAME", parse=one_of(SPECS, "spec"),
        table=SPECS,
    )  # fmt: skip
    badwords_dir: str | None = option(
        "bad-word lists, a file a language as LDNOOBW has them; default: the lists that C4 used; "
        "those that no package carries are downloaded once and cached. Other lists give another "
        "dataset: c4_custom",
        default=None, group=_WHAT, metavar="DIR", parse=str,
    )  # fmt: skip
    realnews_domains: str | None = option(
        "RealNews' domain list (JSON); default: realnews_domains.json beside the input or in the "
        "folder above, else the public list, downloaded once and cached",
        default=None, group=_WHAT, metavar="FILE", parse=str,
    )  # fmt: skip
    webtext_urls: tuple[str, ...] = option(
        "URL lists for webtextlike: text, gz, xz, bz2, zst or zip files, quoted globs, folders; "
        "OpenWebText's zip as it is. c4forge webtext-urls makes one",
        default=(), group=_WHAT, metavar="PATH", many=True,
    )  # fmt: skip
    filters: tuple[str, ...] = option(
        "a function of your own that drops documents, after the filters of each variant: "
        "package.module:function, or file.py:function; may be repeated. It takes a document (text, "
        "url, language, timestamp) and gives None to keep it or a short reason. The output is then "
        "called c4_custom",
        default=(), name="filter", group=_WHAT, metavar="MODULE:FUNCTION", parse=check_own_filter,
        many=True,
    )  # fmt: skip
    lid_model: str | None = option(
        "fastText model for the identifier fasttext; default: the small lid.176",
        default=None, group=_WHAT, metavar="FILE", parse=str,
    )  # fmt: skip
    input: tuple[str, ...] = option(
        "WET files, plain or in gzip, zstd or bzip2: a file, a quoted glob, a folder, or @FILE "
        "with a path a line; may be repeated; s3:// and gs:// too; this or --crawl is required",
        default=(), group=_READ, metavar="PATH", many=True,
    )  # fmt: skip
    crawls: tuple[str, ...] = option(
        "instead of --input: crawls of Common Crawl, as CC-MAIN-2019-18, deduplicated together; "
        "list: show which there are",
        default=(), name="crawl", group=_READ, metavar="NAME[,NAME]", parse=parse_crawls, many=True,
    )  # fmt: skip
    max_files: int = option(
        "read the first N files only; default 0: all",
        default=0, group=_READ, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    sample_files: int = option(
        "read N of the files, chosen by a hash of their names, so the same again; default 0: all",
        default=0, group=_READ, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    commoncrawl_url: str = option(
        "where crawls are: https://, s3://commoncrawl/, gs://, a folder",
        default=COMMON_CRAWL, group=_READ, metavar="URL",
    )  # fmt: skip
    max_connections: int = option(
        "downloads at a time on each machine, whatever runs there",
        default=DEFAULT_CONNECTIONS, group=_READ, metavar="N", parse=parse_positive,
    )  # fmt: skip
    keep_wet: str | None = option(
        "keep what is downloaded there, in the crawl's own layout; default: only stream it",
        default=None, group=_READ, metavar="DIR", parse=str,
    )  # fmt: skip
    max_unreachable_fraction: float = option(
        "fail if more of the files cannot be downloaded or are no WET files; they are listed, and "
        "downloads tried again by the next run",
        default=0.01, group=_READ, parse=parse_fraction,
    )  # fmt: skip
    max_malformed_fraction: float = option(
        "fail if more of the records are damaged",
        default=0.1, group=_READ, parse=parse_fraction,
    )  # fmt: skip
    output: str = option(
        "datasets go to DIR/c4/<variant>/<version>, the report to DIR/runs/<variants>; s3:// and "
        "gs:// too; required, but for --estimate and --crawl=list",
        default="", group=_WRITE, metavar="DIR",
    )  # fmt: skip
    formats: tuple[str, ...] = option(
        "what shards are written as", default=("tfrecord",), name="format", group=_WRITE,
        metavar="NAME[,NAME]", parse=some_of(OUTPUT_FORMATS, "format"), many=True, shown="tfrecord",
        table=OUTPUT_FORMATS,
    )  # fmt: skip
    columns: tuple[str, ...] = option(
        "more features of each document; the output is then not called c4",
        default=(), group=_WRITE, metavar="NAME[,NAME]", parse=some_of(COLUMNS, "column"),
        many=True, table=COLUMNS,
    )  # fmt: skip
    shards: int = option(
        "train shards; validation gets one for 128; default 0: one for 256 MiB of text",
        default=0, group=_WRITE, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    keep_dropped: int = option(
        "for each variant and rule keep N pages that it dropped, or dropped lines of, chosen by a "
        "hash of their URLs: DIR/runs/<variants>/dropped/<variant>.jsonl, and in the report; "
        "default 0: none",
        default=0, group=_WRITE, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip
    overwrite: bool = option(
        "replace datasets of another input or configuration; without it they are kept, and the run "
        "refused",
        default=False, group=_WRITE,
    )  # fmt: skip
    work_dir: str | None = option(
        "resumable artifacts, about as large as the text; default: DIR/runs/<variants>/work of "
        "--output",
        default=None, group=_HOW, metavar="DIR", parse=str,
    )  # fmt: skip
    keep_work: bool = option(
        "keep the artifacts of a finished run; another run that cleans the same files then starts "
        "from them",
        default=False, group=_HOW,
    )  # fmt: skip
    estimate: bool = option(
        "clean a few files and say what all would take: CPU-hours, GB, documents, cost; nothing is "
        "kept",
        default=False, group=_COST,
    )  # fmt: skip
    estimate_files: int = option(
        "how many files --estimate tries, chosen by a hash of their names",
        default=2, group=_COST, metavar="N", parse=parse_positive,
    )  # fmt: skip
    settings: SpecSettings
    prices: dict[str, float]


def _price_options() -> list[Option]:
    """An option for each price."""
    return [
        option_of_row(
            f"price_{row.name}", row.meaning, kind=float, default=f"{row.usd:g}", group=_COST,
            parse=parse_amount, metavar="USD",
        )
        for row in PRICES.values()
    ]  # fmt: skip


def _setting_options() -> list[Option]:
    """An option for each setting of a spec; not given, the spec's own stands."""
    return [
        option_of_row(
            name, SETTINGS[name].meaning, kind=kind, default=getattr(REFERENCE, name),
            group=_SETTINGS, choices=tuple(IDENTIFIERS) if name.endswith("_identifier") else (),
        )
        for name, kind in get_type_hints(SpecSettings).items()
    ]  # fmt: skip


def command_line(name: str = "c4forge build") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Builds a C4-style corpus from Common Crawl WET files.",
        options=(*options_of(Options), *_price_options(), *_setting_options()),
        examples=_EXAMPLES.format(name=name),
        headings={
            **dict.fromkeys((_WHAT, _READ, _WRITE, _HOW, _COST), ""),
            _SETTINGS: "Each overrides --spec, and the output is called c4_custom. Defaults: "
            "tfds-3.1.0's.",
        },
        other_names=BEAM_OPTIONS,
    )


def parse_options(arguments: list[str], name: str = "c4forge build") -> Options:
    """The command line's options.

    Raises:
      OptionError: values are wrong or required options are missing; a line each.
      SystemExit: --help was asked for, and is printed.
    """
    given = command_line(name).read(arguments)
    values = given.values
    _require(given)
    settings = _settings(given)
    _require_lists(given)
    for name in values["formats"] or ():
        try:
            OUTPUT_FORMATS[name].check()
        except FormatError as error:
            given.add(error)
    given.check()
    asked = {variant.name: variant for variant in values["variants"] or [VARIANTS["en"]]}
    singles = sorted(set(asked) - set(VARIANTS))
    prices = {key: values.pop(f"price_{key}") for key in PRICES}
    for key in SETTINGS:
        values.pop(key)
    values["variants"] = (
        *(variant for key, variant in VARIANTS.items() if key in asked),
        *(asked[key] for key in singles),
    )
    values["crawls"] = tuple(dict.fromkeys(values["crawls"]))
    values["formats"] = tuple(dict.fromkeys(values["formats"]))
    values["columns"] = tuple(name for name in COLUMNS if name in values["columns"])
    stated = {key: usd for key, usd in prices.items() if usd is not None}
    return Options(
        **values,
        settings=settings,
        prices={key: row.usd for key, row in PRICES.items()} | stated,
        beam_arguments=given.others,
    )


def _settings(given: Given) -> SpecSettings:
    """The spec's settings with those that are given; each wrong one is noted."""
    settings = SPECS[given.values["spec"]].settings
    for name in SETTINGS:
        if given.values[name] is not None:
            try:
                settings = replace(settings, **{name: given.values[name]})
            except SettingError as error:
                given.add(error)
    return settings


def _require(given: Given) -> None:
    """Notes where the options together say too little or too much."""
    stated, crawls = given.stated, given.values["crawls"]
    if not given.complete:
        return
    if ("input" in stated) == ("crawls" in stated):
        given.add("give WET files with --input, or crawls with --crawl: one of the two")
    if LIST_CRAWLS in crawls and len(crawls) > 1:
        given.add("--crawl=list stands by itself")
    if "output" not in stated and not given.values["estimate"] and LIST_CRAWLS not in crawls:
        given.add("--output is required: the folder that datasets and report go to")


def _require_lists(given: Given) -> None:
    """Notes where a variant lacks its lists."""
    needed = any(variant.has(WEBTEXTLIKE) for variant in given.values["variants"])
    if given.complete and needed and "webtext_urls" not in given.stated:
        given.add(
            "--variant=webtextlike needs --webtext_urls: URL lists as OpenWebText has them "
            "(OpenWebText.zip, or a folder of texts), or one that c4forge webtext-urls "
            "makes from Reddit's submissions"
        )
