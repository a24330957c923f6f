"""features.json and dataset_info.json of a dataset, as TFDS writes them.

The schema is that of `tfds.folder_dataset.write_metadata` (TFDS 4.9.10); tests open the files
with `tfds.load`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_FEATURES = "tensorflow_datasets.core.features"
TEXT_FEATURE: dict[str, object] = {
    "pythonClassName": f"{_FEATURES}.text_feature.Text",
    "text": {},
}
"""A string."""
IDS_FEATURE: dict[str, object] = {
    "pythonClassName": f"{_FEATURES}.tensor_feature.Tensor",
    "tensor": {"shape": {"dimensions": ["-1"]}, "dtype": "int32", "encoding": "none"},
}
"""int32[n], of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitInfo:
    """One split of a dataset.

    Attributes:
      name: of the split.
      shard_bytes, shard_examples: of each shard, in order.
    """

    name: str
    shard_bytes: tuple[int, ...]
    shard_examples: tuple[int, ...]


def features_json(features: Mapping[str, dict[str, object]]) -> dict[str, object]:
    """features.json of a dataset, from each feature's description by name."""
    return {
        "featuresDict": {"features": dict(sorted(features.items()))},
        "pythonClassName": f"{_FEATURES}.features_dict.FeaturesDict",
    }


def dataset_info_json(
    *,
    name: str,
    config: str,
    version: str,
    description: str,
    file_formats: Sequence[str],
    splits: Iterable[SplitInfo],
) -> dict[str, object]:
    """dataset_info.json of a dataset; splits without examples are left out: TFDS cannot load them.

    Args:
      name, config, version: the dataset is `name/config:version`.
      file_formats: as TFDS calls them, `tfrecord` or `array_record`, the first by default read.
    """
    others = {"alternativeFileFormats": list(file_formats[1:])} if file_formats[1:] else {}
    return {
        **others,
        "configName": config,
        "description": description,
        "fileFormat": file_formats[0],
        "name": name,
        "splits": [
            {
                "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                "name": split.name,
                "numBytes": str(sum(split.shard_bytes)),
                "shardLengths": [str(count) for count in split.shard_examples],
            }
            for split in splits
            if any(split.shard_examples)
        ],
        "version": version,
    }
