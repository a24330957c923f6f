"""The command line as given, checked before any work; whatever is left goes to Beam."""

import argparse
from dataclasses import dataclass, replace

from cleaning.specs import SETTINGS, SPECS, SettingError, SpecSettings
from cleaning.variants import VARIANTS, Variant
from pipelines.run.parser import LIST_CRAWLS, build_parser
from pipelines.run.prices import PRICES
from runtime.cli.config_file import with_config
from runtime.cli.options import OptionError, option_names, refuse_strays
from runtime.workers.runners import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    variants: tuple[Variant, ...]
    spec: str
    settings: SpecSettings
    input: tuple[str, ...]
    crawls: tuple[str, ...]
    max_files: int
    sample_files: int
    commoncrawl_url: str
    max_connections: int
    keep_wet: str | None
    max_unreachable_fraction: float
    output: str
    formats: tuple[str, ...]
    shards: int
    badwords_dir: str | None
    realnews_domains: str | None
    webtext_urls: tuple[str, ...]
    lid_model: str | None
    work_dir: str | None
    num_workers: int
    max_malformed_fraction: float
    keep_work: bool
    overwrite: bool
    estimate: bool
    estimate_files: int
    prices: dict[str, float]
    runner: Runner
    beam_arguments: tuple[str, ...]


def parse_options(arguments: list[str]) -> Options:
    """The command line's options.

    Raises:
      OptionError: a value is wrong or a required option is missing.
      SystemExit: --help was asked for, and is printed.
    """
    parsed, rest = build_parser().parse_known_args(with_config(arguments))
    refuse_strays(rest)
    _require(parsed)
    asked = {variant.name: variant for variant in parsed.variants or [VARIANTS["en"]]}
    in_order = [variant for name, variant in VARIANTS.items() if name in asked]
    singles = sorted(set(asked) - set(VARIANTS))
    overrides = {name: getattr(parsed, name) for name in SETTINGS}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = replace(SPECS[parsed.spec].settings, **overrides)
    except SettingError as error:
        raise OptionError(str(error)) from None
    return Options(
        variants=(*in_order, *(asked[name] for name in singles)),
        spec=parsed.spec,
        settings=settings,
        input=tuple(parsed.input),
        crawls=tuple(dict.fromkeys(parsed.crawls)),
        max_files=parsed.max_files,
        sample_files=parsed.sample_files,
        commoncrawl_url=parsed.commoncrawl_url,
        max_connections=parsed.max_connections,
        keep_wet=parsed.keep_wet,
        max_unreachable_fraction=parsed.max_unreachable_fraction,
        output=parsed.output,
        formats=tuple(dict.fromkeys(parsed.formats or ["tfrecord"])),
        shards=parsed.shards,
        badwords_dir=parsed.badwords_dir,
        realnews_domains=parsed.realnews_domains,
        webtext_urls=tuple(parsed.webtext_urls),
        lid_model=parsed.lid_model,
        work_dir=parsed.work_dir,
        num_workers=parsed.num_workers,
        max_malformed_fraction=parsed.max_malformed_fraction,
        keep_work=parsed.keep_work,
        overwrite=parsed.overwrite,
        estimate=parsed.estimate,
        estimate_files=max(parsed.estimate_files, 1),
        prices={name: getattr(parsed, f"price_{name}") for name in PRICES},
        runner=parsed.runner,
        beam_arguments=tuple(rest),
    )


def _require(parsed: argparse.Namespace) -> None:
    """Raises OptionError where the options together say too little or too much."""
    if bool(parsed.input) == bool(parsed.crawls):
        raise OptionError("give WET files with --input, or crawls with --crawl: one of the two")
    if LIST_CRAWLS in parsed.crawls and len(parsed.crawls) > 1:
        raise OptionError("--crawl=list stands by itself")
    if not parsed.output and not parsed.estimate and LIST_CRAWLS not in parsed.crawls:
        raise OptionError("--output is required: the folder that datasets and report go to")
    if not parsed.max_connections:
        raise OptionError("--max_connections=0: at least 1 is needed to read anything")


def own_option_names() -> list[str]:
    """The options of this command line, for guesses."""
    return option_names(build_parser())
