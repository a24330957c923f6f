"""README.md of a dataset for Hugging Face's `datasets`: its splits, and a configuration a language.

Without it, `load_dataset` finds splits by names such as `train` only, and drops all others.
"""

import json
from collections.abc import Iterable

from corpora.formats import Format

READ_FORMATS = ("parquet", "jsonl")
"""Rows of FORMATS that `datasets` reads; the first of a dataset is taken."""
_VALIDATION = "-validation"
_NUMBER = "?????"  # stands for that of a shard in a glob


def dataset_card(title: str, dataset: str, splits: Iterable[str], row: Format, folder: str) -> str:
    """The card of a dataset. As in allenai/c4, a language is a configuration.

    Args:
      title: a line for people.
      dataset: its name in the names of shards.
      splits: that were written, as `train`, or `de` and `de-validation`.
      row: the format of the shards.
      folder: of the shards, from the folder of the card; "" if it is the same.
    """
    configs: dict[str, list[tuple[str, str]]] = {}
    file_name = row.file_name.replace("{shard:05d}", _NUMBER).replace("{shards:05d}", _NUMBER)
    for split in splits:
        language = split.removesuffix(_VALIDATION)
        one = split in ("train", "validation")
        name = split if one else "train" if split == language else "validation"
        shards = file_name.format(dataset=dataset, split=split)
        path = f"{folder}/{shards}" if folder else shards
        configs.setdefault("default" if one else language, []).append((name, path))
    lines = ["---", "configs:"]
    for config, files in configs.items():
        lines += [f"- config_name: {json.dumps(config)}", "  data_files:"]  # no: a language
        for name, path in files:
            lines += [f"  - split: {name}", f"    path: {json.dumps(path)}"]
    return "\n".join([*lines, "---", "", title, ""])
