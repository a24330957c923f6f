"""Everything beside the shards of a dataset: files for TFDS and `datasets`, contents.json."""

from corpora.cards import Origin, write_cards
from corpora.contents import Contents, write_contents
from corpora.tfds import TEXT_FEATURE, SplitInfo, dataset_info_json, features_json
from runtime.storage.files import join, json_file, read_object, write_bytes

CONFIG_NAME = "config.json"
TFDS_FORMATS = ("tfrecord", "array_record")
"""Rows of FORMATS that TFDS reads; of a dataset that has both, the first by default."""


def write_metadata(folder: str, contents: Contents, origin: Origin) -> None:
    """Writes them anew into the folder of a dataset, contents.json last.

    Args:
      contents: with every format whose shards are all there.
      origin: config.json of the dataset.
    """
    of_tfds = [name for name in TFDS_FORMATS if name in contents.formats()]
    if of_tfds:
        features = features_json(dict.fromkeys(contents.features, TEXT_FEATURE))
        write_bytes(join(folder, "features.json"), json_file(features))
        info = _dataset_info(contents, origin.get("spec", ""), of_tfds)
        write_bytes(join(folder, "dataset_info.json"), json_file(info))
    write_cards(folder, contents, origin)
    write_contents(folder, contents)


def read_origin(folder: str) -> Origin:
    """config.json of a dataset; {} if it has none."""
    return read_object(join(folder, CONFIG_NAME))


def write_origin(folder: str, origin: Origin) -> None:
    """Writes config.json into the folder of a dataset."""
    write_bytes(join(folder, CONFIG_NAME), json_file(origin))


def _dataset_info(contents: Contents, spec: str, file_formats: list[str]) -> dict[str, object]:
    name = f"{contents.dataset}/{contents.config}"
    return dataset_info_json(
        name=contents.dataset,
        config=contents.config,
        version=contents.version,
        description=f"{name}{f', spec {spec}' if spec else ''}, by c4forge.",
        file_formats=file_formats,
        splits=[
            SplitInfo(
                name=split,
                shard_bytes=tuple(shard.stored_bytes[file_formats[0]] for shard in shards),
                shard_examples=tuple(shard.examples for shard in shards),
            )
            for split, shards in contents.splits().items()
        ],
    )
