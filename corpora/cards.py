"""README.md of a dataset, and of a collection: the datasets of one name in their common folder."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cleaning.specs import SPECS
from cleaning.variants import find_variant
from corpora.contents import NAME as CONTENTS_NAME
from corpora.contents import Contents, read_contents
from corpora.formats import FORMATS
from corpora.hugging_face import (
    READ_FORMATS,
    chosen_format,
    configurations,
    front_matter,
    named,
)
from runtime.storage.files import exists, find_files, join, read_bytes, write_bytes
from runtime.storage.remote import is_remote

CARD = "README.md"
_CRAWL = re.compile(r"CC-MAIN-\d{4}-\d{2}(?:-\d{2})?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_LICENCE = """\
## Licence

The text was written by the authors of the pages, whose rights remain. It was collected by Common
Crawl, whose [terms of use](https://commoncrawl.org/terms-of-use) apply. This is not the release of
C4 that AllenAI publishes under ODC-BY.
"""
_MARK = "<!-- c4forge writes this file anew; without this line it is yours, and stays. -->\n"
Origin = Mapping[str, Any]
"""config.json of a dataset: how it was made; {} if there is none."""


def write_cards(folder: str, contents: Contents, origin: Origin) -> None:
    """Writes a card for the dataset, and one beside the shards of each of READ_FORMATS.

    Args:
      folder: of the dataset.
      contents, origin: of it.
    """
    formats = contents.formats()
    of_card = chosen_format([formats])
    inner = FORMATS[of_card].folder
    _write_card(folder, dataset_card(contents, origin, of_card, inner))
    for name in READ_FORMATS:
        if name in formats:
            card = dataset_card(contents, origin, name, "")
            _write_card(join(folder, FORMATS[name].folder), card)


def _write_card(folder: str, card: str) -> None:
    """Writes a card, unless there is one of others."""
    path = join(folder, CARD)
    if is_ours(path):
        write_bytes(path, card.encode())


def foreign_cards(folder: str) -> list[str]:
    """Cards in the folder of a dataset that c4forge did not write."""
    paths = [join(folder, CARD), *(join(folder, name, CARD) for name in READ_FORMATS)]
    return [path for path in paths if not is_ours(path)]


def is_ours(path: str) -> bool:
    """True if a card is not there, or c4forge wrote it."""
    if not is_remote(path) and os.path.islink(path):
        return False
    return not exists(path) or _MARK.encode() in read_bytes(path)


def dataset_card(contents: Contents, origin: Origin, format_name: str, folder: str) -> str:
    """The card of a dataset.

    Args:
      format_name: of the files that `datasets` reads by it.
      folder: with these files, from the folder of the card; "" if it is the same.
    """
    title = f"{contents.dataset}/{contents.config} {contents.version}"
    configs = configurations(contents, format_name, folder)
    parts = [
        front_matter(title, contents.languages, configs, format_name),
        _MARK,
        f"# {title}\n",
        f"{_origin_text(contents, origin)}\n",
        "## Size\n",
        _size_table(contents),
        "## How to read it\n",
        *_reading(contents, [config.name for config in configs]),
        *_lists(contents, origin),
        _LICENCE,
    ]
    return "\n".join(parts)


def _origin_text(contents: Contents, origin: Origin) -> str:
    """Where the documents come from and by which rules."""
    variant, spec = find_variant(contents.config), SPECS.get(origin.get("spec", ""))
    sentences = ["Text of web pages from Common Crawl, built by c4forge."]
    if variant:
        sentences.append(f"Variant `{variant.name}`: {variant.meaning}.")
    if spec:
        sentences.append(f"Spec `{spec.name}`: {spec.meaning}.")
        base = asdict(spec.settings)
        other = {k: v for k, v in origin.get("settings", {}).items() if base.get(k, v) != v}
        sentences += [f"With other settings: `{other}`."] * bool(other)
    if own := origin.get("own_filters"):
        sentences.append(f"With filters of its own: {', '.join(f'`{name}`' for name in own)}.")
    files = origin.get("input", [])
    crawls = Counter(name[0] for path in files if (name := _CRAWL.search(path)))
    if files:
        told = "; ".join(f"{name}: {count:,}" for name, count in sorted(crawls.items()))
        plural = "s" * (len(files) != 1)
        sentences.append(f"From {len(files):,} WET file{plural}{f' ({told})' * bool(told)}.")
    return "\n".join(sentences)


def _size_table(contents: Contents) -> str:
    formats = contents.formats()
    heads = ["split", "documents", "text", "shards", *formats]
    rows = []
    for split, shards in contents.splits().items():
        stored = [sum(shard.stored_bytes[name] for shard in shards) for name in formats]
        text = sum(shard.text_bytes for shard in shards)
        numbers = (sum(shard.examples for shard in shards), text, len(shards), *stored)
        rows.append([f"`{split}`", *(f"{number:,}" for number in numbers)])
    return f"Text and files in bytes.\n\n{_table(heads, rows)}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _reading(contents: Contents, configs: Sequence[str]) -> Iterator[str]:
    """How each of its formats is read; PATH stands for the folder that the datasets are in."""
    formats, name = contents.formats(), f"{contents.dataset}/{contents.config}"
    place, full = f"PATH/{name}/{contents.version}", f"{name}:{contents.version}"
    yield "```python"
    if "tfrecord" in formats:
        yield f'tfds.load("{full}", data_dir="PATH")'
    if "array_record" in formats:
        yield f'tfds.data_source("{full}", data_dir="PATH")'
    if any(known in formats for known in READ_FORMATS):
        one = configs == ["default"]
        chosen = "" if one else f', "{configs[0]}"'
        yield f'datasets.load_dataset("{place}"{chosen})'
        in_collection = contents.config if one else f"{contents.config}.{configs[0]}"
        yield f'datasets.load_dataset("PATH/{contents.dataset}", "{in_collection}")'
    yield f'c4forge.read_corpus("{place}")'
    yield "```\n"
    if not any(known in formats for known in READ_FORMATS):
        yield (
            f"`datasets` reads none of these files: `c4forge convert {place} --format=parquet` "
            "writes those that it reads.\n"
        )


def _lists(contents: Contents, origin: Origin) -> Iterator[str]:
    """The lists and models that decided about the documents."""
    names = origin.get("lists", {}).get(contents.config, {})
    if names:
        yield "## Lists\n"
        rows = [[f"`{name}`", row["source"], f"`{row['sha256']}`"] for name, row in names.items()]
        yield _table(["list", "source", "sha256"], rows)


def update_collection(folder: str) -> None:
    """Writes the card of a collection anew, from the datasets that are there.

    Two runs may end at once: whichever writes last has seen the datasets of both.

    Args:
      folder: of the datasets of one name, as `out/c4`.
    """
    card = ""
    while (current := collection_card(folder)) != card:
        card = current
        _write_card(folder, card)


def collection_card(folder: str) -> str:
    """The card of all datasets `folder/<configuration>/<version>` that are there."""
    found: dict[str, Contents] = {}
    paths = find_files(folder, ("*", "*", CONTENTS_NAME))
    for config, version in sorted(path.split("/")[-3:-1] for path in paths):
        contents = read_contents(join(folder, config, version))
        if contents and _VERSION.fullmatch(version):
            found[f"{config}/{version}"] = contents
    chosen, names = chosen_format(c.formats() for c in found.values()), named(found)
    configs = [
        config
        for inner, contents in found.items()
        if chosen in contents.formats()
        for config in configurations(
            contents, chosen, "/".join([inner, FORMATS[chosen].folder]), names[inner]
        )
    ]
    languages = sorted({code for contents in found.values() for code in contents.languages})
    title = next(iter(found.values())).dataset if found else folder.rpartition("/")[2]
    parts = [
        front_matter(title, languages, configs, chosen),
        _MARK,
        f"# {title}\n",
        "Text of web pages from Common Crawl, built by c4forge.\nEach dataset has its own card.\n",
        _collection_table(found, names),
        *_collection_reading(title, found, [config.name for config in configs], chosen),
        _LICENCE,
    ]
    return "\n".join(parts)


def _collection_table(found: Mapping[str, Contents], names: Mapping[str, str]) -> str:
    rows = []
    for inner, contents in found.items():
        documents = sum(shard.examples for shard in contents.shards)
        text = sum(shard.text_bytes for shard in contents.shards)
        count = len(contents.languages)
        told = contents.languages[0] if count == 1 else f"{count} languages"
        link = f"[`{names[inner]}`]({inner}/{CARD})"
        formats = ", ".join(contents.formats())
        rows.append([link, contents.version, told, f"{documents:,}", f"{text:,}", formats])
    return _table(["dataset", "version", "language", "documents", "text (bytes)", "formats"], rows)


def _collection_reading(
    title: str, found: Mapping[str, Contents], configs: Sequence[str], chosen: str
) -> Iterator[str]:
    if configs:
        yield "## How to read it\n"
        yield f'```python\ndatasets.load_dataset("PATH/{title}", "{configs[0]}")\n```\n'
        yield "A dataset of one language is a configuration; others have one for each language.\n"
    left = [inner for inner, contents in found.items() if chosen not in contents.formats()]
    if left:
        paths = ", ".join(f"`{inner}`" for inner in left)
        yield (
            f"`datasets` reads one format a card, here {chosen}, which these lack: {paths}. "
            f"`c4forge convert PATH/{title}/… --format={chosen}` adds it.\n"
        )
