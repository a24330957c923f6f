"""How Hugging Face's `datasets` finds the documents of datasets: the YAML block of their cards.

Without it, `load_dataset` would take files and splits by names of its own, and drop all others.
With it, a language is a configuration, as in allenai/c4, and a split with fewer documents than the
card states is an error.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpora.contents import Contents, ShardContents
from corpora.features import Kind, kind_of
from corpora.formats import FORMATS

READ_FORMATS = ("parquet", "jsonl")
"""Rows of FORMATS that `datasets` reads, of each card only one; the first is taken."""
_VALIDATION = "-validation"
_NUMBER = "?????"  # stands for that of a shard in a glob
_TYPES = {Kind.TEXT: "string", Kind.TIME: "timestamp[us, tz=UTC]", Kind.NUMBER: "int64",
          Kind.FRACTION: "float64"}  # fmt: skip
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B",
          "1B<n<10B", "10B<n<100B", "100B<n<1T")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """A split of a configuration.

    Attributes:
      name: as `datasets` calls it: train or validation.
      path: glob of its files, from the card's folder.
      shards: of these files.
    """

    name: str
    path: str
    shards: tuple[ShardContents, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `load_dataset(folder, name)` loads.

    Attributes:
      name: of the dataset, the language, or both; `default` for a dataset of one language.
      features: of every document.
      splits: of it.
    """

    name: str
    features: tuple[str, ...]
    splits: tuple[Split, ...]


def configurations(
    contents: Contents, format_name: str, folder: str, name: str = ""
) -> list[Configuration]:
    """The configurations of a dataset, one for each language that has splits of its own.

    Args:
      format_name: of the files.
      folder: with the files, from the folder of the card; "" if it is the same.
      name: of the dataset in the names of configurations; "" for its own card.
    """
    file_name = FORMATS[format_name].file_name
    file_name = file_name.replace("{shard:05d}", _NUMBER).replace("{shards:05d}", _NUMBER)
    found: dict[str, list[Split]] = {}
    for split, shards in contents.splits().items():
        language = split.removesuffix(_VALIDATION)
        one = split in ("train", "validation")
        own = split if one else "train" if split == language else "validation"
        full = ".".join(part for part in (name, "" if one else language) if part)
        glob = file_name.format(dataset=contents.dataset, split=split)
        path = f"{folder}/{glob}" if folder else glob
        found.setdefault(full or "default", []).append(Split(own, path, shards))
    return [Configuration(name, contents.features, tuple(of)) for name, of in found.items()]


def front_matter(
    title: str, languages: Iterable[str], configs: Sequence[Configuration], format_name: str
) -> str:
    """The YAML block at the head of a card.

    Args:
      title: for people.
      languages: codes.
      configs: of the card.
      format_name: of their files.
    """
    documents = sum(s.examples for c in configs for split in c.splits for s in split.shards)
    lines = [
        "---",
        f"pretty_name: {json.dumps(title)}",
        "license: other",
        "license_name: common-crawl-terms-of-use",
        "license_link: https://commoncrawl.org/terms-of-use",
        "language:",
        *(f"- {json.dumps(code)}" for code in languages),  # quoted: `no` would be false
        "task_categories:",
        "- text-generation",
        "size_categories:",
        f"- {_SIZES[min(max(len(str(documents)) - 3, 0), len(_SIZES) - 1)]}",
        "configs:",
    ]
    for config in configs:
        lines += [f"- config_name: {json.dumps(config.name)}", "  data_files:"]
        for split in config.splits:
            lines += [f"  - split: {split.name}", f"    path: {json.dumps(split.path)}"]
    lines += ["dataset_info:"]
    for config in configs:
        lines += _dataset_info(config, format_name)
    return "\n".join([*lines, "---", ""])


def _dataset_info(config: Configuration, format_name: str) -> Iterator[str]:
    """Features and sizes of a configuration; `load_dataset` compares the number of documents."""
    yield f"- config_name: {json.dumps(config.name)}"
    yield "  features:"
    for name in config.features:
        # Of JSON, a type that one value does not have would be an error.
        kind = kind_of(name) if format_name == "parquet" else Kind.TEXT
        yield f"  - name: {json.dumps(name)}"
        yield f"    dtype: {_TYPES[kind]}"
    yield "  splits:"
    for split in config.splits:
        yield f"  - name: {split.name}"
        yield f"    num_bytes: {sum(shard.text_bytes for shard in split.shards)}"
        yield f"    num_examples: {sum(shard.examples for shard in split.shards)}"
    shards = [shard for split in config.splits for shard in split.shards]
    yield f"  download_size: {sum(s.stored_bytes.get(format_name, 0) for s in shards)}"
    yield f"  dataset_size: {sum(s.text_bytes for s in shards)}"


def chosen_format(formats: Iterable[Iterable[str]]) -> str:
    """The format of a card: of READ_FORMATS, the one that most of its datasets have."""
    lists = [list(names) for names in formats]
    return max(READ_FORMATS, key=lambda name: sum(name in names for names in lists))


def named(found: Mapping[str, Contents]) -> dict[str, str]:
    """The name of each dataset in its collection, by folder: its configuration.

    Of several versions only the newest is called so; the others have their version too.
    """
    newest: dict[str, str] = {}
    for folder, contents in found.items():
        other = newest.setdefault(contents.config, folder)
        if _numbers(contents.version) > _numbers(found[other].version):
            newest[contents.config] = folder
    return {
        folder: contents.config
        if newest[contents.config] == folder
        else f"{contents.config}-{contents.version}"
        for folder, contents in found.items()
    }


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]
