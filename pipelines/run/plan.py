"""The plan of a run: its input, lists, filters and folders, checked before any work."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from cleaning.document_filters import with_own_filters
from cleaning.filters.domains import parse_domains
from cleaning.filters.language import IDENTIFIERS
from cleaning.filters.own import load_own_filters, own_filters_digest
from cleaning.rules import check_variants
from cleaning.specs import REFERENCE_DATASET, SPECS
from cleaning.variants import BAD_WORDS, REALNEWS_DOMAIN, WEBTEXTLIKE, Variant
from pipelines.job import LID_MODEL, WEBTEXT_LISTS, Job, bucket_count, inputs_digest
from pipelines.run.options import Options
from pipelines.run.state import write_state
from pipelines.sources.commoncrawl import REFERENCE_SKIPS, choose_files
from pipelines.sources.mirrors import Mirror, read_crawl_paths
from pipelines.sources.public_lists import (
    REALNEWS,
    fetch_needed,
    is_public,
    load_bad_words,
    load_domains,
)
from pipelines.sources.url_lists import UrlList, find_url_lists
from pipelines.sources.wet_files import InputFile, Part, cut_into_parts, find_inputs, write_manifest
from pipelines.stages.models import Lists, write_lists
from pipelines.stages.webtext import write_list_manifest
from runtime.cli.options import OptionError
from runtime.errors import check_all
from runtime.storage.files import exists, join, read_bytes, without_slashes
from runtime.storage.locks import MachineSemaphore, user_folder
from runtime.storage.matching import is_missing
from runtime.storage.remote import is_remote

_BESIDE_INPUT = "realnews_domains.json"
_PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class RunLists:
    """The lists that a run's variants need.

    Attributes:
      lists: bad words and domains.
      url_lists: of --webtext_urls.
      lid_model_sha256: of --lid_model; "" if none is given.
    """

    lists: Lists
    url_lists: tuple[UrlList, ...]
    lid_model_sha256: str

    def sha256(self) -> tuple[tuple[str, str], ...]:
        """The sha256 of each list, by name."""
        found = dict(self.lists.sha256())
        if self.url_lists:
            keys = "".join(url_list.key() for url_list in self.url_lists)
            found[WEBTEXT_LISTS] = hashlib.sha256(keys.encode()).hexdigest()
        if self.lid_model_sha256:
            found[LID_MODEL] = self.lid_model_sha256
        return tuple(sorted(found.items()))

    def custom(self) -> tuple[str, ...]:
        """Names of the lists that are not the reference's. It pins no URL lists."""
        own = [name for name, sha256 in self.lists.sha256().items() if not is_public(name, sha256)]
        return tuple(own + [LID_MODEL] * bool(self.lid_model_sha256))


def find_lists(options: Options, parts: tuple[Part, ...]) -> RunLists:
    """Everything that the options' variants need.

    Raises:
      OptionError, ListError, UrlListError, BadWordsError, DomainsError: a list is missing or
        invalid.
    """
    languages = _listed_languages(options.variants)
    domains = _realnews_path(options, parts)
    fetched = fetch_needed([] if options.badwords_dir else languages, domains == _PUBLIC)
    words = load_bad_words(languages, options.badwords_dir, fetched) if languages else {}
    url_lists = _url_lists(options)
    lists = Lists(words, _realnews(domains, fetched))
    return RunLists(lists, url_lists, _lid_model_sha256(options))


def _listed_languages(variants: tuple[Variant, ...]) -> list[str]:
    """Languages whose bad words are searched for, each once."""
    filtered = [variant for variant in variants if variant.has(BAD_WORDS)]
    return list(dict.fromkeys(code for variant in filtered for code in variant.languages))


def _realnews_path(options: Options, parts: tuple[Part, ...]) -> str:
    """The path of the domain list, _PUBLIC for the public list; "" if no variant needs one."""
    if not any(variant.has(REALNEWS_DOMAIN) for variant in options.variants):
        return ""
    if options.realnews_domains is not None:
        return options.realnews_domains
    folder = parts[0].path.rpartition("/")[0]
    beside = [join(folder, _BESIDE_INPUT), join(folder.rpartition("/")[0], _BESIDE_INPUT)]
    return next((path for path in beside if exists(path)), _PUBLIC)


def _realnews(path: str, fetched: Mapping[str, bytes]) -> bytes:
    if not path:
        return b""
    data = load_domains(None if path == _PUBLIC else path, fetched)
    parse_domains(data, REALNEWS.url() if path == _PUBLIC else path)
    return data


def _url_lists(options: Options) -> tuple[UrlList, ...]:
    if not any(variant.has(WEBTEXTLIKE) for variant in options.variants):
        return ()
    return find_url_lists(list(options.webtext_urls))


def _lid_model_sha256(options: Options) -> str:
    """The sha256 of the model file; loads it, so that a wrong one ends the run before any work."""
    if options.lid_model is None:
        return ""
    if not _takes_model(options):
        raise OptionError(
            "--lid_model is for the identifier fasttext; add --english_identifier=fasttext or "
            "--languages_identifier=fasttext, or leave it out"
        )
    path = os.path.abspath(options.lid_model)
    IDENTIFIERS["fasttext"].load(path)
    return hashlib.sha256(read_bytes(path)).hexdigest()


def _takes_model(options: Options) -> bool:
    settings = options.settings
    return "fasttext" in (settings.english_identifier, settings.languages_identifier)


USUAL_WET_BYTES = 100_000_000  # of a file of a crawl: its list has no sizes


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run.

    Attributes:
      job: its configuration.
      files: of its input.
      parts: of these files.
      lists: of its variants.
    """

    job: Job
    files: tuple[InputFile, ...]
    parts: tuple[Part, ...]
    lists: RunLists

    def write(self) -> None:
        """Writes the files that workers read.

        Raises:
          OSError: the work folder cannot be written.
        """
        write_lists(self.job.lists_path(), self.lists.lists)
        write_list_manifest(self.job.url_lists_path(), self.lists.url_lists)
        write_manifest(self.job.manifest_path(), self.parts)
        write_state(self.job, self.parts)


def check_paths(options: Options) -> None:
    """Local files and folders that the options name are there; Beam is not imported.

    Raises:
      UsageError: some are not, or no identifier takes the model; a line each.
    """
    named: list[tuple[str, Callable[[], object]]] = []
    for path in options.input:
        named.append((path.removeprefix("@"), partial(find_inputs, [path])))
    if any(variant.has(WEBTEXTLIKE) for variant in options.variants):
        named += [(path, partial(find_url_lists, [path])) for path in options.webtext_urls]
    languages = _listed_languages(options.variants)
    if options.badwords_dir and languages:
        folder = options.badwords_dir
        named.append((folder, partial(load_bad_words, languages, folder)))
    domains = options.realnews_domains
    if domains and any(variant.has(REALNEWS_DOMAIN) for variant in options.variants):
        named.append((domains, partial(load_domains, domains)))
    for own in options.filters:
        if own.rpartition(":")[0].endswith(".py"):
            named.append((own.rpartition(":")[0], partial(load_own_filters, [own])))
    checks = [check for path, check in named if is_missing(path)]
    if options.lid_model and (is_missing(options.lid_model) or not _takes_model(options)):
        checks.append(partial(_lid_model_sha256, options))
    check_all(checks)


def plan_run(options: Options) -> Plan:
    """The plan of a command line; nothing is written yet.

    Raises:
      ValueError: an option, a list or a model is missing or invalid; each has its own class.
      DownloadError: a crawl's list of files cannot be fetched.
    """
    return plan_files(options, find_files(options))


def find_files(options: Options) -> tuple[InputFile, ...]:
    """The WET files of a command line."""
    files = find_crawled(options) if options.crawls else find_inputs(list(options.input))
    by_path = {file.path: file for file in files}
    chosen = choose_files(
        list(by_path), max_files=options.max_files, sample_files=options.sample_files
    )
    return tuple(by_path[path] for path in chosen)


def find_crawled(options: Options) -> tuple[InputFile, ...]:
    """The files of the crawls; with the reference's spec without those that it skips."""
    mirror = mirror_of(options)
    is_reference = SPECS[options.spec].dataset == REFERENCE_DATASET
    skipped = REFERENCE_SKIPS if is_reference else frozenset[str]()
    paths = [path for crawl in options.crawls for path in read_crawl_paths(mirror, crawl)]
    return tuple(
        InputFile(path, USUAL_WET_BYTES, 0.0, crawled=True) for path in paths if path not in skipped
    )


def mirror_of(options: Options) -> Mirror:
    """The mirror that the crawls of a command line are read from."""
    semaphore = MachineSemaphore(folder=user_folder("downloads"), count=options.max_connections)
    return Mirror(base=options.commoncrawl_url, keep=options.keep_wet or "", semaphore=semaphore)


def _again(options: Options) -> tuple[str, ...]:
    """The options that name lists and kept downloads, with paths that lead there from anywhere."""
    named = {
        "badwords_dir": [options.badwords_dir],
        "realnews_domains": [options.realnews_domains],
        "webtext_urls": options.webtext_urls,
        "keep_wet": [options.keep_wet],
    }
    return tuple(
        f"--{name}={path if is_remote(path) else os.path.abspath(os.path.expanduser(path))}"
        for name, paths in named.items()
        for path in paths
        if path
    )


def plan_files(options: Options, files: tuple[InputFile, ...]) -> Plan:
    """The plan of a command line, for these files instead of its own."""
    parts = cut_into_parts(files)
    run_lists = find_lists(options, parts)
    own_filters = load_own_filters(options.filters)
    variants = with_own_filters(options.variants, own_filters)
    check_variants(variants)
    output = without_slashes(options.output)
    job = Job(
        variants=variants,
        spec=options.spec,
        settings=options.settings,
        lists=run_lists.sha256(),
        custom_lists=run_lists.custom(),
        lid_model=options.lid_model or "",
        output=output,
        work="",
        formats=options.formats,
        shards=options.shards,
        inputs_digest=inputs_digest(parts),
        part_count=len(parts),
        url_list_count=len(run_lists.url_lists),
        buckets=bucket_count(parts),
        max_malformed_fraction=options.max_malformed_fraction,
        max_unreachable_fraction=options.max_unreachable_fraction,
        mirror=mirror_of(options) if options.crawls else None,
        own_filters=options.filters,
        own_filters_sha256=own_filters_digest(own_filters),
        columns=options.columns,
        again=_again(options),
        keep_dropped=options.keep_dropped,
    )
    work = options.work_dir or join(job.run_folder(), "work")
    return Plan(replace(job, work=work), files, parts, run_lists)
