"""The card by which Hugging Face's `datasets` finds every split and language of a dataset."""

from pathlib import Path

import pytest

from corpora.formats import FORMATS
from corpora.hugging_face import READ_FORMATS, dataset_card
from tests.corpora.written import documents, write_shards

SPLITS = ("de", "de-validation", "no", "ru-Latn", "und")


def test_the_formats_are_of_the_table():
    assert set(READ_FORMATS) < FORMATS.keys()


@pytest.fixture(scope="module", params=READ_FORMATS)
def multilingual(request, tmp_path_factory) -> Path:
    """A dataset whose splits have one document more each."""
    folder = tmp_path_factory.mktemp(request.param)
    for count, split in enumerate(SPLITS, 1):
        write_shards(folder, split, documents("de", count), 1, request.param)
    row = FORMATS[request.param]
    for card, shards in ((folder, row.folder), (folder / row.folder, "")):
        (card / "README.md").write_text(dataset_card("Ours.", "c4", SPLITS, row, shards))
    return folder


@pytest.mark.parametrize("inner", [False, True], ids=["dataset", "format"])
def test_every_language_is_a_configuration_with_its_splits(multilingual, inner, tmp_path):
    import datasets

    folder = str(multilingual / multilingual.name.rstrip("0") if inner else multilingual)
    assert datasets.get_dataset_config_names(folder) == ["de", "no", "ru-Latn", "und"]
    german = datasets.load_dataset(folder, "de", cache_dir=str(tmp_path))
    assert {name: split.num_rows for name, split in german.items()} == {
        "train": 1,
        "validation": 2,
    }
    for count, language in enumerate(SPLITS[2:], 3):
        found = datasets.load_dataset(folder, language, cache_dir=str(tmp_path))
        assert {name: split.num_rows for name, split in found.items()} == {"train": count}


def test_a_dataset_of_one_language_has_its_splits_in_the_default_configuration():
    card = dataset_card("Ours.", "c4", ["train", "validation"], FORMATS["jsonl"], "jsonl")
    assert card.splitlines() == [
        "---",
        "configs:",
        '- config_name: "default"',
        "  data_files:",
        "  - split: train",
        '    path: "jsonl/c4-train.?????-of-?????.json.gz"',
        "  - split: validation",
        '    path: "jsonl/c4-validation.?????-of-?????.json.gz"',
        "---",
        "",
        "Ours.",
    ]
