"""The position of a run in its data: which data they are, and how many rows it has read.

The order of rows follows from the files of the corpora, the vocabulary and some settings. Their
digests are saved with the number of rows, so that a run notices if its data changed. They do not
depend on the folder of a corpus, nor on the time of its files.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runtime.errors import RunFailed
from runtime.storage.files import read_bytes, write_bytes
from trainer.config import TrainConfig
from trainer.data.corpora import Corpus, find_corpus
from trainer.data.tasks import task_names
from trainer.data.vocabularies import model_file
from trainer.input.downstream import identify_downstream

_SETTINGS = (
    "objective", "noise_density", "mean_span", "prefix", "data_tokens", "mixing", "mixing_cap",
    "mixing_temperature", "packing", "seed",
)  # fmt: skip


class PositionError(RunFailed):
    """A saved position that cannot be read. The message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIdentity:
    """What the order of rows depends on.

    Attributes:
      corpora: digest of the files of each corpus and downstream task, by the name of its task, in
        the order given.
      settings: value of each option, by its name; of --vocab the digest of the model.
    """

    corpora: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def changes(self, before: "DataIdentity") -> Iterator[str]:
        """What is not as it was, a phrase each; nothing if the order of rows is the same."""
        for name in {**before.corpora, **self.corpora}:
            if name not in self.corpora:
                yield f"{name} is not in --corpus or --task any more"
            elif name not in before.corpora:
                yield f"{name} is new in --corpus or --task"
            elif self.corpora[name] != before.corpora[name]:
                yield f"the files of {name} changed"
        if set(self.corpora) == set(before.corpora) and [*self.corpora] != [*before.corpora]:
            yield "--corpus or --task has another order"
        for name, value in self.settings.items():
            if before.settings.get(name) != value:
                yield f"--{name} changed"


def identify_data(config: TrainConfig) -> DataIdentity:
    """The identity of the training data of a configuration. Reads the files of pairs."""
    found = [find_corpus(path) for path in config.corpus]
    names = task_names(config.corpus, found, config.objective, config.data_tokens)
    settings = {name: str(getattr(config, name)) for name in _SETTINGS}
    lengths = {f"{name}_length": str(tokens) for name, tokens in config.lengths().items()}
    with open(model_file(config.vocab), "rb") as stream:
        vocabulary = hashlib.file_digest(stream, "sha256").hexdigest()
    return DataIdentity(
        corpora={name: _digest(corpus) for name, corpus in zip(names, found, strict=True)}
        | dict(identify_downstream(config)),
        settings={**settings, **lengths, "vocab": vocabulary},
    )


def _digest(corpus: Corpus) -> str:
    """Digest of the training files: of the lines of pairs, of the names and sizes of shards."""
    digest = hashlib.sha256()
    for path in corpus.shards.get("train", ()):
        if corpus.has_documents():
            digest.update(f"{os.path.basename(path)} {os.path.getsize(path)}\n".encode())
            continue
        with open(path, "rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def write_position(path: str, rows: int, data: DataIdentity) -> None:
    """Writes the number of rows that a host has read, and of which data."""
    values = {"rows": rows, "corpora": dict(data.corpora), "settings": dict(data.settings)}
    write_bytes(path, json.dumps(values, indent=2).encode())


def read_position(path: str) -> tuple[int, DataIdentity]:
    """What `write_position` wrote.

    Raises:
      PositionError: the file is damaged.
    """
    try:
        values = json.loads(read_bytes(path))
        return int(values["rows"]), DataIdentity(
            corpora=values["corpora"], settings=values["settings"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PositionError(
            f"{path}: expected the position of a run in its data, got {error!r}; remove the file, "
            "and the run reads the batches of its earlier steps again"
        ) from None
