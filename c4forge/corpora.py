"""A finished corpus, read as documents or as an Arrow table."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from corpora.documents import arrow_schema, read_arrow, read_rows
from corpora.features import COLUMNS, FEATURES
from corpora.layout import CorpusShard, find_corpora
from runtime.cli.options import closest
from runtime.errors import UsageError

LANGUAGE = "language"
_COLUMNS = (*FEATURES, LANGUAGE)
_KNOWN = tuple(dict.fromkeys((*_COLUMNS, *COLUMNS)))


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document of a corpus. What a corpus does not state is "".

    Attributes:
      text: of the document.
      url: of its page.
      timestamp: of the capture, as `2019-04-18T12:00:00Z`.
      content_type, content_length: as the crawl's record states them.
      language: code, from the names of split and folder, as `en` or `de`.
    Example:
      >>> import c4forge
      >>> c4forge.CorpusDocument("A text.", "https://a.example/1", "", "", "", "en").language
      'en'
    """

    text: str
    url: str
    timestamp: str
    content_type: str
    content_length: str
    language: str


@dataclass(frozen=True, slots=True)
class Corpus:
    r"""The documents of a corpus, or of one of its splits. Each iteration reads them anew.

    Attributes:
      shards: files of the corpus, in order, with format, split, language and size.
    Example:
      >>> import c4forge, pathlib
      >>> _ = pathlib.Path("en.txt").write_text("A first text.\nA second.\n")
      >>> corpus = c4forge.read_corpus("en.txt", split=None)
      >>> [document.text for document in corpus]
      ['A first text.', 'A second.']
      >>> corpus.to_arrow().column_names
      ['text', 'url', 'timestamp', 'content-type', 'content-length', 'language']
    """

    shards: tuple[CorpusShard, ...]

    def splits(self) -> tuple[str, ...]:
        """The splits of its shards, each once; "" stands for shards that name none."""
        return tuple(dict.fromkeys(shard.split for shard in self.shards))

    def __iter__(self) -> Iterator[CorpusDocument]:
        """Every document, in the order of the shards.

        Raises:
          InputRefused: a shard is damaged; the message says where and what to do.
        """
        for shard in self.shards:
            for row in read_rows(shard.path, shard.format):
                text, url, timestamp, kind, length = (row[name] or "" for name in FEATURES)
                yield CorpusDocument(text, url, timestamp, kind, length, shard.language)

    def batches(self, columns: Sequence[str] = _COLUMNS) -> Iterator[pa.RecordBatch]:
        """The documents as Arrow record batches of up to 1,024: for a corpus over memory.

        Args:
          columns: to read, of text, url, timestamp, content-type, content-length, language, and
            of those of `c4forge build --columns`.
        Raises:
          UsageError: there is no such column.
          InputRefused: a shard is damaged.
        """
        for name in columns:
            if name not in _KNOWN:
                raise UsageError(f"columns: unknown {name!r}; {closest(name, _KNOWN)}")
        features = [name for name in columns if name != LANGUAGE]
        for shard in self.shards:
            for batch in read_arrow(shard.path, shard.format, features or ["text"]):
                language = pa.repeat(pa.scalar(shard.language, pa.string()), batch.num_rows)
                arrays = [language if c == LANGUAGE else batch.column(c) for c in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))

    def to_arrow(self, columns: Sequence[str] = _COLUMNS) -> pa.Table:
        """The documents as one Arrow table of strings, in memory; null where a value is absent.

        Args:
          columns: to read, of text, url, timestamp, content-type, content-length, language, and
            of those of `c4forge build --columns`.
        Raises:
          UsageError: there is no such column.
          InputRefused: a shard is damaged.
        """
        return pa.Table.from_batches(self.batches(columns), schema=arrow_schema(columns))


def read_corpus(path: str | os.PathLike[str], split: str | None = "train") -> Corpus:
    """The documents of a corpus on disk: TFRecord, JSON lines, Parquet or plain text.

    The corpus need not come from c4forge: any file whose documents have a `text` is read.

    Args:
      path: a dataset's folder, as `out/c4/en/3.1.0`, a glob, or a file. Of a dataset that is there
        in several formats, TFRecord is read; `out/c4/en/3.1.0/jsonl` names another one.
      split: to read; `de` and `de-validation` for the languages of multilingual; None for all.
    Returns:
      The documents; nothing is read yet.
    Raises:
      UsageError: no file is there, shards are missing, or there is no such split.
    Example:
      >>> import c4forge, json, pathlib
      >>> rows = [{"text": "A first text.", "url": "https://a.example/1"}, {"text": "A second."}]
      >>> with pathlib.Path("train.jsonl").open("w") as stream:
      ...     print(*map(json.dumps, rows), sep=chr(10), file=stream)
      >>> corpus = c4forge.read_corpus("train.jsonl")
      >>> [(document.url, document.text) for document in corpus]
      [('https://a.example/1', 'A first text.'), ('', 'A second.')]
      >>> corpus.to_arrow(["url", "text"]).to_pylist()[0]
      {'url': 'https://a.example/1', 'text': 'A first text.'}
    """
    shards = find_corpora([os.fspath(path)], "path")
    if split is not None:
        _check_split(path, split, shards)
        shards = tuple(shard for shard in shards if shard.split == split)
    return Corpus(shards)


def _check_split(path: str | os.PathLike[str], split: str, shards: Sequence[CorpusShard]) -> None:
    """Raises UsageError if no shard is of the split."""
    names = list(dict.fromkeys(shard.split for shard in shards))
    if split not in names:
        known = [name for name in names if name]
        there = closest(split, known) if known else "the names of its files state none"
        raise UsageError(
            f"split={split!r}: no such split in {path}; {there}. split=None reads all files"
        )
