"""The configuration of a tokenization, frozen before any work, and the paths that it writes."""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version

from cleaning.counts import Counts
from corpora.formats import FORMATS
from corpora.layout import CorpusShard
from pipelines.tokens.formats import TOKEN_FORMATS
from runtime.storage.checked import read_checked
from runtime.storage.files import join
from vocab.vocabulary import MODEL_NAME

TOKENS_VERSION = 1  # raised whenever the same documents and vocabulary give other records
_FOLDERS = "|".join(sorted(row.folder for row in FORMATS.values() if row.folder))
_DATASET = re.compile(rf".*?([^/]+)/([^/]+)/(\d+\.\d+\.\d+)(/({_FOLDERS}))?")
_UNNAMED = re.compile(r"[^\w.]+")


@dataclass(frozen=True, slots=True)
class TokenShard:
    """One shard of tokens, made from one shard of documents.

    Attributes:
      source: the documents.
      split: of the dataset.
      shard, shards: its number in the split, from 0, and how many the split has.
    """

    source: CorpusShard
    split: str
    shard: int
    shards: int

    def receipt_name(self) -> str:
        """The name of its receipt."""
        return f"{self.split}-{self.shard:06d}.receipt.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenJob:
    """What is tokenized, how, and where the tokens go. Small: it is sent with every task.

    Attributes:
      dataset, config, version: TFDS's names for what is written.
      corpus: as given.
      vocabulary, vocabulary_sha256: the path of the model as given, and its digest.
      output: folder given by --output.
      formats: rows of `pipelines.tokens.formats`.
      append_eos: True if every document ends with the id of </s>.
      shards_digest: of the shards of documents that are read (`corpora.layout.shards_digest`).
    """

    dataset: str
    config: str
    version: str
    corpus: str
    vocabulary: str
    vocabulary_sha256: str
    output: str
    formats: tuple[str, ...]
    append_eos: bool
    shards_digest: str

    def digest(self) -> str:
        """Part of the staging folder's name; it differs wherever the bytes of shards may differ."""
        deciding = {name: value for name, value in asdict(self).items() if name not in _PLACES}
        parts = [TOKENS_VERSION, deciding, version("sentencepiece")]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def versions_folder(self) -> str:
        """The folder of the configuration's datasets; one run at a time locks it."""
        return join(self.output, self.dataset, self.config)

    def dataset_folder(self) -> str:
        """The folder of the dataset, in TFDS's layout: name/configuration/version."""
        return join(self.versions_folder(), self.version)

    def staging_folder(self) -> str:
        """The folder where shards are written before the dataset is published."""
        return f"{self.dataset_folder()}.incomplete-{self.digest()}"

    def model_path(self) -> str:
        """The run's copy of the model, which all workers read; it is published with the tokens."""
        return join(self.staging_folder(), MODEL_NAME)

    def list_path(self) -> str:
        """The shards of documents (JSON lines)."""
        return join(self.staging_folder(), "receipts", "shards.jsonl")

    def receipt_path(self, shard: TokenShard) -> str:
        """A shard's receipt. It is beside the shards, so that it is never there without them."""
        return join(self.staging_folder(), "receipts", shard.receipt_name())

    def read_receipt(self, shard: TokenShard) -> Counts:
        """The counts of a shard that was written.

        Raises:
          DamagedFile: the receipt is missing, or not as it was written.
        """
        counts: Counts = json.loads(read_checked(self.receipt_path(shard)))
        return counts

    def shard_name(self, shard: TokenShard, format_name: str) -> str:
        """A shard's path within the dataset's folder."""
        row = TOKEN_FORMATS[format_name]
        return row.shard_path(self.dataset, shard.split, shard.shard, shard.shards)


_PLACES = ("corpus", "vocabulary", "output")


def dataset_names(corpus: str) -> tuple[str, str, str]:
    """TFDS's dataset, configuration and version for the tokens of a corpus.

    Example:
      >>> dataset_names("out/c4/en/3.1.0/jsonl")
      ('c4_tokens', 'en', '3.1.0')
    """
    path = corpus.partition("=")[2] or corpus
    if found := _DATASET.fullmatch(path.rstrip("/")):
        return f"{_plain(found[1])}_tokens", _plain(found[2]), found[3]
    name = _plain(os.path.basename(path.rstrip("/")).partition(".")[0])
    return "tokens", name or "corpus", "1.0.0"


def _plain(name: str) -> str:
    return _UNNAMED.sub("_", name).strip("_")


def token_shards(sources: tuple[CorpusShard, ...]) -> list[TokenShard]:
    """The token shards of shards of documents: split by split, in the order of their paths."""
    by_split: dict[str, list[CorpusShard]] = {}
    for source in sources:
        by_split.setdefault(source.split or "train", []).append(source)
    return [
        TokenShard(source, split, number, len(found))
        for split, found in sorted(by_split.items())
        for number, source in enumerate(found)
    ]
